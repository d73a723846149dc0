//! The part of a search that changes principals, after it has visited those that it can act as.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::model::state::NodeState;
use super::obtained::{ObtainableState, Obtained};
use super::path::Change;
use super::search_progress::SearchProgress;
use super::steps::successors::Successors;
use crate::solve::UndecidedReason;

impl Graph<'_> {
    /// Adds the changes of principals that the states of a round can make, and what follows if states combine what they can do.
    pub(super) fn change_principals(
        &self,
        frontier: &[usize],
        progress: &mut SearchProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        for at in frontier {
            let others = self.change_reached(*at, obtained, new, undecided);
            progress.offered.extend(others.map(|already_offered| (*at, already_offered)));
        }
        self.change_others(&mut progress.offered, obtained, new, undecided);
        self.use_rewritten_trust(&mut progress.trust, obtained, new, undecided);
        self.choose_tags(&mut progress.tags, obtained, new, undecided);
        self.choose_boundaries(&mut progress.boundaries, obtained, new, undecided);
        self.change_holdings(&mut progress.holdings, obtained, new, undecided);
        if obtained.combines_states() {
            new.extend(progress.classes.restore());
        }
        progress.creations.is_last_resort = !progress.has_arrivals && new.is_empty();
        self.use_creations(&mut progress.creations, obtained, new, undecided);
        progress.sessions.is_last_resort = !progress.has_arrivals && new.is_empty();
        self.begin_sessions(&mut progress.sessions, obtained, new, undecided);
    }

    /// Adds the changes that a state can make to principals that it can act as. Returns these principals if it can change
    /// others.
    fn change_reached(
        &self,
        at: usize,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<FixedBitSet> {
        let state = obtained.state(at).clone();
        let successors = self.successors(&state);
        let changes = successors.changes_others.then(|| self.reached_changes(&state, &self.original_tags));
        for changed in changes.iter().flat_map(|changes| &changes.states) {
            obtained.add_change(changed.principal, Change::new(at, changed.change.clone()), new);
        }
        undecided.extend(changes.iter().flat_map(|changes| &changes.undecided).cloned());
        self.add_abilities((at, &state), &successors, obtained, new);
        successors.changes_others.then(|| {
            let mut offered = self.world.principals.empty_set();
            offered.union_with(&successors.reachable);
            offered.insert(state.principal);
            offered
        })
    }

    /// Adds what a state can grant, rewrite and create, and the changes of the principal that created it.
    pub(super) fn add_abilities(
        &self,
        (at, state): (usize, &NodeState),
        successors: &Successors,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        for changed in successors.own_states.iter().filter(|changed| !is_own_state(state, changed)) {
            obtained.add_change(changed.principal, Change::new(at, changed.change.clone()), new);
        }
        obtained.add_grants(at, &successors.shared.grant_targets, new);
        obtained.add_rewritable(at, &successors.shared.rewritable);
        obtained.add_creations(at, &successors.shared.creations);
        obtained.tags.add(at, &successors.tag_grants);
        obtained.add_boundaries(at, &successors.boundary_choices);
    }

    /// Adds the changes that states can make to principals that only other states can act as.
    ///
    /// `offered`: the states that can change others, and the principals to which their changes are added already.
    fn change_others(
        &self,
        offered: &mut FxHashMap<usize, FixedBitSet>,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let mut by_position: Vec<(&usize, &mut FixedBitSet)> = offered.iter_mut().collect();
        by_position.sort_unstable_by_key(|(at, _)| **at);
        for (at, already_offered) in by_position {
            let mut others = obtained.list_changeable();
            others.difference_with(already_offered);
            if others.is_clear() {
                continue;
            }
            already_offered.union_with(&others);
            let changed_states = self.changes_of_others(obtained.state(*at), &others, undecided);
            for changed in changed_states.into_iter().filter(|changed| !changed.change.is_separate()) {
                obtained.add_change(changed.principal, Change::new(*at, changed.change), new);
            }
        }
    }
}

/// Whether a state that another one makes is its own principal, or none that exists. A user or role that the principal created
/// changes its creator as any other principal.
pub(super) fn is_own_state(state: &NodeState, changed: &NodeState) -> bool {
    (changed.principal == state.principal && state.change.created.is_none()) || changed.change.is_separate()
}
