//! `iamdrift completions`: prints shell completions.

use super::{ExitStatus, GlobalArgs, terminal_output};

/// Print the completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  iamdrift completions bash > iamdrift.bash")]
pub struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// Runs the command.
pub fn run(args: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "iamdrift", &mut text);
    terminal_output::write_stdout(&String::from_utf8_lossy(&text))?;
    Ok(ExitStatus::Clean)
}
