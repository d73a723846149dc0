//! The known context of a principal's requests, from a snapshot (`docs/semantics.md` §3).

use super::known_context::{KeyFact, KnownContext};
use crate::base::glob::matches_glob;
use crate::iam::{AccountId, ActionPattern, ContextKey, Effect, ElementKind, PolicyDocument};
use crate::snapshot::{IamEntityKind, Principal, Snapshot};

/// The actions with which the assumer of a role can set session tags.
const SESSION_TAG_ACTIONS: [&str; 3] = ["tagsession", "assumerolewithsaml", "assumerolewithwebidentity"];

/// The known context of every direct request of a principal, in any of its sessions.
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
    // An account outside this organization can be in another one, so nothing is known about it.
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

/// Whether the value of a key depends on the principal that makes the request.
pub fn is_principal_specific(key: &ContextKey) -> bool {
    key.lower().starts_with("aws:principal") || matches!(key.lower(), "aws:userid" | "aws:username")
}

/// Whether the tags in a request are exactly the tags of the user or role. Session tags add to a role's tags if its
/// trust policy allows the caller to set them.
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
    matches_glob(pattern.service(), "sts") && matches_glob(pattern.name(), sts_action)
}
