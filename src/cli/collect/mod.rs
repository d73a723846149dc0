//! `iamdrift collect`: AWS to a snapshot directory.

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
    "Every call reads and none changes anything; policies/collector-permissions.json holds the permissions that they ",
    "need. Credentials, regions, SSO, AWS_ENDPOINT_URL and FIPS are as for every AWS tool.\n\n",
    "Exit status: 0 everything was read; 2 bad usage, or nothing could be read; 3 something could not be read, and ",
    "the snapshot says what.\n\n",
    "Examples; without --dry-run they call AWS:\n",
    "  iamdrift collect --profile audit --dry-run\n",
    "  iamdrift collect --organization --member-role iamdrift-member \\\n",
    "    --external-id 7f3a -o snapshot-2026-11-20 --dry-run\n",
    "  iamdrift collect --accounts 111122223333,444455556666 \\\n",
    "    --member-role iamdrift-member --dry-run",
);

/// Read an account, several, or an organization from AWS, and write a snapshot
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[cfg_attr(not(feature = "aws"), allow(dead_code))]
pub struct Args {
    #[command(flatten)]
    from: CollectArgs,
    /// Read the organization, and collect all its active accounts
    #[arg(long)]
    organization: bool,
    /// The directory to write, which must not exist yet
    #[arg(short, long, value_name = "DIR", default_value = "snapshot")]
    output: PathBuf,
    /// Continue a collection that was broken off, without reading again what it has finished; or read again what of
    /// a finished one is unread
    #[arg(long)]
    resume: bool,
    /// Write the files compressed (Zstandard)
    #[arg(long)]
    compress: bool,
    /// Print what would be called, and call nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
#[cfg(feature = "aws")]
pub fn run(args: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    live_run::run_collect(args)
}

/// Tells how to come by the command.
#[cfg(not(feature = "aws"))]
pub fn run(_: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    Err(not_built_in())
}

/// What this build cannot do, and how to come by one that can.
#[cfg(not(feature = "aws"))]
pub fn not_built_in() -> anyhow::Error {
    super::UserError::new(
        "this build of iamdrift has no AWS SDK in it",
        "build it with its default features (`cargo install --path .`), or give `--snapshot` the output of `aws iam \
         get-account-authorization-details`",
    )
    .into()
}
