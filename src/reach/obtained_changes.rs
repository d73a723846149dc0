//! The changes of principals that a search has obtained, and the states to which they apply.

use std::sync::Arc;

use super::model::state::NodeState;
use super::obtained::{ObtainableState, Obtained};
use super::path::Change;

/// The largest number of policies, groups and versions of one principal of which each two are tried together.
const MAX_PAIRED: usize = 6;

impl Obtained {
    /// The states of the same principal as `at` after each change that is known to be possible.
    pub(super) fn apply_known_changes(&self, at: usize, new: &mut Vec<ObtainableState>) {
        let state = self.state(at);
        if state.change.is_unchanged() && self.is_entered(state.principal) {
            // An unchanged principal is changed before a state acts as it.
            return;
        }
        let grant = self.find_grantor(state.principal).map(|by| self.grant_by(by));
        let changes = self.changes.get(&state.principal).into_iter().flatten().cloned();
        for change in grant.into_iter().chain(changes).filter(|change| self.is_worth_applying(state, change)) {
            new.extend(change.apply_to(state, at));
        }
    }

    /// Adds a change that a state can make to another principal.
    pub(super) fn add_change(&mut self, principal: usize, change: Change, new: &mut Vec<ObtainableState>) {
        if !self.known_changes.insert((principal, change.key())) {
            return;
        }
        let change = Arc::new(change);
        self.changes.entry(principal).or_default().push(Arc::clone(&change));
        self.apply_to_all(principal, &change, new);
    }

    /// A change of a principal, in all its states, and when a state begins to act as it.
    pub(super) fn apply_to_all(&self, principal: usize, change: &Arc<Change>, new: &mut Vec<ObtainableState>) {
        let keeps_versions = self.keeps_versions(&NodeState::unchanged(principal), change);
        if let Some(from) = self.arrivals.find(principal).filter(|_| keeps_versions) {
            new.extend(change.apply_on_arrival(principal, from));
        }
        if let Some(from) = self.sessions.find_assumer(principal).filter(|_| keeps_versions) {
            new.extend(change.apply_to(&NodeState::assumed(principal), from));
        }
        // The states of this round get the change when they are searched.
        let of_principal = self.states_of.get(&principal).into_iter().flatten();
        for position in of_principal.filter(|position| **position < self.of_earlier_rounds) {
            let state = self.state(*position);
            if !self.is_worth_applying(state, change) {
                continue;
            }
            // The same as in `apply_known_changes`. The start acts as itself already.
            if !state.change.is_unchanged() || !self.is_entered(principal) {
                new.extend(change.apply_to(state, *position));
            }
        }
    }

    /// Counts the policies, groups and versions that a principal can get by itself.
    pub(super) fn count_own_additions(&mut self, principal: usize, count: usize) {
        let known = self.own_additions.entry(principal).or_default();
        *known = count.max(*known);
    }

    /// Whether two of the policies, groups and versions that a principal can get are tried together: not if they are many.
    pub(super) fn may_pair(&self, principal: usize) -> bool {
        let changes = self.changes.get(&principal).into_iter().flatten();
        let by_others = changes.filter(|c| c.change.count_additions() == 1 && self.state(c.by).principal != principal);
        by_others.count() + self.own_additions.get(&principal).copied().unwrap_or_default() <= MAX_PAIRED
    }

    /// Whether a change is worth to try in a state.
    fn is_worth_applying(&self, state: &NodeState, change: &Change) -> bool {
        // What is combined already, and what is about a policy or a group that the principal got.
        let is_single = change.others.is_empty() && change.required_holding.is_none();
        let (before, added) = (state.change.count_additions(), change.change.count_additions());
        if !self.keeps_versions(state, change) {
            return false;
        }
        !is_single || before == 0 || added == 0 || (before + added <= 2 && self.may_pair(state.principal))
    }

    /// Whether a principal has the versions of policies with which it changed itself.
    fn keeps_versions(&self, state: &NodeState, change: &Change) -> bool {
        let by = self.state(change.by);
        let has = |version| state.change.policy_versions.contains(version);
        by.principal != state.principal || by.change.is_separate() || by.change.policy_versions.iter().all(has)
    }
}
