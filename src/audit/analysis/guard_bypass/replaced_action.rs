//! Policies with one action in place of another. Some calls need permission for two actions (`sts:AssumeRole` and
//! `sts:TagSession`). A query is about one request, so the statements on one action are evaluated for the other.

use std::sync::Arc;

use crate::access::{Layers, OrganizationLevel, PolicyRef};
use crate::iam::element::ActionElement;
use crate::iam::{ElementKind, PolicyDocument};

/// A document in which each statement that lists `action` lists `new_action` instead, and every other statement lists
/// nothing. The statements keep their positions, since findings refer to them.
pub(crate) fn replace_action(document: &PolicyDocument, action: &str, new_action: &str) -> Arc<PolicyDocument> {
    let mut document = PolicyDocument::clone(document);
    for statement in &mut document.statements {
        statement.action = match statement.action.lists_action(action) {
            true => ActionElement::listing([new_action]),
            false => ActionElement { kind: ElementKind::List, patterns: Vec::new() },
        };
    }
    Arc::new(document)
}

/// The identity policies, the boundary and the SCPs of some layers with an action replaced.
pub(crate) fn replace_action_in_layers(layers: &Layers, action: &str, new_action: &str) -> Layers {
    let replace_all = |policies: &Vec<PolicyRef>| replace_in_policies(policies, action, new_action);
    Layers {
        identity: replace_all(&layers.identity),
        boundary: layers.boundary.as_ref().map(replace_all),
        scps: replace_action_in_scps(layers, action, new_action),
        ..layers.clone()
    }
}

/// The SCPs of some layers with an action replaced. `None` if the account has no organization.
pub(crate) fn replace_action_in_scps(
    layers: &Layers,
    action: &str,
    new_action: &str,
) -> Option<Vec<OrganizationLevel>> {
    let replace_in_level = |level: &OrganizationLevel| OrganizationLevel {
        name: level.name.clone(),
        policies: replace_in_policies(&level.policies, action, new_action),
    };
    layers.scps.as_ref().map(|levels| levels.iter().map(replace_in_level).collect())
}

fn replace_in_policies(policies: &[PolicyRef], action: &str, new_action: &str) -> Vec<PolicyRef> {
    let replace = |policy: &PolicyRef| PolicyRef {
        document: replace_action(&policy.document, action, new_action),
        ..policy.clone()
    };
    policies.iter().map(replace).collect()
}
