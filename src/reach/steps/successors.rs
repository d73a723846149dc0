//! Whom someone can become, or make broader, in one step.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::assume_role::{find_assumable_by_account, find_assumable_by_name, find_assumable_roles, principal_fact};
use crate::access::{KeyFact, PolicyOrigin};
use crate::iam::ContextKey;
use crate::reach::decide::effective::{EffectiveAccess, RequiredLayers, restrict_to_action};
use crate::reach::decide::resource_query::{ContextFacts, ResourceQuery};
use crate::reach::graph::{Graph, INSTANCE_PROFILE_ACTIONS};
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::state::{NodeState, StateChange};
use crate::reach::model::technique::{Technique, TechniqueKind, WriteTarget, techniques};
use crate::snapshot::AttachmentKind;
use crate::solve::UndecidedReason;

const PASS_ROLE: &str = "iam:PassRole";

/// The first steps of someone.
#[derive(Clone, Debug)]
pub(crate) struct Successors {
    /// Whom it can become as they are.
    pub(crate) reachable: FixedBitSet,
    /// Whose policies it can make allow everything.
    pub(crate) grant_targets: FixedBitSet,
    /// Whom it can make of itself, or of those it becomes, beside.
    pub(crate) changed_states: Vec<NodeState>,
    /// What could not be decided.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// Someone whose steps are looked at.
pub(crate) struct StepFinder<'g> {
    pub(crate) graph: &'g Graph<'g>,
    pub(crate) state: &'g NodeState,
    pub(crate) effective: &'g EffectiveAccess<'g>,
    /// The principals of its account.
    pub(crate) account_principals: FixedBitSet,
}

impl Successors {
    pub(crate) fn empty(graph: &Graph<'_>) -> Successors {
        let none = || graph.principals.empty_set();
        Successors { reachable: none(), grant_targets: none(), changed_states: Vec::new(), undecided: BTreeSet::new() }
    }

    pub(crate) fn compute(graph: &Graph<'_>, state: &NodeState, effective: &EffectiveAccess<'_>) -> Successors {
        let mut successors = Successors::empty(graph);
        let Some(step_finder) = StepFinder::new(graph, state, effective) else { return successors };
        let compute_shared = || Arc::new(SharedSuccessors::compute(&step_finder));
        let shared =
            if state.change.can_share_successors() { graph.shared_successors(&step_finder) } else { compute_shared() };
        successors.reachable.union_with(&shared.reachable);
        successors.grant_targets.union_with(&shared.grant_targets);
        successors.undecided.extend(shared.undecided.iter().cloned());
        successors.reachable.union_with(&find_assumable_by_name(graph, state, effective, &mut successors.undecided));
        successors.reachable.remove(state.principal);
        // Whose policies it can write anything into, it need not change otherwise.
        let mut targets = successors.reachable.clone();
        targets.set(state.principal, !state.change.grants_all);
        targets.difference_with(&successors.grant_targets);
        for technique in techniques() {
            successors.changed_states.extend(step_finder.find_changed_states(
                technique,
                &targets,
                &mut successors.undecided,
            ));
        }
        successors
    }
}

/// The first steps of all who are alike: what does not depend on which of them takes it.
pub(crate) struct SharedSuccessors {
    reachable: FixedBitSet,
    grant_targets: FixedBitSet,
    undecided: BTreeSet<UndecidedReason>,
}

impl SharedSuccessors {
    pub(crate) fn compute(step_finder: &StepFinder<'_>) -> SharedSuccessors {
        let none = || step_finder.graph.principals.empty_set();
        let mut shared = SharedSuccessors { reachable: none(), grant_targets: none(), undecided: BTreeSet::new() };
        for technique in techniques() {
            match technique.kind {
                kind if kind == TechniqueKind::Combined || kind.changes_state() => {}
                TechniqueKind::Assume => {
                    let assumable =
                        find_assumable_by_account(step_finder.graph, step_finder.effective, &mut shared.undecided);
                    shared.reachable.union_with(&assumable);
                }
                kind if kind.write_target().is_some() => {
                    shared.grant_targets.union_with(&step_finder.find_grant_targets(technique, &mut shared.undecided));
                }
                _ => shared.reachable.union_with(&step_finder.find_reachable(technique, &mut shared.undecided)),
            }
        }
        shared
    }
}

