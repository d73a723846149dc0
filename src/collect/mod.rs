//! AWS to a snapshot: the only folder that knows the SDK.
//!
//! Follows `docs/collect.md`. Every call reads and none changes anything: [`CALLS`] is all of them. What could not be
//! read is noted in the snapshot with the reason, never left out.

mod account_details;
mod api_calls;
mod aws_policy_cache;
mod aws_session;
mod call_failure;
mod collect_account;
mod collect_error;
mod collect_options;
mod collect_run;
mod convert_details;
mod identity_center;
mod observer;
mod organization_client;
mod profile_credentials;
mod rate_limit;
#[cfg(feature = "aws-resources")]
mod resource_policies;
mod target_account;

pub use api_calls::{ApiCall, CALLS, CollectionStage};
pub use call_failure::{CallFailure, CallFailureKind};
pub use collect_error::CollectError;
pub use collect_options::{CollectOptions, CollectScope, RetryPolicy};
pub use collect_run::{CollectionSummary, SkippedAccount, SnapshotDestination, StartMode, collect};
pub use observer::{AccountOutcome, CollectObserver, NoopObserver};

/// Whether this build reads the policies of resources.
pub const READS_RESOURCE_POLICIES: bool = cfg!(feature = "aws-resources");
