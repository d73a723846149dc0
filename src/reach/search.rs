//! The shortest path to someone of whom something holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::model::state::{NodeState, StateChange};
use crate::solve::UndecidedReason;

/// What a goal says of someone.
#[derive(Clone, Debug)]
pub enum GoalResult<T> {
    /// It holds, with what shows it.
    Met(T),
    /// It does not.
    NotMet,
    /// It could not be decided.
    Undecided(BTreeSet<UndecidedReason>),
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct FoundPath<T> {
    /// Whom the principal becomes, one after the other; itself first.
    pub states: Vec<NodeState>,
    /// What shows that the goal holds of the last.
    pub witness: T,
}

/// The outcome of a search.
#[derive(Clone, Debug)]
pub struct SearchResult<T> {
    /// A shortest path.
    pub found: Option<FoundPath<T>>,
    /// What could not be decided on the way.
    pub undecided: BTreeSet<UndecidedReason>,
}

/// From whom each was reached; the one who searches from nobody.
type Parents = FxHashMap<NodeState, Option<NodeState>>;

/// A way that a search took.
pub struct PathSoFar<'s> {
    parents: &'s Parents,
    last: &'s NodeState,
}

impl PathSoFar<'_> {
    /// Who stands at its end.
    pub fn last(&self) -> &NodeState {
        self.last
    }

    /// Whom the principal becomes on it, one after the other; itself first.
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

/// Whose policies can be made to allow everything.
type GrantTargets = Arc<FixedBitSet>;

/// Who was reached.
struct VisitedStates {
    /// As they are.
    unchanged: FixedBitSet,
    /// With a policy that allows everything, and nothing else changed.
    grants_all: FixedBitSet,
}

impl Graph<'_> {
    /// Looks for the shortest path from a principal to someone of whom `goal` holds, itself unchanged left out. Of
    /// paths that are as short, that to the one who may do most.
    pub fn find_shortest_path<T>(
        &self,
        from: usize,
        goal: &mut dyn FnMut(&PathSoFar<'_>) -> GoalResult<T>,
    ) -> SearchResult<T> {
        let start = NodeState { principal: from, change: StateChange::default() };
        let mut result = SearchResult { found: None, undecided: BTreeSet::new() };
        let mut visited =
            VisitedStates { unchanged: self.principals.empty_set(), grants_all: self.principals.empty_set() };
        visited.unchanged.insert(from);
        let mut parents = Parents::default();
        parents.insert(start.clone(), None);
        let mut frontier = vec![(start, Arc::new(self.principals.empty_set()))];
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
            // What takes one path comes before what takes two: a target that is widened and become.
            let cost = |state: &NodeState| match (changes_itself(&parents, state), state.change.is_unchanged()) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            next.sort_by_cached_key(|(state, _)| {
                (cost(state), std::cmp::Reverse(self.count_possible_actions(state.principal)))
            });
            for (state, _) in &next {
                let path = PathSoFar { parents: &parents, last: state };
                match goal(&path) {
                    GoalResult::Met(witness) => {
                        result.found = Some(FoundPath { states: path.states(), witness: witness });
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

    /// Whom someone becomes in one step and who was not seen yet; and whose policies it, or who took the steps to it,
    /// can write anything into.
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
        next_states
            .extend(newly_reached.ones().map(|principal| NodeState { principal, change: StateChange::default() }));
        (next_states, grant_targets)
    }

    /// How many actions a principal may do at the most.
    fn count_possible_actions(&self, principal: usize) -> usize {
        self.upper_bound(principal).count
    }
}

/// Whether a step changes whoever takes it, and leads to nobody else.
fn changes_itself(parents: &Parents, state: &NodeState) -> bool {
    matches!(parents.get(state), Some(Some(parent)) if parent.principal == state.principal)
}
