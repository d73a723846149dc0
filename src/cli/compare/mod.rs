//! `iamdrift compare`: two policy documents, or many pairs of them, held against each other.

mod comparison_report;
mod comparison_table;
mod pairs;
mod smt_export;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use iamdrift::audit::ActionRanking;
use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::solve::compare::{PolicyComparison, PolicyRelation, compare_policies};
use iamdrift::solve::{ActionWorld, Solver};
use iamdrift::source::SourceFile;

use super::{ExitStatus, GlobalArgs, UserError, terminal_output, user_file};

const AFTER_HELP: &str = concat!(
    "Both documents are read as identity policies, by themselves: whoever has them, and nothing else known.\n\n",
    "With --pairs each line is {\"id\": …, \"a\": …, \"b\": …}, where `a` and `b` are documents or strings that hold ",
    "one, and is answered by one line in the same order; a line that cannot be read is answered in its place by ",
    "{\"id\": …, \"error\": {\"message\", \"line\", \"column\"}}. `iamdrift schema compare` prints the schema.\n\n",
    "Exit status: 0 A is equivalent to B or narrower; 1 broader or incomparable; 2 bad input; 3 undecided. With ",
    "--pairs: 0 every line was decided, whichever way; 2 some line could not be read; 3 some line is undecided.\n\n",
    "Examples, in the repository's folder examples/incident:\n",
    "  iamdrift compare baseline/agents/cost-explorer-readonly.json \\\n",
    "    baseline/operators/cost-explorer.json\n",
    "  iamdrift compare --closed-world --format json --smt-lib questions \\\n",
    "    baseline/people/auditors.json baseline/workloads/etl.json\n",
    "  echo '{\"id\": 1, \"a\": {\"Statement\": []}, \"b\": {\"Statement\": []}}' |\n",
    "    iamdrift compare --pairs -",
);

/// Say whether a policy is equivalent to another, narrower, broader or incomparable, and show the difference
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A policy document; one of the two may be `-`, standard input
    #[arg(value_name = "A.json", required_unless_present = "pairs", requires = "b")]
    a: Option<PathBuf>,
    /// The policy document to hold it against
    #[arg(value_name = "B.json")]
    b: Option<PathBuf>,
    /// Compare many: a file with a pair on each line, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["a", "b"])]
    pairs: Option<String>,
    /// Leave actions that do not exist yet out of the verdict
    #[arg(long)]
    closed_world: bool,
    /// How many sets of requests to tell for each part of the difference
    #[arg(long, value_name = "N", default_value_t = 8)]
    cubes: usize,
    /// Also write what was asked for other solvers to check: a-not-b.smt2 and b-not-a.smt2 in this directory
    #[arg(long, value_name = "DIR", conflicts_with = "pairs")]
    smt_lib: Option<PathBuf>,
    /// How to write the answer [default: table; with --pairs a line of JSON for each pair]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<ComparisonFormat>,
}

/// The formats of an answer.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
enum ComparisonFormat {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// How documents are held against each other.
#[derive(Debug)]
struct ComparisonSettings {
    ranking: ActionRanking<'static>,
    worlds: &'static [ActionWorld],
    cubes: usize,
}

impl ComparisonSettings {
    fn solver(&self) -> Solver<'static> {
        Solver::with_ranks(self.ranking.catalog, self.ranking.to_numeric_ranks())
    }

    fn compare(&self, solver: &Solver<'_>, a: &Arc<PolicyDocument>, b: &Arc<PolicyDocument>) -> PolicyComparison {
        compare_policies(solver, a, b, self.worlds, self.cubes)
    }
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let worlds: &[ActionWorld] =
        if args.closed_world { &[ActionWorld::Existing] } else { &[ActionWorld::Existing, ActionWorld::Future] };
    let settings = ComparisonSettings { ranking: ActionRanking::new(globals.catalog()?), worlds, cubes: args.cubes };
    match (&args.pairs, &args.a, &args.b) {
        (Some(_), _, _) if args.format == Some(ComparisonFormat::Table) => {
            let help = "leave `--format` out: many pairs are answered in lines of JSON";
            Err(UserError::new("`--pairs` has no table", help).into())
        }
        (Some(file), _, _) => pairs::answer_pairs(file, &settings),
        (None, Some(a), Some(b)) => {
            if a == Path::new("-") && b == a {
                return Err(UserError::new("standard input is one document", "give the other one as a file").into());
            }
            let documents = (read_document(a)?, read_document(b)?);
            if let Some(directory) = &args.smt_lib {
                smt_export::write_scripts(directory, &documents, settings.ranking.catalog)?;
            }
            compare_files((a, b), &documents, args.format.unwrap_or(ComparisonFormat::Table), &settings)
        }
        (None, _, _) => Err(UserError::new("two documents are needed", "or many pairs with `--pairs`").into()),
    }
}

type DocumentPair = (Arc<PolicyDocument>, Arc<PolicyDocument>);

fn compare_files(
    paths: (&Path, &Path),
    documents: &DocumentPair,
    format: ComparisonFormat,
    settings: &ComparisonSettings,
) -> anyhow::Result<ExitStatus> {
    let solver = settings.solver();
    let comparison = settings.compare(&solver, &documents.0, &documents.1);
    let answer = comparison_report::ComparisonReport::new(&settings.ranking, &comparison);
    match format {
        ComparisonFormat::Table => {
            let (a, b) = (paths.0.display().to_string(), paths.1.display().to_string());
            terminal_output::write_stdout(&comparison_table::render(
                &answer,
                (&a, &b),
                terminal_output::detect_layout(),
            )?)?;
        }
        ComparisonFormat::Json => terminal_output::write_stdout(&(serde_json::to_string(&answer)? + "\n"))?,
    }
    Ok(match comparison.relation {
        PolicyRelation::Equivalent | PolicyRelation::Narrower => ExitStatus::Clean,
        PolicyRelation::Broader | PolicyRelation::Incomparable => ExitStatus::Drift,
        PolicyRelation::Undecided => ExitStatus::Incomplete,
    })
}

fn read_document(path: &Path) -> anyhow::Result<Arc<PolicyDocument>> {
    let source: Arc<SourceFile> =
        user_file::read_user_file(path, "give two files that each hold a policy document, or `-` for one of them")?;
    Ok(Arc::new(PolicyDocument::parse(&source, DocumentKind::Identity)?))
}
