//! The grants of a trust policy once each, and the trust policy as it applies to one of them.

use std::sync::Arc;

use super::grant::{TrustGrant, list_conditional_grants, parse_principal_element};
use crate::iam::element::ActionElement;
use crate::iam::{Arn, Effect, ElementKind, PolicyDocument, PrincipalElement, Statement};

/// Finds the ARN of the principal with a unique ID. `None` if no principal of the snapshot has it.
pub(super) type UniqueIdResolver<'r> = &'r dyn Fn(&str) -> Option<Arn>;

/// The grants of a trust policy, each once, as [`restrict_to_grant`] takes them: unique IDs are resolved to ARNs, and
/// `*` also includes every OIDC and every SAML provider.
pub(super) fn list_distinct_grants(document: &PolicyDocument, resolve: UniqueIdResolver<'_>) -> Vec<TrustGrant> {
    let mut distinct = Vec::new();
    for conditional in list_conditional_grants(document) {
        for grant in resolve_grant(conditional.grant, resolve) {
            if !distinct.contains(&grant) {
                distinct.push(grant);
            }
        }
    }
    distinct
}

/// The grants that the solver is asked about in place of one grant. A unique ID that no principal of the snapshot has
/// is that of a deleted principal, which cannot assume the role (AWS: IAM identifiers).
pub(super) fn resolve_grant(grant: TrustGrant, resolve: UniqueIdResolver<'_>) -> Vec<TrustGrant> {
    match grant {
        // `*` includes federated identities; the action decides which identities can use the grant.
        TrustGrant::Anyone => vec![TrustGrant::Anyone, TrustGrant::AnyOidcProvider, TrustGrant::AnySamlProvider],
        TrustGrant::AnyoneExcept(_) => vec![TrustGrant::Anyone],
        TrustGrant::UniqueId(id) => resolve(&id).map(TrustGrant::Principal).into_iter().collect(),
        grant => vec![grant],
    }
}

/// The trust policy as it applies to one grant: the same statements at the same positions, without principals. A
/// statement that does not apply to the grant has no action.
pub(super) fn restrict_to_grant(
    document: &PolicyDocument,
    grant: &TrustGrant,
    resolve: UniqueIdResolver<'_>,
) -> Arc<PolicyDocument> {
    let mut restricted = document.clone();
    for statement in &mut restricted.statements {
        let is_applicable =
            statement.principal.take().is_none_or(|element| applies_to_grant(statement, &element, grant, resolve));
        if !is_applicable {
            statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
        }
    }
    Arc::new(restricted)
}

/// The policy with one Allow statement, at the same position. The other statements have no action.
pub(super) fn keep_statement(document: &PolicyDocument, index: usize) -> PolicyDocument {
    let mut kept = document.clone();
    for statement in kept.statements.iter_mut().filter(|statement| statement.index != index) {
        statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
        statement.principal = None;
    }
    kept
}

/// Whether a statement applies to every caller of a grant. A Deny that applies to some of them only is left out, so
/// that the grant is never narrower than in AWS.
pub(super) fn applies_to_grant(
    statement: &Statement,
    element: &PrincipalElement,
    grant: &TrustGrant,
    resolve: UniqueIdResolver<'_>,
) -> bool {
    let listed: Vec<TrustGrant> =
        parse_principal_element(element).into_iter().flat_map(|grant| resolve_grant(grant, resolve)).collect();
    match (statement.effect, element.kind) {
        (Effect::Allow, ElementKind::List) => listed.contains(grant),
        (Effect::Allow, ElementKind::NotList) => *grant == TrustGrant::Anyone,
        (Effect::Deny, ElementKind::List) => listed.iter().any(|denied| denied.includes(grant)),
        (Effect::Deny, ElementKind::NotList) => {
            let exempts_grant = |exempt: &TrustGrant| {
                *exempt == TrustGrant::Anyone || exempt == grant || exempt.account_id() == grant.account_id()
            };
            *grant != TrustGrant::Anyone && !listed.iter().any(exempts_grant)
        }
    }
}
