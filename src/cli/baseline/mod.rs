//! `iamdrift baseline`: what is declared, kept in order.

mod check;

use clap::Subcommand;

use super::{ExitStatus, Globals};

/// Work with a baseline: what is expected of each principal
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, in the repository's folder examples/incident:\n  iamdrift baseline check baseline")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
}

/// Runs the command.
pub fn run(args: &Args, globals: &Globals) -> anyhow::Result<ExitStatus> {
    match &args.command {
        Command::Check(args) => check::run(args, globals),
    }
}
