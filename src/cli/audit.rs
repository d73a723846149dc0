//! `iamdrift audit`: a snapshot held against a baseline.

use std::path::PathBuf;

use iamdrift::audit::{Options, RuleId, Severity, Sort, audit};
use iamdrift::baseline::{Baseline, Glob};
use iamdrift::catalog::Catalog;
use iamdrift::report::{self as reports, Depth, Ending, Format, Layout};
use iamdrift::snapshot::Snapshot;

use super::snapshot::SnapshotOrAws;
use super::{ExitStatus, Globals, UserError, output};

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
    pub telling: Telling,
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
    kind: Vec<Sort>,
    /// Only this rule; may be given again: IAM001, IAM002, IAM003, IAM004, IAM005, IAM006, IAM007, IAM008, IAM009, IAM010, IAM011 (told only where asked for)
    #[arg(long, value_name = "ID", value_parser = parse_rule)]
    rule: Vec<RuleId>,
    /// Only findings at or above this severity: critical, high, medium, low, info; undecided principals are always told
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    severity: Option<Severity>,
    /// The lowest severity that ends with 1; `never` for none
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = parse_fail_on)]
    fail_on: FailOn,
}

impl Filters {
    /// Everyone and everything.
    pub fn none() -> Filters {
        let fail_on = FailOn::At(Severity::Low);
        Filters { principal: None, kind: Vec::new(), rule: Vec::new(), severity: None, fail_on }
    }
}

/// How findings are told.
#[derive(Debug, clap::Args)]
pub struct Telling {
    /// Tell everything: no pattern, statement or principal is left out of the table
    #[arg(long)]
    all: bool,
    /// How to write the report: table, json
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format)]
    pub format: Format,
    /// Write the report to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Telling {
    /// What the report is laid out for.
    pub fn layout(&self) -> Layout {
        if self.output.is_some() { output::layout_of_file() } else { output::layout() }
    }
}

/// The threshold of exit status 1.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum FailOn {
    At(Severity),
    Never,
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    find(text, Severity::ALL.iter().copied())
}

fn parse_fail_on(text: &str) -> Result<FailOn, String> {
    let levels = Severity::ALL.iter().map(|(name, severity)| (*name, FailOn::At(*severity)));
    find(text, levels.chain([("never", FailOn::Never)]))
}

fn parse_format(text: &str) -> Result<Format, String> {
    find(text, Format::ALL.iter().copied())
}

fn parse_rule(text: &str) -> Result<RuleId, String> {
    find(text, RuleId::ALL.iter().copied())
}

fn parse_kind(text: &str) -> Result<Sort, String> {
    let kinds = [
        Sort::Agent,
        Sort::Operator,
        Sort::Workload,
        Sort::BreakGlass,
        Sort::Undeclared,
        Sort::Ambiguous,
        Sort::Ignored,
        Sort::ServiceLinked,
    ];
    find(text, kinds.into_iter().map(|kind| (kind.as_str(), kind)))
}

/// The value of that name in any case, or all names.
fn find<T>(text: &str, known: impl Iterator<Item = (&'static str, T)>) -> Result<T, String> {
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
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let baseline = globals.step("read the baseline", || Baseline::load_with(&args.baseline, catalog))?;
    let (snapshot, collected) = globals.step(args.snapshot.step(), || args.snapshot.load())?;
    let told = globals.step("audited and reported", || {
        let (text, status) = report(&snapshot, &baseline, catalog, &args.filters, &args.telling)?;
        deliver(&text, &args.telling).map(|()| status)
    })?;
    Ok(if collected == ExitStatus::Incomplete { collected } else { told })
}

/// Audits; the report, and how the program ends.
pub fn report(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    filters: &Filters,
    telling: &Telling,
) -> anyhow::Result<(String, ExitStatus)> {
    let options = Options {
        principal: filters.principal.as_deref().map(Glob::new),
        kinds: filters.kind.clone(),
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
        FailOn::At(severity) if audit.has_drift(severity) => ExitStatus::Drift,
        FailOn::At(_) | FailOn::Never => ExitStatus::Clean,
    };
    let fail_on = match filters.fail_on {
        FailOn::At(severity) => Some(severity),
        FailOn::Never => None,
    };
    let options = reports::Options {
        layout: telling.layout(),
        depth: if telling.all { Depth::All } else { Depth::Brief },
        ending: Ending { exit_status: status as u8, fail_on },
    };
    let mut text = Vec::new();
    telling.format.write(&audit, &options, &mut text)?;
    Ok((String::from_utf8_lossy(&text).into_owned(), status))
}

/// Writes a report to where it was asked for.
pub fn deliver(text: &str, telling: &Telling) -> anyhow::Result<()> {
    match &telling.output {
        Some(path) => output::write_private(path, text, "-o"),
        None => output::write(text),
    }
}
