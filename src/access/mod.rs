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

pub use caller::InvalidPrincipalArn;
pub use evaluate::{Decision, Denial, Evaluation, evaluate};
pub use gather::{LayerCollector, collect_layers, find_missing_documents};
pub use known::{KeyFact, KnownContext};
pub use known_principal::{build_known_context, is_principal_specific};
pub use layers::{
    Layers, OrganizationLevel, PolicyOrigin, PolicyRef, PrincipalInfo, PrincipalType, ResourcePolicies, ResourcePolicy,
    SessionScope, UnknownResourcePolicy,
};
pub use principal_match::{PrincipalMatch, find_named_sessions, match_principal};
pub use request::{Context, ContextValue, Request};
pub use settled::decide_condition;
pub use trace::{Layer, LayerTrace, LayerVerdict, Mismatch, StatementOutcome, StatementRef, StatementTrace};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod gather_tests;
