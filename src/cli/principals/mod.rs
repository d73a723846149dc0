//! `iamdrift principals`: lists principals with their class, the evidence, and their baseline entry.
//!
//! - `principal_list.rs`, `unread_inputs.rs`: what is listed, and what the list could lack.
//! - `principals_table.rs`, `principals_json.rs`: the output formats.

mod principal_list;
mod principals_json;
mod principals_table;
mod unread_inputs;

use std::path::PathBuf;

use iamdrift::baseline::{Baseline, Glob};
use iamdrift::classify::{DeclarationStatus, InferredClass, InventoryRow, list_principals};
use iamdrift::report::Verbosity;
use iamdrift::snapshot::PrincipalSelection;

use principal_list::PrincipalList;
use unread_inputs::list_unread_inputs;

use super::named_value::parse_named_value;
use super::output_format::OutputFormat;
use super::snapshot_args::SnapshotArgs;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

const AFTER_HELP: &str = concat!(
    "The manifest decides the class of a principal. For other principals, hints decide: the principals and conditions of ",
    "the trust policy, tags, policies and, with the least weight, names. docs/classification.md lists the hints and explains how ",
    "to add some.\n\n",
    "Exit status: 0 all principals are listed; 2 bad usage or input; 3 part of the snapshot could not be read, or the ",
    "trust policy of a role is missing.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift principals --baseline baseline\n",
    "  iamdrift principals --kind agent --kind unknown\n",
    "  iamdrift principals --baseline baseline --declaration undeclared --format json",
);

/// List principals with their class (agent, operator, workload, break-glass), the evidence, and the baseline entry
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    snapshot: SnapshotArgs,
    /// The baseline: a directory with `baseline.toml`, or the manifest; without it, only hints decide
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// List only principals whose ARN or name matches
    #[arg(long, value_name = "GLOB")]
    principal: Option<String>,
    /// List only principals of this class; can be repeated: agent, break-glass, operator, workload, service-linked, unknown
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    kind: Vec<InferredClass>,
    /// List only principals with this declaration status; can be repeated: declared, ambiguous, undeclared, ignored
    #[arg(long, value_name = "STATUS", value_parser = parse_declaration, requires = "baseline")]
    declaration: Vec<DeclarationStatus>,
    /// Show all evidence, not only the deciding and the contradicting
    #[arg(long)]
    all: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Table, value_name = "FORMAT")]
    format: OutputFormat,
    /// Write the output to a file that only you can read
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn parse_kind(text: &str) -> Result<InferredClass, String> {
    parse_named_value(text, &InferredClass::ALL)
}

fn parse_declaration(text: &str) -> Result<DeclarationStatus, String> {
    parse_named_value(text, &DeclarationStatus::ALL)
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
    let rows = globals.timed_step("classified principals", || list_principals(&snapshot, baseline.as_ref()));
    let glob = args.principal.as_deref().map(Glob::new);
    let is_selected: Vec<bool> = rows.iter().map(|row| args.selects(row, glob.as_ref())).collect();
    let total = rows.len();
    let mut selected_rows: Vec<InventoryRow<'_>> =
        rows.into_iter().zip(&is_selected).filter(|(_, selected)| **selected).map(|(row, _)| row).collect();
    if selected_rows.is_empty() {
        return Err(UserError::new(
            "no principal matches the filters",
            "check `--principal`, `--kind` and `--declaration`",
        )
        .into());
    }
    selected_rows.sort_by(|a, b| (a.class, a.principal.arn.as_str()).cmp(&(b.class, b.principal.arn.as_str())));
    let selection = PrincipalSelection { snapshot: &snapshot, selected: &is_selected, glob: glob.as_ref() };
    let list = PrincipalList { rows: &selected_rows, total, unread: list_unread_inputs(&selection) };
    let text = match args.format {
        OutputFormat::Table => {
            let verbosity = if args.all { Verbosity::All } else { Verbosity::Brief };
            let layout = terminal_output::layout_for(args.output.as_deref());
            principals_table::render(&list, verbosity, layout)?
        }
        OutputFormat::Json => principals_json::render(&snapshot, baseline.as_ref(), &list)?,
    };
    terminal_output::write_output(args.output.as_deref(), &text)?;
    let incomplete = !list.unread.is_empty() || selected_rows.iter().any(InventoryRow::is_trust_missing);
    Ok(if incomplete { ExitStatus::Incomplete } else { ExitStatus::Clean })
}

impl Args {
    fn selects(&self, row: &InventoryRow<'_>, glob: Option<&Glob>) -> bool {
        let is_name_selected =
            glob.is_none_or(|glob| glob.matches(row.principal.arn.as_str()) || glob.matches(&row.principal.name));
        let is_kind_selected = self.kind.is_empty() || self.kind.contains(&row.class);
        let is_declaration_selected =
            self.declaration.is_empty() || row.declaration.is_some_and(|status| self.declaration.contains(&status));
        is_name_selected && is_kind_selected && is_declaration_selected
    }
}
