//! `iamdrift audit`: compares a snapshot with a baseline.

use std::path::PathBuf;

use iamdrift::audit::{AuditOptions, DeclaredClass, ExtentMode, RuleId, Severity, audit, verify_fixes};
use iamdrift::baseline::{Baseline, Glob};
use iamdrift::catalog::Catalog;
use iamdrift::report::{ExitInfo, Layout, RenderOptions, ReportFormat, Verbosity};
use iamdrift::snapshot::Snapshot;

use super::named_value::parse_named_value;
use super::snapshot_args::SnapshotOrAws;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

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

/// The principals and findings to report.
#[derive(Debug, clap::Args)]
pub struct Filters {
    /// Audit only principals whose ARN or name matches; the report says what was not examined
    #[arg(long, value_name = "GLOB")]
    principal: Option<String>,
    /// Audit only principals of this class; can be repeated: agent, operator, workload, break-glass, undeclared, ambiguous,
    /// ignored, service-linked
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Vec<DeclaredClass>,
    /// Check only this rule; can be repeated: IAM001, IAM002, IAM003, IAM004, IAM005, IAM006, IAM007, IAM008, IAM009, IAM010, IAM011 (only on request)
    #[arg(long, value_name = "ID", value_parser = parse_rule)]
    rule: Vec<RuleId>,
    /// Report only findings at or above this severity: critical, high, medium, low, info; undecided principals are always reported
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    severity: Option<Severity>,
    /// The lowest severity that sets exit status 1, or `never`
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = parse_fail_on)]
    fail_on: FailThreshold,
}

impl Filters {
    /// No filters.
    pub fn unfiltered() -> Filters {
        let fail_on = FailThreshold::At(Severity::Low);
        Filters { principal: None, kind: Vec::new(), rule: Vec::new(), severity: None, fail_on }
    }
}

/// The options of the report.
#[derive(Debug, clap::Args)]
pub struct ReportOptions {
    /// Show all patterns, statements and principals, and verify all fixes, also in JSON
    #[arg(long)]
    all: bool,
    /// The output format: table, json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format)]
    pub format: ReportFormat,
    /// Write the report to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ReportOptions {
    /// The layout of the report.
    pub fn layout(&self) -> Layout {
        terminal_output::layout_for(self.output.as_deref())
    }
}

/// The lowest severity that sets exit status 1.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum FailThreshold {
    At(Severity),
    Never,
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    parse_named_value(text, &Severity::ALL)
}

fn parse_fail_on(text: &str) -> Result<FailThreshold, String> {
    let levels = Severity::ALL.iter().map(|(name, severity)| (*name, FailThreshold::At(*severity)));
    let values: Vec<_> = levels.chain([("never", FailThreshold::Never)]).collect();
    parse_named_value(text, &values)
}

fn parse_format(text: &str) -> Result<ReportFormat, String> {
    parse_named_value(text, &ReportFormat::ALL)
}

fn parse_rule(text: &str) -> Result<RuleId, String> {
    parse_named_value(text, &RuleId::ALL)
}

fn parse_kind(text: &str) -> Result<DeclaredClass, String> {
    parse_named_value(text, &DeclaredClass::ALL.map(|status| (status.as_str(), status)))
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let baseline = globals.timed_step("read the baseline", || Baseline::load_with_catalog(&args.baseline, catalog))?;
    let (snapshot, collect_status) = globals.timed_step(args.snapshot.step_label(), || args.snapshot.load())?;
    let audit_status = globals.timed_step("audited and reported", || {
        let (text, status) = audit_and_render(&snapshot, &baseline, catalog, &args.filters, &args.report_options)?;
        write_report(&text, &args.report_options).map(|()| status)
    })?;
    Ok(if collect_status == ExitStatus::Incomplete { collect_status } else { audit_status })
}

/// Runs an audit and renders its report.
pub fn audit_and_render(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    filters: &Filters,
    report_options: &ReportOptions,
) -> anyhow::Result<(String, ExitStatus)> {
    let options = AuditOptions {
        principal: filters.principal.as_deref().map(Glob::new),
        classes: filters.kind.clone(),
        rules: filters.rule.clone(),
        severity: filters.severity,
        today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        extents: ExtentMode::Without,
    };
    let mut audit = audit(snapshot, baseline, catalog, &options)?;
    if audit.principals.is_empty() && !snapshot.accounts.is_empty() {
        return Err(UserError::new("no principal matches the filters", "check `--principal` and `--kind`").into());
    }
    let verbosity = if report_options.all { Verbosity::All } else { Verbosity::Brief };
    let shown = report_options.format.list_shown_fixes(&audit, verbosity);
    verify_fixes(&mut audit, snapshot, baseline, catalog, &options, &|finding| shown.contains(&finding.key))?;
    let fail_on = match filters.fail_on {
        FailThreshold::At(severity) => Some(severity),
        FailThreshold::Never => None,
    };
    let exit_info = ExitInfo::from_audit(&audit, fail_on);
    let options = RenderOptions { layout: report_options.layout(), verbosity, exit_info };
    let mut text = Vec::new();
    report_options.format.write(&audit, &options, &mut text)?;
    let status = match exit_info.exit_status {
        0 => ExitStatus::Clean,
        1 => ExitStatus::Drift,
        _ => ExitStatus::Incomplete,
    };
    Ok((String::from_utf8_lossy(&text).into_owned(), status))
}

/// Writes a report to the file of `-o`, or to standard output.
pub fn write_report(text: &str, report_options: &ReportOptions) -> anyhow::Result<()> {
    terminal_output::write_output(report_options.output.as_deref(), text)
}
