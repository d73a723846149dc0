//! Which principals are alike, so that they are decided once (`docs/engine.md` §7).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::audited_principal::AuditedPrincipal;
use crate::access::{KeyFact, Layers, PolicyRef, is_principal_specific};
use crate::iam::{ContextKey, Statement};

/// What decides over a principal. Two principals with one key get the same answers, but for the account that
/// witnesses name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct EquivalenceKey {
    /// The documents by layer, in order; equal documents are one and the same.
    documents: Vec<usize>,
    ceiling: usize,
    checks: Vec<usize>,
    is_undeclared: bool,
    partition: &'static str,
    is_service_linked: bool,
    is_complete: bool,
    /// The principal itself, where the policy of some resource could name it.
    own_arn: Option<String>,
    /// What is known of the keys of its own that some statement names.
    known_facts: Vec<(ContextKey, KeyFact)>,
}

impl EquivalenceKey {
    /// The key of a principal.
    pub fn from_subject(subject: &AuditedPrincipal<'_>) -> EquivalenceKey {
        let layers = &subject.layers;
        let ceiling_documents = &subject.ceiling.documents;
        let mut documents = Vec::new();
        for list in policy_lists(layers) {
            documents.push(0);
            documents.extend(list.iter().map(|policy| Arc::as_ptr(&policy.document) as usize));
        }
        let held_documents = policy_lists(layers).flatten().map(|policy| &policy.document);
        let check_documents = subject.checks.iter().flat_map(|check| check.documents());
        let queried_documents = ceiling_documents.iter().chain(check_documents).map(|ceiling| &ceiling.document);
        let keys: BTreeSet<&ContextKey> = held_documents
            .chain(queried_documents)
            .flat_map(|document| &document.statements)
            .flat_map(principal_specific_keys)
            .collect();
        EquivalenceKey {
            documents,
            ceiling: Arc::as_ptr(&subject.ceiling) as usize,
            checks: subject.checks.iter().map(|topic| Arc::as_ptr(topic) as usize).collect(),
            is_undeclared: subject.entry.is_none(),
            partition: subject.account.partition.as_str(),
            is_service_linked: subject.principal.entity_kind.is_service_linked(),
            is_complete: subject.missing_documents.is_empty(),
            own_arn: (!layers.resource_policies.is_empty()).then(|| subject.principal.arn.as_str().to_owned()),
            known_facts: keys.into_iter().map(|key| (key.clone(), subject.known_context.fact(key))).collect(),
        }
    }
}

fn policy_lists(layers: &Layers) -> impl Iterator<Item = &Vec<PolicyRef>> {
    let levels = layers.scps.iter().chain(&layers.rcps).flatten().map(|level| &level.policies);
    std::iter::once(&layers.identity).chain(&layers.boundary).chain(levels)
}

/// The keys of the principal's own by which a statement can tell it from another: as conditions, or as variables.
fn principal_specific_keys(statement: &Statement) -> impl Iterator<Item = &ContextKey> {
    statement.keys().filter(|key| is_principal_specific(key))
}
