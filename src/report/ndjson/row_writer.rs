//! Writes the lines of the NDJSON format.

use std::io::{self, Write};

use super::report_row::{AccountRow, EndRow, FindingRow, ReportRow, RowRecord};
use crate::audit::{Audit, AuditHead, FindingClass, FindingSink, PrincipalReport, fold_in_order};
use crate::base::json_writer::{JsonLayout, write_json};
use crate::report::render_options::RenderOptions;
use crate::report::reporter::{ReportSink, Reporter};

/// The NDJSON format.
pub(in crate::report) struct RowReporter;

impl Reporter for RowReporter {
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = RowWriter::new(out);
        writer.set_head(&audit.head);
        writer.write_classes(&fold_in_order(&audit.findings))?;
        writer.finish(audit, options)
    }
}

/// Lines that are being written.
pub(in crate::report) struct RowWriter<W> {
    out: W,
    run_id: String,
    generated_at: String,
    taken_at: String,
}

impl<W: Write> RowWriter<W> {
    /// Without lines.
    pub fn new(out: W) -> RowWriter<W> {
        RowWriter { out, run_id: String::new(), generated_at: String::new(), taken_at: String::new() }
    }

    fn set_head(&mut self, head: &AuditHead) {
        self.run_id.clone_from(&head.run_id);
        self.generated_at.clone_from(&head.generated_at);
        self.taken_at.clone_from(&head.snapshot.taken_at);
    }

    fn write_record(&mut self, record: RowRecord<'_>) -> io::Result<()> {
        let row =
            ReportRow { run_id: &self.run_id, generated_at: &self.generated_at, taken_at: &self.taken_at, record };
        write_json(&row, JsonLayout::OneLine, &mut self.out)?;
        self.out.write_all(b"\n")
    }

    fn write_classes(&mut self, classes: &[FindingClass]) -> io::Result<()> {
        for FindingClass { finding, members } in classes {
            if members.is_empty() {
                self.write_record(RowRecord::Finding(FindingRow::new(finding, None)))?;
            }
            for member in members {
                self.write_record(RowRecord::Finding(FindingRow::new(finding, Some(member))))?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, audit: &Audit, options: &RenderOptions) -> io::Result<()> {
        for account in &audit.accounts {
            self.write_record(RowRecord::Account(AccountRow::from(account)))?;
        }
        self.write_record(RowRecord::End(EndRow::new(audit, options)))?;
        self.out.flush()
    }
}

impl<W: Write + Send> FindingSink for RowWriter<W> {
    fn begin(&mut self, head: &AuditHead, _: &[PrincipalReport]) -> io::Result<()> {
        self.set_head(head);
        Ok(())
    }

    fn write(&mut self, classes: Vec<FindingClass>) -> io::Result<()> {
        self.write_classes(&classes)
    }
}

impl<W: Write + Send> ReportSink for RowWriter<W> {
    fn end(&mut self, audit: &Audit, options: &RenderOptions) -> io::Result<()> {
        self.finish(audit, options)
    }
}
