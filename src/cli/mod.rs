//! The command line: one file a command, registered below.
//!
//! Standard output carries what was asked for alone; everything else goes to standard error. Every expected
//! failure is told with its place or in one line, and what to do about it.

mod audit_command;
mod baseline;
mod collect;
mod compare;
mod completions;
mod demo;
mod error_report;
mod explain;
mod man;
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

/// How the program ends.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[allow(dead_code)] // each command has its own
pub enum ExitStatus {
    /// Nothing to report at or above the threshold.
    Clean = 0,
    /// Drift was found.
    Drift = 1,
    /// The arguments or the input cannot be used.
    Usage = 2,
    /// Something could not be read or decided, whatever else was found.
    Incomplete = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Finds AWS principals whose effective permissions are broader than declared, with a proof for each.
#[derive(Debug, Parser)]
#[command(name = "iamdrift", disable_version_flag = true, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Where the help of a command lists what every command takes.
const GLOBAL_HEADING: &str = "Options of every command";

/// Options of every command.
#[derive(Debug, clap::Args)]
pub struct GlobalArgs {
    /// When to colour what is written
    #[arg(long, global = true, help_heading = GLOBAL_HEADING, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub color: ColorWhen,
    /// A service catalog to use instead of the built-in one
    #[arg(long, global = true, help_heading = GLOBAL_HEADING, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Say on standard error what is read and how long it takes
    #[arg(short, long, global = true, help_heading = GLOBAL_HEADING)]
    pub verbose: bool,
    /// Print the version, with `--verbose` that of the service catalog too
    #[arg(short = 'V', long)]
    version: bool,
}

impl GlobalArgs {
    /// Does one step of the work; with `--verbose`, tells what it was and how long it took.
    pub fn timed_step<T>(&self, label: &str, work: impl FnOnce() -> T) -> T {
        let start = std::time::Instant::now();
        let result = work();
        if self.verbose {
            terminal_output::print_status(&format!("{label}: {} ms", start.elapsed().as_millis()));
        }
        result
    }

    /// The service catalog to go by: that of `--catalog`, or the built-in one.
    pub fn catalog(&self) -> anyhow::Result<&'static Catalog> {
        let Some(path) = &self.catalog else { return Ok(Catalog::embedded()) };
        let loaded = Catalog::load(path).map_err(|error| {
            let file = path.display();
            let message = match error {
                CatalogError::Unreadable { source, .. } => format!("cannot read the catalog {file}: {source}"),
                other => format!("cannot use {file}: {other}"),
            };
            UserError::new(message, "leave `--catalog` out to use the built-in one")
        })?;
        // It is read once, and used until the program ends.
        Ok(Box::leak(Box::new(loaded)))
    }
}

/// When to colour.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Registers the commands, a line each: its name and its module.
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

/// The whole command line, for completions and manual pages.
fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitStatus {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(status) = print_version_if_requested(&arguments) {
        return status;
    }
    let cli = match Cli::command().try_get_matches_from(arguments).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => {
            // A pipe that nobody reads any more is no failure of ours.
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

/// Answers `--version`, which needs no command.
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
        lines.push(format!("service catalog {}, compared with AWS on {}", catalog.version(), catalog.updated_at()));
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
