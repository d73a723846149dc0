//! Handmade audits for the reports' tests, and reports of them.

mod build;
mod extremes;
mod incident;

use build::audit_of;
pub(super) use extremes::{hostile, large};
pub(super) use incident::incident;

use super::{Colour, Depth, Ending, Format, Layout, Options};
use crate::audit::{Audit, Severity};

fn ending(audit: &Audit) -> Ending {
    let is_incomplete = !audit.unread.is_empty() || audit.summary.undecided > 0;
    let is_drift = audit.summary.findings.values().sum::<usize>() > 0;
    let exit_status = if is_incomplete { 3 } else { u8::from(is_drift) };
    Ending { exit_status, fail_on: Some(Severity::Low) }
}

pub(super) fn options(layout: Layout) -> Options {
    Options { layout, depth: Depth::Brief, ending: Ending { exit_status: 1, fail_on: Some(Severity::Low) } }
}

pub(super) fn table(audit: &Audit, options: &Options) -> String {
    let options = &Options { ending: ending(audit), ..*options };
    let mut out = Vec::new();
    Format::Table.write(audit, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a terminal shows, colours apart.
pub(super) fn terminal(width: usize) -> Options {
    options(Layout::terminal(width).with_colour(Colour::None))
}

pub(super) fn json(audit: &Audit) -> String {
    let mut out = Vec::new();
    let options = Options { ending: ending(audit), ..options(Layout::piped(100)) };
    Format::Json.write(audit, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn audits() -> [(&'static str, Audit); 5] {
    [
        ("calm", extremes::calm()),
        ("incident", incident()),
        ("hostile", hostile()),
        ("large", large()),
        ("nothing", audit_of(Vec::new(), Vec::new())),
    ]
}
