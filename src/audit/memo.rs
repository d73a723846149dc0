//! Which principals are alike, so that they are decided once (`docs/engine.md` §7).

use std::sync::Arc;

use super::subject::Subject;
use crate::access::{Layers, PolicyRef};
use crate::iam::condition::ConditionValue;
use crate::iam::{PolicyDocument, Statement, Template};

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
    /// The principal itself, where some statement could tell it from another.
    itself: Option<String>,
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
        let speaks = |document: &PolicyDocument| document.statements.iter().any(speaks_of_principal);
        let of_one = !layers.resource_policies.is_empty()
            || lists(layers).flatten().any(|policy| speaks(&policy.document))
            || declared.iter().any(|d| speaks(&d.document))
            || subject.topics.iter().flat_map(|topic| topic.documents()).any(|d| speaks(&d.document));
        Key {
            documents,
            declared: Arc::as_ptr(&subject.declared) as usize,
            topics: subject.topics.iter().map(|topic| Arc::as_ptr(topic) as usize).collect(),
            undeclared: subject.entry.is_none(),
            partition: subject.account.partition.as_str(),
            service_linked: subject.principal.kind.is_service_linked(),
            whole: subject.missing.is_empty(),
            itself: of_one.then(|| subject.principal.arn.as_str().to_owned()),
        }
    }
}

fn lists(layers: &Layers) -> impl Iterator<Item = &Vec<PolicyRef>> {
    let levels = layers.scps.iter().chain(&layers.rcps).flatten().map(|level| &level.policies);
    std::iter::once(&layers.identity).chain(&layers.boundary).chain(levels)
}

/// Whether a statement can tell one principal from another: by a key of the principal's own, as a condition or
/// as a variable.
fn speaks_of_principal(statement: &Statement) -> bool {
    let own = |key: &crate::iam::ContextKey| {
        key.lower().starts_with("aws:principal") || matches!(key.lower(), "aws:userid" | "aws:username")
    };
    let texts = statement.conditions.iter().flat_map(|c| &c.values).filter_map(|value| match value {
        ConditionValue::Text(template) => Some(template),
        ConditionValue::Typed(_) => None,
    });
    let resources = statement.resource.iter().flat_map(|r| &r.patterns);
    statement.conditions.iter().any(|c| own(&c.key)) || resources.chain(texts).flat_map(Template::variables).any(own)
}
