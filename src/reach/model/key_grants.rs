//! What a principal can do with a KMS key after it creates a grant for itself.

use std::sync::Arc;

use crate::access::{KeyFact, Layers, PolicyOrigin, PolicyRef, ResourcePolicy, decide_condition};
use crate::iam::condition::{Condition, Quantifier};
use crate::iam::element::ActionElement;
use crate::iam::{Effect, PolicyDocument, Statement};

const NAME: &str = "grant of a KMS key";
const CREATE_GRANT: &str = "kms:CreateGrant";
/// What such a grant is worth. Other operations of grants depend on the type of the key, which a snapshot does not have.
const OPERATION: &str = "Decrypt";

/// Adds what the policies of a principal allow by a grant: to decrypt with each key for which they allow to create one.
///
/// A grant is enough, whatever the key policy says about `kms:Decrypt`: the key policies consent to what they allow by a grant.
// AWS: Grants in AWS KMS; CreateGrant (AWS KMS API Reference)
pub(super) fn add_key_grants(layers: &mut Layers) {
    let boundary = layers.boundary.iter().flatten();
    let scps = layers.scps.iter().flatten().flat_map(|level| &level.policies);
    let limits = boundary.chain(scps).flat_map(|policy| &policy.document.statements);
    let own = layers.identity.iter().flat_map(|policy| &policy.document.statements);
    let denies = limits.filter(|statement| statement.effect == Effect::Deny);
    let statements = own.chain(denies).filter_map(|statement| to_grant(layers, statement)).collect();
    let document = Arc::new(PolicyDocument::from_statements(NAME, statements));
    let resource_policies = layers.resource_policies.iter().map(|policy| add_to_key_policy(layers, policy)).collect();
    layers.identity.push(PolicyRef::new(NAME, PolicyOrigin::Given, document));
    layers.resource_policies = resource_policies;
}

/// A resource policy with what it allows by a grant. The same object if it is about no grants.
fn add_to_key_policy(layers: &Layers, policy: &ResourcePolicy) -> ResourcePolicy {
    let mut extended = policy.clone();
    let statements = &policy.policy.document.statements;
    let granted = statements.iter().filter_map(|statement| to_grant(layers, statement));
    let granted: Vec<Statement> =
        granted.zip(statements.len()..).map(|(statement, index)| Statement { index, ..statement }).collect();
    if !granted.is_empty() {
        let mut document = (*policy.policy.document).clone();
        document.statements.extend(granted);
        extended.policy.document = Arc::new(document);
    }
    extended
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
