//! Whether a `Principal` or `NotPrincipal` element matches a principal (`docs/semantics.md` §2).

use super::layers::{PrincipalInfo, PrincipalType, SessionScope};
use super::request::Request;
use crate::iam::{
    Ambiguity, Arn, AwsPrincipal, ContextKey, Effect, ElementKind, Interpretation, PrincipalElement, PrincipalEntry,
};

/// How a `Principal` element matches a principal. It determines which layers limit an Allow within one account. The
/// variants are in ascending order of effect. AWS: *Policy evaluation for requests within a single account*.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum PrincipalMatch {
    /// The element names the account. The identity policies must also allow the request.
    Account,
    /// The element names the role or user of the session. Permissions boundary and session policies limit the Allow.
    Entity,
    /// The element names the user or the session, or everyone. No implicit deny of another layer limits the Allow.
    Direct,
}

/// The principal of one evaluation, and its session, if the evaluation is about one session.
#[derive(Copy, Clone, Debug)]
pub(super) struct RequestPrincipal<'a> {
    pub info: &'a PrincipalInfo,
    pub session: Option<&'a Arn>,
    pub has_boundary: bool,
    /// How an element that names everyone matches.
    pub everyone: PrincipalMatch,
    /// What names in the element mean.
    pub interpretation: Interpretation,
}

impl RequestPrincipal<'_> {
    /// How the element of an Allow or a Deny matches the principal. `None` if it does not match.
    pub fn match_element(&self, element: &PrincipalElement, effect: Effect) -> Option<PrincipalMatch> {
        match element.kind {
            ElementKind::List => element.entries.iter().filter_map(|entry| self.match_entry(entry, effect)).max(),
            ElementKind::NotList => (!self.is_excluded_by(element)).then_some(PrincipalMatch::Direct),
        }
    }

    /// Whether a `NotPrincipal` element excludes the principal from the statement. AWS requires that the element also
    /// names the account, and never excludes a principal that has a permissions boundary.
    fn is_excluded_by(&self, element: &PrincipalElement) -> bool {
        let matches: Vec<PrincipalMatch> =
            element.entries.iter().filter_map(|entry| self.match_entry(entry, Effect::Allow)).collect();
        let anyone = element.entries.contains(&PrincipalEntry::Anyone);
        let is_named_directly =
            matches.iter().any(|n| *n != PrincipalMatch::Account) || self.info.principal_type == PrincipalType::Root;
        // A canonical user ID alone may spare the principal, as the number of its account may.
        let has_own_id = self.is_own_canonical_id()
            && element.entries.iter().any(|entry| matches!(entry, PrincipalEntry::CanonicalUser(_)));
        // AWS says that the policy might deny the principal if its name or that of its account is missing.
        // AWS: AWS JSON policy elements: NotPrincipal
        let is_spared = match self.interpretation.is_alternative(Ambiguity::PartialNotPrincipal) || has_own_id {
            false => matches.contains(&PrincipalMatch::Account) && is_named_directly,
            true => !matches.is_empty(),
        };
        !self.has_boundary && (anyone || is_spared)
    }

    fn match_entry(&self, entry: &PrincipalEntry, effect: Effect) -> Option<PrincipalMatch> {
        match entry {
            // AWS documents this for a wildcard with `aws:PrincipalArn` (*IAM role principals*). Applied to any wildcard.
            PrincipalEntry::Anyone => Some(self.everyone),
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
            PrincipalEntry::Federated(provider) => {
                self.info.providers.applies_to(provider, effect).then_some(PrincipalMatch::Direct)
            }
            // "Both of these IDs identify the same account." The snapshot does not have the canonical IDs of accounts.
            // AWS: Principals for bucket policies
            PrincipalEntry::CanonicalUser(_) => self.is_own_canonical_id().then_some(PrincipalMatch::Account),
            PrincipalEntry::Service(_) => None,
        }
    }

    /// Whether a canonical user ID counts as that of the principal's account.
    fn is_own_canonical_id(&self) -> bool {
        self.interpretation.is_alternative(Ambiguity::CanonicalUser)
    }

    fn match_as_entity(&self) -> PrincipalMatch {
        match self.info.principal_type {
            PrincipalType::User | PrincipalType::Root => PrincipalMatch::Direct,
            PrincipalType::Role | PrincipalType::ServiceLinkedRole | PrincipalType::FederatedUser => {
                PrincipalMatch::Entity
            }
        }
    }

    /// Whether an ARN is the ARN of the user or role. If only the ARN of a session is known, the path of the role is
    /// unknown, and the name decides. Role names are unique in an account.
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

/// How a `Principal` or `NotPrincipal` element matches a principal or one of its sessions. `None` if it does not match.
/// `everyone`: how an element that names everyone matches.
pub fn match_principal(
    info: &PrincipalInfo,
    session: Option<&Arn>,
    has_boundary: bool,
    everyone: PrincipalMatch,
    (element, effect): (&PrincipalElement, Effect),
    interpretation: Interpretation,
) -> Option<PrincipalMatch> {
    RequestPrincipal { info, session, has_boundary, everyone, interpretation }.match_element(element, effect)
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

/// Whether an ARN is the ARN of a session of a role.
pub(super) fn is_session_of(session: &Arn, role: &Arn) -> bool {
    let mut parts = session.resource().splitn(3, '/');
    session.service() == "sts"
        && (session.partition(), session.account()) == (role.partition(), role.account())
        && parts.next() == Some("assumed-role")
        && parts.next() == role.resource().rsplit('/').next()
}

/// Whether a session can make a request: `aws:userid` ends with the name of the session. AWS: *AWS global condition
/// context keys*.
pub(super) fn is_session_of_request(session: &Arn, request: &Request) -> bool {
    let name = session.resource().rsplit('/').next().unwrap_or_default();
    let id = request.context.get(&ContextKey::new("aws:userid"));
    id.is_none_or(|id| id.values().iter().all(|id| id.split_once(':').is_none_or(|(_, session)| session == name)))
}
