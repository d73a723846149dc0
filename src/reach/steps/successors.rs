//! Everything that a state can reach in one step.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::assume_role::{find_assumable_by_account, find_assumable_by_name};
use super::step_finder::StepFinder;
use crate::reach::model::state::NodeState;
use crate::reach::model::technique::{TechniqueKind, techniques};
use crate::solve::UndecidedReason;

/// The successors of a state.
#[derive(Clone, Debug)]
pub(crate) struct Successors {
    /// Principals that it can act as.
    pub(crate) reachable: FixedBitSet,
    /// Principals to which it can grant all permissions.
    pub(crate) grant_targets: FixedBitSet,
    /// Other changes of itself or of reachable principals.
    pub(crate) changed_states: Vec<NodeState>,
    /// Why further successors could not be decided.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// The successors that all principals of an account with the same statements have in common.
pub(crate) struct SharedSuccessors {
    reachable: FixedBitSet,
    grant_targets: FixedBitSet,
    undecided: BTreeSet<UndecidedReason>,
}

impl Successors {
    /// `shared` may come from another state with the same statements.
    pub(crate) fn compute(step_finder: &StepFinder<'_>, shared: &SharedSuccessors) -> Successors {
        let StepFinder { world, state, effective, .. } = step_finder;
        let mut undecided = shared.undecided.clone();
        let grant_targets = shared.grant_targets.clone();
        let mut reachable = shared.reachable.clone();
        reachable.union_with(&find_assumable_by_name(world, state, effective, &mut undecided));
        for technique in techniques().iter().filter(|technique| technique.kind == TechniqueKind::WebIdentityToken) {
            reachable.union_with(&step_finder.find_reachable(technique, &mut undecided));
        }
        reachable.remove(state.principal);
        // A principal that can be granted everything needs no other additional permissions.
        let mut targets = reachable.clone();
        targets.set(state.principal, !state.change.grants_all);
        targets.difference_with(&grant_targets);
        let mut changed_states = Vec::new();
        for technique in techniques() {
            changed_states.extend(step_finder.find_changed_states(technique, &targets, &mut undecided));
        }
        Successors { reachable, grant_targets, changed_states, undecided }
    }
}

impl SharedSuccessors {
    pub(crate) fn compute(step_finder: &StepFinder<'_>) -> SharedSuccessors {
        let world = step_finder.world;
        let mut reachable = world.principals.empty_set();
        let mut grant_targets = world.principals.empty_set();
        let mut undecided = BTreeSet::new();
        for technique in techniques() {
            match technique.kind {
                kind if kind == TechniqueKind::Combined || kind.changes_state() => {}
                // The token names the principal.
                TechniqueKind::WebIdentityToken => {}
                _ if !technique.limited_to.is_empty() => {}
                TechniqueKind::Assume => {
                    let roles = find_assumable_by_account(world, step_finder.effective, &mut undecided);
                    reachable.union_with(&roles);
                }
                kind if kind.write_target().is_some() => {
                    grant_targets.union_with(&step_finder.find_grant_targets(technique, &mut undecided));
                }
                _ => reachable.union_with(&step_finder.find_reachable(technique, &mut undecided)),
            }
        }
        SharedSuccessors { reachable, grant_targets, undecided }
    }
}
