//! `iamdrift audit`: compares a snapshot with a baseline.

use std::path::PathBuf;

use iamdrift::baseline::Baseline;

use super::audit_args::{Filters, ReportOptions};
use super::audit_run::AuditRun;
use super::snapshot_args::SnapshotOrAws;
use super::{ExitStatus, GlobalArgs};

const AFTER_HELP: &str = concat!(
    "Exit status: 0 no finding at or above --fail-on; 1 drift; 2 bad usage or input; 3 the audit is incomplete (some ",
    "input could not be read, or a principal is undecided), regardless of other findings. With --principal, --kind or --rule, the status is about the chosen part.\n\n",
    "Without --snapshot, the command first collects a snapshot from AWS, with the options of `iamdrift collect` and ",
    "read-only calls. --organization collects the whole organization.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline --kind agent\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline --fail-on high\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline --format json \\\n",
    "    -o report.json",
);

/// Compare a snapshot with a baseline and report permissions beyond what is declared
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    snapshot: SnapshotOrAws,
    /// The baseline: a directory with `baseline.toml`, or the manifest
    #[arg(long, value_name = "PATH", default_value = "policies")]
    baseline: PathBuf,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub report_options: ReportOptions,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let baseline = globals.timed_step("read the baseline", || Baseline::load_with_catalog(&args.baseline, catalog))?;
    let (snapshot, collect_status) = globals.timed_step(args.snapshot.step_label(), || args.snapshot.load())?;
    let audit_status = globals.timed_step("audited and reported", || {
        let run = AuditRun { snapshot: &snapshot, baseline: &baseline, catalog, filters: &args.filters };
        run.write_report(&args.report_options)
    })?;
    Ok(if collect_status == ExitStatus::Incomplete { collect_status } else { audit_status })
}
