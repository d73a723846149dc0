//! How an audit decides the exit status.

use crate::audit::{Audit, Severity};

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
