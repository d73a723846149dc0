//! The attack graph of a snapshot: states, and the states that each can reach in one step. Computed on demand.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use fixedbitset::FixedBitSet;
use jiff::civil::Date;

use super::decide::action_bounds::{action_lower_bound, find_uncataloged_actions, is_contained};
use super::decide::decision_key::DecisionKey;
use super::decide::effective::identity_branches;
use super::decide::world::World;
use super::equivalence::{EquivalenceClass, EquivalenceClasses};
use super::model::chosen_tags::TargetView;
use super::model::shared_change::ChangePool;
use super::model::state::NodeState;
use super::path::PathStep;
use super::proven_step::StepProof;
use super::steps::assume_role::find_assumable_roles;
use super::steps::new_policies::NewPolicyUses;
use super::steps::policy_writes::PolicyWrites;
use super::steps::step_finder::StepFinder;
use super::steps::successors::{ReachedChanges, SharedSuccessors, Successors, find_changed_states};
use super::steps::trust_uses::TrustUses;
use crate::access::{KnownContext, Layers, PolicyRef, PrincipalType};
use crate::base::cache::Cache;
use crate::iam::{ContextKey, Partition};
use crate::snapshot::Snapshot;
use crate::solve::{Access, NameVariables, RenamedDocuments, Solver, UndecidedReason};

/// The number of proofs that are stored.
const MAX_PROOFS: usize = 50_000;

/// The attack graph of a snapshot.
///
/// Principals are positions in [`Snapshot::principals`]. Methods panic for a position or a state of another snapshot.
pub struct Graph<'a> {
    pub(super) world: World<'a>,
    shared_successors: Cache<SharedKey, Arc<SharedSuccessors>>,
    /// By the state and the tags of other principals.
    successors: Cache<(NodeState, Arc<TargetView>), Arc<Successors>>,
    /// The changes that states make of principals that they can act as, by the state and the tags of other principals.
    reached_changes: Cache<(NodeState, Arc<TargetView>), Arc<ReachedChanges>>,
    change_pool: ChangePool,
    pub(super) original_tags: Arc<TargetView>,
    assumable_roles: Cache<usize, Arc<AssumableRoles>>,
    policy_writes: Cache<NodeState, Arc<DecidedWrites>>,
    classes: EquivalenceClasses,
    /// By principal. None for a principal without a class.
    pub(super) search_classes: Vec<OnceLock<Option<usize>>>,
    /// By the address of the shared successors, which a cache keeps, and the equivalence class.
    pub(super) search_class_numbers: Cache<(usize, usize), usize>,
    pub(super) next_search_class: AtomicUsize,
    /// The actions of steps, for searches in which several sessions act together.
    pub(super) step_actions: OnceLock<FixedBitSet>,
    upper_bounds: Vec<OnceLock<ActionUpperBound>>,
    /// The proofs of steps. Paths of many principals have the same last steps.
    pub(super) proofs: Cache<PathStep, StepProof>,
    /// The policies of states that are compared with others.
    renamed_documents: RenamedDocuments,
    /// The same, for states under another name.
    own_name_documents: RenamedDocuments,
}

/// The account, the principal type, whether there is a boundary, the statements with their facts, and the tags of other
/// principals.
type SharedKey = (usize, PrincipalType, bool, DecisionKey, Arc<TargetView>);

/// The roles that a principal can assume, and why others could not be decided.
struct AssumableRoles {
    roles: FixedBitSet,
    undecided: BTreeSet<UndecidedReason>,
}

/// The managed policies and groups that a state can change, and why others could not be decided.
struct DecidedWrites {
    /// None if it can change none.
    writes: Option<Arc<PolicyWrites>>,
    undecided: BTreeSet<UndecidedReason>,
}

/// A superset of the actions that a principal is allowed.
struct ActionUpperBound {
    actions: FixedBitSet,
    count: usize,
    /// Whether its policies name only actions that the catalog has. Otherwise `actions` lacks some.
    is_complete: bool,
}

