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
#[doc(hidden)]
pub mod format;
pub(crate) mod model;
pub(crate) mod read;
mod selection;
mod snapshot_error;
#[doc(hidden)]
pub mod store;

#[doc(inline)]
pub use crate::iam::AccountId;
pub use model::missing::{LayerKind, MissingDocument, MissingReason};
pub use model::snapshot::{ProblemExtent, Snapshot, SnapshotProblem};
pub use read::snapshot_loader::SnapshotPaths;
#[doc(hidden)]
pub use selection::PrincipalSelection;
pub use snapshot_error::SnapshotError;
#[doc(inline)]
pub use store::{Compression, StoreError};

#[doc(hidden)]
pub use model::collection_gap::CollectionGap;
#[doc(hidden)]
pub use model::iam_entity_kind::IamEntityKind;
#[doc(hidden)]
pub use model::organization::Organization;
#[doc(hidden)]
pub use model::policy::{AttachmentKind, ManagedPolicy, PermissionsBoundary, PolicyAttachment};
#[doc(hidden)]
pub use model::service_roles::{ReadRegions, ServiceResource, ServiceResources};
#[doc(hidden)]
pub use model::snapshot::{Account, Principal};

pub(crate) use model::organization::{OrgNode, OrganizationPolicyType};
pub(crate) use model::policy::{CollectedDocument, PolicyVersionDocument, ResourceWithPolicy};
pub(crate) use model::snapshot::IamGroup;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
