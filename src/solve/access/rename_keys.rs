//! The access of another principal, for a question that is asked of one.
//!
//! A question has one context, in which `aws:PrincipalArn`, `aws:username` and the tags are those of one principal.
//! Where the other side is what another principal may do, its statements are about its own: these keys get names of
//! their own there. What is free for it, such as the tags of a session, it may have as the first one has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::access::{ContextValue, KeyFact, KnownContext, Request};
use crate::iam::condition::ConditionValue;
use crate::iam::{ContextKey, PolicyDocument, Statement};
use crate::solve::decide::difference::Cube;
use crate::solve::question::{Access, StatementUse};

/// What the names begin with: the catalog knows that such a key holds one text, and no policy can name it.
const RENAMED_PREFIX: &str = "aws:PrincipalTag/of the other principal: ";

/// What another principal may do, and what is known of the context of both.
#[derive(Clone, Debug)]
pub struct RenamedAccess {
    /// What it may do, its own keys under other names.
    pub access: Access,
    /// What is known of the first principal's context, and of the other's own keys.
    pub known: KnownContext,
    /// The other's own keys, with what is known of them.
    original_keys: BTreeMap<ContextKey, KeyFact>,
}

impl RenamedAccess {
    /// `access` is what the other may do, `other` what is known of its context, `one` what is of the first principal's.
    pub fn new(access: &Access, other_context: &KnownContext, first_context: &KnownContext) -> RenamedAccess {
        let is_principal_specific =
            |key: &&ContextKey| !matches!(other_context.fact(key), KeyFact::Free | KeyFact::Present);
        let original_keys: BTreeMap<ContextKey, KeyFact> = collect_context_keys(access)
            .into_iter()
            .filter(is_principal_specific)
            .map(|key| (key.clone(), other_context.fact(key)))
            .collect();
        let differing_keys: BTreeSet<&ContextKey> =
            original_keys.keys().filter(|key| other_context.fact(key) != first_context.fact(key)).collect();
        let mut known = first_context.clone();
        for key in &differing_keys {
            let fact = match other_context.fact(key) {
                // The new name is that of a key with one value.
                KeyFact::Set(values) => match <[String; 1]>::try_from(values) {
                    Ok([value]) => KeyFact::Value(value),
                    Err(_) => KeyFact::Free,
                },
                fact => fact,
            };
            known.set(rename_key(key).as_written(), fact);
        }
        let access = if differing_keys.is_empty() { access.clone() } else { rename_keys(access, &differing_keys) };
        RenamedAccess { access, known, original_keys: original_keys }
    }

    /// A request as the other principal would send it.
    pub fn restore_request(&self, request: &Request) -> Request {
        let mut restored = self.strip_renamed_keys(request);
        for (key, known) in &self.original_keys {
            let renamed_value = || request.context.get(&rename_key(key)).cloned();
            let value = match known {
                KeyFact::Value(value) => Some(ContextValue::Single(value.clone())),
                KeyFact::Set(values) => Some(ContextValue::Set(values.clone())),
                KeyFact::StartsWith(start) => {
                    renamed_value().or_else(|| Some(ContextValue::Single(format!("{start}session"))))
                }
                KeyFact::Missing | KeyFact::Present | KeyFact::Free => None,
            };
            match value {
                Some(value) => restored.context.0.insert(key.clone(), value),
                None => restored.context.0.remove(key),
            };
        }
        restored
    }

    /// A request without the names that only a question knows.
    pub fn strip_renamed_keys(&self, request: &Request) -> Request {
        let mut stripped = request.clone();
        stripped.context.0.retain(|key, _| !is_renamed(key.as_written()));
        stripped
    }

    /// Cubes without the names that only a question knows.
    pub fn strip_renamed_keys_from_cubes(&self, cubes: &mut [Cube]) {
        cubes.iter_mut().for_each(|cube| cube.context.retain(|(key, _)| !is_renamed(key)));
    }
}

fn rename_key(key: &ContextKey) -> ContextKey {
    ContextKey::new(&format!("{RENAMED_PREFIX}{}", key.as_written()))
}

fn is_renamed(key: &str) -> bool {
    key.starts_with(RENAMED_PREFIX)
}

fn collect_context_keys(access: &Access) -> BTreeSet<&ContextKey> {
    access.uses().filter_map(StatementUse::statement).flat_map(Statement::keys).collect()
}

/// The access with other names for these keys. Documents that name none of them stay the same ones.
fn rename_keys(access: &Access, keys: &BTreeSet<&ContextKey>) -> Access {
    let mut documents: FxHashMap<*const PolicyDocument, Arc<PolicyDocument>> = FxHashMap::default();
    let mut out = access.clone();
    for branch in &mut out.branches {
        for statement_use in branch.allow_layers.iter_mut().flatten().chain(&mut branch.deny_statements) {
            let document = documents
                .entry(Arc::as_ptr(&statement_use.document))
                .or_insert_with(|| rename_document_keys(&statement_use.document, keys));
            statement_use.document = Arc::clone(document);
        }
    }
    out
}

fn rename_document_keys(document: &Arc<PolicyDocument>, keys: &BTreeSet<&ContextKey>) -> Arc<PolicyDocument> {
    let uses_key = |statement: &Statement| statement.keys().any(|key| keys.contains(key));
    if !document.statements.iter().any(uses_key) {
        return Arc::clone(document);
    }
    let new_name = |key: &ContextKey| keys.contains(key).then(|| rename_key(key));
    let mut renamed = PolicyDocument::clone(document);
    for statement in &mut renamed.statements {
        for pattern in statement.resource.iter_mut().flat_map(|resource| &mut resource.patterns) {
            *pattern = pattern.rename_keys(new_name);
        }
        for condition in &mut statement.conditions {
            condition.key = new_name(&condition.key).unwrap_or_else(|| condition.key.clone());
            for value in &mut condition.values {
                if let ConditionValue::Text(template) = value {
                    *template = template.rename_keys(new_name);
                }
            }
        }
    }
    Arc::new(renamed)
}
