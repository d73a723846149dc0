//! What the ARN of a caller tells of the principal.

use super::layers::{PrincipalFacts, PrincipalType, Sessions};
use crate::iam::{AccountId, Arn};

/// Why a text does not name a principal.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not the ARN of a user, role, session, federated user or root user")]
pub struct NotAPrincipal(String);

impl PrincipalFacts {
    /// The principal of that ARN: a user, a role (any of its sessions), a session of a role, a federated
    /// user, or an account's root user.
    ///
    /// A session's ARN does not hold its role's path; the role's ARN is then given without one.
    pub fn from_arn(text: &str) -> Result<PrincipalFacts, NotAPrincipal> {
        parse(text).ok_or_else(|| NotAPrincipal(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<PrincipalFacts> {
    let arn = Arn::parse(text)?;
    let account = AccountId::parse(arn.account())?;
    let (kind, name) = arn.resource().split_once('/').unwrap_or((arn.resource(), ""));
    let facts = |arn, principal_type, sessions| PrincipalFacts {
        arn: Some(arn),
        account: Some(account.clone()),
        principal_type,
        unique_id: None,
        sessions,
    };
    match (arn.service(), kind) {
        ("iam", "root") if name.is_empty() => Some(facts(arn, PrincipalType::Root, Sessions::Any)),
        ("iam", "user") if !name.is_empty() => Some(facts(arn, PrincipalType::User, Sessions::Any)),
        ("iam", "role") if name.starts_with("aws-service-role/") => {
            Some(facts(arn, PrincipalType::ServiceLinkedRole, Sessions::Any))
        }
        ("iam", "role") if !name.is_empty() => Some(facts(arn, PrincipalType::Role, Sessions::Any)),
        ("sts", "assumed-role") => {
            let (role, session) = name.split_once('/')?;
            if role.is_empty() || session.is_empty() {
                return None;
            }
            let role = Arn::parse(&format!("arn:{}:iam::{account}:role/{role}", arn.partition()))?;
            Some(facts(role, PrincipalType::Role, Sessions::One(arn)))
        }
        ("sts", "federated-user") if !name.is_empty() => {
            Some(facts(arn.clone(), PrincipalType::FederatedUser, Sessions::One(arn)))
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn callers() {
        let session = PrincipalFacts::from_arn("arn:aws-cn:sts::111122223333:assumed-role/app/s-1").unwrap();
        assert_eq!(session.arn.unwrap().as_str(), "arn:aws-cn:iam::111122223333:role/app");
        assert!(matches!(session.sessions, Sessions::One(_)));
        for (text, kind) in [
            ("arn:aws:iam::111122223333:root", PrincipalType::Root),
            ("arn:aws:iam::111122223333:user/p/alice", PrincipalType::User),
            ("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/X", PrincipalType::ServiceLinkedRole),
            ("arn:aws:sts::111122223333:federated-user/bob", PrincipalType::FederatedUser),
        ] {
            assert_eq!(PrincipalFacts::from_arn(text).unwrap().principal_type, kind);
        }
        for bad in
            ["alice", "arn:aws:iam::111122223333:group/g", "arn:aws:iam::1:user/a", "arn:aws:iam::111122223333:user/"]
        {
            assert!(PrincipalFacts::from_arn(bad).is_err(), "{bad}");
        }
    }
}
