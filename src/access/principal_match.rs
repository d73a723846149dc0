//! Whom a `Principal` or `NotPrincipal` element names (`docs/semantics.md` §2).

use super::layers::{PrincipalInfo, PrincipalType, SessionScope};
use crate::iam::{Arn, AwsPrincipal, ElementKind, PrincipalElement, PrincipalEntry};

/// How directly a statement speaks of the principal that asks. What an Allow is worth in the same account
/// depends on it (*Policy evaluation for requests within a single account*); the order is by worth.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum PrincipalMatch {
    /// By its account, which decides with identity policies who may.
    Account,
    /// By the role or user behind a session: permissions boundary and session policies still limit it.
    Entity,
    /// By the user or the session itself, or as anyone: no implicit deny of another layer limits it.
    Direct,
}

/// The principal of one evaluation: the facts, and the session that is meant if one is.
#[derive(Copy, Clone, Debug)]
pub(super) struct RequestPrincipal<'a> {
    pub info: &'a PrincipalInfo,
    pub session: Option<&'a Arn>,
    pub has_boundary: bool,
}

impl RequestPrincipal<'_> {
    /// How an element speaks of the principal; none where it does not.
    pub fn match_element(&self, element: &PrincipalElement) -> Option<PrincipalMatch> {
        match element.kind {
            ElementKind::List => element.entries.iter().filter_map(|entry| self.match_entry(entry)).max(),
            ElementKind::NotList => (!self.is_excluded_by(element)).then_some(PrincipalMatch::Direct),
        }
    }

    /// Whether a `NotPrincipal` leaves the principal out. AWS asks that its account be named beside it, and
    /// never spares a principal that has a permissions boundary.
    fn is_excluded_by(&self, element: &PrincipalElement) -> bool {
        let matches: Vec<PrincipalMatch> = element.entries.iter().filter_map(|entry| self.match_entry(entry)).collect();
        let anyone = element.entries.contains(&PrincipalEntry::Anyone);
        let is_named_directly =
            matches.iter().any(|n| *n != PrincipalMatch::Account) || self.info.principal_type == PrincipalType::Root;
        !self.has_boundary && (anyone || (matches.contains(&PrincipalMatch::Account) && is_named_directly))
    }

    fn match_entry(&self, entry: &PrincipalEntry) -> Option<PrincipalMatch> {
        match entry {
            // AWS says so of a wildcard with `aws:PrincipalArn` (*IAM role principals*); it is read so of any.
            PrincipalEntry::Anyone => Some(PrincipalMatch::Direct),
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => {
                (self.info.account.as_ref() == Some(account)).then_some(PrincipalMatch::Account)
            }
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => {
                let account = self.info.account.as_ref().map(|account| account.as_str());
                let partition = self.info.arn.as_ref().map_or(root.partition(), |principal| principal.partition());
                (account == Some(root.account()) && partition == root.partition()).then_some(PrincipalMatch::Account)
            }
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) if self.session == Some(arn) => Some(PrincipalMatch::Direct),
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => self.is_entity(arn).then(|| self.match_as_entity()),
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => {
                (self.info.unique_id.as_deref() == Some(&**id)).then(|| self.match_as_entity())
            }
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => None,
        }
    }

    fn match_as_entity(&self) -> PrincipalMatch {
        match self.info.principal_type {
            PrincipalType::User | PrincipalType::Root => PrincipalMatch::Direct,
            PrincipalType::Role | PrincipalType::ServiceLinkedRole | PrincipalType::FederatedUser => {
                PrincipalMatch::Entity
            }
        }
    }

    /// Whether an ARN is the user's or role's own. A session's ARN does not tell its role's path: where that
    /// is all there is to go by, the name decides, which is unique in its account.
    fn is_entity(&self, arn: &Arn) -> bool {
        let Some(principal_arn) = &self.info.arn else { return false };
        if principal_arn == arn {
            return true;
        }
        let path_unknown =
            matches!(self.info.sessions, SessionScope::Single(_)) && principal_arn.resource().matches('/').count() == 1;
        path_unknown
            && (principal_arn.partition(), principal_arn.service(), principal_arn.account())
                == (arn.partition(), arn.service(), arn.account())
            && arn.resource().starts_with("role/")
            && principal_arn.resource().rsplit('/').next() == arn.resource().rsplit('/').next()
    }
}

/// How a `Principal` or `NotPrincipal` speaks of a principal, or of one session of it; none where it does not.
pub fn match_principal(
    info: &PrincipalInfo,
    session: Option<&Arn>,
    has_boundary: bool,
    element: &PrincipalElement,
) -> Option<PrincipalMatch> {
    RequestPrincipal { info: info, session, has_boundary }.match_element(element)
}

/// The sessions of a role that an element names.
pub fn find_named_sessions<'e>(info: &PrincipalInfo, element: &'e PrincipalElement) -> impl Iterator<Item = &'e Arn> {
    let role = match info.principal_type {
        PrincipalType::Role | PrincipalType::ServiceLinkedRole => info.arn.as_ref(),
        _ => None,
    };
    element.entries.iter().filter_map(move |entry| match entry {
        PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => role.is_some_and(|r| is_session_of(arn, r)).then_some(arn),
        _ => None,
    })
}

/// Whether an ARN is that of a session of this role.
pub(super) fn is_session_of(session: &Arn, role: &Arn) -> bool {
    let mut parts = session.resource().splitn(3, '/');
    session.service() == "sts"
        && (session.partition(), session.account()) == (role.partition(), role.account())
        && parts.next() == Some("assumed-role")
        && parts.next() == role.resource().rsplit('/').next()
}
