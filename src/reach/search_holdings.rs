//! The part of a search that changes managed policies and groups which principals got during the search, and that combines
//! what principals got.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::graph::Graph;
use super::model::chosen_boundary::ChosenBoundary;
use super::model::holdings::Holding;
use super::model::managed_policies::managed_policy_arn;
use super::model::state_change::{PolicyVersionRef, StateChange};
use super::obtained::{ObtainableState, Obtained};
use super::path::Change;
use super::steps::policy_writes::PolicyWrites;
use crate::solve::UndecidedReason;

/// The largest number of policies and groups that one principal gets together.
// AWS: IAM and AWS STS quotas: by default 10 managed policies of a role, 10 groups of a user
const MAX_TOGETHER: usize = 10;

/// The largest number of those that deny something: each choice of them is one more state.
const MAX_DENYING: usize = 3;

/// What was computed for the policies and groups that principals got.
#[derive(Default)]
pub(super) struct HoldingProgress {
    /// The number of states that were looked at.
    seen_states: usize,
    /// What principals got, by principal, with the state that gave it first. None if that is possible only for some tags or
    /// boundaries of the principal.
    holdings: BTreeMap<(usize, Holding), Option<usize>>,
    /// The states whose writes are known.
    known: FxHashSet<usize>,
    /// What states can change in policies and groups.
    writes: Vec<(usize, Arc<PolicyWrites>)>,
    /// The changes that were made to what principals got, by the position of the writes.
    changed: FxHashSet<(usize, Holding, usize)>,
    /// The new policies, and the states for which they were tried.
    used_policies: FxHashSet<(Arc<str>, usize)>,
    /// What who joins a group gets from a new policy.
    attached: Vec<(usize, Change)>,
    /// The number of holdings that were combined, by principal.
    combined: BTreeMap<usize, usize>,
}

impl HoldingProgress {
    /// Adds what a state can change in policies and groups.
    pub(super) fn add_writes(&mut self, at: usize, writes: Option<Arc<PolicyWrites>>) {
        self.writes.extend(writes.map(|writes| (at, writes)));
    }
}

