//! The symbolic decision: is there a request that one side allows and the other does not?
//!
//! Follows `docs/engine.md`: actions become classes, fields become small Boolean algebras, texts are
//! searched as automata, and the difference is split into disjoint cubes. Nothing is sampled; where a
//! budget or an unknown variable stops the decision, the answer says so. No I/O happens here.

mod action_set;
mod another;
mod automaton;
mod blocks;
mod choices;
mod classes;
pub mod compare;
mod compile;
mod conditions;
mod cubes;
mod decide;
mod difference;
mod domain;
mod effective;
mod field;
pub mod glob;
mod interval;
mod known_values;
mod literal;
mod meeting;
mod open_world;
mod question;
pub mod search;
mod set;
pub mod smt_lib;
mod smt_script;
pub mod symbols;
mod text;
mod trial_values;
mod variables;
mod verdict;
mod wild;
mod witness;

pub use another::RenamedAccess;
pub use classes::Actions;
pub use compile::Solver;
pub use difference::{Cube, FieldRange, Grant};
pub use effective::{build_allow_all, build_effective_access};
pub use question::{
    Access, ActionWorld, AnswerDetail, Branch, Question, ResourceScope, StatementUse, WitnessPolicy, WitnessReplay,
};
pub use smt_lib::{UnsupportedConstruct, render_smt_query};
pub use smt_script::{SmtScript, render_smt_script};
pub use verdict::{ContainmentVerdict, SolverAnswer, UndecidedReason};

/// A pattern, a problem or a number outgrew a limit; the verdict is then undecided.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too large to be decided within the limits")]
pub struct LimitExceeded;
