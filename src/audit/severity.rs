//! How bad a finding is: what its excess can do, one step up for agents.

use serde::{Deserialize, Serialize};

/// How bad a finding is, in order.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing to do: information.
    Info,
    /// Lists or tags.
    Low,
    /// Reads or writes data.
    Medium,
    /// Destroys, or changes permissions.
    High,
    /// Administers, or can make itself administer.
    Critical,
}

impl Severity {
    /// All severities, the worst first, with the names that options and reports use.
    pub const ALL: [(&'static str, Severity); 5] = [
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Medium),
        ("low", Severity::Low),
        ("info", Severity::Info),
    ];

    /// The severity's name.
    pub fn as_str(self) -> &'static str {
        Severity::ALL.iter().find(|(_, severity)| *severity == self).map_or("", |(name, _)| name)
    }

    /// One step worse; critical and information stay what they are.
    pub fn raised(self) -> Severity {
        match self {
            Severity::Info => Severity::Info,
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
