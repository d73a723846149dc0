//! The command line: one file or folder per command, registered below.
//!
//! Standard output receives the result only; everything else goes to standard error. Every expected failure is shown
//! with its place or in one line, and with a help line.
//!
//! Shared by the commands:
//! - `error_report.rs`, `terminal_output.rs`, `user_file.rs`: errors, output and input.
//! - `output_format.rs`, `named_value.rs`, `action_argument.rs`, `snapshot_args.rs`: arguments.

mod action_argument;
mod audit_command;
mod baseline;
mod collect;
mod compare;
mod completions;
mod demo;
mod error_report;
mod explain;
mod man;
mod named_value;
mod output_format;
mod principals;
mod schema_command;
mod simulate_command;
mod snapshot_args;
mod terminal_output;
mod user_file;
mod who_can;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use iamdrift::catalog::{Catalog, CatalogError};

pub use error_report::UserError;

/// The exit status.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(dead_code)] // each command has its own
pub enum ExitStatus {
    /// Nothing to report at or above the threshold.
    Clean = 0,
    /// Drift was found.
    Drift = 1,
    /// The arguments or the input cannot be used.
    Usage = 2,
    /// Some input could not be read, or a principal is undecided. It takes precedence over drift.
    Incomplete = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Find AWS IAM principals whose effective permissions exceed what you declared, with proof
#[derive(Debug, Parser)]
#[command(name = "iamdrift", disable_version_flag = true, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// The heading of global options in the help of a command.
const GLOBAL_HEADING: &str = "Global options";

/// The options of every command.
#[derive(Debug, clap::Args)]
pub struct GlobalArgs {
    /// When to color the output
    #[arg(long, global = true, help_heading = GLOBAL_HEADING, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub color: ColorWhen,
    /// The service catalog to use instead of the built-in one
    #[arg(long, global = true, help_heading = GLOBAL_HEADING, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Log progress and timings to stderr
    #[arg(short, long, global = true, help_heading = GLOBAL_HEADING)]
    pub verbose: bool,
    /// Print the version; with `--verbose`, also the version of the service catalog
    #[arg(short = 'V', long)]
    version: bool,
}

impl GlobalArgs {
    /// Runs one step of the work. With `--verbose`, prints its label and duration.
    pub fn timed_step<T>(&self, label: &str, work: impl FnOnce() -> T) -> T {
        let start = std::time::Instant::now();
        let result = work();
        if self.verbose {
            terminal_output::print_status(&format!("{label}: {} ms", start.elapsed().as_millis()));
        }
        result
    }

    /// The service catalog of `--catalog`, or the built-in one.
    pub fn catalog(&self) -> anyhow::Result<&'static Catalog> {
        let Some(path) = &self.catalog else { return Ok(Catalog::embedded()) };
        let loaded = Catalog::load(path).map_err(|error| {
            let file = path.display();
            let message = match error {
                CatalogError::Unreadable { source, .. } => format!("cannot read the catalog {file}: {source}"),
                other => format!("cannot use {file}: {other}"),
            };
            UserError::new(message, "omit `--catalog` to use the built-in one")
        })?;
        // Loaded once and used until the program ends.
        Ok(Box::leak(Box::new(loaded)))
    }
}

/// When to color the output.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Registers the commands: one line each, with name and module.
macro_rules! commands {
    ($($name:ident => $module:ident,)*) => {
        #[derive(Debug, Subcommand)]
        #[allow(clippy::large_enum_variant)]
        enum Command {
            $($name($module::Args),)*
        }

        fn run(command: &Command, globals: &GlobalArgs) -> anyhow::Result<ExitStatus> {
            match command {
                $(Command::$name(args) => $module::run(args, globals),)*
            }
        }
    };
}

commands! {
    Demo => demo,
    Collect => collect,
    Audit => audit_command,
    Principals => principals,
    Explain => explain,
    WhoCan => who_can,
    Compare => compare,
    Baseline => baseline,
    Simulate => simulate_command,
    Schema => schema_command,
    Completions => completions,
    Man => man,
}

/// The command line, for completions and manual pages.
fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitStatus {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(status) = print_version_if_requested(&arguments) {
        return status;
    }
    let cli = match Cli::command().try_get_matches_from(arguments).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is not an error of this program.
            let _ = error.print();
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Clean };
        }
    };
    match cli.globals.color {
        ColorWhen::Auto => {}
        ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
        ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
    }
    run(&cli.command, &cli.globals).unwrap_or_else(|error| error_report::report_error(&error))
}

/// Handles `--version`, which needs no command.
fn print_version_if_requested(arguments: &[OsString]) -> Option<ExitStatus> {
    #[derive(Parser)]
    #[command(name = "iamdrift", disable_version_flag = true)]
    struct VersionOnly {
        #[command(flatten)]
        globals: GlobalArgs,
    }
    let version_args = VersionOnly::try_parse_from(arguments).ok().filter(|only| only.globals.version)?;
    let result = render_version_lines(&version_args.globals)
        .and_then(|lines| terminal_output::write_stdout(&(lines.join("\n") + "\n")));
    Some(result.map_or_else(|error| error_report::report_error(&error), |()| ExitStatus::Clean))
}

fn render_version_lines(globals: &GlobalArgs) -> anyhow::Result<Vec<String>> {
    let mut lines = vec![format!("iamdrift {}", env!("CARGO_PKG_VERSION"))];
    if globals.verbose {
        let catalog = globals.catalog()?;
        lines.push(format!("service catalog {}, updated {}", catalog.version(), catalog.updated_at()));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
