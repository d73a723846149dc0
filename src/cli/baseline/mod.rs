//! `iamdrift baseline`: commands for baselines.
//!
//! - `baseline_check.rs`: `iamdrift baseline check`.
//! - `baseline_accept.rs`: `iamdrift baseline accept`; `manifest_edit.rs`: plans exceptions in a manifest; `staged_edit.rs`:
//!   writes them; `acceptance.rs`: audits with the written exceptions.

mod acceptance;
mod baseline_accept;
mod baseline_check;
mod manifest_edit;
mod staged_edit;

use clap::Subcommand;

use super::{ExitStatus, GlobalArgs};

/// Work with a baseline, which declares the permissions of each principal
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, in the repository's folder examples/incident:\n  iamdrift baseline check baseline")]
pub struct Args {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    Check(baseline_check::Args),
    Accept(baseline_accept::Args),
}

/// Runs the command.
pub fn run(args: &Args, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    match &args.command {
        BaselineCommand::Check(args) => baseline_check::run(args, globals),
        BaselineCommand::Accept(args) => baseline_accept::run(args, globals),
    }
}
