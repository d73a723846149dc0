//! Collects snapshots from AWS (`docs/collect.md`). No other folder uses the AWS SDK.
//!
//! Every call only reads: [`CALLS`] lists all of them. A part that cannot be read is recorded in the snapshot with the
//! reason.
//!
//! The files, in the order in which data passes:
//! - `collect_options.rs`, `retry_policy.rs`: the options of a collection, its timeouts and retries.
//! - `complete_answer.rs`, `rate_limit.rs`, `profile_credentials.rs`, `aws_session.rs`: HTTP client, credentials and
//!   sessions.
//! - `api_calls.rs`, `call_failure.rs`, `page_markers.rs`, `collect_error.rs`: the calls, and how they fail.
//! - `organization_client.rs`, `target_account.rs`: the organization, and the accounts to read.
//! - `account_details.rs`, `aws_policy_cache.rs`, `identity_center.rs`, `resource_policies/`, `service_resources.rs`: the parts of
//!   an account.
//! - `convert_details.rs`, `account_recorder.rs`: answers converted and written.
//! - `collect_account.rs`, `collect_run.rs`: one account, and the whole collection.
//! - `observer.rs`: progress.

mod account_details;
mod account_recorder;
mod api_calls;
mod aws_policy_cache;
mod aws_session;
mod call_failure;
mod collect_account;
mod collect_error;
mod collect_options;
mod collect_run;
mod complete_answer;
mod convert_details;
mod identity_center;
mod named_policies;
mod observer;
mod organization_client;
mod page_markers;
mod profile_credentials;
mod rate_limit;
#[cfg(feature = "aws-resources")]
mod resource_policies;
mod retry_policy;
#[cfg(feature = "aws-service-roles")]
mod service_resources;
mod target_account;

pub use api_calls::{ApiCall, CALLS, CollectionStage};
pub use call_failure::{CallFailure, CallFailureKind};
pub use collect_error::CollectError;
pub use collect_options::{CollectOptions, CollectScope, ResourceOptions};
pub use collect_run::{CollectionSummary, SkippedAccount, SnapshotDestination, StartMode, collect};
pub use observer::{AccountOutcome, CollectObserver, NoopObserver};
pub use retry_policy::RetryPolicy;

/// Whether this build reads resource policies.
pub const READS_RESOURCE_POLICIES: bool = cfg!(feature = "aws-resources");
/// Whether this build can read the resources of services that use roles.
pub const READS_SERVICE_ROLES: bool = cfg!(feature = "aws-service-roles");
