//! Audits for tests of the reports, and their reports.

mod builders;
mod extremes;
mod incident;

use builders::build_audit;
pub(super) use extremes::{hostile, large};
pub(super) use incident::incident;

use super::{Colour, ExitInfo, Layout, RenderOptions, ReportFormat, Verbosity};
use crate::audit::{Audit, Severity};
use crate::base::json_writer::JsonLayout;

fn exit_info_for(audit: &Audit) -> ExitInfo {
    let is_incomplete = !audit.unread.is_empty() || audit.summary.undecided > 0;
    let is_drift = audit.summary.findings.values().sum::<usize>() > 0;
    let exit_status = if is_incomplete { 3 } else { u8::from(is_drift) };
    ExitInfo { exit_status, fail_on: Some(Severity::Low) }
}

pub(super) fn render_options(layout: Layout) -> RenderOptions {
    RenderOptions {
        layout,
        verbosity: Verbosity::Brief,
        json_layout: JsonLayout::Indented,
        exit_info: ExitInfo { exit_status: 1, fail_on: Some(Severity::Low) },
    }
}

pub(super) fn render_table(audit: &Audit, options: &RenderOptions) -> String {
    let options = &RenderOptions { exit_info: exit_info_for(audit), ..*options };
    let mut out = Vec::new();
    ReportFormat::Table.write(audit, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A terminal without colors.
pub(super) fn terminal_options(width: usize) -> RenderOptions {
    render_options(Layout::for_terminal(width).with_colour(Colour::None))
}

pub(super) fn render_json(audit: &Audit) -> String {
    let mut out = Vec::new();
    let options = RenderOptions { exit_info: exit_info_for(audit), ..render_options(Layout::for_pipe(100)) };
    ReportFormat::Json.write(audit, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn render_ndjson(audit: &Audit) -> String {
    let mut out = Vec::new();
    let options = RenderOptions { exit_info: exit_info_for(audit), ..render_options(Layout::for_pipe(100)) };
    ReportFormat::Ndjson.write(audit, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn all_audits() -> [(&'static str, Audit); 5] {
    [
        ("calm", extremes::calm()),
        ("incident", incident()),
        ("hostile", hostile()),
        ("large", large()),
        ("nothing", build_audit(Vec::new(), Vec::new())),
    ]
}
