//! Whether a state has everything that its account allows: then no principal of the account has more, and the search does
//! not look behind the state.

use super::equivalence::EquivalenceClass;
use super::graph::Graph;
use super::model::state::{NodeState, StateChange};

impl Graph<'_> {
    /// Whether a state is allowed everything that any state which it can obtain is allowed. False if that is not known.
    pub fn has_all_account_access(&self, state: &NodeState) -> bool {
        let (layers, access, _) = self.build_layers(state);
        if self.is_all_actions(&self.lower_bound(&access)) {
            return true;
        }
        // A resource policy can allow or deny other principals something else, and other accounts have other SCPs.
        if !self.world.principal_sets.is_single_account() || !layers.resource_policies.is_empty() {
            return false;
        }
        let change = StateChange { is_new_principal: true, tags: state.change.tags.clone(), ..StateChange::default() };
        let unlimited = NodeState { principal: state.principal, change };
        let (_, all, _) = self.build_layers(&unlimited);
        // SCPs with conditions on the principal allow others something else.
        let is_same_for_all = matches!(self.equivalence_class(state, &all), EquivalenceClass::Shared(_));
        is_same_for_all && self.has_excess(&unlimited, &access) == Ok(false)
    }
}