impl Graph<'_> {
    /// Adds what follows from changes of managed policies and groups that principals got during the search.
    pub(super) fn change_holdings(
        &self,
        progress: &mut HoldingProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        progress.add_holdings(obtained);
        if progress.holdings.is_empty() && !self.world.limits_policies {
            return;
        }
        for at in obtained.list_expanded() {
            if progress.known.insert(at) {
                let writes = self.find_policy_writes(obtained.state(at), undecided);
                progress.add_writes(at, writes);
            }
        }
        for (position, (by, writes)) in progress.writes.iter().enumerate() {
            let sets = &self.world.principal_sets;
            let account = sets.account_of(obtained.state(*by).principal);
            for (principal, holding) in progress.holdings.keys() {
                let is_new = sets.account_of(*principal) == account
                    && progress.changed.insert((*principal, holding.clone(), position));
                for change in
                    is_new.then(|| self.list_changes(holding, (*principal, writes), undecided)).into_iter().flatten()
                {
                    let required_holding = Some(holding.clone());
                    let change = Change { required_holding, ..Change::new(*by, change.into()) };
                    obtained.add_change(*principal, change, new);
                }
            }
        }
        self.use_new_policies(progress, obtained, new, undecided);
        self.combine_holdings(progress, obtained, new);
    }

    /// Adds what follows if one state creates a managed policy, and another one attaches it or sets it as a boundary.
    fn use_new_policies(
        &self,
        progress: &mut HoldingProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        for (policy, creator) in progress.list_created_policies() {
            for at in obtained.list_expanded() {
                if !progress.used_policies.insert((Arc::clone(&policy), at)) {
                    continue;
                }
                let mut uses = self.find_new_policy_uses(obtained.state(at), &policy, undecided);
                let is_new = self.world.policies.find(&policy).is_none();
                if is_new && progress.writes.iter().any(|(by, writes)| *by == at && writes.created.contains(&policy)) {
                    // It can do both: the techniques that attach or set a new policy apply.
                    uses.holders.clear();
                    uses.bounded.clear();
                }
                let by = |change: StateChange| Change { others: vec![creator], ..Change::new(at, change.into()) };
                let attached_policies = vec![Arc::clone(&policy)];
                let held = by(StateChange { attached_policies, grants_all: true, ..StateChange::default() });
                let boundary = Some(ChosenBoundary::Rewritten(Arc::clone(&policy)));
                let limited = by(StateChange { boundary, ..StateChange::default() });
                uses.holders.ones().for_each(|holder| obtained.add_change(holder, held.clone(), new));
                uses.bounded.ones().for_each(|principal| obtained.add_change(principal, limited.clone(), new));
                progress.attached.extend(uses.groups.ones().map(|group| (group, held.clone())));
            }
        }
        for (group, held) in &progress.attached {
            let position = self.world.group_position(*group);
            let joined = progress.holdings.keys().filter(|(principal, holding)| {
                *holding == Holding::Group(position.position)
                    && self.world.principal_sets.account_of(*principal) == position.account
            });
            for (principal, holding) in joined {
                let change = Change { required_holding: Some(holding.clone()), ..held.clone() };
                obtained.add_change(*principal, change, new);
            }
        }
    }

    /// The changes of a principal that result from changes of a policy or group that it got.
    fn list_changes(
        &self,
        holding: &Holding,
        (principal, writes): (usize, &PolicyWrites),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<StateChange> {
        let account = self.world.node(principal).account;
        let of_group =
            |group: &usize| account.groups.get(*group).into_iter().flat_map(|group| &group.identity_policies);
        let policies: Vec<&str> = match holding {
            Holding::Policy(policy) => vec![policy],
            Holding::Group(group) => of_group(group).filter_map(managed_policy_arn).collect(),
        };
        let is_group = |group: usize| {
            let position = self.world.group_position(group);
            *holding == Holding::Group(position.position)
                && position.account == self.world.principal_sets.account_of(principal)
        };
        let positions: Vec<usize> = policies.iter().filter_map(|policy| self.world.policies.find(policy)).collect();
        let is_written = positions.iter().any(|policy| writes.policies.contains(*policy));
        if is_written || writes.groups.ones().any(is_group) {
            return vec![StateChange { grants_all: true, ..StateChange::default() }];
        }
        let unreadable = writes.unreadable.iter().filter(|(policy, _)| positions.contains(policy));
        undecided.extend(unreadable.map(|(_, reason)| reason.clone()));
        let versions = writes.versions.iter().filter(|version| policies.contains(&version.policy_arn.as_ref()));
        let set = |version: &PolicyVersionRef| StateChange {
            policy_versions: vec![version.clone()],
            ..StateChange::default()
        };
        let attached = writes.attachments.iter().filter(|(group, _)| is_group(*group));
        let attach = |(_, policy): &(usize, Arc<str>)| StateChange::of_holding(&Holding::Policy(Arc::clone(policy)));
        versions.map(set).chain(attached.map(attach)).collect()
    }

    /// Adds for each principal the changes that give it everything that it can get and that denies nothing, with each choice
    /// of what denies something.
    fn combine_holdings(
        &self,
        progress: &mut HoldingProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        let principals: BTreeSet<usize> = progress.holdings.keys().map(|(principal, _)| *principal).collect();
        for principal in principals {
            let all = progress.holdings.iter().filter(|((holder, _), _)| *holder == principal);
            let node = self.world.node(principal);
            let (denying, additive): (Vec<ObtainedHolding<'_>>, Vec<ObtainedHolding<'_>>) = all
                .filter_map(|((_, holding), by)| Some((holding, (*by)?)))
                .filter(|(holding, _)| node.has_allow_in(holding))
                .partition(|(holding, _)| node.has_deny_in(holding));
            let known = progress.combined.entry(principal).or_default();
            let count = additive.len() + denying.len();
            if count < 2 || *known == count || !is_combined(additive.len(), denying.len()) {
                continue;
            }
            *known = count;
            for choice in 0_usize..1 << denying.len() {
                let chosen = denying.iter().enumerate().filter(|(at, _)| choice & (1 << at) != 0).map(|(_, made)| made);
                let together: Vec<ObtainedHolding<'_>> = additive.iter().chain(chosen).copied().collect();
                if let Some(change) = combine(&together) {
                    obtained.add_change(principal, change, new);
                }
            }
        }
    }

    /// Why not all combinations of what principals can get were tried. Those that can get everything need none.
    pub(super) fn find_uncombined_holdings(
        &self,
        progress: &HoldingProgress,
        obtained: &Obtained,
    ) -> Option<UndecidedReason> {
        let mut additions: BTreeMap<usize, (BTreeSet<Holding>, BTreeSet<&PolicyVersionRef>)> = BTreeMap::new();
        let mut has_everything: BTreeSet<usize> = BTreeSet::new();
        for state in obtained.discoveries().iter().map(|discovery| &discovery.state) {
            if state.change.grants_all {
                has_everything.insert(state.principal);
            }
            if !state.change.is_separate() && state.change.count_additions() > 0 {
                let (holdings, versions) = additions.entry(state.principal).or_default();
                holdings.extend(state.change.holdings());
                versions.extend(&state.change.policy_versions);
            }
        }
        let mut exceeding = additions.iter().filter(|(principal, (holdings, versions))| {
            let node = self.world.node(**principal);
            let useful = holdings.iter().filter(|holding| node.has_allow_in(holding));
            let (denying, additive) = useful.partition::<Vec<&Holding>, _>(|holding| node.has_deny_in(holding));
            let count = denying.len() + additive.len() + versions.len();
            let is_conditional = |holding: &&Holding| {
                progress.holdings.get(&(**principal, (*holding).clone())).is_none_or(Option::is_none)
            };
            let has_conditional = denying.iter().chain(&additive).any(is_conditional);
            let is_tried = match versions.is_empty() && !has_conditional {
                true => is_combined(additive.len(), denying.len()),
                false => count <= 2,
            };
            count > 1 && !is_tried && !has_everything.contains(principal)
        });
        let (principal, _) = exceeding.next()?;
        let changes = "all policies, groups and versions of policies that a principal can get";
        Some(self.describe_uncombined(*principal, changes))
    }
}

