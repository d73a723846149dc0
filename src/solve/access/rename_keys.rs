//! The access of a second principal, for a question about two principals.
//!
//! A question has one request context, in which `aws:PrincipalArn`, `aws:username` and the tags belong to the first
//! principal. The statements of the second principal refer to its own values, so these keys are renamed there. A key
//! that is free for the second principal, such as a session tag, keeps its name: both may have the same value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::formula::Access;
use crate::access::{ContextValue, KeyFact, KnownContext, Request};
use crate::base::cache::Cache;
use crate::iam::condition::ConditionValue;
use crate::iam::{ContextKey, PolicyDocument, Statement};

/// The prefix of renamed keys. The catalog defines such a key as a single-valued string, and no policy can name it.
const RENAMED_PREFIX: &str = "aws:PrincipalTag/of the other principal: ";

/// The keys that are specific to the second principal, and the facts about them.
pub type SpecificKeys = BTreeMap<ContextKey, KeyFact>;

/// The access of a second principal, and the known context of both principals.
#[derive(Clone, Debug)]
pub struct RenamedAccess {
    /// The access of the second principal, with renamed keys.
    pub access: Access,
    /// The known context of the first principal, and of the renamed keys.
    pub known: KnownContext,
    original_keys: Arc<SpecificKeys>,
    has_renamed_keys: bool,
}

impl RenamedAccess {
    /// Renames the keys of the second principal's `access` whose facts differ from the first principal's.
    ///
    /// `original_keys`: what [`RenamedDocuments::list_specific_keys`] lists for the access and the second principal.
    pub fn new(
        access: &Access,
        original_keys: Arc<SpecificKeys>,
        first_context: &KnownContext,
        documents: &RenamedDocuments,
    ) -> RenamedAccess {
        let differing_keys: BTreeSet<&ContextKey> =
            original_keys.iter().filter(|(key, fact)| **fact != first_context.fact(key)).map(|(key, _)| key).collect();
        let mut known = first_context.clone();
        for key in &differing_keys {
            let Some(fact) = original_keys.get(*key) else { continue };
            let fact = match fact.clone() {
                // A renamed key is single-valued.
                KeyFact::Set(values) => match <[String; 1]>::try_from(values) {
                    Ok([value]) => KeyFact::Value(value),
                    // Several values: the key may have any of them. A witness is replayed with all of them.
                    Err(_) => KeyFact::Free,
                },
                fact => fact,
            };
            known.set(rename_key(key).as_written(), fact);
        }
        let has_renamed_keys = !differing_keys.is_empty();
        let access = if has_renamed_keys { documents.rename_keys(access, &differing_keys) } else { access.clone() };
        RenamedAccess { access, known, original_keys, has_renamed_keys }
    }

    /// A witness as a request of the second principal.
    pub fn restore_request(&self, request: &Request) -> Request {
        let mut restored = self.strip_renamed_keys(request);
        for (key, known) in &*self.original_keys {
            let renamed_value = || request.context.get(&rename_key(key)).cloned();
            let value = match known {
                KeyFact::Value(value) => Some(ContextValue::Single(value.clone())),
                KeyFact::Set(values) => Some(ContextValue::Set(values.clone())),
                KeyFact::StartsWith(start) => {
                    renamed_value().or_else(|| Some(ContextValue::Single(format!("{start}session"))))
                }
                // The two principals may share the value.
                KeyFact::NoneLike(_) => renamed_value().or_else(|| request.context.get(key).cloned()),
                // Requests that are compared are made at the same time.
                KeyFact::NotBefore(_) => request.context.get(key).cloned(),
                KeyFact::Missing | KeyFact::Present | KeyFact::Free => None,
            };
            match value {
                Some(value) => restored.context.0.insert(key.clone(), value),
                None => restored.context.0.remove(key),
            };
        }
        restored
    }

    /// A request without renamed keys.
    pub fn strip_renamed_keys(&self, request: &Request) -> Request {
        let mut stripped = request.clone();
        stripped.context.0.retain(|key, _| !RenamedAccess::is_renamed_key(key.as_written()));
        stripped
    }

    /// Whether the facts about some key differ between the two principals.
    pub fn has_renamed_keys(&self) -> bool {
        self.has_renamed_keys
    }

    /// Whether a key's name was given by this type, so that no policy contains it.
    pub fn is_renamed_key(key: &str) -> bool {
        key.starts_with(RENAMED_PREFIX)
    }
}

