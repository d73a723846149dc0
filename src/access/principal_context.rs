//! What a snapshot tells of the context of a principal's requests (`docs/semantics.md` §3).

use super::known_context::{KeyFact, KnownContext};
use crate::iam::{AccountId, ActionPattern, ContextKey, Effect, ElementKind, PolicyDocument};
use crate::snapshot::{IamEntityKind, Principal, Snapshot};

/// The actions by which whoever assumes a role can bring tags with the session.
const SESSION_TAG_ACTIONS: [&str; 3] = ["tagsession", "assumerolewithsaml", "assumerolewithwebidentity"];

/// What is known of the context of every direct request of a principal, in whatever session.
pub fn build_known_context(snapshot: &Snapshot, principal: &Principal) -> KnownContext {
    let mut known = KnownContext::unconstrained();
    let value = |text: &str| KeyFact::Value(text.to_owned());
    known.set("aws:PrincipalArn", value(principal.arn.as_str()));
    known.set("aws:PrincipalAccount", value(principal.arn.account()));
    let id = principal.unique_id.as_deref();
    if principal.entity_kind == IamEntityKind::User {
        known.set("aws:PrincipalType", value("User"));
        known.set("aws:username", value(&principal.name));
        known.set("aws:userid", id.map_or(KeyFact::Present, value));
    } else {
        known.set("aws:PrincipalType", value("AssumedRole"));
        known.set("aws:username", KeyFact::Missing);
        known.set("aws:userid", id.map_or(KeyFact::Present, |id| KeyFact::StartsWith(format!("{id}:"))));
    }
    // An account that is not in this organization may be in another: then nothing is known.
    let path = snapshot.organization.as_ref().and_then(|organization| {
        let account = AccountId::parse(principal.arn.account())?;
        Some((organization, organization.principal_org_path(&account)?))
    });
    if let Some((organization, path)) = path {
        known.set("aws:PrincipalOrgID", value(&organization.id));
        known.set("aws:PrincipalOrgPaths", KeyFact::Set(vec![path]));
    }
    if has_fixed_tags(principal) {
        known.set_principal_tags(principal.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    known
}

/// Whether one principal can have another value of a key than the next, in the same request.
pub fn is_principal_specific(key: &ContextKey) -> bool {
    key.lower().starts_with("aws:principal") || matches!(key.lower(), "aws:userid" | "aws:username")
}

/// A user's tags are its own; a role's are joined by the session's, where its trust lets a session bring any.
fn has_fixed_tags(principal: &Principal) -> bool {
    match (&principal.entity_kind, &principal.trust_policy) {
        (IamEntityKind::User, _) => true,
        (_, Some(trust)) => !allows_session_tags(&trust.document),
        (_, None) => false,
    }
}

fn allows_session_tags(trust: &PolicyDocument) -> bool {
    trust.statements.iter().filter(|statement| statement.effect == Effect::Allow).any(|statement| {
        let element = &statement.action;
        SESSION_TAG_ACTIONS.iter().any(|name| {
            let is_listed = element.patterns.iter().any(|pattern| matches_sts_action(pattern, name));
            is_listed == (element.kind == ElementKind::List)
        })
    })
}

fn matches_sts_action(pattern: &ActionPattern, sts_action: &str) -> bool {
    matches_glob(pattern.service().as_bytes(), b"sts") && matches_glob(pattern.name().as_bytes(), sts_action.as_bytes())
}

/// Whether a glob matches a text: `*` any run, `?` any one. The last star is the only one to try again.
fn matches_glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(expected), Some(found)) if *expected == b'?' || expected == found => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                p = after + 1;
                t = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|b| *b == b'*')
}
