//! `iamdrift principals`: who is what, why, and what the baseline says of each.

mod json;
mod table;

use std::path::PathBuf;

use iamdrift::baseline::{Baseline, Glob};
use iamdrift::kinds::{Coverage, Listed, Who, list};
use iamdrift::snapshot::Snapshot;

use super::snapshot::SnapshotArgs;
use super::{ExitStatus, Globals, UserError, output};

const AFTER_HELP: &str = concat!(
    "The manifest decides what a principal is. Where it is silent, hints do: whom the trust policy names, what it asks ",
    "of them, tags, policies, and names, the weakest. docs/kinds.md has the list and how to add to it.\n\n",
    "Exit status: 0 everyone is listed; 2 bad usage or input; 3 something of the snapshot could not be read, or a role ",
    "came without its trust policy.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift principals --baseline baseline\n",
    "  iamdrift principals --kind agent --kind unknown\n",
    "  iamdrift principals --baseline baseline --coverage undeclared --format json",
);

/// List everyone: what they are, why, and which entry of the baseline binds them
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// What is expected: a directory with `baseline.toml`, or the manifest itself; hints alone speak without it
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// Only principals whose ARN or name matches
    #[arg(long, value_name = "GLOB")]
    principal: Option<String>,
    /// Only principals of this kind; may be given again: agent, break-glass, operator, workload, service-linked, unknown
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Vec<Who>,
    /// Only principals of which the baseline says this; may be given again: declared, ambiguous, undeclared, ignored
    #[arg(long, value_name = "COVERAGE", value_parser = parse_coverage, requires = "baseline")]
    coverage: Vec<Coverage>,
    /// Tell all that speaks for a kind, not only what decides and what contradicts it
    #[arg(long)]
    all: bool,
    /// How to write the list
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,
    /// Write the list to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats of the list.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs: one document.
    Json,
}

fn parse_kind(text: &str) -> Result<Who, String> {
    named(text, &Who::ALL)
}

fn parse_coverage(text: &str) -> Result<Coverage, String> {
    named(text, &Coverage::ALL)
}

/// The value of that name in any case, or all names.
fn named<T: Copy>(text: &str, known: &[(&'static str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("one of {}", names.join(", "))
    })
}

/// Runs the command.
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    let baseline = match &args.baseline {
        Some(path) => {
            let catalog = globals.catalog()?;
            Some(globals.step("read the baseline", || Baseline::load_with(path, catalog))?)
        }
        None => None,
    };
    let snapshot = globals.step("read the snapshot", || args.snapshot.load())?;
    let all = globals.step("recognised everyone", || list(&snapshot, baseline.as_ref()));
    let mut listed: Vec<Listed<'_>> = all.into_iter().filter(|listed| args.selects(listed)).collect();
    if listed.is_empty() {
        return Err(UserError::new("no principal is left to list", "check the filters").into());
    }
    listed.sort_by(|a, b| (a.who, a.principal.arn.as_str()).cmp(&(b.who, b.principal.arn.as_str())));
    let text = match args.format {
        Format::Table => {
            let layout = if args.output.is_some() { output::layout_of_file() } else { output::layout() };
            table::render(&snapshot, &listed, args.all, layout)?
        }
        Format::Json => json::render(&snapshot, baseline.as_ref(), &listed)?,
    };
    match &args.output {
        Some(path) => output::write_private(path, &text, "-o")?,
        None => output::write(&text)?,
    }
    let incomplete = !unread(&snapshot).is_empty() || listed.iter().any(Listed::is_trust_missing);
    Ok(if incomplete { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

impl Args {
    fn selects(&self, listed: &Listed<'_>) -> bool {
        let by_name = self
            .principal
            .as_deref()
            .map(Glob::new)
            .is_none_or(|glob| glob.matches(listed.principal.arn.as_str()) || glob.matches(&listed.principal.name));
        let by_kind = self.kind.is_empty() || self.kind.contains(&listed.who);
        let by_coverage = self.coverage.is_empty() || listed.coverage.is_some_and(|c| self.coverage.contains(&c));
        by_name && by_kind && by_coverage
    }
}

/// What could not be read and may hold principals, in a line each.
fn unread(snapshot: &Snapshot) -> Vec<String> {
    let why = |problem: &iamdrift::snapshot::Problem| problem.diagnostics.0.first().map(ToString::to_string);
    let problems = snapshot.problems.iter().map(|problem| (problem.what.clone(), why(problem).unwrap_or_default()));
    let hidden = snapshot.uncollected.iter().filter(|one| one.hides_principals());
    hidden.map(|one| (one.to_string(), one.why())).chain(problems).map(|(what, why)| format!("{what}: {why}")).collect()
}
