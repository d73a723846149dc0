//! The symbolic decision: is there a request that one access formula allows and another one does not?
//!
//! Follows `docs/engine.md`: actions become classes, fields become small Boolean algebras, strings are searched as
//! automata, and the difference is split into disjoint cubes. Nothing is sampled. If the budget or an unknown variable
//! stops the decision, the answer is undecided. This folder does no I/O.
//!
//! In the order in which data passes:
//!
//! - `budget`: the limits of a decision;
//! - `strings`: patterns, and the search for a string;
//! - `values`: constraints on the values of one field;
//! - `actions`: sets of actions, and their partition;
//! - `access`: access formulas;
//! - `question`, `answer`, `range_constraint`: the input and the result;
//! - `compile`: policies as literals over fields;
//! - `decide`: the decision;
//! - `compare`: two policy documents in both directions;
//! - `smt`: the same questions for other solvers. Shares no code with the decision, on purpose.
//!
//! A condition becomes literals in `compile::condition_literal`. For `aws:RequestedRegion`, these add: the Region of the
//! endpoint that serves an action (`access::request_facts`, `decide::key_facts`), and the Region of a resource's ARN
//! (`compile::arn_segment`, `decide::branch_clauses`).

pub(crate) mod access;
pub(crate) mod actions;
mod answer;
pub(crate) mod budget;
pub mod compare;
pub(crate) mod compile;
pub(crate) mod decide;
mod question;
mod range_constraint;
pub mod smt;
pub mod strings;
pub(crate) mod values;

pub use access::formula::{
    Access, Branch, ControlledResources, PolicyIndex, ResourceScope, StatementId, StatementUse, StatementValidity,
};
pub use access::from_layers::{build_allow_all, build_effective_access};
pub use access::rename_keys::{NameVariables, RenamedAccess, RenamedDocuments, SpecificKeys};
pub use actions::named_actions::Actions;
pub use answer::{ContainmentVerdict, Cube, FieldRange, Grant, SolverAnswer, UndecidedReason};
pub use budget::{Budget, LimitExceeded};
pub use compile::solver::Solver;
pub(crate) use decide::ambiguity::{has_mid_segment_star, has_open_reading};
pub use question::{ActionWorld, AnswerDetail, Question, WitnessPolicy, WitnessReplay};
pub use range_constraint::{RangeConstraint, TestedValues};
pub use smt::action_query::{UnsupportedConstruct, render_smt_query};
pub use smt::script::{SmtScript, render_smt_script};
