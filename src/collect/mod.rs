//! AWS to a snapshot: the only folder that knows the SDK.
//!
//! Follows `docs/collect.md`. Every call reads and none changes anything: [`CALLS`] is all of them. What could not be
//! read is noted in the snapshot with the reason, never left out.

mod account;
mod calls;
mod details;
mod error;
mod failure;
mod iam;
mod identity_center;
mod managed;
mod observer;
mod options;
mod organization;
mod pace;
mod profile;
#[cfg(feature = "aws-resources")]
mod resource_policies;
mod run;
mod session;
mod target;

pub use calls::{ApiCall, CALLS, CollectionStage};
pub use error::CollectError;
pub use failure::{CallFailure, CallFailureKind};
pub use observer::{AccountOutcome, CollectObserver, NoopObserver};
pub use options::{CollectOptions, CollectScope, RetryPolicy};
pub use run::{CollectionSummary, SkippedAccount, SnapshotDestination, StartMode, collect};

/// Whether this build reads the policies of resources.
pub const READS_RESOURCE_POLICIES: bool = cfg!(feature = "aws-resources");
