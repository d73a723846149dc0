//! `iamdrift collect`: collects a snapshot from AWS.
//!
//! - `collect_args.rs`: the options that `iamdrift audit` shares.
//! - `collect_command_args.rs`: the options of the command.
//! - `dry_run.rs`: `--dry-run`.
//! - `progress.rs`: progress on a terminal.
//! - `live_run.rs`: the collection.
//! - `audit_destination.rs`, `snapshot_folder.rs`, `temporary_directory.rs`: where an audit writes what it collects.

#[cfg(feature = "aws")]
mod audit_destination;
mod collect_args;
mod collect_command_args;
#[cfg(feature = "aws")]
mod dry_run;
#[cfg(feature = "aws")]
mod live_run;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod snapshot_folder;
#[cfg(feature = "aws")]
mod temporary_directory;

#[cfg(feature = "aws")]
pub use audit_destination::AuditDestination;
pub use collect_args::{COLLECT_ONLY_ARGS, CollectArgs, HELP_HEADING};
pub use collect_command_args::Args;
#[cfg(feature = "aws")]
pub use live_run::collect_for_audit;

use super::{ExitStatus, GlobalArgs};

/// Runs the command.
#[cfg(feature = "aws")]
pub fn run(args: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    live_run::run_collect(args)
}

/// Reports that this build lacks the command.
#[cfg(not(feature = "aws"))]
pub fn run(_: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    Err(not_built_in())
}

/// The error of a build without the AWS SDK.
#[cfg(not(feature = "aws"))]
pub fn not_built_in() -> anyhow::Error {
    super::UserError::new(
        "this build of iamdrift does not contain the AWS SDK",
        "build with default features (`cargo install --path .`), or use `--snapshot` with the output of `aws iam \
         get-account-authorization-details`",
    )
    .into()
}
