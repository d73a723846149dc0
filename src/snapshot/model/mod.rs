//! What a snapshot holds: accounts, principals, the organization, and what could not be collected.

pub(crate) mod collection_gap;
pub(crate) mod iam_entity_kind;
pub(crate) mod organization;
pub(crate) mod snapshot;
