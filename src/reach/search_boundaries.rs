//! The part of a search that chooses permissions boundaries of principals.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

use super::graph::Graph;
use super::model::chosen_boundary::BoundaryGrant;
use super::model::chosen_tags::TargetView;
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::model::technique::techniques;
use super::obtained::{ObtainableState, Obtained};
use super::path::Change;
use super::steps::step_finder::StepFinder;
use super::steps::successors::find_changed_states;
use crate::solve::UndecidedReason;

/// The largest number of ways to choose a boundary.
const MAX_BOUNDARIES: usize = 256;

/// What was computed for the ways to choose a boundary.
#[derive(Default)]
pub(super) struct BoundaryProgress {
    /// Those that were given to principals.
    given: FxHashSet<BoundaryChoice>,
    /// The states for which they were tried.
    expanded: FxHashSet<(BoundaryChoice, usize)>,
}

/// When principals get a boundary, and the position of the grant among those of this kind.
type BoundaryChoice = (BoundaryTime, usize);

/// When a principal gets a boundary.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum BoundaryTime {
    /// When it is created.
    AtCreation,
    /// Later, by another request.
    Later,
}

impl Graph<'_> {
    /// Adds the states that result from chosen boundaries.
    pub(super) fn choose_boundaries(
        &self,
        progress: &mut BoundaryProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let later = obtained.boundaries().iter().enumerate();
        let later = later.map(|(at, (by, grant))| (*by, grant.clone(), (BoundaryTime::Later, at)));
        let at_creation = obtained.creations().iter().enumerate().filter_map(|(at, (by, creation))| {
            let boundary = creation.boundary.clone()?;
            Some((*by, BoundaryGrant { targets: creation.targets.clone(), boundary }, (BoundaryTime::AtCreation, at)))
        });
        let choices: Vec<(usize, BoundaryGrant, BoundaryChoice)> = later.chain(at_creation).collect();
        if choices.len() > MAX_BOUNDARIES {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_BOUNDARIES,
                items: "ways to choose a permissions boundary",
            });
        }
        for (by, grant, choice) in choices.iter().take(MAX_BOUNDARIES) {
            if progress.given.insert(*choice) && choice.0 == BoundaryTime::Later {
                let boundary = Some(grant.boundary.clone());
                let change = SharedChange::from(StateChange { boundary, ..StateChange::default() });
                for principal in grant.targets.ones() {
                    obtained.add_change(principal, Change::new(*by, change.clone()), new);
                }
            }
            for at in obtained.list_expanded() {
                if progress.expanded.insert((*choice, at)) {
                    self.expand_with_boundary(at, grant, obtained, new, undecided);
                }
            }
        }
    }

    /// Adds what a state can change only if principals have a boundary.
    fn expand_with_boundary(
        &self,
        at: usize,
        grant: &BoundaryGrant,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let state = obtained.state(at).clone();
        if !self.successors(&state).depends_on_boundaries {
            return;
        }
        let mut targets = grant.targets.clone();
        if state.change.created.is_none() {
            // It acts with the new boundary itself: that is another state.
            targets.set(state.principal, false);
        }
        let view = TargetView { boundary: Some(grant.clone()), ..TargetView::default() };
        let (original_grants, original) = self.changes_with_view(&state, &targets, &TargetView::default(), undecided);
        let (grants, changed_states) = self.changes_with_view(&state, &targets, &view, undecided);
        let mut add = |principal, change: SharedChange| {
            let required_boundary = Some(grant.boundary.clone());
            obtained.add_change(principal, Change { required_boundary, ..Change::new(at, change) }, new);
        };
        for principal in grants.intersection(&targets).filter(|principal| !original_grants.contains(*principal)) {
            add(principal, StateChange { grants_all: true, ..StateChange::default() }.into());
        }
        let is_new = |changed: &NodeState| !original.contains(changed) && !changed.change.is_separate();
        for changed in changed_states.into_iter().filter(is_new) {
            add(changed.principal, changed.change);
        }
    }

    /// The principals that a state can grant everything, and its other changes of `targets`, if principals have the tags
    /// and the boundary of a view.
    fn changes_with_view(
        &self,
        state: &NodeState,
        targets: &FixedBitSet,
        view: &TargetView,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> (FixedBitSet, Vec<NodeState>) {
        let effective = self.world.effective(state);
        let step_finder = StepFinder::new(&self.world, state, &effective, view);
        let mut grant_targets = self.world.principals.empty_set();
        for technique in techniques().iter().filter(|technique| technique.kind.grants_all()) {
            grant_targets.union_with(&step_finder.find_grant_targets(technique, undecided));
        }
        let changed_states = find_changed_states(&step_finder, targets, &grant_targets, undecided);
        (grant_targets, changed_states)
    }
}
