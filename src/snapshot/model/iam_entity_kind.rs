//! What kind of principal an entity is, as far as its ARN alone tells.

use crate::iam::Arn;

/// What an entity of an account is. Who uses it (a person, an agent, a workload) is not told here.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum IamEntityKind {
    /// An IAM user.
    User,
    /// A role of the account's own.
    Role,
    /// A role that IAM Identity Center keeps for a permission set (`AWSReservedSSO_*`).
    SsoRole,
    /// A role of an AWS service, of path `/aws-service-role/`: bound by no SCP and no RCP.
    ServiceLinkedRole,
}

/// The paths that no customer can create roles in (*IAM identifiers*; *Service-linked roles*).
const SERVICE_LINKED_PREFIX: &str = "role/aws-service-role/";
const IDENTITY_CENTER_PREFIX: &str = "role/aws-reserved/sso.amazonaws.com/";

impl IamEntityKind {
    /// The kind of a role. The path decides, which AWS reserves; a name anyone can give.
    pub fn from_role_arn(arn: &Arn) -> IamEntityKind {
        match arn.resource() {
            resource if resource.starts_with(SERVICE_LINKED_PREFIX) => IamEntityKind::ServiceLinkedRole,
            resource if resource.starts_with(IDENTITY_CENTER_PREFIX) => IamEntityKind::SsoRole,
            _ => IamEntityKind::Role,
        }
    }

    /// Whether IAM Identity Center made it.
    pub fn is_sso(self) -> bool {
        self == IamEntityKind::SsoRole
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
