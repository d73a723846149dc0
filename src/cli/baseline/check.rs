//! `iamdrift baseline check`: is a baseline well formed, and whom does it cover?

use std::path::PathBuf;

use iamdrift::baseline::{
    Assignment, Assignments, Baseline, IgnoredBy, PrincipalView, Stale, StaleReason, StaleSubject,
};
use iamdrift::report::{Layout, Paragraph};
use iamdrift::snapshot::{Snapshot, SnapshotPaths};
use owo_colors::Style;

use crate::cli::{ExitStatus, Globals, output, snapshot};

const AFTER_HELP: &str = concat!(
    "Exit status: 0 the baseline can be used, warnings or not; 2 it cannot.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift baseline check baseline\n",
    "  iamdrift baseline check baseline --snapshot snapshot",
);

/// How many principals without an entry are listed.
const LISTED: usize = 10;

/// Check a baseline, and with a snapshot, whom it covers
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A directory with `baseline.toml`, or the manifest itself
    #[arg(value_name = "DIR", default_value = "policies")]
    baseline: PathBuf,
    /// Say whom of this snapshot the baseline covers
    #[arg(long, value_name = "PATH")]
    snapshot: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    let baseline = Baseline::load_with(&args.baseline, globals.catalog()?)?;
    let snapshot = match &args.snapshot {
        None => None,
        Some(path) => {
            let paths = SnapshotPaths { snapshot: path.clone(), ..SnapshotPaths::default() };
            Some(snapshot::load(&paths)?)
        }
    };
    let mut out = Told { text: Vec::new(), layout: output::layout() };
    out.baseline(&baseline)?;
    if let Some(snapshot) = &snapshot {
        out.coverage(&baseline, snapshot)?;
    }
    output::write(&String::from_utf8_lossy(&out.text))?;
    Ok(ExitStatus::Clean)
}

/// What is written.
struct Told {
    text: Vec<u8>,
    layout: Layout,
}

impl Told {
    fn line(&mut self, words: &str) -> std::io::Result<()> {
        Paragraph::new(0, 2).words(words).write(self.layout, &mut self.text)
    }

    fn warning(&mut self, words: &str) -> std::io::Result<()> {
        let head = Paragraph::new(0, 2).unit(0, "warning:", Style::new().yellow().bold());
        head.words(words).write(self.layout, &mut self.text)
    }

    fn baseline(&mut self, baseline: &Baseline) -> std::io::Result<()> {
        let parts = [
            count(baseline.entries.len(), "entry", "entries"),
            count(baseline.ignores.len(), "ignore", "ignores"),
            count(baseline.exceptions.len(), "exception", "exceptions"),
        ];
        self.line(&format!("baseline {} @ {}: {}", baseline.source().name(), baseline.content_id(), parts.join(", ")))?;
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        for exception in baseline.exceptions.iter().filter(|exception| exception.is_expired(today)) {
            let place = baseline.place(exception.expires.span);
            self.warning(&format!("{place}: the exception for {} has expired", exception.fingerprint.value))?;
        }
        Ok(())
    }

    fn coverage(&mut self, baseline: &Baseline, snapshot: &Snapshot) -> std::io::Result<()> {
        let principals: Vec<_> = snapshot.principals().map(|(_, principal)| principal).collect();
        let views: Vec<PrincipalView<'_>> = principals
            .iter()
            .map(|principal| PrincipalView {
                arn: principal.arn.as_str(),
                tags: &principal.tags,
                is_service_linked: principal.kind.is_service_linked(),
            })
            .collect();
        let assignments: Assignments = baseline.assign(&views);
        let of = |wanted: fn(&Assignment) -> bool| assignments.of.iter().filter(|one| wanted(one)).count();
        let mut parts = vec![format!("{} declared", of(|one| matches!(one, Assignment::Declared(_))))];
        for (number, what) in [
            (of(|one| *one == Assignment::Undeclared), "undeclared"),
            (of(|one| matches!(one, Assignment::Ambiguous(_))), "ambiguous"),
            (of(|one| matches!(one, Assignment::Ignored(IgnoredBy::Ignore(_)))), "ignored"),
            (assignments.service_linked(), "AWS-owned, left out"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        self.line(&format!("{}: {}", count(principals.len(), "principal", "principals"), parts.join(", ")))?;
        let undeclared: Vec<&str> = views
            .iter()
            .zip(&assignments.of)
            .filter(|(_, assignment)| **assignment == Assignment::Undeclared)
            .map(|(view, _)| view.arn)
            .collect();
        for arn in undeclared.iter().take(LISTED) {
            self.warning(&format!("no entry speaks of {arn}"))?;
        }
        if let Some(more) = undeclared.len().checked_sub(LISTED).filter(|more| *more > 0) {
            self.warning(&format!("nor of {more} more"))?;
        }
        for ambiguity in &assignments.ambiguities {
            self.warning(&ambiguity.diagnostic.to_string())?;
        }
        for stale in &assignments.stale {
            self.warning(&idle(baseline, stale))?;
        }
        Ok(())
    }
}

fn idle(baseline: &Baseline, stale: &Stale) -> String {
    let what = match stale.subject {
        StaleSubject::Entry(index) => {
            format!("the entry \"{}\"", baseline.entries.get(index).map_or("", |entry| &entry.name.value))
        }
        StaleSubject::Ignore(_) => "this ignore".to_owned(),
        StaleSubject::Exception(_) => "this exception".to_owned(),
    };
    let why = match stale.reason {
        StaleReason::MatchesNothing => "matches nothing in the snapshot",
        StaleReason::Overruled => "decides nothing: other entries win wherever it matches",
    };
    format!("{}: {what} {why}", stale.place)
}

fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
