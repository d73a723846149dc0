//! `iamdrift compare`: compares two policy documents, or many pairs of documents.
//!
//! - `comparison_input.rs`: the documents and the settings.
//! - `comparison_report.rs`: the result, as data and JSON.
//! - `comparison_table.rs`: the result for people.
//! - `pairs.rs`: many pairs, one per line.
//! - `smt_export.rs`: the comparison as SMT-LIB.

mod comparison_input;
mod comparison_report;
mod comparison_table;
mod pairs;
mod smt_export;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use iamdrift::audit::ActionRanking;
use iamdrift::base::json_writer::{JsonLayout, render_json};
use iamdrift::iam::DocumentKind;
use iamdrift::solve::ActionWorld;
use iamdrift::solve::compare::PolicyRelation;
use iamdrift::source::{SourceFile, json_tree};

use comparison_input::{ComparedDocument, ComparisonSettings, DocumentPair};

use super::output_format::OutputFormat;
use super::{ExitStatus, GlobalArgs, UserError, terminal_output, user_file};

const AFTER_HELP: &str = concat!(
    "Both documents are read as identity policies of an unknown principal, without any other policies, or both as ",
    "trust policies if their statements have principals and no resources.\n\n",
    "With --pairs, each input line is {\"id\": …, \"a\": …, \"b\": …}, where `a` and `b` are documents or strings that ",
    "contain one. The output has one line per input line, in the same order. The output for an invalid line is ",
    "{\"id\": …, \"error\": {\"message\", \"line\", \"column\"}}. `iamdrift schema compare` prints the schema.\n\n",
    "Exit status: 0 A is equivalent to B or narrower; 1 broader or incomparable; 2 bad input; 3 undecided. With ",
    "--pairs: 0 every line was decided; 2 a line is invalid; 3 a line is undecided.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift compare baseline/agents/cost-explorer-readonly.json \\\n",
    "    baseline/operators/cost-explorer.json\n",
    "  iamdrift compare --closed-world --format json --smt-lib questions \\\n",
    "    baseline/people/auditors.json baseline/workloads/etl.json\n",
    "  echo '{\"id\": 1, \"a\": {\"Statement\": []}, \"b\": {\"Statement\": []}}' |\n",
    "    iamdrift compare --pairs -",
);

/// Compare two policies: equivalent, narrower, broader or incomparable, with the difference
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A policy document; one of the two can be `-` for standard input
    #[arg(value_name = "A.json", required_unless_present = "pairs", requires = "b")]
    a: Option<PathBuf>,
    /// The policy document to compare it with
    #[arg(value_name = "B.json")]
    b: Option<PathBuf>,
    /// Compare many pairs: a file with one pair per line, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["a", "b"])]
    pairs: Option<String>,
    /// Ignore actions that AWS has not released yet
    #[arg(long)]
    closed_world: bool,
    /// The maximum number of request sets to show for each part of the difference
    #[arg(long, value_name = "N", default_value_t = 8)]
    cubes: usize,
    /// Also write the comparison for other solvers: a-not-b.smt2 and b-not-a.smt2 in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "pairs")]
    smt_lib: Option<PathBuf>,
    /// The output format [default: table; with --pairs one line of JSON per pair]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<OutputFormat>,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let worlds: &[ActionWorld] =
        if args.closed_world { &[ActionWorld::Existing] } else { &[ActionWorld::Existing, ActionWorld::Future] };
    let settings = ComparisonSettings { ranking: ActionRanking::new(globals.catalog()?), worlds, cubes: args.cubes };
    match (&args.pairs, &args.a, &args.b) {
        (Some(_), _, _) if args.format == Some(OutputFormat::Table) => {
            let help = "omit `--format`: the output for pairs is JSON lines";
            Err(UserError::new("`--pairs` does not support `--format table`", help).into())
        }
        (Some(file), _, _) => pairs::answer_pairs(file, &settings),
        (None, Some(a), Some(b)) => {
            if a == Path::new("-") && b == a {
                return Err(UserError::new(
                    "`-` names standard input, which contains one document",
                    "use a file for the other document",
                )
                .into());
            }
            let documents = DocumentPair::new(read_document(a)?, read_document(b)?)
                .map_err(|message| UserError::new(message, "compare two policies of the same kind"))?;
            if let Some(directory) = &args.smt_lib {
                if documents.kind == DocumentKind::Trust {
                    let help = "omit `--smt-lib`, which writes comparisons of identity policies";
                    return Err(UserError::new("`--smt-lib` does not support trust policies", help).into());
                }
                smt_export::write_scripts(directory, &documents, settings.ranking.catalog)?;
            }
            compare_files((a, b), &documents, args.format.unwrap_or(OutputFormat::Table), &settings)
        }
        (None, _, _) => Err(UserError::new("two documents are required", "or use `--pairs`").into()),
    }
}

fn compare_files(
    paths: (&Path, &Path),
    documents: &DocumentPair,
    format: OutputFormat,
    settings: &ComparisonSettings,
) -> anyhow::Result<ExitStatus> {
    let solver = settings.solver();
    let report = settings.compare(&solver, documents);
    match format {
        OutputFormat::Table => {
            let (a, b) = (paths.0.display().to_string(), paths.1.display().to_string());
            terminal_output::write_stdout(&comparison_table::render(
                &report,
                (&a, &b),
                terminal_output::detect_layout(),
            )?)?;
        }
        OutputFormat::Json => terminal_output::write_stdout(&render_json(&report, JsonLayout::OneLine)?)?,
    }
    Ok(match report.verdict {
        PolicyRelation::Equivalent | PolicyRelation::Narrower => ExitStatus::Clean,
        PolicyRelation::Broader | PolicyRelation::Incomparable => ExitStatus::Drift,
        PolicyRelation::Undecided => ExitStatus::Incomplete,
    })
}

fn read_document(path: &Path) -> anyhow::Result<ComparedDocument> {
    let source: Arc<SourceFile> =
        user_file::read_user_file(path, "use two files that each contain a policy document, or `-` for one of them")?;
    let node = json_tree::parse(&source)?;
    Ok(ComparedDocument::parse(&source, &node)?)
}
