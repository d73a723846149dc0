//! `iamdrift simulate`: concrete requests answered offline, in the shape of AWS's policy simulator.

use std::path::Path;

use iamdrift::access::simulate;

use super::{ExitStatus, GlobalArgs, terminal_output, user_file};

const AFTER_HELP: &str = concat!(
    "The input is that of `aws iam simulate-custom-policy`, with SessionPolicyInputList, and with ",
    "ServiceControlPolicyInputList and ResourceControlPolicyInputList: lists of levels, root first, each a list ",
    "of documents. A context key that is not given is missing. A list of inputs is answered by a list in the ",
    "same order; there a bad input has {\"Error\": …} for its answer, and the exit status stays 0.\n\n",
    "Example:\n",
    "  echo '{\"PolicyInputList\": [\"{\\\"Statement\\\": {\\\"Effect\\\": \\\"Allow\\\",\n",
    "    \\\"Action\\\": \\\"s3:*\\\", \\\"Resource\\\": \\\"*\\\"}}\"],\n",
    "    \"ActionNames\": [\"s3:GetObject\"]}' | tr '\\n' ' ' > request.json\n",
    "  iamdrift simulate --cli-input-json file://request.json",
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
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let catalog = globals.catalog()?;
    let rcp_supported = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
    let name = args.cli_input_json.strip_prefix("file://").unwrap_or(&args.cli_input_json);
    let source =
        user_file::read_user_file(Path::new(name), "give a JSON file, `file://FILE`, or `-` for standard input")?;
    let answer = simulate::answer_file(&source, &rcp_supported)?;
    terminal_output::write_stdout(&(serde_json::to_string_pretty(&answer)? + "\n"))?;
    Ok(ExitStatus::Clean)
}
