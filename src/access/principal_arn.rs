//! Parses the ARN of a caller into a principal.

use super::layers::{PrincipalInfo, PrincipalType, SessionScope};
use super::session_providers::SessionProviders;
use crate::iam::{AccountId, Arn};

/// A text that is not the ARN of a principal.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not the ARN of a user, role, session, federated user or root user")]
pub struct InvalidPrincipalArn(String);

impl PrincipalInfo {
    /// The principal with an ARN: a user, a role (any of its sessions), a session of a role, a federated user, or the
    /// root user of an account.
    ///
    /// The ARN of a session does not contain the path of its role, so that the resulting role ARN has no path.
    pub fn from_arn(text: &str) -> Result<PrincipalInfo, InvalidPrincipalArn> {
        parse_principal_arn(text).ok_or_else(|| InvalidPrincipalArn(text.to_owned()))
    }
}

fn parse_principal_arn(text: &str) -> Option<PrincipalInfo> {
    let arn = Arn::parse(text)?;
    let account = AccountId::parse(arn.account())?;
    // Only the root user has a resource without a slash. The cases below reject an empty name of another kind.
    let (kind, name) = arn.resource().split_once('/').unwrap_or((arn.resource(), ""));
    let build_info = |arn, principal_type, sessions| PrincipalInfo {
        arn: Some(arn),
        account: Some(account.clone()),
        principal_type,
        unique_id: None,
        sessions,
        providers: SessionProviders::default(),
    };
    match (arn.service(), kind) {
        ("iam", "root") if name.is_empty() => Some(build_info(arn, PrincipalType::Root, SessionScope::Any)),
        ("iam", "user") if !name.is_empty() => Some(build_info(arn, PrincipalType::User, SessionScope::Any)),
        ("iam", "role") if name.starts_with("aws-service-role/") => {
            Some(build_info(arn, PrincipalType::ServiceLinkedRole, SessionScope::Any))
        }
        ("iam", "role") if !name.is_empty() => Some(build_info(arn, PrincipalType::Role, SessionScope::Any)),
        ("sts", "assumed-role") => {
            let (role, session) = name.split_once('/')?;
            if role.is_empty() || session.is_empty() {
                return None;
            }
            let role = Arn::parse(&format!("arn:{}:iam::{account}:role/{role}", arn.partition()))?;
            Some(build_info(role, PrincipalType::Role, SessionScope::Single(arn)))
        }
        ("sts", "federated-user") if !name.is_empty() => {
            Some(build_info(arn.clone(), PrincipalType::FederatedUser, SessionScope::Single(arn)))
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn parses_caller_arns() {
        let session = PrincipalInfo::from_arn("arn:aws-cn:sts::111122223333:assumed-role/app/s-1").unwrap();
        assert_eq!(session.arn.unwrap().as_str(), "arn:aws-cn:iam::111122223333:role/app");
        assert!(matches!(session.sessions, SessionScope::Single(_)));
        for (text, kind) in [
            ("arn:aws:iam::111122223333:root", PrincipalType::Root),
            ("arn:aws:iam::111122223333:user/p/alice", PrincipalType::User),
            ("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/X", PrincipalType::ServiceLinkedRole),
            ("arn:aws:sts::111122223333:federated-user/bob", PrincipalType::FederatedUser),
        ] {
            assert_eq!(PrincipalInfo::from_arn(text).unwrap().principal_type, kind);
        }
        for bad in
            ["alice", "arn:aws:iam::111122223333:group/g", "arn:aws:iam::1:user/a", "arn:aws:iam::111122223333:user/"]
        {
            assert!(PrincipalInfo::from_arn(bad).is_err(), "{bad}");
        }
    }
}
