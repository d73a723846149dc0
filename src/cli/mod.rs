//! The command line: one file or folder per command, registered below.
//!
//! Standard output receives the result only; everything else goes to standard error. Every expected failure is shown
//! with its place or in one line, and with a help line.
//!
//! Shared by the commands:
//! - `audit_run.rs`: an audit and its report, for `audit` and `demo`.
//! - `exit_status.rs`, `report_output.rs`, `error_report.rs`, `argument_errors.rs`, `terminal_output.rs`, `user_file.rs`: results, errors, output
//!   and input.
//! - `global_args.rs`, `output_format.rs`, `named_value.rs`, `action_argument.rs`, `snapshot_args.rs`, `audit_args.rs`: arguments.

mod action_argument;
mod argument_errors;
mod audit_args;
mod audit_command;
mod audit_run;
mod baseline;
mod collect;
mod compare;
mod completions;
mod demo;
mod error_report;
mod exit_status;
mod explain;
mod global_args;
mod man;
mod named_value;
mod output_format;
mod principals;
#[cfg(test)]
mod published_schema;
mod report_output;
mod schema_command;
mod simulate_command;
mod snapshot_args;
mod terminal_output;
mod user_file;
mod who_can;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use global_args::ColorWhen;

pub use error_report::UserError;
pub use exit_status::ExitStatus;
pub use global_args::GlobalArgs;

/// Find AWS IAM principals whose effective permissions exceed what you declared, with proof
#[derive(Debug, Parser)]
#[command(name = "iamdrift", disable_version_flag = true, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(subcommand)]
    command: Command,
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
    let cli = match parse_arguments(&arguments) {
        Ok(cli) => cli,
        Err(error) => return argument_errors::print_message(error, &arguments, |safe| parse_arguments(safe).err()),
    };
    match cli.globals.color {
        ColorWhen::Auto => {}
        ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
        ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
    }
    run(&cli.command, &cli.globals).unwrap_or_else(|error| error_report::report_error(&error))
}

fn parse_arguments(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    Cli::command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches))
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
