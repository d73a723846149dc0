//! User, role, SSO role or service-linked role, derived from the ARN.

use crate::iam::principal_element::normalize_service_name;
use crate::iam::{Arn, Effect, ElementKind, PolicyDocument, PrincipalEntry};

/// The kind of an IAM entity. Who uses it (a human, an agent, a workload) is another question.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum IamEntityKind {
    /// An IAM user.
    User,
    /// A role that the account created.
    Role,
    /// A role that IAM Identity Center created for a permission set (`AWSReservedSSO_*`), with its trust policy.
    SsoRole,
    /// A service-linked role (path `/aws-service-role/`), with its trust policy. SCPs and RCPs do not affect it.
    ServiceLinkedRole,
}

// AWS: "IAM identifiers", "Service-linked roles": customers cannot create roles under these paths.
const SERVICE_LINKED_PREFIX: &str = "role/aws-service-role/";
const IDENTITY_CENTER_PREFIX: &str = "role/aws-reserved/sso.amazonaws.com/";

impl IamEntityKind {
    /// The kind of a role. A role is AWS's if it has a path that AWS reserves and the trust policy that AWS gives it: for
    /// a service-linked role, the service of its path alone; for a role of IAM Identity Center, the SAML provider that
    /// Identity Center creates in the same account. Any other role is an ordinary role, whatever its path says.
    pub(crate) fn of_role(arn: &Arn, trust: Option<&PolicyDocument>) -> IamEntityKind {
        let Some(trust) = trust else { return IamEntityKind::Role };
        if let Some(rest) = arn.resource().strip_prefix(SERVICE_LINKED_PREFIX) {
            let service = normalize_service_name(rest.split('/').next().unwrap_or(rest));
            let is_service = |entry: &PrincipalEntry| matches!(entry, PrincipalEntry::Service(name) if normalize_service_name(name) == service);
            if trusts_only(trust, is_service) {
                return IamEntityKind::ServiceLinkedRole;
            }
        }
        if arn.resource().starts_with(IDENTITY_CENTER_PREFIX) {
            let provider = format!("arn:{}:iam::{}:saml-provider/AWSSSO_", arn.partition(), arn.account());
            let is_provider = |entry: &PrincipalEntry| match entry {
                PrincipalEntry::Federated(text) => text
                    .strip_prefix(&provider)
                    .is_some_and(|rest| rest.ends_with("_DO_NOT_DELETE") && !rest.contains(['/', ':'])),
                _ => false,
            };
            if trusts_only(trust, is_provider) {
                return IamEntityKind::SsoRole;
            }
        }
        IamEntityKind::Role
    }

    /// Whether an AWS service owns it.
    pub fn is_service_linked(self) -> bool {
        self == IamEntityKind::ServiceLinkedRole
    }
}

/// Whether a trust policy allows some principals, all of them of one form.
fn trusts_only(trust: &PolicyDocument, is_expected: impl Fn(&PrincipalEntry) -> bool) -> bool {
    let mut allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow).peekable();
    allows.peek().is_some()
        && allows.all(|statement| {
            let element = statement.principal.as_ref().filter(|element| element.kind == ElementKind::List);
            element.is_some_and(|element| !element.entries.is_empty() && element.entries.iter().all(&is_expected))
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    use crate::iam::DocumentKind;
    use crate::source::SourceFile;

    fn kind(arn: &str, principal: &str) -> IamEntityKind {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "sts:*"}}]}}"#
        );
        let trust = PolicyDocument::parse(&SourceFile::new("trust.json", text), DocumentKind::Trust).ok();
        IamEntityKind::of_role(&Arn::parse(arn).unwrap(), trust.as_ref())
    }

    #[test]
    fn a_reserved_path_needs_the_trust_policy_of_aws() {
        let linked = "arn:aws-cn:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        for (principal, expected) in [
            (r#"{"Service": "ecs.amazonaws.com"}"#, IamEntityKind::ServiceLinkedRole),
            (r#"{"Service": "ecs.amazonaws.com.cn"}"#, IamEntityKind::ServiceLinkedRole),
            (r#"{"Service": "ec2.amazonaws.com"}"#, IamEntityKind::Role),
            (r#"{"Service": "ecs.amazonaws.com", "AWS": "555566667777"}"#, IamEntityKind::Role),
            (r#""*""#, IamEntityKind::Role),
            ("7", IamEntityKind::Role),
        ] {
            assert_eq!(kind(linked, principal), expected, "{principal}");
        }
        let sso = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123";
        let provider =
            |account: &str, name: &str| format!(r#"{{"Federated": "arn:aws:iam::{account}:saml-provider/{name}"}}"#);
        let own = "AWSSSO_0123456789abcdef_DO_NOT_DELETE";
        assert_eq!(kind(sso, &provider("111122223333", own)), IamEntityKind::SsoRole);
        assert_eq!(kind(sso, &provider("555566667777", own)), IamEntityKind::Role);
        assert_eq!(kind(sso, &provider("111122223333", "corp")), IamEntityKind::Role);
        assert_eq!(kind(sso, r#"{"AWS": "111122223333"}"#), IamEntityKind::Role);
        for arn in [
            "arn:aws:iam::111122223333:role/AWSReservedSSO_Fake_0123",
            "arn:aws:iam::111122223333:role/AWSServiceRoleForECS",
            "arn:aws:iam::111122223333:role/x/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        ] {
            assert_eq!(kind(arn, r#"{"Service": "ecs.amazonaws.com"}"#), IamEntityKind::Role, "{arn}");
        }
    }
}
