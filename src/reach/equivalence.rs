//! Who is alike: whoever may do the same, as far as any question can tell.

use super::decide::decision_key::DecisionKey;
use super::graph::Graph;
use super::model::state::NodeState;
use crate::access::is_principal_specific;
use crate::solve::{Access, StatementUse};

/// Whom an answer holds for: all who are alike, or one alone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum EquivalenceClass {
    /// A class of beings, by its number.
    Shared(usize),
    /// One being.
    Singleton(NodeState),
}

impl Graph<'_> {
    /// For whom holds what is found of someone when what it may do is held against an access.
    pub fn equivalence_class(&self, state: &NodeState, compared_access: &Access) -> EquivalenceClass {
        match compared_access
            .uses()
            .map(StatementUse::statement)
            .any(|statement| statement.keys().any(is_principal_specific))
        {
            true => EquivalenceClass::Singleton(state.clone()),
            false => EquivalenceClass::Shared(self.class_number(state)),
        }
    }

    fn class_number(&self, state: &NodeState) -> usize {
        self.class_by_state.get_or_compute(state.clone(), || {
            let Some(effective) = self.effective(state) else { return usize::MAX };
            let decision_key =
                DecisionKey::new(&effective.access.branches, effective.partition, |key| effective.known.fact(key));
            let count = &self.class_count;
            let next = || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.class_by_key.get_or_compute((effective.account.to_owned(), decision_key), next)
        })
    }
}
