//! The severity of actions.

use crate::audit::model::severity::Severity;
use crate::catalog::{AccessLevel, ActionId, Catalog, RiskClass};

/// The severity of access to an action.
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
        // Reads attributes of a resource, not its contents.
        AccessLevel::Read | AccessLevel::List | AccessLevel::Tagging => Severity::Low,
    }
}

/// The severity of a pattern of future actions, by its verb.
pub(crate) fn rate_future_name(pattern: &str) -> Severity {
    let name = pattern.split_once(':').map_or("", |(_, name)| name).to_ascii_lowercase();
    if ["get", "list", "describe"].iter().any(|verb| name.starts_with(verb)) { Severity::Low } else { Severity::Medium }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_depends_on_what_the_action_does() {
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
}
