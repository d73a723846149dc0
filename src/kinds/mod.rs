//! Who is what: operators, agents, workloads, access for emergencies, and roles that AWS owns.
//!
//! Follows `docs/kinds.md`. The manifest decides; where it is silent, hints do, and each is told with its reason.
//! Hints look at what the Allow statements of a trust policy name, and at tags, policies and names. They prove
//! nothing about access.

mod assumers;
mod comers;
mod evidence;
mod list;
mod recognise;
mod trust;

pub use comers::{Assumer, find_assumers};
pub use evidence::{Evidence, InferredClass};
pub use list::{ClassSource, DeclarationStatus, InventoryRow, list_principals};
pub use recognise::{Classification, classify_principals};
pub(crate) use trust::normalize_service_name;
