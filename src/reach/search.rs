//! Searches the states that a principal can obtain, each with a shortest path: a fixed point over what the start can obtain
//! (`docs/reach.md`, "How the search works").

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::graph::Graph;
use super::model::chosen_tags::tag_combination_limit;
use super::model::state::{NodeState, StateChange};
use super::obtained::{MAX_STATES_OF_PRINCIPAL, ObtainableState, Obtained};
use super::path::{Change, Origin, PathSoFar, PathStep};
use super::search_boundaries::BoundaryProgress;
use super::search_creations::CreationProgress;
use super::search_holdings::HoldingProgress;
use super::search_sessions::SessionProgress;
use super::search_tags::TagProgress;
use super::search_together::TogetherProgress;
use super::search_trust::TrustProgress;
use super::steps::successors::Successors;
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
    /// Its steps, in an order in which they can be taken.
    pub steps: Vec<PathStep>,
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

/// What a search does with a state that it visited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VisitOutcome {
    /// It searches what the state can obtain.
    Expand,
    /// It does not.
    Skip,
    /// It ends.
    Stop,
}

/// What the parts of a search have computed.
#[derive(Default)]
struct SearchProgress {
    /// The states that can change others, and the principals to which their changes are added already.
    offered: FxHashMap<usize, FixedBitSet>,
    trust: TrustProgress,
    tags: TagProgress,
    boundaries: BoundaryProgress,
    holdings: HoldingProgress,
    creations: CreationProgress,
    sessions: SessionProgress,
    together: TogetherProgress,
}

/// Removes principals from those that the last state of a path can act as.
pub type StepFilter<'f> = dyn Fn(&PathSoFar<'_>, &mut FixedBitSet) + 'f;

