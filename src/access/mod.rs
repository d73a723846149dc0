//! A principal's layers, gathered; and `evaluate`, the concrete decision with its trace.
//!
//! Follows `docs/semantics.md`. The evaluator is written to be read beside that page: obvious over fast.

mod known;
mod layers;
mod request;

pub use known::{Known, KnownContext};
pub use layers::{
    Layers, Level, PolicyOrigin, PolicyRef, PrincipalFacts, PrincipalType, ResourcePolicy, Sessions, UnknownResourcePolicy,
};
pub use request::{Context, ContextValue, Request};
