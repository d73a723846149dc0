//! The severity of a finding: its levels.
//!
//! Excess has the severity of its most severe action (`actions::action_severity`), one step higher for an agent
//! (`explain::excess_report`). The other rules rate their findings in their own file of `rules`.

use serde::{Deserialize, Serialize};

/// The severity of a finding, from the least to the most severe.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Information: no action is needed.
    Info,
    /// Lists or tags resources.
    Low,
    /// Reads or writes data.
    Medium,
    /// Destroys resources, or changes permissions.
    High,
    /// Administers the account, or can escalate to that.
    Critical,
}

impl Severity {
    /// All severities with their names in options and reports, the most severe first.
    pub const ALL: [(&'static str, Severity); 5] = [
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Medium),
        ("low", Severity::Low),
        ("info", Severity::Info),
    ];

    /// The name of the severity.
    ///
    /// ```
    /// use iamdrift::audit::Severity;
    ///
    /// assert_eq!(Severity::Critical.as_str(), "critical");
    /// assert!(Severity::Critical > Severity::High);
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }

    /// One step more severe. `Critical` and `Info` do not change.
    pub(crate) fn raise_one_step(self) -> Severity {
        match self {
            Severity::Info => Severity::Info,
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        }
    }

    /// One step less severe. `Low` and `Info` do not change.
    pub(crate) fn lower_one_step(self) -> Severity {
        match self {
            Severity::Info => Severity::Info,
            Severity::Low | Severity::Medium => Severity::Low,
            Severity::High => Severity::Medium,
            Severity::Critical => Severity::High,
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_change_by_one_step() {
        let raised: Vec<_> = Severity::ALL.iter().map(|(_, severity)| severity.raise_one_step()).collect();
        use Severity::*;
        assert_eq!(raised, [Critical, Critical, High, Medium, Info]);
        let lowered: Vec<_> = Severity::ALL.iter().map(|(_, severity)| severity.lower_one_step()).collect();
        assert_eq!(lowered, [High, Medium, Low, Low, Info]);
    }

    #[test]
    fn names_and_list_agree() {
        assert!(Severity::ALL.iter().all(|(name, severity)| severity.as_str() == *name));
    }
}
