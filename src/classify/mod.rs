//! The class of each principal: agent, operator, workload, break-glass.
//!
//! Follows `docs/classification.md`. The manifest decides. If no entry of the manifest applies, hints decide. Hints
//! examine trust policies, tags, policies and names; they prove nothing about access.
//!
//! The files, in the order in which data passes:
//! - `hint_match`: whether a hint matches a principal or a trust grant.
//! - `evidence`: the matches of a principal and the class that they suggest.
//! - `principals_by_arn`: the principals that a trust policy names.
//! - `propagate`: the class of a role from the principals that can assume it.
//! - `classification`: the inferred class of every principal.
//! - `assumers`: the classes of those that can assume each role.
//! - `inventory`: every principal with its class and its declaration status.

mod assumers;
mod classification;
mod evidence;
mod hint_match;
mod inventory;
mod principals_by_arn;
mod propagate;

pub use assumers::{Assumer, find_assumers};
pub use classification::{Classification, classify_principals};
pub use evidence::{ClassReason, Evidence, EvidenceBasis, EvidenceMatch, InferredClass, TrustMatch};
pub use inventory::{ClassSource, DeclarationStatus, InventoryRow, list_principals};
