//! The sessions that resource policies name. They can be allowed more than the other sessions of the principal.

use std::collections::BTreeSet;

use crate::access::{Layers, find_federated_sessions, find_named_sessions};
use crate::iam::Arn;

/// The sessions of the principal that resource policies name.
pub(super) fn list_named_sessions(layers: &Layers) -> Vec<&Arn> {
    let mut sessions: Vec<&Arn> = Vec::new();
    for policy in &layers.resource_policies {
        let elements = policy.policy.document.statements.iter().filter_map(|s| s.principal.as_ref());
        for session in elements.flat_map(|e| find_named_sessions(&layers.principal, e)) {
            if !sessions.contains(&session) {
                sessions.push(session);
            }
        }
    }
    sessions
}

/// The federated sessions of the user that resource policies name.
pub(super) fn list_federated_sessions(layers: &Layers) -> BTreeSet<&Arn> {
    let statements = layers.resource_policies.iter().flat_map(|policy| &policy.policy.document.statements);
    let elements = statements.filter_map(|statement| statement.principal.as_ref());
    elements.flat_map(|element| find_federated_sessions(layers, element)).collect()
}
