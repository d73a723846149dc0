//! What several sessions of one account can do only together, and changes of one principal that were not tried together. The search
//! proves no path to such a state: if it matters, the result is undecided by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::decide::effective::EffectiveAccess;
use super::graph::Graph;
use super::model::chosen_boundary::ChosenBoundary;
use super::model::chosen_tags::ChosenTags;
use super::model::session_start::SessionStart;
use super::model::state::NodeState;
use super::model::state_change::{PolicyVersionRef, StateChange};
use super::model::technique::techniques;
use super::obtained::{ObtainableState, Obtained};
use super::path::{Change, Origin};
use super::search_classes::ClassProgress;
use super::search_holdings::HoldingProgress;
use super::steps::step_finder::StepFinder;
use super::steps::successors::{SharedSuccessors, Successors, find_changed_states};
use crate::catalog::AccessLevel;
use crate::solve::UndecidedReason;

/// The largest number of sessions of one account whose permissions count together.
const MAX_SESSIONS: usize = 256;
/// The largest number of ways to combine the changes of one principal.
const MAX_COMBINATIONS: usize = 64;

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// What was computed of the states that only several sessions obtain.
#[derive(Default)]
pub(super) struct TogetherProgress {
    /// The states of each account whose permissions were joined.
    joined: FxHashMap<usize, usize>,
    /// The combinations of changes that were added.
    combined: FxHashSet<NodeState>,
}

/// What replaces the earlier one when it changes again. Everything else that is changed stays.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Current {
    boundary: Option<ChosenBoundary>,
    versions: Vec<PolicyVersionRef>,
    tags: ChosenTags,
    renamed: Option<Arc<str>>,
    session: Option<SessionStart>,
    is_federated: bool,
}

impl Current {
    fn from_change(change: &StateChange) -> Current {
        Current {
            boundary: change.boundary.clone(),
            versions: change.policy_versions.clone(),
            tags: change.tags.clone(),
            renamed: change.renamed.clone(),
            session: change.session.clone(),
            is_federated: change.is_federated,
        }
    }
}

