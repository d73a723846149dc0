//! The graph of becoming: everyone of a snapshot, and what each may do to become another.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use fixedbitset::FixedBitSet;
use jiff::civil::Date;

use super::decide::action_bounds::{action_lower_bound, find_uncataloged_actions, is_contained};
use super::decide::any_resource::ComplementPolicies;
use super::decide::decision_key::DecisionKey;
use super::decide::effective::{BUDGET, EffectiveAccess, identity_branches};
use super::decide::time_floor::TimeFloor;
use super::model::arn_index::ArnIndex;
use super::model::principal_sets::{PrincipalSets, managed_policy_arn};
use super::model::state::{NodeState, PrincipalNode, StateChange};
use super::model::trust_index::TrustIndex;
use super::steps::assume_role::find_assumable_roles;
use super::steps::successors::{SharedSuccessors, StepFinder, Successors};
use crate::access::{KnownContext, Layers, PolicyRef, PrincipalType};
use crate::base::cache::Cache;
use crate::catalog::ActionId;
use crate::iam::{ContextKey, Partition};
use crate::snapshot::Snapshot;
use crate::solve::{Access, ActionWorld, AnswerDetail, Question, Solver, UndecidedReason};
use crate::trust::TrustAnalyzer;

/// The graph of becoming, worked out as far as it is asked about.
pub struct Graph<'a> {
    pub(super) solver: &'a Solver<'a>,
    pub(super) nodes: Vec<PrincipalNode<'a>>,
    pub(super) time_floor: TimeFloor,
    /// Everyone, by position in the snapshot.
    pub(super) principals: ArnIndex,
    /// The groups of all accounts: account, and position among its groups.
    pub(super) groups: ArnIndex,
    pub(super) group_positions: Vec<(usize, usize)>,
    /// The customer managed policies that someone has.
    pub(super) policies: ArnIndex,
    pub(super) trust_index: TrustIndex,
    pub(super) principal_sets: PrincipalSets,
    pub(super) complements: ComplementPolicies,
    /// Whether actions are allowed on things: the action, what counts of the thing, and what decides.
    pub(super) answers: Cache<((ActionId, String), DecisionKey), Arc<CachedAnswer>>,
    /// The steps that those who are alike have in common.
    shared_successors: Cache<(usize, PrincipalType, bool, DecisionKey), Arc<SharedSuccessors>>,
    successors: Cache<NodeState, Arc<Successors>>,
    /// The roles that each principal may assume, and what could not be decided of others.
    assumable_roles: Cache<usize, Arc<(FixedBitSet, BTreeSet<UndecidedReason>)>>,
    /// The classes of those who are alike, by number and by what decides.
    pub(super) class_by_state: Cache<NodeState, usize>,
    pub(super) class_by_key: Cache<(String, DecisionKey), usize>,
    pub(super) class_count: AtomicUsize,
    upper_bounds: Vec<OnceLock<ActionUpperBound>>,
}

