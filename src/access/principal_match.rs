//! Whom a `Principal` or `NotPrincipal` element names (`docs/semantics.md` §2).

use super::layers::{PrincipalFacts, PrincipalType, Sessions};
use crate::iam::{Arn, AwsPrincipal, Listing, PrincipalElement, PrincipalEntry};

/// How directly a statement speaks of the principal that asks. What an Allow is worth in the same account
/// depends on it (*Policy evaluation for requests within a single account*); the order is by worth.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum Naming {
    /// By its account, which decides with identity policies who may.
    Account,
    /// By the role or user behind a session: permissions boundary and session policies still limit it.
    Entity,
    /// By the user or the session itself, or as anyone: no implicit deny of another layer limits it.
    Itself,
}

/// The principal of one evaluation: the facts, and the session that is meant if one is.
#[derive(Copy, Clone, Debug)]
pub(super) struct Asker<'a> {
    pub facts: &'a PrincipalFacts,
    pub session: Option<&'a Arn>,
    pub has_boundary: bool,
}

impl Asker<'_> {
    /// How an element speaks of the principal; none where it does not.
    pub fn named_by(&self, element: &PrincipalElement) -> Option<Naming> {
        match element.listing {
            Listing::Only => element.entries.iter().filter_map(|entry| self.named(entry)).max(),
            Listing::AllBut => (!self.is_spared(element)).then_some(Naming::Itself),
        }
    }

    /// Whether a `NotPrincipal` leaves the principal out. AWS asks that its account be named beside it, and
    /// never spares a principal that has a permissions boundary.
    fn is_spared(&self, element: &PrincipalElement) -> bool {
        let named: Vec<Naming> = element.entries.iter().filter_map(|entry| self.named(entry)).collect();
        let anyone = element.entries.contains(&PrincipalEntry::Anyone);
        let itself = named.iter().any(|n| *n != Naming::Account) || self.facts.principal_type == PrincipalType::Root;
        !self.has_boundary && (anyone || (named.contains(&Naming::Account) && itself))
    }

    fn named(&self, entry: &PrincipalEntry) -> Option<Naming> {
        match entry {
            // AWS says so of a wildcard with `aws:PrincipalArn` (*IAM role principals*); it is read so of any.
            PrincipalEntry::Anyone => Some(Naming::Itself),
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => {
                (self.facts.account.as_ref() == Some(account)).then_some(Naming::Account)
            }
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => {
                let account = self.facts.account.as_ref().map(|account| account.as_str());
                let partition = self.facts.arn.as_ref().map_or(root.partition(), |own| own.partition());
                (account == Some(root.account()) && partition == root.partition()).then_some(Naming::Account)
            }
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) if self.session == Some(arn) => Some(Naming::Itself),
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => self.is_entity(arn).then(|| self.as_entity()),
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => {
                (self.facts.unique_id.as_deref() == Some(&**id)).then(|| self.as_entity())
            }
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => None,
        }
    }

    fn as_entity(&self) -> Naming {
        match self.facts.principal_type {
            PrincipalType::User | PrincipalType::Root => Naming::Itself,
            PrincipalType::Role | PrincipalType::ServiceLinkedRole | PrincipalType::FederatedUser => Naming::Entity,
        }
    }

    /// Whether an ARN is the user's or role's own. A session's ARN does not tell its role's path: where that
    /// is all there is to go by, the name decides, which is unique in its account.
    fn is_entity(&self, arn: &Arn) -> bool {
        let Some(own) = &self.facts.arn else { return false };
        if own == arn {
            return true;
        }
        let path_unknown = matches!(self.facts.sessions, Sessions::One(_)) && own.resource().matches('/').count() == 1;
        path_unknown
            && (own.partition(), own.service(), own.account()) == (arn.partition(), arn.service(), arn.account())
            && arn.resource().starts_with("role/")
            && own.resource().rsplit('/').next() == arn.resource().rsplit('/').next()
    }
}

/// How a `Principal` or `NotPrincipal` speaks of a principal, or of one session of it; none where it does not.
pub fn naming(
    facts: &PrincipalFacts,
    session: Option<&Arn>,
    has_boundary: bool,
    element: &PrincipalElement,
) -> Option<Naming> {
    Asker { facts, session, has_boundary }.named_by(element)
}

/// The sessions of a role that an element names.
pub fn sessions_named<'e>(facts: &PrincipalFacts, element: &'e PrincipalElement) -> impl Iterator<Item = &'e Arn> {
    let role = match facts.principal_type {
        PrincipalType::Role | PrincipalType::ServiceLinkedRole => facts.arn.as_ref(),
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