impl<'g> StepFinder<'g> {
    pub(crate) fn new(
        graph: &'g Graph<'g>,
        state: &'g NodeState,
        effective: &'g EffectiveAccess<'g>,
    ) -> Option<StepFinder<'g>> {
        let account = *graph.principal_sets.account_by_principal.get(state.principal)?;
        let account_principals = graph.principal_sets.by_account.get(account)?.clone();
        Some(StepFinder { graph, state: state, effective: effective, account_principals: account_principals })
    }

    /// Whether all that a path needs can be done on something: a service runs what it is given with a role that it was
    /// passed, or that it has.
    fn can_perform_required(&self, technique: &Technique, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        let may_allow = |action: &String| self.effective.may_allow(self.graph.solver, action);
        // Which roles it passes is asked of each.
        let mut other_actions = technique.required_actions.iter().filter(|need| *need != PASS_ROLE);
        technique.required_actions.iter().all(may_allow)
            && other_actions.all(|need| self.graph.is_allowed_on_any_resource(self.effective, need, undecided))
    }

    /// Whom it becomes by a path.
    pub(crate) fn find_reachable(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let graph = self.graph;
        let mut found = graph.principals.empty_set();
        match technique.kind {
            TechniqueKind::Assume => found = find_assumable_roles(graph, self.state, self.effective, undecided),
            TechniqueKind::NewPassRole if self.can_perform_required(technique, undecided) => {
                for service in &technique.services {
                    found.union_with(&self.find_passable_roles(technique, service, undecided));
                }
            }
            TechniqueKind::PassRoleThenAssume if self.can_perform_required(technique, undecided) => {
                for service in &technique.services {
                    for role in self.find_passable_roles(technique, service, undecided).ones() {
                        let role_state = NodeState { principal: role, change: StateChange::default() };
                        if let Some(effective) = graph.effective(&role_state) {
                            found.union_with(&find_assumable_roles(graph, &role_state, &effective, undecided));
                        }
                    }
                }
            }
            TechniqueKind::ExistingPassRole if self.can_perform_required(technique, undecided) => {
                for service in &technique.services {
                    found.union_with(&self.find_runnable_roles(technique, service, undecided));
                }
            }
            TechniqueKind::CreateCredentials => {
                let mut users = graph.principal_sets.users.clone();
                users.intersect_with(&self.account_principals);
                found = self.filter_by_required_actions(technique, users, undecided);
            }
            TechniqueKind::UpdateTrustPolicy => {
                let mut roles = graph.principal_sets.modifiable_roles.clone();
                roles.intersect_with(&self.account_principals);
                let rewritten = self.filter_by_required_actions(technique, roles, undecided);
                // Named by the role, it needs no policy of its own; a user's boundary still limits it, and a role has a
                // session of it named.
                let required_layers = if graph.principal_sets.users.contains(self.state.principal) {
                    RequiredLayers::BoundaryOnly
                } else {
                    RequiredLayers::OrganizationOnly
                };
                found = self.filter_principals("sts:AssumeRole", required_layers, &rewritten, undecided);
            }
            _ => {}
        }
        found
    }

    /// Whose policies it makes allow everything by a path.
    pub(crate) fn find_grant_targets(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let graph = self.graph;
        let mut found = graph.principals.empty_set();
        if !technique.required_actions.iter().all(|action| self.effective.may_allow(graph.solver, action)) {
            return found;
        }
        let Some(action) = technique.required_actions.first() else { return found };
        match technique.kind.write_target() {
            Some(WriteTarget::User) => {
                let mut users = graph.principal_sets.users.clone();
                users.intersect_with(&self.account_principals);
                found = self.filter_principals(action, RequiredLayers::IdentityAndBoundary, &users, undecided);
            }
            Some(WriteTarget::Role) => {
                let mut roles = graph.principal_sets.modifiable_roles.clone();
                roles.intersect_with(&self.account_principals);
                found = self.filter_principals(action, RequiredLayers::IdentityAndBoundary, &roles, undecided);
            }
            Some(WriteTarget::Group) => {
                for group in self.find_groups(action, None, undecided).ones() {
                    found.union_with(&self.find_members(group));
                }
            }
            Some(WriteTarget::Policy) => {
                let candidates = self.find_account_policies();
                for policy in self
                    .filter_allowed(
                        action,
                        RequiredLayers::IdentityAndBoundary,
                        &graph.policies,
                        &candidates,
                        None,
                        undecided,
                    )
                    .ones()
                {
                    found.union_with(&self.find_holders(policy));
                }
            }
            None => {}
        }
        found
    }

    /// The roles that it can pass to a service for a path.
    pub(crate) fn find_passable_roles(
        &self,
        technique: &Technique,
        service: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let candidates = self.find_runnable_roles(technique, service, undecided);
        let Some((_, service_name)) = self.graph.trust_index.find_service_roles(self.effective.account, service) else {
            return candidates;
        };
        let facts = |_: usize, key: &ContextKey| pass_role_fact(key, service_name);
        self.query_allowed(
            PASS_ROLE,
            RequiredLayers::IdentityAndBoundary,
            &self.graph.principals,
            &candidates,
            &facts,
            undecided,
        )
    }

    /// The roles of its account that a service may run with.
    fn find_runnable_roles(
        &self,
        technique: &Technique,
        service: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let graph = self.graph;
        let mut roles = match graph.trust_index.find_service_roles(self.effective.account, service) {
            Some((roles, _)) => roles.clone(),
            None => return graph.principals.empty_set(),
        };
        roles.intersect_with(&graph.principal_sets.roles);
        if technique.instance_profile
            && !(technique.kind == TechniqueKind::NewPassRole && self.can_create_profiles(undecided))
        {
            roles.difference_with(&graph.principal_sets.roles_without_profile);
        }
        roles
    }

    /// Whether it can give a role an instance profile.
    fn can_create_profiles(&self, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        INSTANCE_PROFILE_ACTIONS
            .into_iter()
            .all(|action| self.graph.is_allowed_on_any_resource(self.effective, action, undecided))
    }

    /// Those on whom all that a path needs can be done.
    fn filter_by_required_actions(
        &self,
        technique: &Technique,
        mut candidates: FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        if !technique.required_actions.iter().all(|need| self.effective.may_allow(self.graph.solver, need)) {
            candidates.clear();
        }
        for action in &technique.required_actions {
            candidates = self.filter_principals(action, RequiredLayers::IdentityAndBoundary, &candidates, undecided);
        }
        candidates
    }

    fn filter_principals(
        &self,
        action: &str,
        required_layers: RequiredLayers,
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        self.filter_allowed(action, required_layers, &self.graph.principals, candidates, None, undecided)
    }

    pub(crate) fn find_groups(
        &self,
        action: &str,
        policy: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let pattern = format!("arn:{}:iam::{}:group/*", self.effective.partition.as_str(), self.effective.account);
        let candidates = self.graph.groups.find_matching(&pattern);
        self.filter_allowed(
            action,
            RequiredLayers::IdentityAndBoundary,
            &self.graph.groups,
            &candidates,
            policy,
            undecided,
        )
    }

    /// The customer managed policies of its account that someone has.
    pub(crate) fn find_account_policies(&self) -> FixedBitSet {
        let pattern = format!("arn:{}:iam::{}:policy/*", self.effective.partition.as_str(), self.effective.account);
        (*self.graph.policies.find_matching(&pattern)).clone()
    }

    /// Those on which it may do something; `policy` is the managed policy that the request speaks of, the widest
    /// unless another is given.
    pub(crate) fn filter_allowed(
        &self,
        action: &str,
        required_layers: RequiredLayers,
        arn_index: &ArnIndex,
        candidates: &FixedBitSet,
        policy: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let are_principals = std::ptr::eq(arn_index, &self.graph.principals);
        let facts = |position: usize, key: &ContextKey| {
            let policy_fact = || self.policy_arn_fact(action, policy, key);
            policy_fact().or_else(|| are_principals.then(|| principal_fact(self.graph, position, key)).flatten())
        };
        self.query_allowed(action, required_layers, arn_index, candidates, &facts, undecided)
    }

    /// Those of its account on whom an action is allowed.
    fn query_allowed(
        &self,
        action: &str,
        required_layers: RequiredLayers,
        arn_index: &ArnIndex,
        candidates: &FixedBitSet,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let (graph, effective) = (self.graph, self.effective);
        let Some(action) = graph.solver.catalog.find_action(action) else { return arn_index.empty_set() };
        if candidates.is_clear()
            || (required_layers == RequiredLayers::IdentityAndBoundary
                && !effective.upper_bound.contains(action.0 as usize))
        {
            return arn_index.empty_set();
        }
        let access = &restrict_to_action(
            graph.solver,
            &effective.access,
            action,
            required_layers,
            effective.layers.boundary.is_some(),
        );
        ResourceQuery {
            graph,
            effective: effective,
            action,
            access,
            arn_index: arn_index,
            candidates: candidates,
            facts,
        }
        .find_allowed(undecided)
    }
}

