//! `iamdrift baseline check`: validates a baseline, and counts the principals that it declares.

use std::path::PathBuf;

use iamdrift::baseline::{
    Assignment, Assignments, Baseline, IgnoreReason, PrincipalView, StaleItem, StaleReason, StaleSubject,
};
use iamdrift::report::{Layout, Paragraph};
use iamdrift::snapshot::{Snapshot, SnapshotPaths};
use owo_colors::Style;

use crate::cli::{ExitStatus, GlobalArgs, snapshot_args, terminal_output};

const AFTER_HELP: &str = concat!(
    "Exit status: 0 the baseline is valid, with or without warnings; 2 it is not.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift baseline check baseline\n",
    "  iamdrift baseline check baseline --snapshot snapshot",
);

/// The maximum number of undeclared principals to list.
const MAX_LISTED: usize = 10;

/// Validate a baseline; with a snapshot, also list undeclared principals
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The baseline: a directory with `baseline.toml`, or the manifest
    #[arg(value_name = "DIR", default_value = "policies")]
    baseline: PathBuf,
    /// Compare the baseline with the principals of this snapshot
    #[arg(long, value_name = "PATH")]
    snapshot: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let baseline = Baseline::load_with_catalog(&args.baseline, globals.catalog()?)?;
    let snapshot = match &args.snapshot {
        None => None,
        Some(path) => {
            let paths = SnapshotPaths { snapshot: path.clone(), ..SnapshotPaths::default() };
            Some(snapshot_args::load_snapshot(&paths)?)
        }
    };
    let mut out = CheckOutput { text: Vec::new(), layout: terminal_output::detect_layout() };
    out.write_baseline(&baseline)?;
    if let Some(snapshot) = &snapshot {
        out.write_declarations(&baseline, snapshot)?;
    }
    terminal_output::write_stdout(&String::from_utf8_lossy(&out.text))?;
    Ok(ExitStatus::Clean)
}

/// The output of the command.
struct CheckOutput {
    text: Vec<u8>,
    layout: Layout,
}

impl CheckOutput {
    fn write_line(&mut self, words: &str) -> std::io::Result<()> {
        Paragraph::new(0, 2).add_words(words).write(self.layout, &mut self.text)
    }

    fn write_warning(&mut self, words: &str) -> std::io::Result<()> {
        let head = Paragraph::new(0, 2).add_span(0, "warning:", Style::new().yellow().bold());
        head.add_words(words).write(self.layout, &mut self.text)
    }

    fn write_baseline(&mut self, baseline: &Baseline) -> std::io::Result<()> {
        let parts = [
            format_count(baseline.entries.len(), "entry", "entries"),
            format_count(baseline.ignores.len(), "ignore", "ignores"),
            format_count(baseline.exceptions.len(), "exception", "exceptions"),
        ];
        self.write_line(&format!(
            "baseline {} @ {}: {}",
            baseline.source().name(),
            baseline.content_id(),
            parts.join(", ")
        ))?;
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        for exception in baseline.exceptions.iter().filter(|exception| exception.is_expired(today)) {
            let place = baseline.place(exception.expires.span);
            self.write_warning(&format!("{place}: the exception for {} has expired", exception.finding.value))?;
        }
        Ok(())
    }

    fn write_declarations(&mut self, baseline: &Baseline, snapshot: &Snapshot) -> std::io::Result<()> {
        let principals: Vec<_> = snapshot.principals().map(|(_, principal)| principal).collect();
        let views: Vec<PrincipalView<'_>> = principals
            .iter()
            .map(|principal| PrincipalView {
                arn: principal.arn.as_str(),
                tags: &principal.tags,
                is_service_linked: principal.entity_kind.is_service_linked(),
            })
            .collect();
        let assignments: Assignments = baseline.assign(&views);
        let count_assignments = |is_counted: fn(&Assignment) -> bool| {
            assignments.by_principal.iter().filter(|assignment| is_counted(assignment)).count()
        };
        let mut parts =
            vec![format!("{} declared", count_assignments(|assignment| matches!(assignment, Assignment::Declared(_))))];
        for (number, label) in [
            (count_assignments(|assignment| *assignment == Assignment::Undeclared), "undeclared"),
            (count_assignments(|assignment| matches!(assignment, Assignment::Ambiguous(_))), "ambiguous"),
            (
                count_assignments(|assignment| matches!(assignment, Assignment::Ignored(IgnoreReason::Ignore(_)))),
                "ignored",
            ),
            (assignments.count_service_linked(), "service-linked, skipped"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {label}"));
            }
        }
        self.write_line(&format!(
            "{}: {}",
            format_count(principals.len(), "principal", "principals"),
            parts.join(", ")
        ))?;
        let undeclared: Vec<&str> = views
            .iter()
            .zip(&assignments.by_principal)
            .filter(|(_, assignment)| **assignment == Assignment::Undeclared)
            .map(|(view, _)| view.arn)
            .collect();
        for arn in undeclared.iter().take(MAX_LISTED) {
            self.write_warning(&format!("undeclared: {arn}"))?;
        }
        if let Some(omitted) = undeclared.len().checked_sub(MAX_LISTED).filter(|omitted| *omitted > 0) {
            self.write_warning(&format!("{omitted} more undeclared principals"))?;
        }
        for ambiguity in &assignments.ambiguities {
            self.write_warning(&ambiguity.diagnostic.to_string())?;
        }
        for stale in &assignments.stale {
            self.write_warning(&describe_stale(baseline, stale))?;
        }
        Ok(())
    }
}

fn describe_stale(baseline: &Baseline, stale: &StaleItem) -> String {
    let subject = match stale.subject {
        StaleSubject::Entry(index) => match baseline.entries.get(index) {
            Some(entry) => format!("the entry \"{}\"", entry.name.value),
            None => "this entry".to_owned(),
        },
        StaleSubject::Ignore(_) => "this ignore".to_owned(),
        StaleSubject::Exception(_) => "this exception".to_owned(),
    };
    let reason = match stale.reason {
        StaleReason::MatchesNothing => "matches nothing in the snapshot",
        StaleReason::Overridden => "never applies: other entries override it",
    };
    format!("{}: {subject} {reason}", stale.place)
}

fn format_count(number: usize, singular: &str, plural: &str) -> String {
    format!("{number} {}", if number == 1 { singular } else { plural })
}
