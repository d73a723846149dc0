//! `iamdrift man`: prints or writes the manual pages.

use std::path::PathBuf;

use super::{ExitStatus, GlobalArgs, UserError, terminal_output};

/// Print the manual page, or write the pages of all commands
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mkdir -p man1\n  iamdrift man --out man1")]
pub struct Args {
    /// The directory to write one page per command to; without it, the main page is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, _: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    match &args.out {
        Some(directory) => clap_mangen::generate_to(super::command(), directory).map_err(|error| {
            let message = format!("cannot write to {}: {error}", directory.display());
            UserError::new(message, "choose a writable directory that exists")
        })?,
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(super::command()).render(&mut text)?;
            terminal_output::write_stdout(&String::from_utf8_lossy(&text))?;
        }
    }
    Ok(ExitStatus::Clean)
}
