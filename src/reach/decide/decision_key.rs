//! The cache key of a decision: the statements that determine the answer, and the facts about the keys that they use.
//! Principals with the same key get the same answer; in practice whole fleets of roles do.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::access::{KeyFact, decide_condition};
use crate::iam::{ContextKey, Partition, PolicyDocument};
use crate::solve::{Branch, ControlledResources, ResourceScope, StatementUse, StatementValidity};

/// The statements that determine an answer, and the facts about the keys that they use.
#[derive(Eq, Hash, PartialEq)]
pub(crate) struct DecisionKey {
    partition: &'static str,
    branches: Vec<BranchKey>,
    facts: Vec<ConditionKeyFact>,
}

/// The statements of a branch, layer by layer. Deny statements come last.
#[derive(Eq, Hash, PartialEq)]
struct BranchKey {
    statement_lists: Vec<Vec<StatementKey>>,
    scope_exclusions: Vec<ResourceScope>,
}

/// One use of a statement.
#[derive(Eq, Hash, PartialEq)]
struct StatementKey {
    document: DocumentPtr,
    index: usize,
    controlled_resources: Option<ControlledResources>,
    resource_scope: Option<Arc<ResourceScope>>,
    validity: StatementValidity,
}

/// A document, compared by address. INVARIANT: the key owns the document, so that its address stays unique.
struct DocumentPtr(Arc<PolicyDocument>);

impl PartialEq for DocumentPtr {
    fn eq(&self, other: &DocumentPtr) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DocumentPtr {}

impl Hash for DocumentPtr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// The fact about a condition key that a statement uses.
#[derive(Eq, Hash, PartialEq)]
enum ConditionKeyFact {
    /// The fact decides the condition, so the fact itself is irrelevant.
    Decided(bool),
    Fact(ContextKey, KeyFact),
}

impl DecisionKey {
    /// The key for a question about these branches.
    pub(crate) fn new(
        branches: &[Branch],
        partition: Partition,
        known: impl Fn(&ContextKey) -> KeyFact,
    ) -> DecisionKey {
        let mut key = DecisionKey { partition: partition.as_str(), branches: Vec::new(), facts: Vec::new() };
        for branch in branches {
            let lists = branch.allow_layers.iter().chain([&branch.deny_statements]);
            key.branches.push(BranchKey {
                statement_lists: lists.clone().map(|list| list.iter().map(to_statement_key).collect()).collect(),
                scope_exclusions: branch.scope_exclusions.clone(),
            });
            lists.flatten().for_each(|statement_use| key.add(statement_use, &known));
        }
        key
    }

    /// Adds the facts about the keys that a statement uses, in its conditions and as policy variables.
    pub(crate) fn add(&mut self, statement_use: &StatementUse, known: &impl Fn(&ContextKey) -> KeyFact) {
        let statement = statement_use.statement();
        for condition in &statement.conditions {
            let fact = known(&condition.key);
            self.facts.push(match decide_condition(condition, &fact) {
                Some(holds) => ConditionKeyFact::Decided(holds),
                None => ConditionKeyFact::Fact(condition.key.clone(), fact),
            });
        }
        self.facts.extend(statement.variables().map(|key| ConditionKeyFact::Fact(key.clone(), known(key))));
    }
}

fn to_statement_key(statement_use: &StatementUse) -> StatementKey {
    StatementKey {
        document: DocumentPtr(Arc::clone(&statement_use.document)),
        index: statement_use.statement_index,
        controlled_resources: statement_use.controlled_resources.clone(),
        resource_scope: statement_use.resource_scope.clone(),
        validity: statement_use.validity,
    }
}
