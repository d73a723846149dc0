//! Reach: whom a principal can become, and what it can grant itself.
//!
//! Follows `docs/reach.md`. The paths are data (`paths.toml`); the graph is worked out as far as it is asked about; the
//! solver decides every step, with what limits the principal: permissions boundary, organization, every Deny.

pub(crate) mod decide;
mod equivalence;
mod graph;
pub(crate) mod model;
mod proof;
mod search;
pub(crate) mod steps;
mod who_can;

pub use equivalence::EquivalenceClass;
pub use graph::Graph;
pub use model::state::{NodeState, StateChange};
pub use model::technique::{Technique, TechniqueKind, techniques};
pub use proof::{ProvenStep, StepRequest};
pub use search::{FoundPath, GoalResult, PathSoFar, SearchResult};
pub use who_can::{WhoCanAnswer, WhoCanQuery};
