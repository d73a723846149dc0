//! The options of `iamdrift collect`.

use std::path::PathBuf;

use super::collect_args::CollectArgs;

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
    pub(super) from: CollectArgs,
    /// Collect the organization with all its active accounts
    #[arg(long)]
    pub(super) organization: bool,
    /// The directory to write, which must not exist yet
    #[arg(short, long, value_name = "DIR", default_value = "snapshot")]
    pub(super) output: PathBuf,
    /// Continue an interrupted collection, or read the unread parts of a finished one again
    #[arg(long)]
    pub(super) resume: bool,
    /// Compress the files (Zstandard)
    #[arg(long)]
    pub(super) compress: bool,
    /// Print the AWS calls without making them
    #[arg(long)]
    pub(super) dry_run: bool,
}