impl Graph<'_> {
    /// Searches for a shortest path from a principal to a state that meets `goal`. The start itself is not tested. Among
    /// states at the same distance, those with more possible actions come first.
    pub fn find_shortest_path<T>(
        &self,
        from: usize,
        goal: &mut dyn FnMut(&PathSoFar<'_>) -> GoalResult<T>,
    ) -> SearchResult<T> {
        let mut found = None;
        let mut undecided_goals = BTreeSet::new();
        let mut visit = |path: &PathSoFar<'_>| match goal(path) {
            GoalResult::Met(_) | GoalResult::Undecided(_) if path.is_joined() => {
                undecided_goals.insert(self.describe_joined(path.last()));
                VisitOutcome::Expand
            }
            GoalResult::Met(witness) => {
                found = Some(FoundPath { states: path.states(), steps: path.steps(), witness });
                VisitOutcome::Stop
            }
            GoalResult::NotMet => VisitOutcome::Expand,
            GoalResult::Undecided(reasons) => {
                undecided_goals.extend(reasons);
                VisitOutcome::Expand
            }
        };
        let mut undecided = self.visit_states(from, None, &mut visit);
        undecided.extend(undecided_goals);
        SearchResult { found, undecided }
    }

    /// Visits the states that a principal can obtain, without the start, each with a shortest path. Returns why steps could
    /// not be decided.
    ///
    /// `filter`: steps that are not searched. None to search all.
    pub fn visit_states(
        &self,
        from: usize,
        filter: Option<&StepFilter<'_>>,
        visit: &mut dyn FnMut(&PathSoFar<'_>) -> VisitOutcome,
    ) -> BTreeSet<UndecidedReason> {
        let mut obtained = Obtained::new(from, &self.world.principals.empty_set());
        let mut undecided = BTreeSet::new();
        let mut progress = SearchProgress::default();
        let mut frontier = vec![0];
        loop {
            let candidates = self.find_candidates((&frontier, filter), &mut progress, &mut obtained, &mut undecided);
            let Some(mut candidates) = candidates else { break };
            candidates.sort_by_cached_key(|(state, origin)| {
                let from = obtained.state(origin.from);
                (rank_step(from, state), Reverse(self.count_possible_actions(state.principal)))
            });
            let added: Vec<usize> =
                candidates.into_iter().filter_map(|(state, origin)| obtained.add(state, Some(origin))).collect();
            frontier = Vec::new();
            for last in added {
                let state = obtained.state(last);
                let is_user = self.world.principal_sets.users.contains(state.principal);
                if obtained.is_like_created_by_one(state, is_user) {
                    frontier.push(last);
                    continue;
                }
                match visit(&PathSoFar { discoveries: obtained.discoveries(), last }) {
                    VisitOutcome::Expand => frontier.push(last),
                    VisitOutcome::Skip => obtained.skip(last),
                    VisitOutcome::Stop => return undecided,
                }
            }
        }
        undecided.extend(obtained.exceeds_limit().map(|principal| self.describe_limit(principal)));
        self.find_uncombined_changes(&progress.holdings, &obtained, &mut undecided);
        if obtained.tags.is_limit_exceeded() {
            undecided.insert(tag_combination_limit());
        }
        undecided
    }

    /// What the states of the frontier obtain, and all together. If the frontier is empty, what only several sessions obtain. None if
    /// that is nothing.
    fn find_candidates(
        &self,
        (frontier, filter): (&[usize], Option<&StepFilter<'_>>),
        progress: &mut SearchProgress,
        obtained: &mut Obtained,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<ObtainableState>> {
        let mut candidates = Vec::new();
        let mut act_together = || {
            let together = (&mut progress.together, &mut progress.holdings);
            self.act_together(together, obtained, &mut candidates, undecided)
        };
        if frontier.is_empty() && (filter.is_some() || !act_together()) {
            return None;
        }
        for at in frontier.iter().copied() {
            let others = self.expand_state(at, filter, obtained, &mut candidates, undecided);
            progress.offered.extend(others.map(|already_offered| (at, already_offered)));
        }
        self.change_others(&mut progress.offered, obtained, &mut candidates, undecided);
        self.use_rewritten_trust(&mut progress.trust, obtained, &mut candidates, undecided);
        self.choose_tags(&mut progress.tags, obtained, &mut candidates, undecided);
        self.choose_boundaries(&mut progress.boundaries, obtained, &mut candidates, undecided);
        self.change_holdings(&mut progress.holdings, obtained, &mut candidates, undecided);
        self.use_creations(&mut progress.creations, obtained, &mut candidates, undecided);
        self.begin_sessions(&mut progress.sessions, obtained, &mut candidates, undecided);
        Some(candidates)
    }

    /// Adds what a state can do. Returns the principals to which its changes are added, if it can change others.
    ///
    /// `filter`: the principals that it does not act as.
    fn expand_state(
        &self,
        at: usize,
        filter: Option<&StepFilter<'_>>,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<FixedBitSet> {
        let state = obtained.state(at).clone();
        let successors = self.successors(&state);
        undecided.extend(successors.undecided.iter().cloned());
        self.add_successors((at, &state), &successors, filter, obtained, new);
        successors.changes_others.then(|| {
            let mut offered = successors.reachable.clone();
            offered.insert(state.principal);
            offered
        })
    }

    /// Adds the successors of a state.
    pub(super) fn add_successors(
        &self,
        (at, state): (usize, &NodeState),
        successors: &Successors,
        filter: Option<&StepFilter<'_>>,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        let own = |state: NodeState| (state, Origin::from(at));
        let is_created = state.change.created.is_some();
        if successors.grant_targets.contains(state.principal) && !state.change.grants_all && !is_created {
            let change = StateChange { grants_all: true, ..state.change.clone() };
            new.push(own(NodeState { principal: state.principal, change }));
        }
        obtained.apply_known_changes(at, new);
        let is_addition = |changed: &&NodeState| {
            changed.principal == state.principal && changed.change.count_additions() > state.change.count_additions()
        };
        obtained.count_own_additions(state.principal, successors.changed_states.iter().filter(is_addition).count());
        self.add_changed_states((at, state), &successors.changed_states, obtained, new);
        obtained.add_grants(at, &successors.grant_targets, new);
        self.enter_reachable(at, successors, filter, obtained, new);
        obtained.add_rewritable(at, &successors.rewritable);
        obtained.add_creations(at, &successors.creations);
        obtained.tags.add(at, &successors.tag_grants);
        obtained.add_boundaries(at, &successors.boundary_choices);
    }

    /// Adds the principals that a state can act as.
    fn enter_reachable(
        &self,
        at: usize,
        successors: &Successors,
        filter: Option<&StepFilter<'_>>,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        let mut reachable = Cow::Borrowed(&successors.reachable);
        if !reachable.is_disjoint(&self.world.creatable) {
            let mut absent = successors.reachable.clone();
            absent.intersect_with(&self.world.creatable);
            obtained.absent.add_users(at, &absent);
            reachable.to_mut().difference_with(&self.world.creatable);
        }
        if let Some(filter) = filter {
            filter(&PathSoFar { discoveries: obtained.discoveries(), last: at }, reachable.to_mut());
        }
        let mut assumed = successors.assumed.clone();
        assumed.intersect_with(&reachable);
        if !assumed.is_clear() {
            reachable.to_mut().difference_with(&successors.assumed_only);
        }
        obtained.add_assumed(at, &assumed, new);
        obtained.add_reached(at, &reachable, new);
    }

    /// Adds the changes that a state can make: of its own principal, and of others.
    fn add_changed_states(
        &self,
        (at, state): (usize, &NodeState),
        changed_states: &[NodeState],
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        let own = |state: NodeState| (state, Origin::from(at));
        let is_created = state.change.created.is_some();
        for changed in changed_states.iter().cloned() {
            if let Some(technique) = changed.change.limited_by
                && self.world.creatable.contains(changed.principal)
                && !changed.change.is_new_principal
            {
                obtained.absent.add_limited(at, (changed.principal, technique));
                continue;
            }
            match (changed.principal == state.principal && !is_created) || changed.change.is_separate() {
                true => {
                    let (before, after) = (state.change.count_additions(), changed.change.count_additions());
                    if changed.change.is_separate()
                        || before == after
                        || before == 0
                        || (after <= 2 && obtained.may_pair(state.principal))
                    {
                        if let Some(lasting) =
                            changed.change.lasting_since(&state.change).filter(|_| !state.change.is_unchanged())
                        {
                            let change = Change::new(at, Arc::new(lasting));
                            obtained.add_change(state.principal, change, new);
                        }
                        new.push(own(changed));
                    }
                }
                false => {
                    let change = Change::new(at, Arc::new(changed.change));
                    obtained.add_change(changed.principal, change, new);
                }
            }
        }
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
                obtained.add_change(changed.principal, Change::new(*at, Arc::new(changed.change)), new);
            }
        }
    }

    /// Why a state is undecided that only several sessions together obtain.
    pub fn describe_joined(&self, state: &NodeState) -> UndecidedReason {
        let principal = self.world.state_arn(state).to_owned();
        UndecidedReason::Uncombined { principal, changes: "what several sessions or changes allow only together" }
    }

    fn describe_limit(&self, principal: usize) -> UndecidedReason {
        UndecidedReason::SearchLimit { principal: self.arn(principal).to_owned(), states: MAX_STATES_OF_PRINCIPAL }
    }
}

/// The rank of a state among states at the same distance: a change of the same principal first, then an unchanged
/// principal, then a principal that the step also changes, which takes two techniques.
fn rank_step(from: &NodeState, state: &NodeState) -> u8 {
    match (from.principal == state.principal, state.change.is_unchanged()) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}
