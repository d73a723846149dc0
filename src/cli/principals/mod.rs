//! `iamdrift principals`: who is what, why, and what the baseline says of each.

mod principals_json;
mod principals_table;

use std::path::PathBuf;

use iamdrift::baseline::{Baseline, Glob};
use iamdrift::classify::{DeclarationStatus, InferredClass, InventoryRow, list_principals};
use iamdrift::snapshot::Snapshot;

use super::snapshot_args::SnapshotArgs;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

const AFTER_HELP: &str = concat!(
    "The manifest decides what a principal is. Where it is silent, hints do: whom the trust policy names, what it asks ",
    "of them, tags, policies, and names, the weakest. docs/classification.md has the list and how to add to it.\n\n",
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
    kind: Vec<InferredClass>,
    /// Only principals of which the baseline says this; may be given again: declared, ambiguous, undeclared, ignored
    #[arg(long, value_name = "COVERAGE", value_parser = parse_declaration, requires = "baseline")]
    declaration: Vec<DeclarationStatus>,
    /// Tell all that speaks for a kind, not only what decides and what contradicts it
    #[arg(long)]
    all: bool,
    /// How to write the list
    #[arg(long, value_enum, default_value_t = PrincipalsFormat::Table, value_name = "FORMAT")]
    format: PrincipalsFormat,
    /// Write the list to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats of the list.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
enum PrincipalsFormat {
    /// For people.
    Table,
    /// For programs: one document.
    Json,
}

fn parse_kind(text: &str) -> Result<InferredClass, String> {
    parse_name(text, &InferredClass::ALL)
}

fn parse_declaration(text: &str) -> Result<DeclarationStatus, String> {
    parse_name(text, &DeclarationStatus::ALL)
}

/// The value of that name in any case, or all names.
fn parse_name<T: Copy>(text: &str, known: &[(&'static str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("one of {}", names.join(", "))
    })
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let baseline = match &args.baseline {
        Some(path) => {
            let catalog = globals.catalog()?;
            Some(globals.timed_step("read the baseline", || Baseline::load_with_catalog(path, catalog))?)
        }
        None => None,
    };
    let snapshot = globals.timed_step("read the snapshot", || args.snapshot.load())?;
    let rows = globals.timed_step("recognised everyone", || list_principals(&snapshot, baseline.as_ref()));
    let mut selected_rows: Vec<InventoryRow<'_>> = rows.into_iter().filter(|listed| args.selects(listed)).collect();
    if selected_rows.is_empty() {
        return Err(UserError::new("no principal is left to list", "check the filters").into());
    }
    selected_rows.sort_by(|a, b| (a.class, a.principal.arn.as_str()).cmp(&(b.class, b.principal.arn.as_str())));
    let text = match args.format {
        PrincipalsFormat::Table => {
            let layout = if args.output.is_some() {
                terminal_output::detect_file_layout()
            } else {
                terminal_output::detect_layout()
            };
            principals_table::render(&snapshot, &selected_rows, args.all, layout)?
        }
        PrincipalsFormat::Json => principals_json::render(&snapshot, baseline.as_ref(), &selected_rows)?,
    };
    match &args.output {
        Some(path) => terminal_output::write_private(path, &text, "-o")?,
        None => terminal_output::write_stdout(&text)?,
    }
    let incomplete = !unread_inputs(&snapshot).is_empty() || selected_rows.iter().any(InventoryRow::is_trust_missing);
    Ok(if incomplete { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

impl Args {
    fn selects(&self, row: &InventoryRow<'_>) -> bool {
        let is_name_selected = self
            .principal
            .as_deref()
            .map(Glob::new)
            .is_none_or(|glob| glob.matches(row.principal.arn.as_str()) || glob.matches(&row.principal.name));
        let is_kind_selected = self.kind.is_empty() || self.kind.contains(&row.class);
        let is_declaration_selected =
            self.declaration.is_empty() || row.declaration.is_some_and(|c| self.declaration.contains(&c));
        is_name_selected && is_kind_selected && is_declaration_selected
    }
}

/// What could not be read and may hold principals, in a line each.
fn unread_inputs(snapshot: &Snapshot) -> Vec<String> {
    let first_diagnostic =
        |problem: &iamdrift::snapshot::SnapshotProblem| problem.diagnostics.0.first().map(ToString::to_string);
    let problem_lines = snapshot
        .problems
        .iter()
        .map(|problem| (problem.subject.clone(), first_diagnostic(problem).unwrap_or_default()));
    let hiding_gaps = snapshot.collection_gaps.iter().filter(|gap| gap.may_hide_principals());
    hiding_gaps
        .map(|one| (one.to_string(), one.reason()))
        .chain(problem_lines)
        .map(|(subject, why)| format!("{subject}: {why}"))
        .collect()
}
