//! Whether the suggested edits of a finding were tried.

/// Whether the suggested edits of a finding were tried on a copy of the snapshot ([`verify_fixes`](crate::audit::verify_fixes)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FixVerification {
    /// They were not tried.
    #[default]
    NotRun,
    /// With all of them the finding is gone.
    Ends,
    /// With all of them the finding is smaller.
    Reduces {
        /// The number of actions that are left of the finding.
        left: usize,
    },
    /// They do not help, or do harm. The finding has no edits any more.
    Failed,
}
