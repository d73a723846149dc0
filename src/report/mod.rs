//! Findings for people and machines: one file a format.
//!
//! Follows `docs/report.md`. [`Format::write`] writes an [`Audit`] in one of them. Names and texts of an
//! account are hostile until proven otherwise: each format makes them harmless in its own way, the terminal
//! by [`sanitize`](crate::base::sanitize::sanitize).

mod json_report;
mod layout;
mod render_options;
mod report_schema;
pub use crate::base::sanitize;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
mod text;

use std::io::{self, Write};

use crate::audit::Audit;

pub use json_report::{Counts, JsonReport, ReportTool, SCHEMA_VERSION};
pub use layout::{Colour, Layout, LongWords, Paragraph};
pub use render_options::{ExitInfo, RenderOptions, Verbosity};
pub use report_schema::{SCHEMA, build_schema};

/// A format that reports are offered in.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ReportFormat {
    /// For people, on a terminal.
    Table,
    /// For machines: everything, in one document (`schemas/report.schema.json`).
    Json,
}

/// Writes audits in one format.
trait Reporter {
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()>;
}

impl ReportFormat {
    /// All formats, with the names that `--format` takes.
    pub const ALL: [(&'static str, ReportFormat); 2] = [("table", ReportFormat::Table), ("json", ReportFormat::Json)];

    /// The format's name.
    pub fn as_str(self) -> &'static str {
        ReportFormat::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Writes the report, the last line ended. The same audit and options give the same bytes.
    pub fn write(self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let reporter: &dyn Reporter = match self {
            ReportFormat::Table => &table::TableReporter,
            ReportFormat::Json => &json_report::JsonReporter,
        };
        reporter.write(audit, options, out)
    }
}
