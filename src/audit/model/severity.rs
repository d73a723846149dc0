//! How bad a finding is: what its excess can do, one step up for agents.

use serde::{Deserialize, Serialize};

use crate::catalog::{AccessLevel, ActionId, Catalog, RiskClass};

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
    pub fn raise_one_step(self) -> Severity {
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

/// How bad it is to have an action.
pub(crate) fn rate_action(catalog: &Catalog, action: ActionId) -> Severity {
    let classes = catalog.risk_classes(action);
    if classes.contains(RiskClass::Escalation) {
        return Severity::Critical;
    }
    if classes.contains(RiskClass::Destructive) || classes.contains(RiskClass::PermissionsManagement) {
        return Severity::High;
    }
    match catalog.access_level(action) {
        AccessLevel::PermissionsManagement => Severity::High,
        AccessLevel::Write => Severity::Medium,
        _ if classes.contains(RiskClass::DataRead) => Severity::Medium,
        // What a resource is like, not what it holds.
        AccessLevel::Read | AccessLevel::List | AccessLevel::Tagging => Severity::Low,
    }
}

/// How bad a name is that does not exist yet: its verb is all there is to go by.
pub(crate) fn rate_future_name(pattern: &str) -> Severity {
    let name = pattern.split_once(':').map_or("", |(_, name)| name).to_ascii_lowercase();
    if ["get", "list", "describe"].iter().any(|verb| name.starts_with(verb)) { Severity::Low } else { Severity::Medium }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_follows_what_an_action_can_do() {
        let catalog = Catalog::embedded();
        let severity_of =
            |name| catalog.find_action(name).map(|action| rate_action(catalog, action)).unwrap_or(Severity::Info);
        assert_eq!(severity_of("iam:AttachRolePolicy"), Severity::Critical);
        assert_eq!(severity_of("cloudformation:DeleteStack"), Severity::High);
        assert_eq!(severity_of("s3:PutBucketPolicy"), Severity::High);
        assert_eq!(severity_of("s3:GetObject"), Severity::Medium);
        assert_eq!(severity_of("sqs:SendMessage"), Severity::Medium);
        assert_eq!(severity_of("ec2:DescribeInstances"), Severity::Low);
        assert_eq!(severity_of("ec2:CreateTags"), Severity::Low);
        assert_eq!(rate_future_name("s3:GetNew*"), Severity::Low);
        assert_eq!(rate_future_name("s3:*"), Severity::Medium);
    }

    #[test]
    fn raised_severity_is_one_step_worse() {
        let raised: Vec<_> = Severity::ALL.iter().map(|(_, severity)| severity.raise_one_step()).collect();
        use Severity::*;
        assert_eq!(raised, [Critical, Critical, High, Medium, Info]);
    }
}
