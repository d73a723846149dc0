//! The attack graph of a snapshot: states, and the states that each can reach in one step. Computed on demand.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use fixedbitset::FixedBitSet;
use jiff::civil::Date;

use super::decide::action_bounds::{action_lower_bound, find_uncataloged_actions, is_contained};
use super::decide::decision_key::DecisionKey;
use super::decide::effective::identity_branches;
use super::decide::world::World;
use super::equivalence::{EquivalenceClass, EquivalenceClasses};
use super::model::state::NodeState;
use super::steps::assume_role::find_assumable_roles;
use super::steps::step_finder::StepFinder;
use super::steps::successors::{SharedSuccessors, Successors};
use crate::access::{KnownContext, Layers, PolicyRef, PrincipalType};
use crate::base::cache::Cache;
use crate::iam::{ContextKey, Partition};
use crate::snapshot::Snapshot;
use crate::solve::{Access, Solver, UndecidedReason};

/// The attack graph of a snapshot.
///
/// Principals are positions in [`Snapshot::principals`]. Methods panic for a position or a state of another snapshot.
pub struct Graph<'a> {
    pub(super) world: World<'a>,
    /// By account, principal type, whether there is a boundary, and the statements with their facts.
    shared_successors: Cache<(usize, PrincipalType, bool, DecisionKey), Arc<SharedSuccessors>>,
    successors: Cache<NodeState, Arc<Successors>>,
    assumable_roles: Cache<usize, Arc<AssumableRoles>>,
    classes: EquivalenceClasses,
    upper_bounds: Vec<OnceLock<ActionUpperBound>>,
}

/// The roles that a principal can assume, and why others could not be decided.
struct AssumableRoles {
    roles: FixedBitSet,
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
        let upper_bounds = (0..world.len()).map(|_| OnceLock::new()).collect();
        Graph {
            world,
            shared_successors: Cache::default(),
            successors: Cache::default(),
            assumable_roles: Cache::default(),
            classes: EquivalenceClasses::default(),
            upper_bounds,
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

    /// The principal with an ARN. None if it is not in the snapshot.
    pub fn find(&self, arn: &str) -> Option<usize> {
        self.world.principals.find(arn)
    }

    /// What a state can reach in one step.
    pub(super) fn successors(&self, state: &NodeState) -> Arc<Successors> {
        self.successors.get_or_compute(state.clone(), || {
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective);
            let shared = if state.change.can_share_successors() {
                self.shared_successors(&step_finder)
            } else {
                Arc::new(SharedSuccessors::compute(&step_finder))
            };
            Arc::new(Successors::compute(&step_finder, &shared))
        })
    }

    /// The successors that a state has in common with all states with the same statements.
    fn shared_successors(&self, step_finder: &StepFinder<'_>) -> Arc<SharedSuccessors> {
        let effective = step_finder.effective;
        let account = self.world.principal_sets.account_of(step_finder.state.principal);
        let principal_type = effective.layers.principal.principal_type;
        let has_boundary = effective.layers.boundary.is_some();
        let known = |key: &ContextKey| effective.known.fact(key);
        let mut decision_key = DecisionKey::new(&identity_branches(&effective.access), effective.partition, known);
        let trust_statements = self.world.trust_index.principal_keyed_statements(effective.account);
        trust_statements.for_each(|statement_use| decision_key.add(statement_use, &known));
        let key = (account, principal_type, has_boundary, decision_key);
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
            let roles = find_assumable_roles(&self.world, &state, &self.world.effective(&state), &mut undecided);
            Arc::new(AssumableRoles { roles, undecided })
        });
        match (assumable.roles.contains(role), assumable.undecided.is_empty()) {
            (false, false) => Err(assumable.undecided.clone()),
            (can_assume, _) => Ok(can_assume),
        }
    }

    /// Whether a principal could act as another one, or change its own access. True if that is undecided.
    pub fn may_escalate(&self, principal: usize) -> bool {
        let Successors { reachable, grant_targets, changed_states, undecided } =
            &*self.successors(&NodeState::unchanged(principal));
        !(reachable.is_clear() && grant_targets.is_clear() && changed_states.is_empty() && undecided.is_empty())
    }

    fn upper_bound(&self, principal: usize) -> &ActionUpperBound {
        let compute = || {
            let effective = self.world.effective(&NodeState::unchanged(principal));
            let uncataloged = find_uncataloged_actions(self.world.solver, &effective.access);
            ActionUpperBound {
                count: effective.upper_bound.count_ones(..),
                actions: effective.upper_bound,
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
        (effective.layers, effective.access, effective.policies)
    }

    /// What is fixed about the condition keys of a state's requests, with its partition and account id.
    pub fn known_context(&self, state: &NodeState) -> (&KnownContext, Partition, &str) {
        let node = self.world.node(state.principal);
        (&node.known, node.account.partition, node.account.id.as_str())
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
        let answer = self.world.solver.answer(&self.world.build_question(&effective, &effective.access, access));
        match (answer.grants.is_empty(), answer.undecided.is_empty()) {
            (false, _) => Ok(true),
            (true, true) => Ok(false),
            (true, false) => Err(answer.undecided.into_iter().collect()),
        }
    }
}
