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

pub use comers::{Comer, comers};
pub use evidence::{Evidence, Who};
pub use list::{Basis, Coverage, Listed, list};
pub use recognise::{Recognised, recognise};
pub(crate) use trust::plain_service;
