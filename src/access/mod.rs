//! A principal's layers, gathered; and `evaluate`, the concrete decision with its trace.
//!
//! Follows `docs/semantics.md`. The evaluator is written to be read beside that page: obvious over fast.

mod collect_layers;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod collect_layers_tests;
mod condition_facts;
mod condition_match;
mod evaluate;
mod known_context;
mod layers;
mod pattern_match;
mod principal_arn;
mod principal_context;
mod principal_match;
mod request;
pub mod simulate;
mod statement_match;
mod trace;

pub use collect_layers::{LayerCollector, collect_layers, find_missing_documents};
pub use condition_facts::decide_condition;
pub use evaluate::{Decision, Denial, Evaluation, evaluate};
pub use known_context::{KeyFact, KnownContext};
pub use layers::{
    Layers, OrganizationLevel, PolicyOrigin, PolicyRef, PrincipalInfo, PrincipalType, ResourcePolicies, ResourcePolicy,
    SessionScope, UnknownResourcePolicy,
};
pub use principal_arn::InvalidPrincipalArn;
pub use principal_context::{build_known_context, is_principal_specific};
pub use principal_match::{PrincipalMatch, find_named_sessions, match_principal};
pub use request::{Context, ContextValue, Request};
pub use trace::{Layer, LayerTrace, LayerVerdict, Mismatch, StatementOutcome, StatementRef, StatementTrace};
