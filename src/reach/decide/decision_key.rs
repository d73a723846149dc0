//! What decides over a question. Two of whom the same statements speak and the same is known get one answer; whole
//! fleets of roles are alike so.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::access::{KeyFact, decide_condition};
use crate::iam::{ContextKey, Partition, PolicyDocument};
use crate::solve::{Branch, ResourceScope, StatementUse};

/// The statements that decide, and what is known of the keys that they name.
#[derive(Eq, Hash, PartialEq)]
pub(crate) struct DecisionKey {
    partition: &'static str,
    branches: Vec<BranchKey>,
    facts: Vec<ConditionKeyFact>,
}

/// The statements of a branch, list by list; what must not match comes last.
#[derive(Eq, Hash, PartialEq)]
struct BranchKey {
    statement_lists: Vec<Vec<StatementKey>>,
    scope_exclusions: Vec<ResourceScope>,
}

/// A statement.
#[derive(Eq, Hash, PartialEq)]
struct StatementKey {
    document: DocumentPtr,
    index: usize,
    rcp_services_only: bool,
    resource_scope: Option<Arc<ResourceScope>>,
}

/// A document by its place in memory, which it keeps.
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

/// What is known of a key that a statement names.
#[derive(Eq, Hash, PartialEq)]
enum ConditionKeyFact {
    /// Whether the condition holds: what else is known of its key makes no difference.
    Decided(bool),
    Fact(ContextKey, KeyFact),
}

impl DecisionKey {
    /// What decides over branches.
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

    /// Adds what is known of the keys that a statement names, in its conditions and as variables.
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

fn to_statement_key(one: &StatementUse) -> StatementKey {
    StatementKey {
        document: DocumentPtr(Arc::clone(&one.document)),
        index: one.statement_index,
        rcp_services_only: one.rcp_services_only,
        resource_scope: one.resource_scope.clone(),
    }
}
