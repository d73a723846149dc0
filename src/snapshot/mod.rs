//! What was collected: accounts, the organization, principals, resource policies.
//!
//! Follows `docs/snapshot.md`. A document that is no valid policy is never skipped: it is a
//! [`Problem`], and whoever it decides over has it in [`Principal::missing`].

mod account_file;
mod collected;
mod error;
pub mod format;
mod intern;
mod kind;
mod load;
mod merge;
mod model;
mod organization;
mod organization_file;
mod page;
mod read;
mod resource;
pub mod store;
mod uncollected;

pub use error::SnapshotError;
pub use kind::IamEntityKind;
pub use load::SnapshotPaths;
pub use model::{
    Account, AttachmentKind, CollectedDocument, IamGroup, LayerKind, ManagedPolicy, MissingDocument, MissingReason,
    PermissionsBoundary, PolicyAttachment, Principal, ResourceWithPolicy, Snapshot, SnapshotProblem,
};
pub use organization::{OrgNode, OrgNodeKind, Organization, OrganizationPolicy, OrganizationPolicyType};
pub use uncollected::CollectionGap;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
