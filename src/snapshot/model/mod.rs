//! The loaded snapshot.
//!
//! - `missing.rs`: a policy document that is missing, why, and which requests it could decide.
//! - `policy.rs`: policy documents and how principals hold them.
//! - `organization.rs`: roots, organizational units, accounts, SCPs and RCPs.
//! - `service_roles.rs`: the resources of services that use roles.
//! - `collection_gap.rs`: what the collector could not read.
//! - `iam_entity_kind.rs`: user, role, service-linked role.
//! - `snapshot.rs`: accounts, principals and groups, and the snapshot as a whole.

pub(crate) mod collection_gap;
pub(crate) mod iam_entity_kind;
pub(crate) mod missing;
pub(crate) mod organization;
pub(crate) mod policy;
pub(crate) mod service_roles;
pub(crate) mod snapshot;
