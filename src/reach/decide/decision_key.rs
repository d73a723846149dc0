//! The cache key of a decision: the statements that determine the answer, and the facts about the keys that they use.
//! Principals with the same key get the same answer; in practice whole fleets of roles do.
//!
//! A key is a digest. Whole lists of statements would take more memory than the answers: a state has dozens of keys, of
//! dozens of statements each.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::access::{KeyFact, decide_condition};
use crate::iam::{ContextKey, Partition, PolicyDocument};
use crate::solve::{Branch, StatementUse};

/// The statements that determine an answer, and the facts about the keys that they use: 256 bits of a cryptographic digest,
/// so that no two differ by accident.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(crate) struct DecisionKey([u8; blake3::OUT_LEN]);

/// Makes decision keys. It keeps the documents of all keys that it made, because a key has the addresses of documents.
#[derive(Default)]
pub(crate) struct DecisionKeys {
    /// By address.
    documents: Mutex<FxHashMap<usize, Arc<PolicyDocument>>>,
}

/// A digest that values with `Hash` are added to. `finish` is not used.
struct DigestWriter(blake3::Hasher);

impl Hasher for DigestWriter {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// The fact about a condition key that a statement uses.
#[derive(Hash)]
enum ConditionKeyFact<'k> {
    /// The fact decides the condition, so the fact itself is irrelevant.
    Decided(bool),
    Fact(&'k ContextKey, KeyFact),
}

impl DecisionKeys {
    /// The key for a question about these branches.
    pub(crate) fn make_key(
        &self,
        branches: &[Branch],
        partition: Partition,
        known: impl Fn(&ContextKey) -> KeyFact,
    ) -> DecisionKey {
        self.make_key_with_facts(branches, &[], partition, known)
    }

    /// The same, if the answer also depends on facts about the keys that other statements use.
    pub(crate) fn make_key_with_facts(
        &self,
        branches: &[Branch],
        others: &[&StatementUse],
        partition: Partition,
        known: impl Fn(&ContextKey) -> KeyFact,
    ) -> DecisionKey {
        let mut writer = DigestWriter(blake3::Hasher::new());
        partition.as_str().hash(&mut writer);
        branches.len().hash(&mut writer);
        for branch in branches {
            branch.scope_exclusions.hash(&mut writer);
            branch.allow_layers.len().hash(&mut writer);
            // Deny statements come last.
            for list in branch.allow_layers.iter().chain([&branch.deny_statements]) {
                list.len().hash(&mut writer);
                for statement_use in list {
                    write_statement(statement_use, &mut writer);
                    write_facts(statement_use, &known, &mut writer);
                }
            }
        }
        others.iter().for_each(|statement_use| write_facts(statement_use, &known, &mut writer));
        self.keep_documents(branches);
        DecisionKey(writer.0.finalize().into())
    }

    fn keep_documents(&self, branches: &[Branch]) {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        let lists = branches.iter().flat_map(|branch| branch.allow_layers.iter().chain([&branch.deny_statements]));
        for StatementUse { document, .. } in lists.flatten() {
            documents.entry(Arc::as_ptr(document) as usize).or_insert_with(|| Arc::clone(document));
        }
    }
}

/// Documents are compared by address.
fn write_statement(statement_use: &StatementUse, writer: &mut DigestWriter) {
    (Arc::as_ptr(&statement_use.document) as usize).hash(writer);
    statement_use.statement_index.hash(writer);
    statement_use.controlled_resources.hash(writer);
    statement_use.resource_scope.hash(writer);
    statement_use.validity.hash(writer);
}

/// The facts about the keys that a statement uses, in its conditions and as policy variables.
fn write_facts(statement_use: &StatementUse, known: &impl Fn(&ContextKey) -> KeyFact, writer: &mut DigestWriter) {
    let statement = statement_use.statement();
    for condition in &statement.conditions {
        let fact = known(&condition.key);
        match decide_condition(condition, &fact) {
            Some(holds) => ConditionKeyFact::Decided(holds).hash(writer),
            None => ConditionKeyFact::Fact(&condition.key, fact).hash(writer),
        }
    }
    for key in statement.variables() {
        ConditionKeyFact::Fact(key, known(key)).hash(writer);
    }
}
