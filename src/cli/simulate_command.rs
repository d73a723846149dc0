//! `iamdrift simulate`: evaluates requests offline, with the input and output of AWS's policy simulator.

use std::path::Path;

use iamdrift::access::simulate;
use iamdrift::base::json_writer::{JsonLayout, render_json};

use super::{ExitStatus, GlobalArgs, terminal_output, user_file};

const AFTER_HELP: &str = concat!(
    "The input has the format of `aws iam simulate-custom-policy`, with three additional fields: SessionPolicyInputList, ",
    "ServiceControlPolicyInputList and ResourceControlPolicyInputList. The last two are lists of levels, root first; ",
    "each level is a list of documents. A context key that is not set is missing from the request. For a list of ",
    "inputs, the output is a list in the same order; the output for an invalid input is {\"Error\": …}, and the exit ",
    "status is 0.\n\n",
    "Example:\n",
    "  echo '{\"PolicyInputList\": [\"{\\\"Statement\\\": {\\\"Effect\\\": \\\"Allow\\\",\n",
    "    \\\"Action\\\": \\\"s3:*\\\", \\\"Resource\\\": \\\"*\\\"}}\"],\n",
    "    \"ActionNames\": [\"s3:GetObject\"]}' | tr '\\n' ' ' > request.json\n",
    "  iamdrift simulate --cli-input-json file://request.json",
);

/// Evaluate requests offline, with the input and output of `aws iam simulate-custom-policy`
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The input: a file, `file://FILE`, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    cli_input_json: String,
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let name = args.cli_input_json.strip_prefix("file://").unwrap_or(&args.cli_input_json);
    let source =
        user_file::read_user_file(Path::new(name), "use a JSON file, `file://FILE`, or `-` for standard input")?;
    let answer = simulate::answer_file(&source, catalog)?;
    terminal_output::write_stdout(&render_json(&answer, JsonLayout::Indented)?)?;
    Ok(ExitStatus::Clean)
}
