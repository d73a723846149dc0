//! Whether somebody must act on a finding.

use serde::Serialize;

use super::finding::Finding;
use super::rule_id::RuleId;

/// Whether somebody must act on a finding.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// It affects the exit status.
    Open,
    /// A part of the baseline is marked for review, and the finding waits for that.
    Review,
    /// An exception accepts it.
    Accepted,
    /// It is not proven either way (IAM010).
    Undecided,
}

impl FindingState {
    /// The name in reports.
    ///
    /// ```
    /// use iamdrift::audit::FindingState;
    ///
    /// assert_eq!(FindingState::Undecided.as_str(), "undecided");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            FindingState::Open => "open",
            FindingState::Review => "review",
            FindingState::Accepted => "accepted",
            FindingState::Undecided => "undecided",
        }
    }
}

impl Finding {
    /// Whether somebody must act on it.
    #[doc(hidden)]
    pub fn state(&self) -> FindingState {
        match (&self.accepted, self.rule) {
            (Some(_), _) => FindingState::Accepted,
            (None, RuleId::Undecided) => FindingState::Undecided,
            (None, _) => FindingState::Open,
        }
    }
}
