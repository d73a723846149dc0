//! Searches the states that a principal can obtain, each with a shortest path: a fixed point over what the start can obtain
//! (`docs/reach.md`, "How the search works").

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use fixedbitset::FixedBitSet;

use super::graph::Graph;
use super::model::chosen_tags::tag_combination_limit;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::obtained::{MAX_JOINED_STATES, MAX_STATES_OF_PRINCIPAL, ObtainableState, Obtained};
use super::path::{Change, Origin, PathSoFar, PathStep};
use super::search_changes::is_own_state;
use super::search_classes::ClassProgress;
use super::search_progress::SearchProgress;
use super::steps::successors::Successors;
use crate::solve::UndecidedReason;

/// The largest number of rounds of a search. A path has at most one step for each, and what is further away is undecided: in a
/// chain of N roles, each principal would have paths of N steps.
const MAX_ROUNDS: usize = 16;

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
    /// The same, and the outcome would be the same for every unchanged principal with the same statements.
    ExpandClass,
    /// It does not.
    Skip,
    /// It ends.
    Stop,
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
        let classes = ClassProgress::new(filter.is_none() && !self.world.limits_policies);
        let mut progress = SearchProgress { classes, ..SearchProgress::default() };
        let mut frontier = vec![0];
        let mut round = 0;
        loop {
            obtained.begin_round();
            let mut candidates = Vec::new();
            if frontier.is_empty() {
                let SearchProgress { together, classes, holdings, .. } = &mut progress;
                let together = (together, classes, holdings);
                if filter.is_some() || !self.act_together(together, &mut obtained, &mut candidates, &mut undecided) {
                    break;
                }
                // What sessions obtain together begins where a path of each ends.
                round = 0;
            }
            if round == MAX_ROUNDS {
                undecided.insert(UndecidedReason::TooMany { most: MAX_ROUNDS, items: "steps of a path" });
                break;
            }
            round += 1;
            let mut next = Vec::new();
            for at in &frontier {
                self.expand_state(*at, filter, (&mut obtained, &mut progress.classes), &mut candidates, &mut undecided);
            }
            progress.has_arrivals = !candidates.is_empty();
            if self.visit_candidates(candidates, (&mut obtained, &mut progress.classes), visit, &mut next).is_break() {
                return undecided;
            }
            // A search that ends before needs no changes of other principals, which are most of the candidates.
            let mut candidates = Vec::new();
            self.change_principals(&frontier, &mut progress, &mut obtained, &mut candidates, &mut undecided);
            if self.visit_candidates(candidates, (&mut obtained, &mut progress.classes), visit, &mut next).is_break() {
                return undecided;
            }
            frontier = next;
        }
        undecided.extend(obtained.exceeds_limit().map(|principal| self.describe_limit(principal)));
        self.find_uncombined_changes(&progress.holdings, &obtained, &mut undecided);
        if obtained.has_many_joined() {
            let items = "states that only several sessions or changes obtain together";
            undecided.insert(UndecidedReason::TooMany { most: MAX_JOINED_STATES, items });
        }
        if obtained.tags.is_limit_exceeded() {
            undecided.insert(tag_combination_limit());
        }
        undecided
    }

    /// Adds and visits new states, those with more possible actions first. Adds those to `next` whose successors are searched.
    fn visit_candidates(
        &self,
        mut candidates: Vec<ObtainableState>,
        (obtained, classes): (&mut Obtained, &mut ClassProgress),
        visit: &mut dyn FnMut(&PathSoFar<'_>) -> VisitOutcome,
        next: &mut Vec<usize>,
    ) -> ControlFlow<()> {
        candidates.sort_by_cached_key(|(state, origin)| {
            let from = obtained.state(origin.from);
            (rank_step(from, state), Reverse(self.count_possible_actions(state.principal)))
        });
        for (state, origin) in candidates {
            let mut waiting = vec![(state, origin)];
            while let Some((state, origin)) = waiting.pop() {
                let Some(last) = obtained.add(state.clone(), Some(origin)) else {
                    waiting.extend(classes.settle(&state, false));
                    continue;
                };
                let state = obtained.state(last);
                let is_user = self.world.principal_sets.users.contains(state.principal);
                if obtained.is_like_created_by_one(state, is_user) {
                    next.push(last);
                    continue;
                }
                if obtained.is_beyond_joined(last) {
                    // The result is undecided anyway.
                    obtained.skip(last);
                    waiting.extend(classes.settle(obtained.state(last), false));
                    continue;
                }
                let outcome = visit(&PathSoFar { discoveries: obtained.discoveries(), last });
                match outcome {
                    VisitOutcome::Expand | VisitOutcome::ExpandClass => next.push(last),
                    VisitOutcome::Skip => obtained.skip(last),
                    VisitOutcome::Stop => return ControlFlow::Break(()),
                }
                waiting.extend(classes.settle(obtained.state(last), outcome == VisitOutcome::ExpandClass));
            }
        }
        ControlFlow::Continue(())
    }

    /// Adds what a state can act as and change of itself.
    ///
    /// `filter`: the principals that it does not act as.
    fn expand_state(
        &self,
        at: usize,
        filter: Option<&StepFilter<'_>>,
        (obtained, classes): (&mut Obtained, &mut ClassProgress),
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let state = obtained.state(at).clone();
        let successors = self.successors(&state);
        undecided.extend(successors.undecided.iter().cloned());
        self.add_successors((at, &state), &successors, filter, (obtained, classes), new);
    }

    /// Adds the principals that a state can act as, and the changes of itself.
    pub(super) fn add_successors(
        &self,
        (at, state): (usize, &NodeState),
        successors: &Successors,
        filter: Option<&StepFilter<'_>>,
        (obtained, classes): (&mut Obtained, &mut ClassProgress),
        new: &mut Vec<ObtainableState>,
    ) {
        let is_created = state.change.created.is_some();
        if successors.shared.grant_targets.contains(state.principal) && !state.change.grants_all && !is_created {
            let change = StateChange { grants_all: true, ..state.change.to_change() };
            new.push((NodeState::new(state.principal, change), Origin::from(at)));
        }
        obtained.apply_known_changes(at, new);
        let count = |changed: &NodeState| changed.change.count_additions();
        let is_addition = |changed: &&NodeState| {
            changed.principal == state.principal && count(changed) > state.change.count_additions()
        };
        obtained.count_own_additions(state.principal, successors.own_states.iter().filter(is_addition).count());
        for changed in successors.own_states.iter().filter(|changed| is_own_state(state, changed)) {
            self.add_own_state((at, state), changed, obtained, new);
        }
        let reached = self.enter_reachable(at, successors, filter, obtained, new);
        new.extend(self.choose_from_classes(at, &reached, classes));
    }

    /// Adds the principals that a state can act as, with what is known of them. Returns those that are new.
    fn enter_reachable(
        &self,
        at: usize,
        successors: &Successors,
        filter: Option<&StepFilter<'_>>,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) -> FixedBitSet {
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
        obtained.add_reached(at, &reachable, new)
    }

    /// Adds a state that the state `at` makes of its own principal, or one that is no principal of the snapshot.
    fn add_own_state(
        &self,
        (at, state): (usize, &NodeState),
        changed: &NodeState,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        if let Some(technique) = changed.change.limited_by
            && self.world.creatable.contains(changed.principal)
            && !changed.change.is_new_principal
        {
            obtained.absent.add_limited(at, (changed.principal, technique));
            return;
        }
        let (before, after) = (state.change.count_additions(), changed.change.count_additions());
        let is_worth_adding = changed.change.is_separate()
            || before == after
            || before == 0
            || (after <= 2 && obtained.may_pair(state.principal));
        if !is_worth_adding {
            return;
        }
        if !state.change.is_unchanged()
            && let Some(lasting) = changed.change.lasting_since(&state.change)
        {
            obtained.add_change(state.principal, Change::new(at, lasting.into()), new);
        }
        new.push((changed.clone(), Origin::from(at)));
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
