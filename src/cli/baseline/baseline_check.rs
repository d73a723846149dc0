//! `iamdrift baseline check`: validates a baseline, and counts the principals that it declares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use iamdrift::audit::{SelectorBasis, SelectorSubject, SelectorWriter, WritableSelector, find_writable_selectors};
use iamdrift::base::content_id::shorten_content_id;
use iamdrift::baseline::{
    Assignment, Assignments, Baseline, IgnoreReason, PrincipalView, StaleItem, StaleReason, StaleSubject,
};
use iamdrift::report::{Layout, Paragraph};
use iamdrift::snapshot::{Snapshot, SnapshotPaths};
use iamdrift::source::Span;
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
/// The maximum number of selectors to name for each statement.
const MAX_SELECTORS: usize = 3;

/// Validate a baseline; with a snapshot, also list undeclared principals, and who can write its selectors
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
    out.write_wide_assumers(&baseline)?;
    if let Some(snapshot) = &snapshot {
        out.write_declarations(&baseline, snapshot)?;
        out.write_writable_selectors(&baseline, &find_writable_selectors(snapshot, &baseline, globals.catalog()?))?;
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
            shorten_content_id(baseline.content_id()),
            parts.join(", ")
        ))?;
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        for exception in baseline.exceptions.iter().filter(|exception| exception.is_expired(today)) {
            let place = baseline.place(exception.expires.span);
            self.write_warning(&format!("{place}: the exception for {} has expired", exception.finding.value))?;
        }
        Ok(())
    }

    /// The declared assumers that a principal of any account can be. The owner of an account chooses the names in it.
    fn write_wide_assumers(&mut self, baseline: &Baseline) -> std::io::Result<()> {
        let lists = baseline.entries.iter().filter_map(|entry| entry.assumable_by.as_ref());
        for assumer in lists.flat_map(|list| &list.assumers) {
            let (place, text) = (baseline.place(assumer.span), assumer.pattern.as_str());
            if assumer.pattern.matches_everything() && assumer.when.is_none() {
                self.write_warning(&format!("{place}: {text} in `assumable_by` declares anyone in any AWS account"))?;
            } else if assumer.pattern.has_account_wildcard() {
                self.write_warning(&format!(
                    "{place}: {text} in `assumable_by` names no account: it declares any principal with such an ARN in each \
                     account of the snapshot and of its organization"
                ))?;
            }
        }
        Ok(())
    }

    /// The principals of the snapshot that can write selectors. The names and tags of a principal choose its entry.
    fn write_writable_selectors(&mut self, baseline: &Baseline, selectors: &[WritableSelector]) -> std::io::Result<()> {
        let mut by_statement: BTreeMap<(&str, &str, usize), (&SelectorWriter, Vec<String>)> = BTreeMap::new();
        for selector in selectors {
            for writer in &selector.writers {
                let key = (writer.principal.as_str(), writer.policy.as_str(), writer.statement);
                let (_, written) = by_statement.entry(key).or_insert_with(|| (writer, Vec::new()));
                written.push(describe_selector(baseline, selector));
            }
        }
        for (writer, written) in by_statement.values() {
            let SelectorWriter { principal, action, resource, policy, statement, place } = writer;
            let named: Vec<&str> = written.iter().take(MAX_SELECTORS).map(String::as_str).collect();
            let others = match written.len().saturating_sub(MAX_SELECTORS) {
                0 => String::new(),
                n => format!(" and {}", format_count(n, "more", "more")),
            };
            self.write_warning(&format!(
                "{principal} can write the selector of {}{others}: {action} on {resource}, statement {} of {policy} ({place})",
                named.join(", "),
                statement + 1
            ))?;
        }
        Ok(())
    }

    fn write_declarations(&mut self, baseline: &Baseline, snapshot: &Snapshot) -> std::io::Result<()> {
        let principals: Vec<_> = snapshot.principals().map(|(_, principal)| principal).collect();
        let views: Vec<PrincipalView<'_>> =
            principals.iter().map(|principal| PrincipalView::from_principal(principal)).collect();
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

/// A selector with its place and what it rests on: `"agents" (baseline.toml:3:1, tags alone)`.
fn describe_selector(baseline: &Baseline, selector: &WritableSelector) -> String {
    let basis = match selector.basis {
        SelectorBasis::Tags => "tags alone",
        SelectorBasis::NamesInEveryAccount => "names alone in every account",
        SelectorBasis::Names => "names alone",
        SelectorBasis::NamesAndTags => "names and tags",
    };
    let (name, span) = match selector.subject {
        SelectorSubject::Entry(index) => match baseline.entries.get(index) {
            Some(entry) => (format!("\"{}\"", entry.name.value), entry.selector.span),
            None => ("an entry".to_owned(), Span::default()),
        },
        SelectorSubject::Ignore(index) => {
            ("an ignore".to_owned(), baseline.ignores.get(index).map_or(Span::default(), |i| i.selector.span))
        }
    };
    format!("{name} ({}, {basis})", baseline.place(span))
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
