//! `iamdrift collect`: collects a snapshot from AWS.
//!
//! - `collect_args.rs`: the options, which `iamdrift audit` shares.
//! - `dry_run.rs`: `--dry-run`.
//! - `progress.rs`: progress on a terminal.
//! - `live_run.rs`: the collection.

mod collect_args;
#[cfg(feature = "aws")]
mod dry_run;
#[cfg(feature = "aws")]
mod live_run;
#[cfg(feature = "aws")]
mod progress;

use std::path::PathBuf;

pub use collect_args::{COLLECT_ONLY_ARGS, CollectArgs, HELP_HEADING};
#[cfg(feature = "aws")]
pub use live_run::{SnapshotRetention, collect_for_audit};

use super::{ExitStatus, GlobalArgs};

const AFTER_HELP: &str = concat!(
    "All calls are read-only. policies/collector-permissions.json contains the required permissions. Credentials, ",
    "regions, SSO, AWS_ENDPOINT_URL and FIPS are configured as for other AWS tools.\n\n",
    "Exit status: 0 everything was read; 2 bad usage, or nothing could be read; 3 some parts could not be read, and ",
    "the snapshot lists them.\n\n",
    "Examples (without --dry-run, they call AWS):\n",
    "  iamdrift collect --profile audit --dry-run\n",
    "  iamdrift collect --organization --member-role iamdrift-member \\\n",
    "    --external-id 7f3a -o snapshot-2026-11-20 --dry-run\n",
    "  iamdrift collect --accounts 111122223333,444455556666 \\\n",
    "    --member-role iamdrift-member --dry-run",
);

/// Collect one account, several accounts, or an organization from AWS, and write a snapshot
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[cfg_attr(not(feature = "aws"), allow(dead_code))]
pub struct Args {
    #[command(flatten)]
    from: CollectArgs,
    /// Collect the organization with all its active accounts
    #[arg(long)]
    organization: bool,
    /// The directory to write, which must not exist yet
    #[arg(short, long, value_name = "DIR", default_value = "snapshot")]
    output: PathBuf,
    /// Continue an interrupted collection, or read the unread parts of a finished one again
    #[arg(long)]
    resume: bool,
    /// Compress the files (Zstandard)
    #[arg(long)]
    compress: bool,
    /// Print the AWS calls without making them
    #[arg(long)]
    dry_run: bool,
}

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
