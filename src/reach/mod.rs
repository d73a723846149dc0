//! Reach: whom a principal can become, and what it can grant itself.
//!
//! Follows `docs/reach.md`. The paths are data (`paths.toml`); the graph is worked out as far as it is asked about; the
//! solver decides every step, with what limits the principal: permissions boundary, organization, every Deny.

mod alike;
mod assume;
mod being;
mod bounds;
mod can;
mod changes;
mod clock;
mod decides;
mod edges;
mod graph;
mod kinds;
mod link;
mod memo;
mod power;
mod rule;
mod search;
mod something;
mod targets;
mod trusting;
mod universe;

pub use alike::EquivalenceClass;
pub use being::{NodeState, StateChange};
pub use can::{WhoCanAnswer, WhoCanQuery};
pub use graph::Graph;
pub use link::{ProvenStep, StepRequest};
pub use rule::{Technique, TechniqueKind, techniques};
pub use search::{FoundPath, GoalResult, PathSoFar, SearchResult};
