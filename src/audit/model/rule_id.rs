//! The ids of the rules, which are public API, and what each rule finds.

use serde::{Deserialize, Serialize};

/// A rule, by the id in reports, options and exceptions.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize, schemars::JsonSchema)]
pub enum RuleId {
    /// Effective access exceeds the declared ceiling.
    #[serde(rename = "IAM001")]
    Broader,
    /// A wildcard will allow actions that AWS has not released.
    #[serde(rename = "IAM002")]
    Latent,
    /// An agent is not narrower than its operator, or humans and agents share a role.
    #[serde(rename = "IAM003")]
    NotNarrower,
    /// A declared guard is not enforced or is ineffective.
    #[serde(rename = "IAM004")]
    Unguarded,
    /// A principal can escalate its privileges.
    #[serde(rename = "IAM005")]
    Escalation,
    /// A principal that is not declared can assume the role.
    #[serde(rename = "IAM006")]
    Trust,
    /// The baseline does not declare the principal.
    #[serde(rename = "IAM007")]
    Undeclared,
    /// The declared permissions boundary is missing, or the principal can bypass it.
    #[serde(rename = "IAM008")]
    Boundary,
    /// A baseline entry is stale or ambiguous, or an exception has expired.
    #[serde(rename = "IAM009")]
    Baseline,
    /// The principal could not be decided.
    #[serde(rename = "IAM010")]
    Undecided,
    /// Declared access is not granted.
    #[serde(rename = "IAM011")]
    Narrower,
}

impl RuleId {
    /// All rules with their ids, in order.
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

    /// The id of the rule: `IAM001`.
    ///
    /// ```
    /// use iamdrift::audit::RuleId;
    ///
    /// assert_eq!(RuleId::Undecided.as_str(), "IAM010");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            RuleId::Broader => "IAM001",
            RuleId::Latent => "IAM002",
            RuleId::NotNarrower => "IAM003",
            RuleId::Unguarded => "IAM004",
            RuleId::Escalation => "IAM005",
            RuleId::Trust => "IAM006",
            RuleId::Undeclared => "IAM007",
            RuleId::Boundary => "IAM008",
            RuleId::Baseline => "IAM009",
            RuleId::Undecided => "IAM010",
            RuleId::Narrower => "IAM011",
        }
    }

    /// What the rule finds, in a few words.
    ///
    /// ```
    /// use iamdrift::audit::RuleId;
    ///
    /// for (id, rule) in RuleId::ALL {
    ///     println!("{id}: {}", rule.title());
    /// }
    /// ```
    pub fn title(self) -> &'static str {
        match self {
            RuleId::Broader => "broader than declared",
            RuleId::Latent => "latent: a wildcard will allow future actions",
            RuleId::NotNarrower => "agent not narrower than its operator, or role shared by humans and agents",
            RuleId::Unguarded => "guard not enforced or ineffective",
            RuleId::Escalation => "privilege escalation",
            RuleId::Trust => "undeclared trust",
            RuleId::Undeclared => "undeclared principal",
            RuleId::Boundary => "declared boundary missing or bypassable",
            RuleId::Baseline => "stale or ambiguous baseline entry, or expired exception",
            RuleId::Undecided => "undecided",
            RuleId::Narrower => "narrower than declared",
        }
    }

    /// Whether the rule runs if no rules are requested.
    pub(crate) fn on_by_default(self) -> bool {
        self != RuleId::Narrower
    }
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_list_agree() {
        assert!(RuleId::ALL.iter().all(|(id, rule)| rule.as_str() == *id));
    }
}
