//! The symbolic decision: is there a request that one side allows and the other does not?
//!
//! Follows `docs/engine.md`: actions become classes, fields become small Boolean algebras, texts are
//! searched as automata, and the difference is split into disjoint cubes. Nothing is sampled; where a
//! budget or an unknown variable stops the decision, the answer says so. No I/O happens here.

pub(crate) mod access;
pub mod actions;
mod answer;
pub mod compare;
pub(crate) mod compile;
pub(crate) mod decide;
mod question;
pub mod smt;
pub mod strings;
pub(crate) mod values;

pub use access::from_layers::{build_allow_all, build_effective_access};
pub use access::rename_keys::RenamedAccess;
pub use answer::{ContainmentVerdict, SolverAnswer, UndecidedReason};
pub use compile::action_classes::Actions;
pub use compile::solver::Solver;
pub use decide::difference::{Cube, FieldRange, Grant};
pub use question::{
    Access, ActionWorld, AnswerDetail, Branch, Question, ResourceScope, StatementUse, WitnessPolicy, WitnessReplay,
};
pub use smt::action_query::{UnsupportedConstruct, render_smt_query};
pub use smt::script::{SmtScript, render_smt_script};

/// A pattern, a problem or a number outgrew a limit; the verdict is then undecided.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too large to be decided within the limits")]
pub struct LimitExceeded;
