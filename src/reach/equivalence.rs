//! Equivalence classes of states: members get the same answer to every question.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::decide::decision_key::DecisionKey;
use super::decide::world::World;
use super::model::state::NodeState;
use crate::access::is_principal_specific;
use crate::base::cache::Cache;
use crate::solve::{Access, StatementUse};

/// The states that share an answer.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum EquivalenceClass {
    /// A class, by its number.
    Shared(usize),
    /// One state.
    Singleton(Box<NodeState>),
}

/// The classes found so far.
#[derive(Default)]
pub(super) struct EquivalenceClasses {
    number_by_state: Cache<NodeState, usize>,
    number_by_key: Cache<(String, DecisionKey), usize>,
    next_number: AtomicUsize,
}

impl EquivalenceClasses {
    /// The class of a state for comparisons of its access with `compared_access`.
    pub(super) fn find_class(
        &self,
        world: &World<'_>,
        state: &NodeState,
        compared_access: &Access,
    ) -> EquivalenceClass {
        let mut compared_statements = compared_access.uses().map(StatementUse::statement);
        if compared_statements.any(|statement| statement.keys().any(is_principal_specific)) {
            EquivalenceClass::Singleton(Box::new(state.clone()))
        } else {
            EquivalenceClass::Shared(self.find_number(world, state))
        }
    }

    fn find_number(&self, world: &World<'_>, state: &NodeState) -> usize {
        self.number_by_state.get_or_compute(state.clone(), || {
            let effective = world.effective(state);
            let fact = |key: &_| effective.known.fact(key);
            let decision_key = world.decision_keys.make_key(&effective.access.branches, effective.partition, fact);
            let next_number = || self.next_number.fetch_add(1, Ordering::Relaxed);
            self.number_by_key.get_or_compute((effective.account.to_owned(), decision_key), next_number)
        })
    }
}
