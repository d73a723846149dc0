//! A trust policy that an exception accepts, as it applies to one grant.

use std::sync::Arc;

use super::grant::{TrustGrant, parse_principal_element};
use super::restricted_policy::{UniqueIdResolver, applies_to_grant, resolve_grant};
use crate::iam::element::ActionElement;
use crate::iam::{Effect, ElementKind, PolicyDocument, Statement};

/// The part of an accepted trust policy that applies to a grant. `None` if it accepts nothing there.
///
/// An accepted grant includes narrower ones: one to an account includes its roles. A Deny for some callers of a grant
/// cannot be compared by the solver, so it must be in the current trust policy, too.
pub(super) fn restrict_accepted(
    accepted: &PolicyDocument,
    current: &PolicyDocument,
    grant: &TrustGrant,
    resolve: UniqueIdResolver<'_>,
) -> Option<Arc<PolicyDocument>> {
    let mut restricted = accepted.clone();
    for statement in &mut restricted.statements {
        let is_applicable = match statement.effect {
            Effect::Allow => accepts_grant(statement, grant, resolve),
            Effect::Deny => {
                let applies =
                    statement.principal.as_ref().is_none_or(|p| applies_to_grant(statement, p, grant, resolve));
                if !applies && !current.statements.contains(statement) && may_concern(statement, grant, resolve) {
                    return None;
                }
                applies
            }
        };
        statement.principal = None;
        if !is_applicable {
            statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
        }
    }
    let has_allow = |s: &Statement| s.effect == Effect::Allow && !s.action.patterns.is_empty();
    restricted.statements.iter().any(has_allow).then(|| Arc::new(restricted))
}

/// Whether an Allow statement names a grant, or one that includes it.
fn accepts_grant(statement: &Statement, grant: &TrustGrant, resolve: UniqueIdResolver<'_>) -> bool {
    let Some(element) = &statement.principal else { return false };
    if element.kind == ElementKind::NotList {
        return *grant == TrustGrant::Anyone;
    }
    let includes = |wider: &TrustGrant| {
        wider == grant
            || match grant {
                TrustGrant::Principal(_) => {
                    *wider == TrustGrant::Anyone || grant.account_id().map(TrustGrant::Account).as_ref() == Some(wider)
                }
                TrustGrant::Account(_) => *wider == TrustGrant::Anyone,
                TrustGrant::Oidc { .. } => *wider == TrustGrant::AnyOidcProvider,
                TrustGrant::Saml { .. } => *wider == TrustGrant::AnySamlProvider,
                _ => false,
            }
    };
    parse_principal_element(element).into_iter().flat_map(|listed| resolve_grant(listed, resolve)).any(|l| includes(&l))
}

/// Whether a Deny could concern a caller of a grant.
fn may_concern(statement: &Statement, grant: &TrustGrant, resolve: UniqueIdResolver<'_>) -> bool {
    let Some(element) = &statement.principal else { return true };
    if element.kind == ElementKind::NotList {
        return true;
    }
    let listed = parse_principal_element(element).into_iter().flat_map(|listed| resolve_grant(listed, resolve));
    listed.into_iter().any(|listed| match grant {
        TrustGrant::Account(_) => listed.account_id() == grant.account_id(),
        TrustGrant::Principal(_) => listed == *grant,
        TrustGrant::Anyone => !matches!(listed, TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider),
        TrustGrant::AnyOidcProvider => matches!(listed, TrustGrant::Oidc { .. }),
        TrustGrant::AnySamlProvider => matches!(listed, TrustGrant::Saml { .. }),
        other => listed == *other,
    })
}