fn rename_key(key: &ContextKey) -> ContextKey {
    ContextKey::new(&format!("{RENAMED_PREFIX}{}", key.as_written()))
}

/// What a policy variable with the name of the principal, such as `${aws:username}`, means for the second principal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameVariables {
    /// Its own name.
    Own,
    /// The name of the first principal: the permissions of each principal on itself are the same.
    OfFirst,
}

/// Documents with renamed keys. Each is written once, so that the solver compiles it once.
#[derive(Debug)]
pub struct RenamedDocuments {
    name_variables: NameVariables,
    /// By the address of the original document, which the value keeps.
    written: Cache<(usize, BTreeSet<ContextKey>), WrittenDocument>,
}

#[derive(Clone)]
struct WrittenDocument {
    _original: Arc<PolicyDocument>,
    renamed: Arc<PolicyDocument>,
}

impl RenamedDocuments {
    /// No documents.
    pub fn new(name_variables: NameVariables) -> RenamedDocuments {
        RenamedDocuments { name_variables, written: Cache::default() }
    }

    /// The keys that an access names and that are specific to its principal.
    pub fn list_specific_keys(&self, access: &Access, context: &KnownContext) -> Arc<SpecificKeys> {
        let named: BTreeSet<&ContextKey> =
            access.uses().flat_map(|statement_use| self.list_keys(statement_use.statement())).collect();
        let facts = named.into_iter().map(|key| (key.clone(), context.fact(key)));
        Arc::new(facts.filter(|(_, fact)| !matches!(fact, KeyFact::Free | KeyFact::Present)).collect())
    }

    /// The keys of a statement that can be renamed.
    fn list_keys<'a>(&self, statement: &'a Statement) -> impl Iterator<Item = &'a ContextKey> {
        let name_variables = self.name_variables;
        let variables = statement.variables().filter(move |key| is_renamed_variable(name_variables, key));
        statement.conditions.iter().map(|condition| &condition.key).chain(variables)
    }

    /// The formula with these keys renamed. A document that names none of them stays the same object.
    fn rename_keys(&self, access: &Access, keys: &BTreeSet<&ContextKey>) -> Access {
        let mut out = access.clone();
        for branch in &mut out.branches {
            for statement_use in branch.allow_layers.iter_mut().flatten().chain(&mut branch.deny_statements) {
                statement_use.document = self.rename_document_keys(&statement_use.document, keys);
            }
        }
        out
    }

    fn rename_document_keys(
        &self,
        document: &Arc<PolicyDocument>,
        keys: &BTreeSet<&ContextKey>,
    ) -> Arc<PolicyDocument> {
        let named = document.statements.iter().flat_map(|statement| self.list_keys(statement));
        let renamed_keys: BTreeSet<ContextKey> = named.filter(|key| keys.contains(key)).cloned().collect();
        if renamed_keys.is_empty() {
            return Arc::clone(document);
        }
        let key = (Arc::as_ptr(document) as usize, renamed_keys.clone());
        let write = || WrittenDocument {
            _original: Arc::clone(document),
            renamed: Arc::new(write_renamed(document, &renamed_keys, self.name_variables)),
        };
        self.written.get_or_compute(key, write).renamed
    }
}

/// Whether a key is renamed where it is a policy variable.
fn is_renamed_variable(name_variables: NameVariables, key: &ContextKey) -> bool {
    name_variables == NameVariables::Own || !matches!(key.lower(), "aws:username" | "aws:userid")
}

fn write_renamed(
    document: &PolicyDocument,
    keys: &BTreeSet<ContextKey>,
    name_variables: NameVariables,
) -> PolicyDocument {
    let new_name = |key: &ContextKey| keys.contains(key).then(|| rename_key(key));
    let new_variable = |key: &ContextKey| new_name(key).filter(|_| is_renamed_variable(name_variables, key));
    let mut renamed = document.clone();
    for statement in &mut renamed.statements {
        for pattern in statement.resource.iter_mut().flat_map(|resource| &mut resource.patterns) {
            *pattern = pattern.rename_keys(new_variable);
        }
        for condition in &mut statement.conditions {
            condition.key = new_name(&condition.key).unwrap_or_else(|| condition.key.clone());
            for value in &mut condition.values {
                if let ConditionValue::Text(template) = value {
                    *template = template.rename_keys(new_variable);
                }
            }
        }
    }
    renamed
}
