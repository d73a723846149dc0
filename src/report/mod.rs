//! Reports of audits, for people and for programs (`docs/report.md`).
//!
//! Names and texts of an account can be hostile. Every format neutralizes them: the table with
//! [`sanitize`](crate::base::sanitize::sanitize), JSON with escapes.
//!
//! - `render_options`: what the caller decides about a report
//! - `finding_order`: the order of findings in every format
//! - `text`: the sentences
//! - `layout`: lines of text for terminals
//! - `reporter`: what a format implements
//! - `table`: the format for people
//! - `finding_json`, `json_report`, `report_schema`: the format for programs, and its schema

mod finding_json;
mod finding_order;
mod json_report;
mod layout;
mod render_options;
mod report_schema;
mod reporter;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
pub mod text;

use std::io::{self, Write};

use reporter::Reporter;

use crate::audit::Audit;

pub use crate::base::sanitize;

pub use finding_json::{EscalationStepJson, ExcessJson, FindingJson, NearestDeclaredJson};
pub use json_report::{Counts, JsonReport, ReportTool, SCHEMA_VERSION};
pub use layout::{Colour, Layout, LongWords, Paragraph};
pub use render_options::{ExitInfo, RenderOptions, Verbosity};
pub use report_schema::{SCHEMA, build_schema};

/// The format of a report.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ReportFormat {
    /// A table for people.
    Table,
    /// JSON for programs: the whole audit in one document (`schemas/report.schema.json`).
    Json,
}

impl ReportFormat {
    /// All formats with their names for `--format`.
    pub const ALL: [(&'static str, ReportFormat); 2] = [("table", ReportFormat::Table), ("json", ReportFormat::Json)];

    /// The name of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            ReportFormat::Table => "table",
            ReportFormat::Json => "json",
        }
    }

    /// Writes the report. The last line ends with a newline. The same audit and options give the same bytes.
    pub fn write(self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let reporter: &dyn Reporter = match self {
            ReportFormat::Table => &table::TableReporter,
            ReportFormat::Json => &json_report::JsonReporter,
        };
        reporter.write(audit, options, out)
    }
}