impl StepFinder<'_> {
    /// What is known of a key that tells the managed policy a request speaks of: that which is attached, detached or
    /// set as the boundary. Where any will do it is the widest.
    pub(crate) fn policy_arn_fact(&self, action: &str, policy: Option<&str>, key: &ContextKey) -> Option<KeyFact> {
        let sets_boundary = action.starts_with("iam:Put") && action.ends_with("PermissionsBoundary");
        let is_policy_key =
            key.lower() == "iam:policyarn" || (key.lower() == "iam:permissionsboundary" && sets_boundary);
        let widest = || format!("arn:{}:iam::aws:policy/AdministratorAccess", self.effective.partition.as_str());
        is_policy_key.then(|| KeyFact::Value(policy.map_or_else(widest, str::to_owned)))
    }

    /// Who has a customer managed policy now.
    pub(crate) fn find_holders(&self, policy: usize) -> FixedBitSet {
        let graph = self.graph;
        let mut holders =
            graph.principal_sets.policy_holders.get(policy).cloned().unwrap_or_else(|| graph.principals.empty_set());
        let arn = graph.policies.arn(policy);
        let is_this_policy = |held: &crate::access::PolicyRef| matches!(&held.origin, PolicyOrigin::Identity(AttachmentKind::Attached { arn: held, .. }) if held == arn);
        // By a group that it joined, or because it was attached.
        let change = &self.state.change;
        let is_holder = change.attached_policy.as_deref() == Some(arn)
            || (change.joined_group.is_some() && self.effective.layers.identity.iter().any(is_this_policy));
        if is_holder {
            holders.insert(self.state.principal);
        }
        holders
    }
}

/// What is known of a request that passes a role to a service. The role's tags are no part of it (*Grant a user
/// permissions to pass a role to an AWS service*).
pub(crate) fn pass_role_fact(key: &ContextKey, service: &str) -> Option<KeyFact> {
    match key.lower() {
        "iam:passedtoservice" => Some(KeyFact::Value(service.to_owned())),
        lower if lower.starts_with("aws:resourcetag/") || lower.starts_with("iam:resourcetag/") => {
            Some(KeyFact::Missing)
        }
        _ => None,
    }
}
