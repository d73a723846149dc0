//! States compared with others, and with everything that their account allows. If a state has all of that, no principal
//! of the account has more, and the search does not look behind it.

use std::collections::BTreeSet;

use super::equivalence::EquivalenceClass;
use super::graph::Graph;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use crate::access::Request;
use crate::iam::Interpretation;
use crate::solve::{Question, RenamedAccess, UndecidedReason};

impl Graph<'_> {
    /// Whether a state is allowed everything that any state which it can obtain is allowed. False if that is not known.
    pub fn has_all_account_access(&self, state: &NodeState) -> bool {
        let effective = self.world.effective(state);
        if self.is_all_actions(&self.lower_bound(&effective.access)) {
            return true;
        }
        // A resource policy can allow or deny other principals something else, and other accounts have other SCPs.
        if !self.world.principal_sets.is_single_account() || !effective.layers.resource_policies.is_empty() {
            return false;
        }
        let change = StateChange { is_new_principal: true, tags: state.change.tags.clone(), ..StateChange::default() };
        let unlimited = NodeState::new(state.principal, change);
        let all = self.world.effective(&unlimited);
        // SCPs with conditions on the principal allow others something else.
        let is_same_for_all = matches!(self.equivalence_class(state, &all.access), EquivalenceClass::Shared(_));
        is_same_for_all
            && !self.has_other_actions(&unlimited, state)
            && self.has_excess(&unlimited, &effective.access) == Ok(false)
    }

    /// Whether there can be more than what the policies of a principal's account allow: other accounts, or an organization.
    pub fn has_more_than_account(&self, principal: usize) -> bool {
        let layers = self.world.effective(&NodeState::unchanged(principal)).layers.clone();
        !self.world.principal_sets.is_single_account() || layers.scps.is_some() || layers.rcps.is_some()
    }

    /// Whether a state is allowed an action on all resources, unconditionally, that another state is never allowed. False if
    /// unknown: compares actions only.
    pub fn has_other_actions(&self, state: &NodeState, other: &NodeState) -> bool {
        let (effective, other) = (self.world.effective(state), self.world.effective(other));
        !self.lower_bound(&effective.access).is_subset(&other.upper_bound)
    }

    /// Whether another state is denied one of some requests that a state is allowed.
    pub fn is_denied_one_of<'r>(
        &self,
        state: &NodeState,
        other: &NodeState,
        mut requests: impl Iterator<Item = &'r Request>,
    ) -> bool {
        let (known, ..) = self.known_context(state);
        let other = self.world.effective(other);
        let documents = self.renamed_documents();
        let keys = documents.list_specific_keys(&other.access, &other.known);
        let renamed = RenamedAccess::new(&other.access, keys, &known, documents);
        requests.any(|request| {
            let request = renamed.restore_request(request);
            self.world.replay(&other.layers, &request, Interpretation::default()).is_err()
        })
    }

    /// Whether a state is allowed a request that another state is not allowed. Each state has its own ARN, tags and name.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn has_excess_over_state(
        &self,
        state: &NodeState,
        other: &NodeState,
    ) -> Result<bool, BTreeSet<UndecidedReason>> {
        let (effective, other) = (self.world.effective(state), self.world.effective(other));
        let documents = self.renamed_documents();
        let keys = documents.list_specific_keys(&other.access, &other.known);
        let renamed = RenamedAccess::new(&other.access, keys, &effective.known, documents);
        let question = self.world.build_question(&effective, &effective.access, &renamed.access);
        self.world.solver.answer(&Question { known: &renamed.known, ..question }).has_excess()
    }
}
