//! Which principals share one analysis (`docs/engine.md` §7).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::audited_principal::AuditedPrincipal;
use crate::access::{KeyFact, Layers, PolicyRef, ResourceOwner};
use crate::iam::{ContextKey, Statement};

/// What the analysis of a principal depends on. Principals with equal keys have the same analysis, except for the account
/// in the ARNs of witnesses.
///
/// INVARIANT: documents, ceilings and checks are identified by their addresses. The audited principals hold them in `Arc`s
/// for as long as keys are compared.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct EquivalenceKey {
    /// The addresses of the documents by layer, in order. Equal documents have one address.
    documents: Vec<usize>,
    ceiling: usize,
    checks: Vec<usize>,
    is_undeclared: bool,
    partition: &'static str,
    /// The RCPs that apply to the resources of its account, by their positions. Resources of unknown owner count as its own.
    own_rcps: Vec<usize>,
    is_service_linked: bool,
    is_complete: bool,
    /// The ARN of the principal. `None` if no resource policy could name it.
    own_arn: Option<String>,
    /// The context facts about the keys that a statement names.
    known_facts: Vec<(ContextKey, KeyFact)>,
}

impl EquivalenceKey {
    /// The equivalence key of a principal.
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
            .flat_map(Statement::keys)
            .collect();
        EquivalenceKey {
            documents,
            ceiling: Arc::as_ptr(&subject.ceiling) as usize,
            checks: subject.checks.iter().map(|check| Arc::as_ptr(check) as usize).collect(),
            is_undeclared: subject.entry.is_none(),
            partition: subject.account.partition.as_str(),
            own_rcps: list_own_rcps(layers),
            is_service_linked: subject.principal.entity_kind.is_service_linked(),
            is_complete: subject.missing_documents.is_empty(),
            own_arn: (!layers.resource_policies.is_empty()).then(|| subject.principal.arn.as_str().to_owned()),
            known_facts: keys.into_iter().map(|key| (key.clone(), subject.known_context.fact(key))).collect(),
        }
    }
}

fn list_own_rcps(layers: &Layers) -> Vec<usize> {
    let account = layers.principal.account.as_ref();
    let controls = layers.rcps.iter().flat_map(|rcps| rcps.denying_levels()).enumerate();
    let owned = controls.filter(|(_, control)| control.owners.include(&ResourceOwner::Unknown, account));
    owned.map(|(position, _)| position).collect()
}

fn policy_lists(layers: &Layers) -> impl Iterator<Item = &Vec<PolicyRef>> {
    let rcps = layers.rcps.iter().flat_map(|rcps| rcps.denying_levels()).map(|control| &control.level);
    let levels = layers.scps.iter().flatten().chain(rcps).map(|level| &level.policies);
    std::iter::once(&layers.identity).chain(&layers.boundary).chain(levels)
}
