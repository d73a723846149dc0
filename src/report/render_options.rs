//! What the caller decides about a report.

use super::layout::Layout;
use crate::audit::{Audit, Severity};

/// How to write a report, and how the program will end.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct RenderOptions {
    /// The width and colors of the output. JSON ignores it.
    #[doc(hidden)]
    pub layout: Layout,
    /// How much to write. JSON ignores it.
    pub verbosity: Verbosity,
    /// How the program will end.
    pub exit_info: ExitInfo,
}

impl RenderOptions {
    /// A brief report for a terminal of `width` columns, with colors.
    ///
    /// ```
    /// use iamdrift::report::{ExitInfo, RenderOptions, Verbosity};
    ///
    /// let exit_info = ExitInfo { exit_status: 0, fail_on: None };
    /// let options = RenderOptions { verbosity: Verbosity::All, ..RenderOptions::for_terminal(120, exit_info) };
    /// # assert_eq!(options.exit_info, exit_info);
    /// ```
    pub fn for_terminal(width: usize, exit_info: ExitInfo) -> RenderOptions {
        RenderOptions { layout: Layout::for_terminal(width), verbosity: Verbosity::Brief, exit_info }
    }

    /// A brief report for a file or a pipe: no colors, and every ARN on one line, so that it can be searched for.
    ///
    /// ```
    /// use iamdrift::report::{ExitInfo, RenderOptions, Verbosity};
    ///
    /// let options = RenderOptions::for_pipe(100, ExitInfo { exit_status: 0, fail_on: None });
    /// assert_eq!(options.verbosity, Verbosity::Brief);
    /// ```
    pub fn for_pipe(width: usize, exit_info: ExitInfo) -> RenderOptions {
        RenderOptions { layout: Layout::for_pipe(width), verbosity: Verbosity::Brief, exit_info }
    }
}

/// How much of a report to write.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Verbosity {
    /// The worst items of each list, and the number of the others.
    Brief,
    /// Every action pattern, statement, note and accepted finding (`--all`).
    All,
}

/// How the program will end, and which findings decide that.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ExitInfo {
    /// The exit status: 0 clean, 1 drift, 3 incomplete.
    pub exit_status: u8,
    /// The lowest severity that affects the exit status (`--fail-on`). None if no severity does.
    pub fail_on: Option<Severity>,
}

impl ExitInfo {
    /// The exit status of an audit: 3 if it is incomplete, 1 if it has findings of at least the severity `fail_on` that no
    /// exception accepts, 0 otherwise.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, Severity, audit};
    /// use iamdrift::report::ExitInfo;
    /// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let snapshot = Snapshot::load(&folder.join("fixed/snapshot"))?;
    /// # let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # let options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    /// let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options)?;
    /// assert_eq!(ExitInfo::from_audit(&audit, Some(Severity::Low)).exit_status, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_audit(audit: &Audit, fail_on: Option<Severity>) -> ExitInfo {
        let exit_status =
            if audit.is_incomplete() { 3 } else { u8::from(fail_on.is_some_and(|severity| audit.has_drift(severity))) };
        ExitInfo { exit_status, fail_on }
    }
}
