//! The options that every command accepts.

use std::path::PathBuf;

use iamdrift::catalog::{Catalog, CatalogError};

use super::error_report::UserError;
use super::terminal_output;

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
    pub version: bool,
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
