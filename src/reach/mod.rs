//! Privilege escalation: the principals that a principal can become, and the permissions that it can grant itself.
//!
//! See `docs/reach.md`. The files, in the order in which data passes:
//!
//! - `model`: principals, states, techniques (`techniques.toml`), and indices.
//! - `decide`: whether a state can make a request.
//! - `steps`: the steps from one state to the next, and their proofs.
//! - `equivalence`: classes of states that get the same answers.
//! - `graph`: the attack graph, computed on demand.
//! - `search`: the shortest path to a state that meets a goal.
//! - `proof`: the proof of a path, step by step.
//! - `who_can`: whether a state can perform an action (`iamdrift who-can`).

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
pub use model::state::{NodeState, PolicyVersionRef, StateChange};
pub use model::technique::{Technique, TechniqueKind, techniques};
pub use proof::ProvenStep;
pub use search::{FoundPath, GoalResult, PathSoFar, SearchResult};
pub use steps::request_proof::StepRequest;
pub use who_can::{AllowedRequests, WhoCanAnswer, WhoCanQuery};
