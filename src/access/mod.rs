//! A principal's layers, gathered; and `evaluate`, the concrete decision with its trace.
//!
//! Follows `docs/semantics.md`. The evaluator is written to be read beside that page: obvious over fast.

mod caller;
mod condition_match;
mod evaluate;
mod gather;
mod known;
mod known_principal;
mod layers;
mod matching;
mod principal_match;
mod request;
mod settled;
pub mod simulate;
mod statement_match;
mod trace;

pub use caller::NotAPrincipal;
pub use evaluate::{Decision, Denial, Evaluation, evaluate};
pub use gather::{Gatherer, gather, missing};
pub use known::{Known, KnownContext};
pub use known_principal::{known_context, tells_principals_apart};
pub use layers::{
    Layers, Level, PolicyOrigin, PolicyRef, PrincipalFacts, PrincipalType, ResourcePolicies, ResourcePolicy, Sessions,
    UnknownResourcePolicy,
};
pub use principal_match::{Naming, naming, sessions_named};
pub use request::{Context, ContextValue, Request};
pub use settled::settled;
pub use trace::{Layer, LayerTrace, Mismatch, Outcome, StatementRef, StatementTrace, Verdict};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod gather_tests;
