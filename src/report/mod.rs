//! Reports of audits, for people and for programs (`docs/report.md`).
//!
//! Names and texts of an account can be hostile. Every format neutralizes them: the table with
//! [`sanitize`](crate::base::sanitize::sanitize), JSON with escapes.
//!
//! - `exit_info`: how an audit decides the exit status
//! - `render_options`: what the caller decides about a report
//! - `finding_order`: the order of findings in every format
//! - `text`: the sentences
//! - `layout`: lines of text for terminals
//! - `reporter`: what a format implements
//! - `table`: the format for people
//! - `json`: the format for programs, and its schema
//! - `ndjson`: one line for each finding and principal

mod exit_info;
mod finding_order;
mod json;
mod layout;
mod ndjson;
mod render_options;
mod reporter;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod testing;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
pub mod text;

use std::collections::BTreeSet;
use std::io::{self, Write};

use reporter::Reporter;

use crate::audit::Audit;
use crate::base::json_writer::JsonLayout;

pub(crate) use crate::base::sanitize;

pub use exit_info::ExitInfo;
pub use json::{SCHEMA, SCHEMA_VERSION};
pub use render_options::{RenderOptions, Verbosity};

#[doc(hidden)]
pub use json::FindingJson;
#[doc(hidden)]
pub use layout::{Colour, Layout, Paragraph};
#[doc(hidden)]
pub use ndjson::ROW_SCHEMA;
#[doc(hidden)]
pub use reporter::ReportSink;

/// The format of a report.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ReportFormat {
    /// A table for people.
    Table,
    /// JSON for programs: the whole audit in one document (`schemas/report.schema.json`).
    Json,
    /// JSON for data bases: one line for each finding and principal (`schemas/report-row.schema.json`).
    Ndjson,
}

impl ReportFormat {
    /// All formats with their names for `--format`.
    pub const ALL: [(&'static str, ReportFormat); 3] =
        [("table", ReportFormat::Table), ("json", ReportFormat::Json), ("ndjson", ReportFormat::Ndjson)];

    /// The name of the format.
    ///
    /// ```
    /// use iamdrift::report::ReportFormat;
    ///
    /// assert_eq!(ReportFormat::Json.as_str(), "json");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            ReportFormat::Table => "table",
            ReportFormat::Json => "json",
            ReportFormat::Ndjson => "ndjson",
        }
    }

    /// The keys of the findings whose fixes a report shows, to verify them before ([`verify_fixes`]): on a terminal those of
    /// the findings that are shown in full, in JSON those of all findings with [`Verbosity::All`] and otherwise none.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, audit, verify_fixes};
    /// use iamdrift::report::{ReportFormat, Verbosity};
    /// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    /// # let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # let (catalog, options) = (Catalog::embedded(), AuditOptions::new(jiff::civil::date(2026, 11, 27)));
    /// let mut audit = audit(&snapshot, &baseline, catalog, &options)?;
    /// let shown = ReportFormat::Json.list_shown_fixes(&audit, Verbosity::Brief);
    /// verify_fixes(&mut audit, &snapshot, &baseline, catalog, &options, &|finding| shown.contains(&finding.key))?;
    /// # assert!(shown.is_empty() && !ReportFormat::Table.list_shown_fixes(&audit, Verbosity::Brief).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`verify_fixes`]: crate::audit::verify_fixes
    pub fn list_shown_fixes(self, audit: &Audit, verbosity: Verbosity) -> BTreeSet<String> {
        let all = || audit.findings.iter().map(|finding| finding.key.clone()).collect();
        match (self, verbosity) {
            // Its lines have no fixes.
            (ReportFormat::Ndjson, _) | (ReportFormat::Json, Verbosity::Brief) => BTreeSet::new(),
            (_, Verbosity::All) => all(),
            (ReportFormat::Table, Verbosity::Brief) => {
                table::list_shown(audit).into_iter().map(|finding| finding.key.clone()).collect()
            }
        }
    }

    /// Writes the report. The last line ends with a newline. The same audit and options give the same bytes.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, Severity, audit};
    /// use iamdrift::report::{ExitInfo, RenderOptions, ReportFormat};
    /// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    /// # let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # let options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    ///
    /// let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options)?;
    /// let options = RenderOptions::for_pipe(100, ExitInfo::from_audit(&audit, Some(Severity::Low)));
    /// let mut report = Vec::new();
    /// ReportFormat::Json.write(&audit, &options, &mut report)?;
    ///
    /// let report: serde_json::Value = serde_json::from_slice(&report)?;
    /// assert_eq!(report["summary"]["exit_status"], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write(self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let reporter: &dyn Reporter = match self {
            ReportFormat::Table => &table::TableReporter,
            ReportFormat::Json => &json::JsonReporter,
            ReportFormat::Ndjson => &ndjson::RowReporter,
        };
        reporter.write(audit, options, out)
    }

    /// A report that is written while the audit runs. `None` if the format, or what it shows, needs the whole audit.
    #[doc(hidden)]
    pub fn begin_stream<'w>(
        self,
        verbosity: Verbosity,
        layout: JsonLayout,
        out: impl Write + Send + 'w,
    ) -> Option<Box<dyn ReportSink + 'w>> {
        match (self, verbosity) {
            (ReportFormat::Json, Verbosity::Brief) => Some(Box::new(json::ReportWriter::new(out, layout))),
            (ReportFormat::Ndjson, _) => Some(Box::new(ndjson::RowWriter::new(out))),
            // A fix is verified after all findings are known.
            (ReportFormat::Json, Verbosity::All) | (ReportFormat::Table, _) => None,
        }
    }
}
