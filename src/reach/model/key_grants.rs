//! What a principal can do with a KMS key after it creates a grant for itself.

use std::sync::Arc;

use crate::access::{KeyFact, Layers, PolicyOrigin, PolicyRef, decide_condition};
use crate::iam::condition::{Condition, Quantifier};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Effect, PolicyDocument, Statement};
use crate::trust::{TrustGrant, parse_principal_element};

const NAME: &str = "grant of a KMS key";
const CREATE_GRANT: &str = "kms:CreateGrant";
/// What such a grant is worth. Other operations of grants depend on the type of the key, which a snapshot does not have.
const OPERATION: &str = "Decrypt";

/// A policy that allows to decrypt with each key for which the policies allow a grant.
// AWS: Grants in AWS KMS; CreateGrant (AWS KMS API Reference)
pub(super) fn build_key_grant(layers: &Layers) -> PolicyRef {
    let boundary = layers.boundary.iter().flatten();
    let scps = layers.scps.iter().flatten().flat_map(|level| &level.policies);
    let limits = boundary.chain(scps).flat_map(|policy| &policy.document.statements);
    let own = layers.identity.iter().flat_map(|policy| &policy.document.statements);
    let denies = limits.filter(|statement| statement.effect == Effect::Deny);
    let mut statements: Vec<Statement> =
        own.chain(denies).filter_map(|statement| to_grant(layers, statement)).collect();
    for policy in layers.resource_policies.iter() {
        let resources = ResourceElement::listing(policy.resources.iter().map(|resource| resource.as_written()));
        let of_principal =
            policy.policy.document.statements.iter().filter(|statement| names_principal(layers, statement));
        let granted = of_principal.filter_map(|statement| to_grant(layers, statement));
        let on_key =
            granted.map(|statement| Statement { resource: Some(resources.clone()), principal: None, ..statement });
        statements.extend(on_key);
    }
    PolicyRef::new(NAME, PolicyOrigin::Given, Arc::new(PolicyDocument::from_statements(NAME, statements)))
}

/// The statement about the use of the grant. None if the statement is not about creating it.
fn to_grant(layers: &Layers, statement: &Statement) -> Option<Statement> {
    if !statement.action.lists_action(CREATE_GRANT) {
        return None;
    }
    let (about_grant, conditions): (Vec<&Condition>, Vec<&Condition>) =
        statement.conditions.iter().partition(|condition| is_grant_key(condition.key.lower()));
    let mut facts = about_grant.iter().map(|condition| decide_grant_condition(layers, condition));
    let applies = match statement.effect {
        Effect::Allow => facts.all(|holds| holds != Some(false)),
        Effect::Deny => facts.all(|holds| holds == Some(true)),
    };
    let action = ActionElement::listing([format!("kms:{OPERATION}")]);
    let conditions = conditions.into_iter().cloned().collect();
    applies.then(|| Statement { action, conditions, ..statement.clone() })
}

fn is_grant_key(key: &str) -> bool {
    key.starts_with("kms:grant") || key == "kms:retiringprincipal"
}

/// Whether a condition on the request to create the grant holds. None if the caller may choose.
fn decide_grant_condition(layers: &Layers, condition: &Condition) -> Option<bool> {
    let fact = match condition.key.lower() {
        "kms:grantoperations" => KeyFact::Value(OPERATION.to_owned()),
        // Only a service that uses the caller's credentials creates such a grant.
        "kms:grantisforawsresource" => KeyFact::Value("false".to_owned()),
        "kms:granteeprincipal" => KeyFact::Value(layers.principal.arn.as_ref()?.as_str().to_owned()),
        "kms:granteeserviceprincipal" | "kms:grantconstrainttype" => KeyFact::Missing,
        _ => return None,
    };
    // One operation is the only value of the set.
    decide_condition(&Condition { quantifier: Quantifier::Plain, ..condition.clone() }, &fact)
}

/// Whether a statement of a key policy names the principal itself. One that names its account leaves the decision to the
/// policies of the principal.
fn names_principal(layers: &Layers, statement: &Statement) -> bool {
    let Some(element) = &statement.principal else { return false };
    let is_named = |grant: &TrustGrant| match grant {
        TrustGrant::Anyone => true,
        TrustGrant::Principal(arn) => layers.principal.arn.as_ref().is_some_and(|own| own.as_str() == arn.as_str()),
        TrustGrant::UniqueId(id) => layers.principal.unique_id.as_deref() == Some(id.as_str()),
        _ => false,
    };
    parse_principal_element(element).iter().any(is_named)
}
