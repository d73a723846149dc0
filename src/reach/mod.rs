//! Privilege escalation: the principals that a principal can become, and the permissions that it can grant itself.
//!
//! See `docs/reach.md`. The files, in the order in which data passes:
//!
//! - `model`: principals, states, techniques (`techniques.toml`), and indices.
//! - `decide`: whether a state can make a request.
//! - `steps`: the steps from one state to the next, and their proofs.
//! - `equivalence`: classes of states that get the same answers.
//! - `graph`: the attack graph, computed on demand.
//! - `path`: the steps from the start of a search to a state.
//! - `obtained`: what a search has obtained so far.
//! - `obtained_changes`: the changes of principals among that.
//! - `absent_actors`: which states could act as users and roles that do not exist.
//! - `first_states`: which state of a search can do something with a principal first.
//! - `obtained_sessions`: the roles of which a search has sessions that began in one way.
//! - `obtained_tags`: the tags that a search can choose.
//! - `search`: the states that a principal can obtain, each with a shortest path.
//! - `search_progress`: what the parts of a search have computed so far.
//! - `search_changes`: the part of a search that changes principals.
//! - `search_classes`: the part of a search that leaves out principals which are like others.
//! - `search_tags`: the part of a search that chooses tags.
//! - `search_boundaries`: the part of a search that chooses permissions boundaries.
//! - `search_creations`: the part of a search that creates users and roles.
//! - `search_holdings`: the part of a search that changes policies and groups which principals got.
//! - `search_gaps`: changes that are possible and that a search does not combine.
//! - `search_sessions`: the part of a search that begins sessions by services and identity providers.
//! - `search_together`: what several sessions can do only together.
//! - `search_trust`: the part of a search that uses rewritten trust policies.
//! - `tag_order`: whether the tags that a path needs can follow each other.
//! - `proven_step`: a proven step: its techniques, requests and assumptions.
//! - `proof`: the proof of a path, step by step.
//! - `proof_of_trust`: the proof of a step that needs a rewritten trust policy.
//! - `account_access`: states compared with others, and with everything that their account allows.
//! - `who_can`: whether a state can perform an action (`iamdrift who-can`).

mod absent_actors;
mod account_access;
pub(crate) mod decide;
mod equivalence;
mod first_states;
mod graph;
pub(crate) mod model;
mod obtained;
mod obtained_changes;
mod obtained_sessions;
mod obtained_tags;
mod path;
mod proof;
mod proof_of_trust;
mod proven_step;
mod search;
mod search_boundaries;
mod search_changes;
mod search_classes;
mod search_creations;
mod search_gaps;
mod search_holdings;
mod search_progress;
mod search_sessions;
mod search_tags;
mod search_together;
mod search_trust;
pub(crate) mod steps;
mod tag_order;
mod who_can;

pub use equivalence::EquivalenceClass;
pub use graph::Graph;
pub use model::chosen_boundary::ChosenBoundary;
pub use model::chosen_tags::{ChosenTag, ChosenTags};
pub use model::created_principal::{CreatedAccess, CreatedPrincipal};
pub use model::search_techniques::search_techniques;
pub use model::session_start::SessionStart;
pub use model::shared_change::SharedChange;
pub use model::state::NodeState;
pub use model::state_change::{PolicyVersionRef, StateChange};
pub use model::technique::{ControlChange, Technique, TechniqueKind, techniques};
pub use path::{EarlierChange, PathSoFar, PathStep};
pub use proven_step::ProvenStep;
pub use search::{FoundPath, GoalResult, SearchResult, StepFilter, VisitOutcome};
pub use steps::request_proof::StepRequest;
pub use who_can::{AllowedRequests, WhoCanAnswer, WhoCanQuery};
