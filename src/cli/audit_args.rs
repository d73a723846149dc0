//! The arguments of commands that audit: what to examine, how long, and how to report it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use iamdrift::audit::{AuditBudget, AuditOptions, DeclaredClass, RuleId, Severity};
use iamdrift::base::json_writer::JsonLayout;
use iamdrift::baseline::Glob;
use iamdrift::report::{ExitInfo, Layout, RenderOptions, ReportFormat, Verbosity};

use super::named_value::parse_named_value;
use super::terminal_output;

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
    /// How long the audit may take, such as `30m`: what is not decided by then is undecided, by name (exit status 3)
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    budget: Option<Duration>,
    /// How long one principal may take, and again its search for escalation paths, before it is undecided
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = parse_time)]
    principal_budget: Duration,
}

impl Filters {
    /// No filters.
    pub fn unfiltered() -> Filters {
        Filters {
            principal: None,
            kind: Vec::new(),
            rule: Vec::new(),
            severity: None,
            fail_on: FailThreshold::At(Severity::Low),
            budget: None,
            principal_budget: AuditBudget::DEFAULT_PRINCIPAL_TIME,
        }
    }

    /// The options of the audit.
    pub fn to_audit_options(&self) -> AuditOptions {
        AuditOptions {
            principal: self.principal.as_deref().map(Glob::new),
            classes: self.kind.clone(),
            rules: self.rule.clone(),
            severity: self.severity,
            budget: AuditBudget {
                principal_time: Some(self.principal_budget),
                // A time beyond what the clock can express is no limit.
                deadline: self.budget.and_then(|time| Instant::now().checked_add(time)),
                ..AuditBudget::default()
            },
            ..AuditOptions::at(jiff::Timestamp::now())
        }
    }

    /// The lowest severity that sets exit status 1. `None` for none.
    pub fn fail_on_severity(&self) -> Option<Severity> {
        match self.fail_on {
            FailThreshold::At(severity) => Some(severity),
            FailThreshold::Never => None,
        }
    }
}

/// The options of the report.
#[derive(Debug, clap::Args)]
pub struct ReportOptions {
    /// Show all patterns, statements and principals, and verify all fixes, also in JSON
    #[arg(long)]
    all: bool,
    /// The output format: table, json, ndjson
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = parse_format)]
    pub format: ReportFormat,
    /// Indent JSON, with a line for each value
    #[arg(long)]
    pretty: bool,
    /// Write the report to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl ReportOptions {
    /// The layout of the report.
    pub fn layout(&self) -> Layout {
        terminal_output::layout_for(self.output.as_deref())
    }

    /// Whether the report is written while the audit runs.
    pub fn is_streamed(&self) -> bool {
        match self.format {
            ReportFormat::Table => false,
            // Fixes are verified after the audit.
            ReportFormat::Json => !self.all,
            ReportFormat::Ndjson => true,
        }
    }

    /// How much the report contains.
    pub fn verbosity(&self) -> Verbosity {
        if self.all { Verbosity::All } else { Verbosity::Brief }
    }

    /// The options of the report.
    pub fn to_render_options(&self, exit_info: ExitInfo) -> RenderOptions {
        RenderOptions { layout: self.layout(), verbosity: self.verbosity(), json_layout: self.json_layout(), exit_info }
    }

    /// How JSON is laid out.
    pub fn json_layout(&self) -> JsonLayout {
        if self.pretty { JsonLayout::Indented } else { JsonLayout::OneLine }
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

fn parse_time(text: &str) -> Result<Duration, String> {
    let time = text.parse::<jiff::SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    time.ok_or_else(|| "a time such as 90s, 30m or 2h is required".to_owned())
}

fn parse_rule(text: &str) -> Result<RuleId, String> {
    parse_named_value(text, &RuleId::ALL)
}

fn parse_kind(text: &str) -> Result<DeclaredClass, String> {
    parse_named_value(text, &DeclaredClass::ALL.map(|status| (status.as_str(), status)))
}
