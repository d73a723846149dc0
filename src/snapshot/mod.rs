//! A snapshot: the accounts, the organization and the resource policies that were collected (`docs/snapshot.md`).
//!
//! A policy document that is not valid is never skipped: it becomes a [`SnapshotProblem`], and every principal whose
//! access it decides lists it in [`Principal::missing_documents`].
//!
//! The files, in the order in which data passes:
//! - `format/`: the JSON files of a snapshot as types; the collector fills them.
//! - `file_layout.rs`: file names, compression and hashes of a snapshot directory.
//! - `store/`: writes a snapshot directory, and continues one.
//! - `read/`: reads files into the model.
//! - `snapshot_error.rs`: why a snapshot cannot be read.
//! - `model/`: the loaded snapshot, which the rest of the program uses.
//! - `selection.rs`: some of its principals, and which unread parts concern them.

mod file_layout;
pub mod format;
pub(crate) mod model;
pub(crate) mod read;
mod selection;
mod snapshot_error;
pub mod store;

pub use model::collection_gap::CollectionGap;
pub use model::iam_entity_kind::IamEntityKind;
pub use model::missing::{LayerKind, MissingDocument, MissingReason, MissingScope};
pub use model::organization::{OrgNode, OrgNodeKind, Organization, OrganizationPolicy, OrganizationPolicyType};
pub use model::policy::{
    AttachmentKind, CollectedDocument, ManagedPolicy, PermissionsBoundary, PolicyAttachment, ResourceWithPolicy,
};
pub use model::snapshot::{Account, IamGroup, Principal, Snapshot, SnapshotProblem};
pub use read::snapshot_loader::SnapshotPaths;
pub use selection::PrincipalSelection;
pub use snapshot_error::SnapshotError;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
