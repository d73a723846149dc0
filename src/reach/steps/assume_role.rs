//! The roles that a principal can assume: its own policies and the role's trust policy, evaluated together.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::access::{Layers, PolicyOrigin, PolicyRef, PrincipalType, Request, ResourcePolicies, ResourcePolicy};
use crate::catalog::ActionId;
use crate::iam::{ContextKey, Interpretation, PolicyDocument};
use crate::reach::decide::context_facts::add_context_facts;
use crate::reach::decide::effective::{EffectiveAccess, RequiredLayers, may_list_action, restrict_to_action};
use crate::reach::decide::resource_query::ResourceQuery;
use crate::reach::decide::world::World;
use crate::reach::model::chosen_tags::TargetView;
use crate::reach::model::node::PrincipalNode;
use crate::reach::model::state::NodeState;
use crate::solve::{Access, AnswerDetail, Grant, Question, UndecidedReason, build_effective_access};

pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The roles that a state can assume.
pub(crate) fn find_assumable_roles(
    world: &World<'_>,
    state: &NodeState,
    effective: &EffectiveAccess<'_>,
    tags: &TargetView,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> FixedBitSet {
    let mut found = find_assumable_by_account(world, effective, tags, undecided);
    found.union_with(&find_assumable_by_name(world, state, effective, tags, undecided));
    found.set(state.principal, false);
    found
}

/// The assumable roles among those that treat all principals of an account the same. The result holds for every
/// principal of the account with the same access.
pub(crate) fn find_assumable_by_account(
    world: &World<'_>,
    effective: &EffectiveAccess<'_>,
    tags: &TargetView,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> FixedBitSet {
    let principal_specific_roles = world.trust_index.principal_specific_roles();
    let mut by_account = find_account_roles(world, effective.account);
    by_account.difference_with(principal_specific_roles);
    let mut by_name = world.trust_index.roles_trusting_anyone().clone();
    by_name.difference_with(principal_specific_roles);
    CandidateRoles { by_name, by_account }.filter_assumable(world, effective, tags, undecided)
}

/// The assumable roles among those that treat principals of one account differently.
pub(crate) fn find_assumable_by_name(
    world: &World<'_>,
    state: &NodeState,
    effective: &EffectiveAccess<'_>,
    tags: &TargetView,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> FixedBitSet {
    let principal_specific_roles = world.trust_index.principal_specific_roles();
    let mut by_account = find_account_roles(world, effective.account);
    by_account.intersect_with(principal_specific_roles);
    by_account.set(state.principal, false);
    let mut by_name = world.trust_index.roles_trusting_anyone().clone();
    by_name.intersect_with(principal_specific_roles);
    if state.change.created.is_none() {
        by_name.extend(world.trust_index.roles_naming(state.principal).iter().copied());
    }
    by_name.set(state.principal, false);
    CandidateRoles { by_name, by_account }.filter_assumable(world, effective, tags, undecided)
}

fn find_account_roles(world: &World<'_>, account: &str) -> FixedBitSet {
    // An account that no trust policy names.
    world.trust_index.find_account_roles(account).cloned().unwrap_or_else(|| world.principals.empty_set())
}

/// Roles whose trust policy may allow a principal.
struct CandidateRoles {
    /// Roles that name the principal or trust anyone.
    by_name: FixedBitSet,
    /// Roles that trust the principal's account as a whole.
    by_account: FixedBitSet,
}

/// Roles that the principal's own policies, or its name in the trust policy, allow it to assume.
struct AllowedRoles {
    roles: FixedBitSet,
    /// Those of `roles` that need the trust policy to name a session or anyone.
    by_session: FixedBitSet,
    /// The candidates in other accounts that need the principal's own policies.
    cross_account: FixedBitSet,
}

impl CandidateRoles {
    /// The candidates that the principal can assume.
    fn filter_assumable(
        mut self,
        world: &World<'_>,
        effective: &EffectiveAccess<'_>,
        tags: &TargetView,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        // The catalog lists the actions of all techniques (a test checks this).
        let Some(action) = world.solver.catalog.find_action(ASSUME_ROLE) else { return world.principals.empty_set() };
        self.by_name.intersect_with(&world.principal_sets.roles);
        self.by_account.intersect_with(&world.principal_sets.roles);
        if self.by_name.is_clear() && self.by_account.is_clear() {
            return world.principals.empty_set();
        }
        let query = AssumeQuery { world, effective, tags, action };
        let allowed = query.filter_by_own_policies(self, undecided);
        query.filter_by_trust_policies(&allowed, undecided)
    }
}

/// The question which roles a principal can assume.
struct AssumeQuery<'q> {
    world: &'q World<'q>,
    effective: &'q EffectiveAccess<'q>,
    /// The tags of the roles.
    tags: &'q TargetView,
    action: ActionId,
}

impl AssumeQuery<'_> {
    fn filter_by_own_policies(
        &self,
        candidates: CandidateRoles,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> AllowedRoles {
        let (world, effective) = (self.world, self.effective);
        let CandidateRoles { by_name, mut by_account } = candidates;
        let account_principals = world.principal_sets.find_account_principals(effective.account);
        // In its own account, a principal that the trust policy names needs no policy of its own.
        let mut named_in_account = by_name.clone();
        account_principals.iter().for_each(|neighbors| named_in_account.intersect_with(neighbors));
        let mut named_cross_account = by_name;
        named_cross_account.difference_with(&named_in_account);
        by_account.union_with(&named_cross_account);
        let mut cross_account = by_account.clone();
        account_principals.iter().for_each(|neighbors| cross_account.difference_with(neighbors));
        by_account.difference_with(&cross_account);
        let mut roles = world.principals.empty_set();
        if effective.upper_bound.contains(self.action.0 as usize) {
            let mut access = self.restricted_access(RequiredLayers::IdentityAndBoundary);
            roles.union_with(&self.filter_allowed(&access, &by_account, undecided));
            // The RCPs on roles of other accounts are evaluated together with the trust policy.
            for branch in &mut access.branches {
                branch.deny_statements.retain(|statement_use| statement_use.controlled_resources.is_none());
            }
            roles.union_with(&self.filter_allowed(&access, &cross_account, undecided));
        }
        let access = self.restricted_access(RequiredLayers::BoundaryOnly);
        roles.union_with(&self.filter_allowed(&access, &named_in_account, undecided));
        let by_session = self.filter_by_session(&named_in_account, undecided);
        roles.union_with(&by_session);
        AllowedRoles { roles, by_session, cross_account }
    }

    /// The roles that a session can assume if the trust policy names the session, or anyone. The boundary of the
    /// session's role does not limit such a grant.
    fn filter_by_session(
        &self,
        named_in_account: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let trust_index = &self.world.trust_index;
        let mut candidates = self.world.principals.empty_set();
        let is_session = self.effective.layers.principal.principal_type != PrincipalType::User;
        if self.effective.layers.boundary.is_none() || !is_session {
            return candidates;
        }
        let may_name_session =
            |role: &usize| trust_index.roles_trusting_anyone().contains(*role) || !trust_index.is_unconditional(*role);
        candidates.extend(named_in_account.ones().filter(may_name_session));
        self.filter_allowed(&self.restricted_access(RequiredLayers::OrganizationOnly), &candidates, undecided)
    }

    /// The roles whose trust policy allows the principal. A trust policy with conditions is evaluated together with the
    /// principal's policies, once for all roles that share it.
    fn filter_by_trust_policies(
        &self,
        allowed: &AllowedRoles,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let world = self.world;
        let mut found = world.principals.empty_set();
        // Documents are compared by address: the snapshot owns them.
        let mut roles_by_trust_policy: FxHashMap<(usize, &str), FixedBitSet> = FxHashMap::default();
        for role in allowed.roles.ones() {
            let node = world.node(role);
            let has_other_rcps = allowed.cross_account.contains(role) && has_denying_rcps(node);
            match &node.principal.trust_policy {
                _ if world.trust_index.is_unconditional(role)
                    && !allowed.by_session.contains(role)
                    && !has_other_rcps =>
                {
                    found.insert(role);
                }
                Some(trust) => {
                    let policy_key = (Arc::as_ptr(&trust.document) as usize, node.account.id.as_str());
                    let roles = roles_by_trust_policy.entry(policy_key);
                    roles.or_insert_with(|| world.principals.empty_set()).insert(role);
                }
                // The index has only roles with a trust policy. IAM010 reports a missing one.
                None => {}
            }
        }
        for roles in roles_by_trust_policy.into_values() {
            let layers = roles.minimum().and_then(|role| add_trust_policy(world, self.effective, role));
            // INVARIANT: the sets are not empty, and their roles have a trust policy.
            let layers = layers.expect("a role with a trust policy");
            let (mut access, _) = build_effective_access(&layers);
            world.time_floor.apply(&mut access);
            let access = restrict_to_trust_policy(world, access, self.action);
            found.union_with(&self.filter_allowed(&access, &roles, undecided));
        }
        found
    }

    fn restricted_access(&self, required_layers: RequiredLayers) -> Access {
        restrict_to_action(self.world.solver, self.effective, self.action, required_layers)
    }

    fn filter_allowed(
        &self,
        access: &Access,
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let facts = |role: usize, key: &ContextKey| self.world.principal_fact(role, self.tags, key);
        let query = ResourceQuery {
            world: self.world,
            effective: self.effective,
            action: self.action,
            access,
            arn_index: &self.world.principals,
            candidates,
            facts: &facts,
        };
        query.find_allowed(undecided)
    }
}

/// The part of an access formula with a trust policy for assuming the roles that have the policy.
fn restrict_to_trust_policy(world: &World<'_>, mut access: Access, action: ActionId) -> Access {
    // This branch has the identity policies without the trust policy, which do not suffice to assume a role.
    access.branches.retain(|branch| branch.scope_exclusions.is_empty());
    for branch in &mut access.branches {
        for list in branch.allow_layers.iter_mut().chain([&mut branch.deny_statements]) {
            list.retain(|statement_use| may_list_action(world.solver, statement_use, action));
            list.iter_mut().for_each(|statement_use| statement_use.resource_scope = None);
        }
    }
    access
}

/// Whether RCPs can deny requests to assume a role.
fn has_denying_rcps(node: &PrincipalNode<'_>) -> bool {
    let rcps = node.layers.rcps.as_ref();
    rcps.is_some_and(|rcps| rcps.of_account(&node.account.id).denying_levels().next().is_some())
}

/// The layers of a principal with the trust policy of a role, and the RCPs that apply to the role. None if the snapshot
/// lacks the trust policy.
pub(crate) fn add_trust_policy(world: &World<'_>, effective: &EffectiveAccess<'_>, role: usize) -> Option<Layers> {
    let node = world.node(role);
    let policy = ResourcePolicy::from_trust_policy(node.account, &node.principal)?;
    let rcps = effective.layers.rcps.as_ref().map(|rcps| rcps.of_account(&node.account.id));
    Some(Layers { resource_policies: ResourcePolicies::from_iter([policy]), rcps, ..effective.layers.clone() })
}

/// The question whether a principal can assume a role.
pub(crate) struct RoleQuery<'q> {
    /// The principal's layers with the trust policy of the role ([`add_trust_policy`]).
    pub(crate) layers: &'q Layers,
    pub(crate) role: usize,
    /// The tags of the role.
    pub(crate) tags: &'q TargetView,
    /// The grant has a witness if it requests one.
    pub(crate) detail: AnswerDetail,
    /// Allows the requests that do not count. None if all count.
    pub(crate) excluded: Option<&'q Arc<PolicyDocument>>,
}

/// Whether a principal can assume a role, and what could not be decided.
pub(crate) fn query_assume_role(
    world: &World<'_>,
    effective: &EffectiveAccess<'_>,
    query: &RoleQuery<'_>,
) -> (Option<Grant>, Vec<UndecidedReason>) {
    let RoleQuery { layers, role, tags, detail, excluded } = *query;
    let (mut access, _) = build_effective_access(layers);
    world.time_floor.apply(&mut access);
    let excluded_access = excluded.map(|document| Access::from_policies([(document, 0)])).unwrap_or_default();
    let facts = |role: usize, key: &ContextKey| world.principal_fact(role, tags, key);
    let known = add_context_facts(&effective.known, &access, role, &facts);
    let known = add_context_facts(&known, &excluded_access, role, &facts);
    let to_layers = |document: &Arc<PolicyDocument>| {
        Layers::from_identity(vec![PolicyRef::new("excluded", PolicyOrigin::Given, Arc::clone(document))])
    };
    let excluded_layers = excluded.map(to_layers);
    let replay = |request: &Request, interpretation: Interpretation| {
        world.replay(layers, request, interpretation)?;
        match &excluded_layers {
            Some(excluded) if world.replay(excluded, request, interpretation).is_ok() => {
                Err(format!("{} on {}", request.action, request.resource))
            }
            _ => Ok(()),
        }
    };
    let answer = world.solver.answer(&Question {
        known: &known,
        single_request: Some((ASSUME_ROLE, world.arn(role))),
        detail,
        replay: Some(&replay),
        ..world.build_question(effective, &access, &excluded_access)
    });
    (answer.grants.into_iter().next(), answer.undecided)
}
