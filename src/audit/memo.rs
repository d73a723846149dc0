//! Which principals are alike, so that they are decided once (`docs/engine.md` §7).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::subject::Subject;
use crate::access::{Known, Layers, PolicyRef, tells_principals_apart};
use crate::iam::{ContextKey, Statement};

/// What decides over a principal. Two principals with one key get the same answers, but for the account that
/// witnesses name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    /// The documents by layer, in order; equal documents are one and the same.
    documents: Vec<usize>,
    declared: usize,
    topics: Vec<usize>,
    undeclared: bool,
    partition: &'static str,
    service_linked: bool,
    whole: bool,
    /// The principal itself, where the policy of some resource could name it.
    itself: Option<String>,
    /// What is known of the keys of its own that some statement names.
    own: Vec<(ContextKey, Known)>,
}

impl Key {
    /// The key of a principal.
    pub fn of(subject: &Subject<'_>) -> Key {
        let layers = &subject.layers;
        let declared = &subject.declared.documents;
        let mut documents = Vec::new();
        for list in lists(layers) {
            documents.push(0);
            documents.extend(list.iter().map(|policy| Arc::as_ptr(&policy.document) as usize));
        }
        let held = lists(layers).flatten().map(|policy| &policy.document);
        let parts = subject.topics.iter().flat_map(|topic| topic.documents());
        let asked = declared.iter().chain(parts).map(|ceiling| &ceiling.document);
        let keys: BTreeSet<&ContextKey> =
            held.chain(asked).flat_map(|document| &document.statements).flat_map(own_keys).collect();
        Key {
            documents,
            declared: Arc::as_ptr(&subject.declared) as usize,
            topics: subject.topics.iter().map(|topic| Arc::as_ptr(topic) as usize).collect(),
            undeclared: subject.entry.is_none(),
            partition: subject.account.partition.as_str(),
            service_linked: subject.principal.kind.is_service_linked(),
            whole: subject.missing.is_empty(),
            itself: (!layers.resource_policies.is_empty()).then(|| subject.principal.arn.as_str().to_owned()),
            own: keys.into_iter().map(|key| (key.clone(), subject.known.of(key))).collect(),
        }
    }
}

fn lists(layers: &Layers) -> impl Iterator<Item = &Vec<PolicyRef>> {
    let levels = layers.scps.iter().chain(&layers.rcps).flatten().map(|level| &level.policies);
    std::iter::once(&layers.identity).chain(&layers.boundary).chain(levels)
}

/// The keys of the principal's own by which a statement can tell it from another: as conditions, or as variables.
fn own_keys(statement: &Statement) -> impl Iterator<Item = &ContextKey> {
    statement.keys().filter(|key| tells_principals_apart(key))
}
