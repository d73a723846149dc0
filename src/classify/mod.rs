//! Who is what: operators, agents, workloads, access for emergencies, and roles that AWS owns.
//!
//! Follows `docs/kinds.md`. The manifest decides; where it is silent, hints do, and each is told with its reason.
//! Hints look at what the Allow statements of a trust policy name, and at tags, policies and names. They prove
//! nothing about access.

mod assumers;
mod classification;
mod evidence;
mod inventory;
mod propagate;
mod trusted_party;

pub use assumers::{Assumer, find_assumers};
pub use classification::{Classification, classify_principals};
pub use evidence::{Evidence, InferredClass};
pub use inventory::{ClassSource, DeclarationStatus, InventoryRow, list_principals};
pub(crate) use trusted_party::normalize_service_name;