impl<'a> Graph<'a> {
    /// The graph of a snapshot, as of a day.
    pub fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot, today: Date) -> Graph<'a> {
        let nodes = PrincipalNode::collect_from(snapshot);
        let principals = ArnIndex::new(nodes.iter().map(|node| node.principal.arn.as_str().to_owned()).collect());
        let trust_index = TrustIndex::new(&nodes, &principals, &TrustAnalyzer::new(solver, snapshot));
        let mut group_positions = Vec::new();
        let mut group_arns = Vec::new();
        for (at, account) in snapshot.accounts.iter().enumerate() {
            for (position, group) in account.groups.iter().enumerate() {
                group_positions.push((at, position));
                group_arns.push(group.arn.as_str().to_owned());
            }
        }
        let groups = ArnIndex::new(group_arns);
        let policies = ArnIndex::new(list_customer_policies(snapshot));
        let principal_sets = PrincipalSets::new(snapshot, &nodes, &principals, &groups, &policies);
        let upper_bounds = nodes.iter().map(|_| OnceLock::new()).collect();
        Graph {
            solver,
            time_floor: TimeFloor::new(today),
            principals,
            groups,
            group_positions: group_positions,
            policies,
            trust_index: trust_index,
            principal_sets: principal_sets,
            complements: ComplementPolicies::new(solver.catalog),
            answers: Cache::default(),
            shared_successors: Cache::default(),
            successors: Cache::default(),
            assumable_roles: Cache::default(),
            class_by_state: Cache::default(),
            class_by_key: Cache::default(),
            class_count: AtomicUsize::new(0),
            upper_bounds: upper_bounds,
            nodes,
        }
    }

    /// How many principals there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Someone's ARN.
    pub fn arn(&self, principal: usize) -> &str {
        self.principals.arn(principal)
    }

    /// The position of the principal of that ARN.
    pub fn find(&self, arn: &str) -> Option<usize> {
        self.principals.find(arn)
    }

    /// What someone may do.
    pub(super) fn effective(&self, state: &NodeState) -> Option<EffectiveAccess<'_>> {
        let node = self.nodes.get(state.principal)?;
        let layers = node.build_layers_after(&state.change);
        let account = node.account.id.as_str();
        Some(EffectiveAccess::new(self.solver, &self.time_floor, layers, &node.known, node.account.partition, account))
    }

    /// Whom a principal can become in one step, worked out once.
    pub(super) fn successors(&self, state: &NodeState) -> Arc<Successors> {
        self.successors.get_or_compute(state.clone(), || match self.effective(state) {
            Some(power) => Arc::new(Successors::compute(self, state, &power)),
            None => Arc::new(Successors::empty(self)),
        })
    }

    /// The steps that a principal has in common with all who are alike, worked out once.
    pub(super) fn shared_successors(&self, step_finder: &StepFinder<'_>) -> Arc<SharedSuccessors> {
        let effective = step_finder.effective;
        let account =
            self.principal_sets.account_by_principal.get(step_finder.state.principal).copied().unwrap_or_default();
        let principal_type = effective.layers.principal.principal_type;
        let has_boundary = effective.layers.boundary.is_some();
        let known = |key: &ContextKey| effective.known.fact(key);
        let mut decision_key = DecisionKey::new(&identity_branches(&effective.access), effective.partition, known);
        self.trust_index
            .principal_keyed_statements(effective.account)
            .for_each(|statement_use| decision_key.add(statement_use, &known));
        self.shared_successors.get_or_compute((account, principal_type, has_boundary, decision_key), || {
            Arc::new(SharedSuccessors::compute(step_finder))
        })
    }

    /// Whether a principal may assume a role, as both are.
    ///
    /// # Errors
    /// What could not be decided of the roles that it does not assume for certain.
    pub fn can_assume(&self, principal: usize, role: usize) -> Result<bool, BTreeSet<UndecidedReason>> {
        let assumable = self.assumable_roles.get_or_compute(principal, || {
            let state = NodeState { principal, change: StateChange::default() };
            let mut undecided = BTreeSet::new();
            let roles = self.effective(&state).map(|power| find_assumable_roles(self, &state, &power, &mut undecided));
            Arc::new((roles.unwrap_or_default(), undecided))
        });
        match (assumable.0.contains(role), assumable.1.is_empty()) {
            (false, false) => Err(assumable.1.clone()),
            (can_assume, _) => Ok(can_assume),
        }
    }
}

/// What someone may do at the most, by actions, and how many these are.
#[derive(Clone, Default)]
pub(super) struct ActionUpperBound {
    pub(super) actions: Arc<FixedBitSet>,
    pub(super) count: usize,
    /// Whether its policies name no action that the catalog does not know.
    pub(super) is_complete: bool,
}

/// What was answered to a question.
pub(super) struct CachedAnswer {
    pub(super) allowed: bool,
    pub(super) undecided: Vec<UndecidedReason>,
}

/// What gives a role an instance profile.
pub(super) const INSTANCE_PROFILE_ACTIONS: [&str; 2] = ["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"];

