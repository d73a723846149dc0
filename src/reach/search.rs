//! Searches the graph for a shortest path to a state that meets a goal.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::model::state::{NodeState, StateChange};
use crate::solve::UndecidedReason;

/// Whether a state meets a goal.
#[derive(Clone, Debug)]
pub enum GoalResult<T> {
    /// It does, with evidence.
    Met(T),
    /// It does not.
    NotMet,
    /// It could not be decided.
    Undecided(BTreeSet<UndecidedReason>),
}

/// A path that a search found.
#[derive(Clone, Debug)]
pub struct FoundPath<T> {
    /// The states of the path, from the start to the state that meets the goal.
    pub states: Vec<NodeState>,
    /// The goal's evidence for the last state.
    pub witness: T,
}

/// The result of a search.
#[derive(Clone, Debug)]
pub struct SearchResult<T> {
    /// A shortest path. None if no state is known to meet the goal.
    pub found: Option<FoundPath<T>>,
    /// Why steps or goals could not be decided.
    pub undecided: BTreeSet<UndecidedReason>,
}

/// The predecessor of each state. None for the start.
type Parents = FxHashMap<NodeState, Option<NodeState>>;

/// A path from the start of a search to a state.
pub struct PathSoFar<'s> {
    parents: &'s Parents,
    last: &'s NodeState,
}

impl PathSoFar<'_> {
    /// The last state.
    pub fn last(&self) -> &NodeState {
        self.last
    }

    /// The states of the path, from the start to the last.
    pub fn states(&self) -> Vec<NodeState> {
        let mut states = vec![self.last.clone()];
        let mut last = self.last;
        while let Some(Some(parent)) = self.parents.get(last) {
            states.push(parent.clone());
            last = parent;
        }
        states.reverse();
        states
    }
}

/// Principals to which states of a path can grant all permissions.
type GrantTargets = Arc<FixedBitSet>;

/// The principals that the search reached.
struct VisitedStates {
    /// Without changes.
    unchanged: FixedBitSet,
    /// With all permissions granted, and no other changes.
    grants_all: FixedBitSet,
}

impl Graph<'_> {
    /// Searches for a shortest path from a principal to a state that meets `goal`. The start itself is not tested. Among
    /// states at the same distance, those with more possible actions come first.
    pub fn find_shortest_path<T>(
        &self,
        from: usize,
        goal: &mut dyn FnMut(&PathSoFar<'_>) -> GoalResult<T>,
    ) -> SearchResult<T> {
        let no_principals = || self.world.principals.empty_set();
        let start = NodeState::unchanged(from);
        let mut result = SearchResult { found: None, undecided: BTreeSet::new() };
        let mut visited = VisitedStates { unchanged: no_principals(), grants_all: no_principals() };
        visited.unchanged.insert(from);
        let mut parents = Parents::default();
        parents.insert(start.clone(), None);
        let mut frontier = vec![(start, Arc::new(no_principals()))];
        while !frontier.is_empty() {
            let mut next: Vec<(NodeState, GrantTargets)> = Vec::new();
            for (state, grant_targets) in &frontier {
                let (next_states, grant_targets) =
                    self.expand_state(state, grant_targets, &mut visited, &mut result.undecided);
                for next_state in next_states {
                    if !parents.contains_key(&next_state) {
                        parents.insert(next_state.clone(), Some(state.clone()));
                        next.push((next_state, Arc::clone(&grant_targets)));
                    }
                }
            }
            next.sort_by_cached_key(|(state, _)| {
                (rank_step(&parents, state), Reverse(self.count_possible_actions(state.principal)))
            });
            for (state, _) in &next {
                let path = PathSoFar { parents: &parents, last: state };
                match goal(&path) {
                    GoalResult::Met(witness) => {
                        result.found = Some(FoundPath { states: path.states(), witness });
                        return result;
                    }
                    GoalResult::NotMet => {}
                    GoalResult::Undecided(reasons) => result.undecided.extend(reasons),
                }
            }
            frontier = next;
        }
        result
    }

    /// The unvisited states that a state can reach in one step, and the principals to which it, or an earlier state of
    /// the path, can grant all permissions.
    fn expand_state(
        &self,
        state: &NodeState,
        inherited_targets: &GrantTargets,
        visited: &mut VisitedStates,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> (Vec<NodeState>, GrantTargets) {
        let successors = self.successors(state);
        undecided.extend(successors.undecided.iter().cloned());
        let mut next_states = Vec::new();
        let with_all_granted = |principal: usize, change: &StateChange| NodeState {
            principal,
            change: StateChange { grants_all: true, ..change.clone() },
        };
        if successors.grant_targets.contains(state.principal) && !state.change.grants_all {
            next_states.push(with_all_granted(state.principal, &state.change));
        }
        next_states.extend(successors.changed_states.iter().cloned());
        let mut grant_targets = Arc::clone(inherited_targets);
        if !successors.grant_targets.is_subset(&grant_targets) {
            Arc::make_mut(&mut grant_targets).union_with(&successors.grant_targets);
        }
        let mut escalated = successors.reachable.clone();
        escalated.intersect_with(&grant_targets);
        escalated.difference_with(&visited.grants_all);
        visited.grants_all.union_with(&escalated);
        next_states.extend(escalated.ones().map(|principal| with_all_granted(principal, &StateChange::default())));
        let mut newly_reached = successors.reachable.clone();
        newly_reached.difference_with(&visited.unchanged);
        visited.unchanged.union_with(&newly_reached);
        next_states.extend(newly_reached.ones().map(NodeState::unchanged));
        (next_states, grant_targets)
    }
}

/// The rank of a state among states at the same distance: a change of the same principal first, then an unchanged
/// principal, then a principal that the step also changes, which takes two techniques.
fn rank_step(parents: &Parents, state: &NodeState) -> u8 {
    let changes_itself = matches!(parents.get(state), Some(Some(parent)) if parent.principal == state.principal);
    match (changes_itself, state.change.is_unchanged()) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}