impl Graph<'_> {
    /// Adds the states that only several sessions together obtain, after the search has found what each of them obtains. Whether that
    /// was new.
    pub(super) fn act_together(
        &self,
        (progress, classes, holdings): (&mut TogetherProgress, &mut ClassProgress, &mut HoldingProgress),
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        self.combine_changes(progress, obtained, new, undecided);
        let mut by_account: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in obtained.list_expanded() {
            let account = self.world.principal_sets.account_of(obtained.state(at).principal);
            by_account.entry(account).or_default().push(at);
        }
        let mut is_new = !new.is_empty();
        let actions = self.step_actions.get_or_init(|| self.list_actions_of_steps());
        for (account, states) in by_account {
            let states = self.select_sessions(&states, obtained, actions);
            if states.len() > 1 && progress.joined.insert(account, states.len()) != Some(states.len()) {
                let arrivals = (&mut *obtained, &mut *classes);
                self.join_permissions(&states, holdings, arrivals, &mut *new, undecided);
                is_new = true;
            }
        }
        is_new
    }

    /// The states of one account whose sessions add to what others can do. Empty if one of them is allowed everything: it needs no
    /// other.
    fn select_sessions(&self, states: &[usize], obtained: &Obtained, actions: &FixedBitSet) -> Vec<usize> {
        let is_granted_all = |at: &&usize| obtained.state(**at).change.grants_all;
        let is_unlimited = |at: &usize| {
            let session = self.world.effective(obtained.state(*at));
            session.layers.boundary.is_none()
                && session.access.branches.iter().all(|branch| branch.deny_statements.is_empty())
        };
        if states.iter().filter(is_granted_all).any(is_unlimited) {
            return Vec::new();
        }
        let granted: FxHashSet<usize> =
            states.iter().filter(is_granted_all).map(|at| obtained.state(*at).principal).collect();
        let takes_part = |at: &usize| {
            let state = obtained.state(*at);
            let is_covered = granted.contains(&state.principal) && !state.change.grants_all;
            // A service that acts with a part of a role's permissions makes its own requests only.
            (!is_covered || state.change.is_unchanged())
                && state.change.limited_by.is_none()
                && !self.world.effective(state).upper_bound.is_disjoint(actions)
        };
        states.iter().copied().filter(takes_part).collect()
    }

    /// Adds what several states of one account obtain if each required action is one that any of them is allowed.
    fn join_permissions(
        &self,
        states: &[usize],
        holdings: &mut HoldingProgress,
        (obtained, classes): (&mut Obtained, &mut ClassProgress),
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        if states.len() > MAX_SESSIONS {
            undecided.insert(UndecidedReason::TooMany { most: MAX_SESSIONS, items: "sessions that can act together" });
        }
        let mut sessions = states.iter().take(MAX_SESSIONS).map(|at| self.world.effective(obtained.state(*at)));
        let (Some(first), Some(effective)) = (states.first(), sessions.next()) else { return };
        let helpers: Vec<EffectiveAccess<'_>> = sessions.collect();
        let state = NodeState::unchanged(obtained.state(*first).principal);
        let at = obtained.add_joined_sessions(state.clone());
        let step_finder =
            StepFinder { helpers: &helpers, ..StepFinder::new(&self.world, &state, &effective, &self.original_tags) };
        // What one of them cannot decide, the search has reported already.
        let mut ignored = BTreeSet::new();
        let mut successors = Successors::compute(&step_finder, Arc::new(SharedSuccessors::compute(&step_finder)));
        // One session sets a tag.
        successors.tag_grants.clear();
        self.add_successors((at, &state), &successors, None, (&mut *obtained, classes), new);
        self.add_abilities((at, &state), &successors, obtained, new);
        let writes = step_finder.find_policy_writes(&mut ignored).filter(|writes| !writes.is_empty());
        holdings.add_writes(at, writes.map(Arc::new));
        let changeable = obtained.list_changeable();
        let changed = find_changed_states(&step_finder, &changeable, &successors.shared.grant_targets, &mut ignored);
        for changed in changed.into_iter().filter(|changed| !changed.change.is_separate()) {
            obtained.add_change(changed.principal, Change::new(at, changed.change), new);
        }
    }

    /// The actions of steps: those that techniques require, but for the one that assumes a role, and those that change something in
    /// IAM.
    fn list_actions_of_steps(&self) -> FixedBitSet {
        let catalog = self.world.solver.catalog;
        let required = techniques().iter().flat_map(|technique| &technique.required_actions);
        let required =
            required.filter(|action| *action != ASSUME_ROLE).filter_map(|action| self.world.find_action(action));
        let of_iam = catalog.actions().filter(|action| {
            let is_read = matches!(catalog.access_level(*action), AccessLevel::Read | AccessLevel::List);
            !is_read && catalog.full_name(*action).starts_with("iam:")
        });
        let mut actions = FixedBitSet::with_capacity(catalog.action_count());
        actions.extend(required.chain(of_iam).map(|action| action.0 as usize));
        actions
    }

    /// Adds the states in which a principal has several of its changes together.
    fn combine_changes(
        &self,
        progress: &mut TogetherProgress,
        obtained: &Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let mut by_principal: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in obtained.list_expanded() {
            let state = obtained.state(at);
            if !state.change.is_separate() {
                by_principal.entry(state.principal).or_default().push(at);
            }
        }
        for (principal, states) in by_principal.into_iter().filter(|(_, states)| states.len() > 2) {
            let Some(from) = states.first().copied() else { continue };
            let changes: Vec<&StateChange> = states.iter().map(|at| &*obtained.state(*at).change).collect();
            let all = self.list_combinations(principal, &changes);
            if all.len() > MAX_COMBINATIONS {
                undecided.insert(UndecidedReason::TooMany {
                    most: MAX_COMBINATIONS,
                    items: "combinations of the changes of one principal",
                });
            }
            for change in all.into_iter().take(MAX_COMBINATIONS) {
                let state = NodeState::new(principal, change);
                if !obtained.contains(&state) && progress.combined.insert(state.clone()) {
                    let changed_by = Some(Change::new(from, state.change.clone()));
                    new.push((state, Origin { is_joined: true, ..Origin::changed(from, changed_by) }));
                }
            }
        }
    }

    /// The changes of a principal in each of the ways in which what replaces the earlier one can be chosen, with what lasts of all
    /// changes that can come before.
    fn list_combinations(&self, principal: usize, changes: &[&StateChange]) -> Vec<StateChange> {
        let ways: BTreeSet<Current> = changes.iter().map(|change| Current::from_change(change)).collect();
        let options = |select: fn(&mut Current, &Current)| -> Vec<Current> {
            let mut selected: BTreeSet<Current> = BTreeSet::new();
            for way in &ways {
                let mut option = Current::default();
                select(&mut option, way);
                selected.insert(option);
            }
            selected.into_iter().collect()
        };
        let selections: [fn(&mut Current, &Current); 6] = [
            |to, from| to.boundary = from.boundary.clone(),
            |to, from| to.versions = from.versions.clone(),
            |to, from| to.tags = from.tags.clone(),
            |to, from| to.renamed = from.renamed.clone(),
            |to, from| to.session = from.session.clone(),
            |to, from| to.is_federated = from.is_federated,
        ];
        let mut combined = vec![Current::default()];
        for select in selections {
            let options = options(select);
            let extend = |way: &Current| {
                let with = |option: &Current| {
                    let mut way = way.clone();
                    select(&mut way, option);
                    way
                };
                options.iter().map(with).collect::<Vec<Current>>()
            };
            combined = combined.iter().flat_map(extend).take(MAX_COMBINATIONS + 1).collect();
        }
        let may_set_back = self.may_set_back(principal, changes);
        combined.into_iter().filter_map(|current| combine_before(current, changes, may_set_back)).collect()
    }

    /// Whether a principal with some of its changes may set a version of its policies that is the default one now.
    fn may_set_back(&self, principal: usize, changes: &[&StateChange]) -> bool {
        let Some(set) = self.world.find_action("iam:SetDefaultPolicyVersion") else { return false };
        changes.iter().filter(|change| !change.policy_versions.is_empty()).any(|change| {
            let state = NodeState::new(principal, (*change).clone());
            self.world.effective(&state).may_allow(set)
        })
    }
}

/// What lasts of the changes that can come before a principal is as `current`. `may_set_back`: whether it may set the versions of
/// policies that are the default ones now.
fn combine_before(current: Current, changes: &[&StateChange], may_set_back: bool) -> Option<StateChange> {
    // What was never changed cannot be changed back: only what was done before it changed lasts.
    let comes_before = |change: &&&StateChange| {
        (change.boundary.is_none() || current.boundary.is_some())
            && (change.policy_versions.is_empty() || !current.versions.is_empty() || may_set_back)
            && (change.tags.is_empty() || !current.tags.is_empty())
            && (change.renamed.is_none() || current.renamed.is_some())
    };
    let before: Vec<&&StateChange> = changes.iter().filter(comes_before).collect();
    let Current { boundary, versions, tags, renamed, session, is_federated } = current;
    let mut combined = StateChange {
        boundary,
        policy_versions: versions,
        tags,
        renamed,
        session,
        is_federated,
        ..StateChange::default()
    };
    before.into_iter().for_each(|change| combined.add_lasting(change));
    (!combined.is_unchanged()).then_some(combined)
}
