//! What was collected: accounts, the organization, principals, resource policies.
//!
//! Follows `docs/snapshot.md`. A document that is no valid policy is never skipped: it is a
//! [`Problem`], and whoever it decides over has it in [`Principal::missing`].

pub mod format;
pub(crate) mod model;
pub(crate) mod read;
mod snapshot_error;
pub mod store;

pub use model::collection_gap::CollectionGap;
pub use model::iam_entity_kind::IamEntityKind;
pub use model::organization::{OrgNode, OrgNodeKind, Organization, OrganizationPolicy, OrganizationPolicyType};
pub use model::snapshot::{
    Account, AttachmentKind, CollectedDocument, IamGroup, LayerKind, ManagedPolicy, MissingDocument, MissingReason,
    PermissionsBoundary, PolicyAttachment, Principal, ResourceWithPolicy, Snapshot, SnapshotProblem,
};
pub use read::snapshot_loader::SnapshotPaths;
pub use snapshot_error::SnapshotError;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
