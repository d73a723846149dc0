//! An audit of the command line, and its report.

use std::io::BufWriter;

use iamdrift::audit::{
    AuditError, AuditHead, FindingClass, FindingSink, PrincipalReport, audit, audit_into, verify_fixes,
};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::report::{ExitInfo, ReportSink};
use iamdrift::snapshot::Snapshot;

use super::audit_args::{Filters, ReportOptions};
use super::report_output::ReportOutput;
use super::terminal_output::{self, to_write_error};
use super::{ExitStatus, UserError};

/// The inputs of an audit.
pub struct AuditRun<'a> {
    pub snapshot: &'a Snapshot,
    pub baseline: &'a Baseline,
    pub catalog: &'a Catalog,
    pub filters: &'a Filters,
}

impl AuditRun<'_> {
    /// Audits, and writes the report to the file of `-o` or to standard output: while the audit runs, if the format allows it.
    pub fn write_report(&self, report_options: &ReportOptions) -> anyhow::Result<ExitStatus> {
        if !report_options.is_streamed() {
            let (text, status) = self.audit_and_render(report_options)?;
            return write_report(&text, report_options).map(|()| status);
        }
        let path = report_options.output.as_deref();
        let to_error = |error: &std::io::Error| to_write_error(path, error, "-o");
        let mut output = match path {
            Some(path) => ReportOutput::create(path).map_err(|error| to_error(&error))?,
            None => ReportOutput::standard(),
        };
        let options = self.filters.to_audit_options();
        let (verbosity, layout) = (report_options.verbosity(), report_options.json_layout());
        let out = BufWriter::new(&mut output);
        // INVARIANT: the format is one that is streamed.
        let report = report_options.format.begin_stream(verbosity, layout, out).expect("a format that is streamed");
        let mut sink = CheckedSink { report, has_accounts: !self.snapshot.accounts.is_empty(), has_principals: true };
        let exit_info = match audit_into(self.snapshot, self.baseline, self.catalog, &options, &mut sink) {
            Ok(audit) => {
                let exit_info = ExitInfo::from_audit(&audit, self.filters.fail_on_severity());
                let options = report_options.to_render_options(exit_info);
                sink.report.end(&audit, &options).map_err(|error| to_error(&error))?;
                exit_info
            }
            Err(AuditError::Inputs(diagnostics)) => return Err(diagnostics.into()),
            Err(AuditError::Output(_)) if !sink.has_principals => return Err(no_principal_error().into()),
            Err(AuditError::Output(error)) => return Err(to_error(&error).into()),
        };
        drop(sink);
        output.complete().map_err(|error| to_error(&error))?;
        Ok(to_exit_status(exit_info))
    }

    /// Audits, and renders the report.
    pub fn audit_and_render(&self, report_options: &ReportOptions) -> anyhow::Result<(String, ExitStatus)> {
        let AuditRun { snapshot, baseline, catalog, filters } = *self;
        let options = filters.to_audit_options();
        let mut audit = audit(snapshot, baseline, catalog, &options)?;
        if audit.principals.is_empty() && !snapshot.accounts.is_empty() {
            return Err(no_principal_error().into());
        }
        let shown = report_options.format.list_shown_fixes(&audit, report_options.verbosity());
        verify_fixes(&mut audit, snapshot, baseline, catalog, &options, &|finding| shown.contains(&finding.key))?;
        let exit_info = ExitInfo::from_audit(&audit, filters.fail_on_severity());
        let mut text = Vec::new();
        report_options.format.write(&audit, &report_options.to_render_options(exit_info), &mut text)?;
        Ok((String::from_utf8_lossy(&text).into_owned(), to_exit_status(exit_info)))
    }
}

fn to_exit_status(exit_info: ExitInfo) -> ExitStatus {
    match exit_info.exit_status {
        0 => ExitStatus::Clean,
        1 => ExitStatus::Drift,
        _ => ExitStatus::Incomplete,
    }
}

fn no_principal_error() -> UserError {
    UserError::new("no principal matches the filters", "check `--principal` and `--kind`")
}

/// Ends an audit of no principals before it writes anything.
struct CheckedSink<'w> {
    report: Box<dyn ReportSink + 'w>,
    has_accounts: bool,
    has_principals: bool,
}

impl FindingSink for CheckedSink<'_> {
    fn begin(&mut self, head: &AuditHead, principals: &[PrincipalReport]) -> std::io::Result<()> {
        self.has_principals = !principals.is_empty() || !self.has_accounts;
        match self.has_principals {
            true => self.report.begin(head, principals),
            false => Err(std::io::Error::other("no principal")),
        }
    }

    fn write(&mut self, classes: Vec<FindingClass>) -> std::io::Result<()> {
        self.report.write(classes)
    }
}

/// Writes a report to the file of `-o`, or to standard output.
pub fn write_report(text: &str, report_options: &ReportOptions) -> anyhow::Result<()> {
    terminal_output::write_output(report_options.output.as_deref(), text)
}