/// A policy or group that a principal can get, and the state that gives it.
type ObtainedHolding<'p> = (&'p Holding, usize);

/// Whether all combinations of so many policies and groups are tried.
fn is_combined(additive: usize, denying: usize) -> bool {
    additive + denying <= MAX_TOGETHER && denying <= MAX_DENYING
}

/// The change that gives a principal all of these. None if there is only one.
fn combine(holdings: &[ObtainedHolding<'_>]) -> Option<Change> {
    let mut makers: Vec<usize> = holdings.iter().map(|(_, by)| *by).collect();
    makers.sort_unstable();
    makers.dedup();
    let (by, others) = makers.split_first().filter(|_| holdings.len() > 1)?;
    let together = holdings.iter().fold(StateChange::default(), |together, (holding, _)| {
        together.merge(&StateChange::of_holding(holding)).unwrap_or(together)
    });
    Some(Change { others: others.to_vec(), ..Change::new(*by, together.into()) })
}

impl HoldingProgress {
    /// The managed policies that states can create, with the first such state.
    pub(super) fn list_created_policies(&self) -> BTreeMap<Arc<str>, usize> {
        let mut creators: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for (by, writes) in &self.writes {
            for policy in &writes.created {
                creators.entry(Arc::clone(policy)).or_insert(*by);
            }
        }
        creators
    }

    /// Adds what principals have in states that are new.
    fn add_holdings(&mut self, obtained: &Obtained) {
        let discoveries = obtained.earlier_discoveries();
        for discovery in discoveries.get(self.seen_states..).unwrap_or_default() {
            let state = &discovery.state;
            let Some(origin) = discovery.origin.as_ref().filter(|_| !state.change.is_separate()) else { continue };
            let by = match &origin.changed_by {
                Some(change) => (!change.is_conditional()).then_some(change.by),
                None => Some(origin.from),
            };
            for holding in state.change.holdings() {
                self.holdings.entry((state.principal, holding)).or_insert(by);
            }
        }
        self.seen_states = discoveries.len();
    }
}
