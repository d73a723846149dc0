//! User, role, SSO role or service-linked role, derived from the ARN.

use crate::iam::Arn;

/// The kind of an IAM entity. Who uses it (a human, an agent, a workload) is another question.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum IamEntityKind {
    /// An IAM user.
    User,
    /// A role that the account created.
    Role,
    /// A role that IAM Identity Center created for a permission set (`AWSReservedSSO_*`).
    SsoRole,
    /// A service-linked role (path `/aws-service-role/`). SCPs and RCPs do not affect it.
    ServiceLinkedRole,
}

// AWS: "IAM identifiers", "Service-linked roles": customers cannot create roles under these paths.
const SERVICE_LINKED_PREFIX: &str = "role/aws-service-role/";
const IDENTITY_CENTER_PREFIX: &str = "role/aws-reserved/sso.amazonaws.com/";

impl IamEntityKind {
    /// The kind of a role. The path decides, because AWS reserves it; any role can have any name.
    pub(crate) fn from_role_arn(arn: &Arn) -> IamEntityKind {
        match arn.resource() {
            resource if resource.starts_with(SERVICE_LINKED_PREFIX) => IamEntityKind::ServiceLinkedRole,
            resource if resource.starts_with(IDENTITY_CENTER_PREFIX) => IamEntityKind::SsoRole,
            _ => IamEntityKind::Role,
        }
    }

    /// Whether an AWS service owns it.
    pub fn is_service_linked(self) -> bool {
        self == IamEntityKind::ServiceLinkedRole
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn kind_follows_from_path() {
        let kind = |arn: &str| IamEntityKind::from_role_arn(&Arn::parse(arn).unwrap());
        assert_eq!(
            kind("arn:aws-cn:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
            IamEntityKind::ServiceLinkedRole
        );
        assert_eq!(
            kind("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123"),
            IamEntityKind::SsoRole
        );
        assert_eq!(kind("arn:aws:iam::111122223333:role/AWSReservedSSO_Fake_0123"), IamEntityKind::Role);
        assert_eq!(kind("arn:aws:iam::111122223333:role/AWSServiceRoleForNothing"), IamEntityKind::Role);
    }
}
