//! `iamdrift simulate`: concrete requests answered offline, in the shape of AWS's policy simulator.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iamdrift::access::simulate;
use iamdrift::source::SourceFile;

use super::{ExitStatus, Globals, UserError, output};

const AFTER_HELP: &str = concat!(
    "The input is that of `aws iam simulate-custom-policy`, with SessionPolicyInputList, and with ",
    "ServiceControlPolicyInputList and ResourceControlPolicyInputList: lists of levels, root first, each a list ",
    "of documents. A context key that is not given is missing. A list of inputs is answered by a list in the ",
    "same order; there a bad input has {\"Error\": …} for its answer, and the exit status stays 0.\n\n",
    "Example:\n  iamdrift simulate --cli-input-json file://request.json",
);

/// Answer concrete requests offline, in the shape of `aws iam simulate-custom-policy`
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The input: a file, `file://FILE`, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    cli_input_json: String,
}

/// Runs the command.
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let rcp_supported = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.rcp_supported(id));
    let source = read(&args.cli_input_json)?;
    let answer = simulate::answer_file(&source, &rcp_supported)?;
    output::write(&(serde_json::to_string_pretty(&answer)? + "\n"))?;
    Ok(ExitStatus::Clean)
}

fn read(name: &str) -> Result<Arc<SourceFile>, UserError> {
    let help = "give a JSON file, `file://FILE`, or `-` for standard input";
    if name == "-" {
        let mut text = String::new();
        return match std::io::stdin().lock().read_to_string(&mut text) {
            Ok(_) => Ok(SourceFile::new("<stdin>", text.strip_prefix('\u{feff}').unwrap_or(&text))),
            Err(error) => Err(UserError::new(format!("cannot read standard input: {error}"), help)),
        };
    }
    let path = PathBuf::from(name.strip_prefix("file://").unwrap_or(name));
    SourceFile::read(Path::new(&path))
        .map_err(|error| UserError::new(format!("cannot read {}: {error}", path.display()), help))
}
