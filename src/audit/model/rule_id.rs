//! The names of the rules, which are public API.

use serde::{Deserialize, Serialize};

/// A rule, by the id that reports, options and exit statuses use.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
pub enum RuleId {
    /// Broader than declared.
    #[serde(rename = "IAM001")]
    Broader,
    /// Latent: allows actions that AWS has not released yet.
    #[serde(rename = "IAM002")]
    Latent,
    /// An agent that is not narrower than its operator.
    #[serde(rename = "IAM003")]
    NotNarrower,
    /// A destructive action without the declared guard.
    #[serde(rename = "IAM004")]
    Unguarded,
    /// Reach: can become, or grant itself, something broader.
    #[serde(rename = "IAM005")]
    Escalation,
    /// Can be assumed by someone who is not declared.
    #[serde(rename = "IAM006")]
    Trust,
    /// Undeclared principal.
    #[serde(rename = "IAM007")]
    Undeclared,
    /// The declared boundary is missing, or can be changed by the principal itself.
    #[serde(rename = "IAM008")]
    Boundary,
    /// Stale or ambiguous baseline entry; expired exception.
    #[serde(rename = "IAM009")]
    Baseline,
    /// Undecided.
    #[serde(rename = "IAM010")]
    Undecided,
    /// Narrower than declared.
    #[serde(rename = "IAM011")]
    Narrower,
}

impl RuleId {
    /// All rules, in order, with their ids.
    pub const ALL: [(&'static str, RuleId); 11] = [
        ("IAM001", RuleId::Broader),
        ("IAM002", RuleId::Latent),
        ("IAM003", RuleId::NotNarrower),
        ("IAM004", RuleId::Unguarded),
        ("IAM005", RuleId::Escalation),
        ("IAM006", RuleId::Trust),
        ("IAM007", RuleId::Undeclared),
        ("IAM008", RuleId::Boundary),
        ("IAM009", RuleId::Baseline),
        ("IAM010", RuleId::Undecided),
        ("IAM011", RuleId::Narrower),
    ];

    /// The rule's id: `IAM001`.
    pub fn as_str(self) -> &'static str {
        RuleId::ALL.iter().find(|(_, rule)| *rule == self).map_or("", |(id, _)| id)
    }

    /// Whether the rule runs if no rules are requested.
    pub fn on_by_default(self) -> bool {
        self != RuleId::Narrower
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