/// The customer managed policies, by ARN: those of principals and groups, boundaries, and all that can be attached.
fn list_customer_policies(snapshot: &Snapshot) -> Vec<String> {
    let mut arns: BTreeSet<&str> = BTreeSet::new();
    for account in &snapshot.accounts {
        let of_principals = account.principals.iter().flat_map(|principal| &principal.identity_policies);
        arns.extend(
            of_principals
                .chain(account.groups.iter().flat_map(|group| &group.identity_policies))
                .filter_map(managed_policy_arn),
        );
        arns.extend(account.principals.iter().filter_map(|principal| Some(principal.boundary.as_ref()?.arn.as_str())));
        arns.extend(account.policies.keys().map(String::as_str));
    }
    arns.into_iter().filter(|arn| !arn.contains(":iam::aws:")).map(str::to_owned).collect()
}

impl Graph<'_> {
    /// What a principal may do at the most, by actions.
    pub(super) fn upper_bound(&self, principal: usize) -> ActionUpperBound {
        let compute = || {
            let state = NodeState { principal, change: StateChange::default() };
            let Some(effective) = self.effective(&state) else { return ActionUpperBound::default() };
            let is_complete =
                find_uncataloged_actions(self.solver, &effective.access).is_some_and(|unknown| unknown.is_empty());
            ActionUpperBound {
                count: effective.upper_bound.count_ones(..),
                actions: Arc::new(effective.upper_bound),
                is_complete: is_complete,
            }
        };
        self.upper_bounds
            .get(principal)
            .map_or_else(ActionUpperBound::default, |cell| cell.get_or_init(compute).clone())
    }
}

/// What a question about someone needs.
impl Graph<'_> {
    /// Someone's layers, the access that they make, and the policies that its tags speak of.
    pub fn build_layers(&self, state: &NodeState) -> Option<(Layers, Access, Vec<PolicyRef>)> {
        self.effective(state).map(|power| (power.layers, power.access, power.policies))
    }

    /// What is known of someone's requests; its partition and its account.
    pub fn known_context(&self, state: &NodeState) -> Option<(&KnownContext, Partition, &str)> {
        let node = self.nodes.get(state.principal)?;
        Some((&node.known, node.account.partition, node.account.id.as_str()))
    }

    /// The actions that an access allows for certain, whatever the resource and the condition.
    pub fn lower_bound(&self, access: &Access) -> FixedBitSet {
        action_lower_bound(self.solver, access)
    }

    /// Whether someone may do nothing but some actions, as far as actions alone tell.
    pub fn is_limited_to(&self, state: &NodeState, actions: &FixedBitSet) -> bool {
        let upper_bound = self.upper_bound(state.principal);
        state.change.is_unchanged() && upper_bound.is_complete && upper_bound.actions.is_subset(actions)
    }

    /// Whether someone may do no more than an access for certain, as far as actions and common limits tell.
    pub fn is_contained_in(&self, state: &NodeState, access: &Access) -> bool {
        self.effective(state).is_some_and(|power| is_contained(self.solver, &power.access, &power.upper_bound, access))
    }

    /// Whether some actions are all that there are: who may do these for certain has nothing to reach.
    pub fn is_all_actions(&self, actions: &FixedBitSet) -> bool {
        actions.count_ones(..) == self.solver.catalog.action_count()
    }
}

impl Graph<'_> {
    /// Whether someone may do what an access does not allow. Both are asked as that one.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn has_excess(&self, state: &NodeState, access: &Access) -> Result<bool, BTreeSet<UndecidedReason>> {
        let Some((effective, (known, partition, account))) = self.effective(state).zip(self.known_context(state))
        else {
            return Ok(false);
        };
        let answer = self.solver.answer(&Question {
            effective: &effective.access,
            declared: access,
            known,
            partition: Some(partition),
            world: ActionWorld::Existing,
            single_request: None,
            budget: BUDGET,
            detail: AnswerDetail::Verdict,
            witness_account: Some(account),
            replay: None,
        });
        match (answer.grants.is_empty(), answer.undecided.is_empty()) {
            (false, _) => Ok(true),
            (true, true) => Ok(false),
            (true, false) => Err(answer.undecided.into_iter().collect()),
        }
    }
}
