//! `iamdrift audit`: a snapshot held against a baseline.

use std::path::PathBuf;

use iamdrift::audit::{AuditOptions, DeclarationStatus, RuleId, Severity, audit};
use iamdrift::baseline::{Baseline, Glob};
use iamdrift::catalog::Catalog;
use iamdrift::report::{self as reports, ExitInfo, Layout, ReportFormat, Verbosity};
use iamdrift::snapshot::Snapshot;

use super::snapshot_args::SnapshotOrAws;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

const AFTER_HELP: &str = concat!(
    "Exit status: 0 nothing at or above --fail-on; 1 drift; 2 bad usage or input; 3 the audit is incomplete ",
    "(something could not be read or decided), whatever else it found.\n\n",
    "Without --snapshot, what AWS says now is collected first, with read-only calls alone, and audited: as ",
    "`iamdrift collect` would, with the same options. --organization collects the whole organization.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline --kind agent\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline --fail-on high\n",
    "  iamdrift audit --snapshot snapshot --baseline baseline --format json \\\n",
    "    -o report.json",
);

/// Hold a snapshot against a baseline: who may do more than is declared
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    snapshot: SnapshotOrAws,
    /// What is expected: a directory with `baseline.toml`, or the manifest itself
    #[arg(long, value_name = "PATH", default_value = "policies")]
    baseline: PathBuf,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub report_options: ReportOptions,
}

/// Which principals and findings.
#[derive(Debug, clap::Args)]
pub struct Filters {
    /// Only principals whose ARN or name matches
    #[arg(long, value_name = "GLOB")]
    principal: Option<String>,
    /// Only principals of this kind; may be given again: agent, operator, workload, break-glass, undeclared, ambiguous,
    /// ignored, service-linked
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Vec<DeclarationStatus>,
    /// Only this rule; may be given again: IAM001, IAM002, IAM003, IAM004, IAM005, IAM006, IAM007, IAM008, IAM009, IAM010, IAM011 (told only where asked for)
    #[arg(long, value_name = "ID", value_parser = parse_rule)]
    rule: Vec<RuleId>,
    /// Only findings at or above this severity: critical, high, medium, low, info; undecided principals are always told
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    severity: Option<Severity>,
    /// The lowest severity that ends with 1; `never` for none
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = parse_fail_on)]
    fail_on: FailThreshold,
}

impl Filters {
    /// Everyone and everything.
    pub fn unfiltered() -> Filters {
        let fail_on = FailThreshold::At(Severity::Low);
        Filters { principal: None, kind: Vec::new(), rule: Vec::new(), severity: None, fail_on }
    }
}

/// How findings are told.
#[derive(Debug, clap::Args)]
pub struct ReportOptions {
    /// Tell everything: no pattern, statement or principal is left out of the table
    #[arg(long)]
    all: bool,
    /// How to write the report: table, json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format)]
    pub format: ReportFormat,
    /// Write the report to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ReportOptions {
    /// What the report is laid out for.
    pub fn layout(&self) -> Layout {
        if self.output.is_some() { terminal_output::detect_file_layout() } else { terminal_output::detect_layout() }
    }
}

/// The threshold of exit status 1.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum FailThreshold {
    At(Severity),
    Never,
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    parse_name(text, Severity::ALL.iter().copied())
}

fn parse_fail_on(text: &str) -> Result<FailThreshold, String> {
    let levels = Severity::ALL.iter().map(|(name, severity)| (*name, FailThreshold::At(*severity)));
    parse_name(text, levels.chain([("never", FailThreshold::Never)]))
}

fn parse_format(text: &str) -> Result<ReportFormat, String> {
    parse_name(text, ReportFormat::ALL.iter().copied())
}

fn parse_rule(text: &str) -> Result<RuleId, String> {
    parse_name(text, RuleId::ALL.iter().copied())
}

fn parse_kind(text: &str) -> Result<DeclarationStatus, String> {
    parse_name(text, DeclarationStatus::ALL.into_iter().map(|status| (status.as_str(), status)))
}

/// The value of that name in any case, or all names.
fn parse_name<T>(text: &str, known: impl Iterator<Item = (&'static str, T)>) -> Result<T, String> {
    let mut names = Vec::new();
    for (name, value) in known {
        if name.eq_ignore_ascii_case(text) {
            return Ok(value);
        }
        names.push(name);
    }
    Err(format!("one of {}", names.join(", ")))
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

/// Audits; the report, and how the program ends.
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
    };
    let audit = audit(snapshot, baseline, catalog, &options)?;
    if audit.principals.is_empty() && !snapshot.accounts.is_empty() {
        return Err(UserError::new("no principal is left to audit", "check `--principal` and `--kind`").into());
    }
    let status = match filters.fail_on {
        _ if audit.is_incomplete() => ExitStatus::Incomplete,
        FailThreshold::At(severity) if audit.has_drift(severity) => ExitStatus::Drift,
        FailThreshold::At(_) | FailThreshold::Never => ExitStatus::Clean,
    };
    let fail_on = match filters.fail_on {
        FailThreshold::At(severity) => Some(severity),
        FailThreshold::Never => None,
    };
    let options = reports::RenderOptions {
        layout: report_options.layout(),
        verbosity: if report_options.all { Verbosity::All } else { Verbosity::Brief },
        exit_info: ExitInfo { exit_status: status as u8, fail_on },
    };
    let mut text = Vec::new();
    report_options.format.write(&audit, &options, &mut text)?;
    Ok((String::from_utf8_lossy(&text).into_owned(), status))
}

/// Writes a report to where it was asked for.
pub fn write_report(text: &str, report_options: &ReportOptions) -> anyhow::Result<()> {
    match &report_options.output {
        Some(path) => terminal_output::write_private(path, text, "-o"),
        None => terminal_output::write_stdout(text),
    }
}
