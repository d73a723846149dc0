//! A principal's layers, gathered; and `evaluate`, the concrete decision with its trace.
//!
//! Follows `docs/semantics.md`. The evaluator is written to be read beside that page: obvious over fast.

mod gather;
mod known;
mod known_principal;
mod layers;
mod request;

pub use gather::{gather, missing};
pub use known::{Known, KnownContext};
pub use known_principal::known_context;
pub use layers::{
    Layers, Level, PolicyOrigin, PolicyRef, PrincipalFacts, PrincipalType, ResourcePolicy, Sessions, UnknownResourcePolicy,
};
pub use request::{Context, ContextValue, Request};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod gather_tests;