impl<'a> Graph<'a> {
    /// The graph of a snapshot. Requests are made `today`.
    pub fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot, today: Date) -> Graph<'a> {
        let world = World::new(solver, snapshot, today);
        let search_classes = (0..world.node_count()).map(|_| OnceLock::new()).collect();
        let upper_bounds = (0..world.node_count()).map(|_| OnceLock::new()).collect();
        Graph {
            world,
            shared_successors: Cache::default(),
            successors: Cache::default(),
            reached_changes: Cache::default(),
            change_pool: ChangePool::default(),
            original_tags: Arc::default(),
            assumable_roles: Cache::default(),
            policy_writes: Cache::default(),
            classes: EquivalenceClasses::default(),
            search_classes,
            search_class_numbers: Cache::default(),
            next_search_class: AtomicUsize::new(0),
            step_actions: OnceLock::new(),
            upper_bounds,
            proofs: Cache::with_capacity(MAX_PROOFS),
            renamed_documents: RenamedDocuments::new(NameVariables::OfFirst),
            own_name_documents: RenamedDocuments::new(NameVariables::Own),
        }
    }

    /// The number of principals.
    pub fn len(&self) -> usize {
        self.world.len()
    }

    /// Whether the snapshot has no principals.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ARN of a principal.
    pub fn arn(&self, principal: usize) -> &str {
        self.world.arn(principal)
    }

    /// The ARN of the principal as which a state makes requests: that of the user or role that it created, if it did.
    pub fn state_arn<'s>(&'s self, state: &'s NodeState) -> &'s str {
        self.world.state_arn(state)
    }

    /// The policies of states, with the keys that have other values in a state with which they are compared.
    pub fn renamed_documents(&self) -> &RenamedDocuments {
        &self.renamed_documents
    }

    /// The policies of a principal, with the keys that have other values after it was renamed.
    pub fn own_name_documents(&self) -> &RenamedDocuments {
        &self.own_name_documents
    }

    /// The principal with an ARN. None if it is not in the snapshot.
    pub fn find(&self, arn: &str) -> Option<usize> {
        self.world.principals.find(arn).filter(|principal| !self.world.creatable.contains(*principal))
    }

    /// What a state can reach in one step.
    pub(super) fn successors(&self, state: &NodeState) -> Arc<Successors> {
        self.successors_with_tags(state, &self.original_tags)
    }

    /// What a state can reach in one step if other principals have these tags.
    pub(super) fn successors_with_tags(&self, state: &NodeState, tags: &Arc<TargetView>) -> Arc<Successors> {
        self.successors.get_or_compute((state.clone(), Arc::clone(tags)), || {
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective, tags);
            let shared = if state.change.can_share_successors() {
                self.shared_successors(&step_finder, tags)
            } else {
                Arc::new(SharedSuccessors::compute(&step_finder))
            };
            let mut successors = Successors::compute(&step_finder, shared);
            self.change_pool.share(successors.own_states.iter_mut().map(|state| &mut state.change));
            Arc::new(successors)
        })
    }

    /// The states that a state makes of principals that it can act as if other principals have these tags, other than by granting
    /// everything. The state's own principal is not among them.
    pub(super) fn reached_changes(&self, state: &NodeState, tags: &Arc<TargetView>) -> Arc<ReachedChanges> {
        self.reached_changes.get_or_compute((state.clone(), Arc::clone(tags)), || {
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective, tags);
            let mut changes = ReachedChanges::compute(&step_finder, &self.successors_with_tags(state, tags));
            self.change_pool.share(changes.states.iter_mut().map(|state| &mut state.change));
            Arc::new(changes)
        })
    }

    /// The states that a state makes of principals that it cannot act as, other than by granting everything.
    pub(super) fn changes_of_others(
        &self,
        state: &NodeState,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let grant_targets = &self.successors(state).shared.grant_targets;
        let effective = self.world.effective(state);
        let step_finder = StepFinder::new(&self.world, state, &effective, &self.original_tags);
        find_changed_states(&step_finder, targets, grant_targets, undecided)
    }

    /// The managed policies and groups that a state can change. None if it can change none.
    pub(super) fn find_policy_writes(
        &self,
        state: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Arc<PolicyWrites>> {
        let decided = self.policy_writes.get_or_compute_borrowed(state, || {
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective, &self.original_tags);
            let mut undecided = BTreeSet::new();
            let writes = step_finder.find_policy_writes(&mut undecided);
            Arc::new(DecidedWrites { writes: writes.filter(|writes| !writes.is_empty()).map(Arc::new), undecided })
        });
        undecided.extend(decided.undecided.iter().cloned());
        decided.writes.clone()
    }

    /// What a state can do with a managed policy that another one creates.
    pub(super) fn find_new_policy_uses(
        &self,
        state: &NodeState,
        policy: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> NewPolicyUses {
        let effective = self.world.effective(state);
        StepFinder::new(&self.world, state, &effective, &self.original_tags).find_new_policy_uses(policy, undecided)
    }

    /// What a state can do with roles whose trust policies are rewritten for it.
    pub(super) fn find_trust_uses(
        &self,
        state: &NodeState,
        roles: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> TrustUses {
        let effective = self.world.effective(state);
        StepFinder::new(&self.world, state, &effective, &self.original_tags).find_trust_uses(roles, undecided)
    }

    /// The roles for which a state can act with a part of their permissions, if their trust policies name a service.
    pub(super) fn find_limited_uses(
        &self,
        state: &NodeState,
        roles: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<(usize, &'static str)> {
        let effective = self.world.effective(state);
        StepFinder::new(&self.world, state, &effective, &self.original_tags).find_limited_uses(roles, undecided)
    }

    /// The successors that a state has in common with all states with the same statements.
    fn shared_successors(&self, step_finder: &StepFinder<'_>, tags: &Arc<TargetView>) -> Arc<SharedSuccessors> {
        let effective = step_finder.effective;
        let account = self.world.principal_sets.account_of(step_finder.state.principal);
        let principal_type = effective.layers.principal.principal_type;
        let has_boundary = effective.layers.boundary.is_some();
        let known = |key: &ContextKey| effective.known.fact(key);
        let trust_statements: Vec<_> = self.world.trust_index.principal_keyed_statements(effective.account).collect();
        let branches = identity_branches(&effective.access);
        let decision_key =
            self.world.decision_keys.make_key_with_facts(&branches, &trust_statements, effective.partition, known);
        let key = (account, principal_type, has_boundary, decision_key, Arc::clone(tags));
        self.shared_successors.get_or_compute(key, || Arc::new(SharedSuccessors::compute(step_finder)))
    }

    /// Whether a principal can assume a role.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn can_assume(&self, principal: usize, role: usize) -> Result<bool, BTreeSet<UndecidedReason>> {
        let assumable = self.assumable_roles.get_or_compute(principal, || {
            let state = NodeState::unchanged(principal);
            let mut undecided = BTreeSet::new();
            let roles = find_assumable_roles(
                &self.world,
                &state,
                &self.world.effective(&state),
                &self.original_tags,
                &mut undecided,
            );
            Arc::new(AssumableRoles { roles, undecided })
        });
        match (assumable.roles.contains(role), assumable.undecided.is_empty()) {
            (false, false) => Err(assumable.undecided.clone()),
            (can_assume, _) => Ok(can_assume),
        }
    }

    /// Whether a principal could act as another one, or change its own access. True if that is undecided.
    pub fn may_escalate(&self, principal: usize) -> bool {
        let successors = self.successors(&NodeState::unchanged(principal));
        !(successors.reachable.is_clear()
            && successors.shared.grant_targets.is_clear()
            && successors.own_states.is_empty()
            && successors.tag_grants.is_empty()
            && successors.boundary_choices.is_empty()
            && successors.shared.rewritable.is_clear()
            && successors.shared.creations.is_empty()
            && successors.undecided.is_empty())
    }

    fn upper_bound(&self, principal: usize) -> &ActionUpperBound {
        let compute = || {
            let effective = self.world.effective(&NodeState::unchanged(principal));
            let uncataloged = find_uncataloged_actions(self.world.solver, &effective.access);
            ActionUpperBound {
                count: effective.upper_bound.count_ones(..),
                actions: effective.upper_bound.clone(),
                is_complete: uncataloged.is_some_and(|actions| actions.is_empty()),
            }
        };
        self.upper_bounds.get(principal).expect("a principal of the snapshot").get_or_init(compute)
    }

    /// The number of actions in a superset of those that a principal is allowed.
    pub(super) fn count_possible_actions(&self, principal: usize) -> usize {
        self.upper_bound(principal).count
    }

    /// A state's policy layers, its access formula, and the policies that the formula's statement ids refer to.
    pub fn build_layers(&self, state: &NodeState) -> (Layers, Access, Vec<PolicyRef>) {
        let effective = self.world.effective(state);
        (effective.layers.clone(), effective.access.clone(), effective.policies.clone())
    }

    /// What is fixed about the condition keys of a state's requests, with its partition and account id.
    pub fn known_context(&self, state: &NodeState) -> (Cow<'_, KnownContext>, Partition, &str) {
        let node = self.world.node(state.principal);
        (node.known_after(&state.change), node.account.partition, node.account.id.as_str())
    }

    /// Whether two principals belong to one account.
    pub fn is_same_account(&self, first: usize, second: usize) -> bool {
        let [first, second] = [first, second].map(|principal| self.world.node(principal).account);
        std::ptr::eq(first, second)
    }

    /// The actions that an access formula allows on all resources, unconditionally.
    pub fn lower_bound(&self, access: &Access) -> FixedBitSet {
        action_lower_bound(self.world.solver, access)
    }

    /// Whether a set contains all actions of the catalog. A principal with these permissions cannot escalate.
    pub fn is_all_actions(&self, actions: &FixedBitSet) -> bool {
        actions.count_ones(..) == self.world.solver.catalog.action_count()
    }

    /// Whether a state is allowed no action outside a set. Compares actions only; false if unknown.
    pub fn is_limited_to(&self, state: &NodeState, actions: &FixedBitSet) -> bool {
        let upper_bound = self.upper_bound(state.principal);
        state.change.is_unchanged() && upper_bound.is_complete && upper_bound.actions.is_subset(actions)
    }

    /// Whether the access of a state is contained in an access formula. Compares actions and common layers only; false
    /// if unknown.
    pub fn is_contained_in(&self, state: &NodeState, access: &Access) -> bool {
        let effective = self.world.effective(state);
        is_contained(self.world.solver, &effective.access, &effective.upper_bound, access)
    }

    /// The equivalence class of a state for comparisons of its access with `compared_access`.
    pub fn equivalence_class(&self, state: &NodeState, compared_access: &Access) -> EquivalenceClass {
        self.classes.find_class(&self.world, state, compared_access)
    }

    /// Whether a state is allowed a request that an access formula does not allow. Policy variables have the values of
    /// the state's principal on both sides.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn has_excess(&self, state: &NodeState, access: &Access) -> Result<bool, BTreeSet<UndecidedReason>> {
        let effective = self.world.effective(state);
        self.world.solver.answer(&self.world.build_question(&effective, &effective.access, access)).has_excess()
    }
}
