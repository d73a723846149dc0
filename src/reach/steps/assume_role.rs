//! Which roles someone can assume: its own policies, its limits, and the role's trust policy together.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::access::{KeyFact, Layers, PolicyOrigin, PolicyRef, PrincipalType, ResourcePolicies, ResourcePolicy};
use crate::catalog::ActionId;
use crate::iam::{ContextKey, Template};
use crate::reach::decide::effective::{BUDGET, EffectiveAccess, RequiredLayers, may_list_action, restrict_to_action};
use crate::reach::decide::resource_query::{ContextFacts, ResourceQuery, add_context_facts};
use crate::reach::graph::Graph;
use crate::reach::model::state::NodeState;
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Question, UndecidedReason, WitnessReplay, build_effective_access,
};

/// The action.
pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The roles that someone can assume.
pub(crate) fn find_assumable_roles(
    graph: &Graph<'_>,
    state: &NodeState,
    effective: &EffectiveAccess<'_>,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> FixedBitSet {
    let mut found = find_assumable_by_account(graph, effective, undecided);
    found.union_with(&find_assumable_by_name(graph, state, effective, undecided));
    found.set(state.principal, false);
    found
}

/// The roles that someone can assume as all of its account can who may do the same: those that tell nobody apart.
pub(crate) fn find_assumable_by_account(
    graph: &Graph<'_>,
    effective: &EffectiveAccess<'_>,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> FixedBitSet {
    let mut by_account = graph
        .trust_index
        .find_account_roles(effective.account)
        .cloned()
        .unwrap_or_else(|| graph.principals.empty_set());
    by_account.difference_with(graph.trust_index.principal_specific_roles());
    let mut anyone = graph.trust_index.roles_trusting_anyone().clone();
    anyone.difference_with(graph.trust_index.principal_specific_roles());
    let candidates = CandidateRoles { by_name: anyone, by_account };
    candidates.filter_assumable(graph, effective, undecided)
}

/// The roles that someone can assume and that tell some principals apart from others.
pub(crate) fn find_assumable_by_name(
    graph: &Graph<'_>,
    state: &NodeState,
    effective: &EffectiveAccess<'_>,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> FixedBitSet {
    let mut by_account = graph
        .trust_index
        .find_account_roles(effective.account)
        .cloned()
        .unwrap_or_else(|| graph.principals.empty_set());
    by_account.intersect_with(graph.trust_index.principal_specific_roles());
    let mut named = graph.trust_index.roles_trusting_anyone().clone();
    named.intersect_with(graph.trust_index.principal_specific_roles());
    graph.trust_index.roles_naming(state.principal).iter().for_each(|role| named.insert(*role));
    named.set(state.principal, false);
    by_account.set(state.principal, false);
    CandidateRoles { by_name: named, by_account }.filter_assumable(graph, effective, undecided)
}

/// Roles that may let someone in.
struct CandidateRoles {
    /// Those that name it, or anyone.
    by_name: FixedBitSet,
    /// Those that name its account.
    by_account: FixedBitSet,
}

impl CandidateRoles {
    /// Those that someone can assume.
    fn filter_assumable(
        mut self,
        graph: &Graph<'_>,
        effective: &EffectiveAccess<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let mut found = graph.principals.empty_set();
        let Some(action) = graph.solver.catalog.find_action(ASSUME_ROLE) else { return found };
        let trust_index = &graph.trust_index;
        self.by_name.intersect_with(&graph.principal_sets.roles);
        self.by_account.intersect_with(&graph.principal_sets.roles);
        let CandidateRoles { by_name: named, mut by_account } = self;
        if named.is_clear() && by_account.is_clear() {
            return found;
        }
        // In its own account, who is named needs no policy of its own.
        let mut named_in_account = named.clone();
        let account_principals = graph.principal_sets.find_account_principals(effective.account);
        account_principals.iter().for_each(|neighbours| named_in_account.intersect_with(neighbours));
        let mut named_cross_account = named;
        named_cross_account.difference_with(&named_in_account);
        by_account.union_with(&named_cross_account);
        let facts = |role: usize, key: &ContextKey| principal_fact(graph, role, key);
        let filter_allowed = |access: &Access, candidates: &FixedBitSet, undecided: &mut BTreeSet<UndecidedReason>| {
            ResourceQuery {
                graph,
                effective: effective,
                action,
                access,
                arn_index: &graph.principals,
                candidates: candidates,
                facts: &facts,
            }
            .find_allowed(undecided)
        };
        let has_boundary = effective.layers.boundary.is_some();
        let restricted_access = |required_layers: RequiredLayers| {
            restrict_to_action(graph.solver, &effective.access, action, required_layers, has_boundary)
        };
        let mut cross_account = by_account.clone();
        account_principals.iter().for_each(|neighbours| cross_account.difference_with(neighbours));
        by_account.difference_with(&cross_account);
        let mut candidates = graph.principals.empty_set();
        if effective.upper_bound.contains(action.0 as usize) {
            let mut access = restricted_access(RequiredLayers::IdentityAndBoundary);
            candidates.union_with(&filter_allowed(&access, &by_account, undecided));
            // The resource control policies of its own account do not bind the roles of another.
            access.branches.iter_mut().for_each(|branch| branch.deny_statements.retain(|one| !one.rcp_services_only));
            candidates.union_with(&filter_allowed(&access, &cross_account, undecided));
        }
        candidates.union_with(&filter_allowed(
            &restricted_access(RequiredLayers::BoundaryOnly),
            &named_in_account,
            undecided,
        ));
        // What a role grants to a session by its name, or to anyone, no boundary of the session's role limits.
        let may_name_session =
            |role: &usize| trust_index.roles_trusting_anyone().contains(*role) || !trust_index.is_unconditional(*role);
        let mut by_session = graph.principals.empty_set();
        if has_boundary && effective.layers.principal.principal_type != PrincipalType::User {
            named_in_account.ones().filter(may_name_session).for_each(|role| by_session.insert(role));
            by_session = filter_allowed(&restricted_access(RequiredLayers::OrganizationOnly), &by_session, undecided);
        }
        candidates.union_with(&by_session);
        // A trust policy with conditions is decided together with the principal's own, once for all roles that have it.
        let mut roles_by_trust_policy: FxHashMap<(usize, &str), FixedBitSet> = FxHashMap::default();
        for role in candidates.ones() {
            let Some(node) = graph.nodes.get(role) else { continue };
            // What binds a role of another account, the resource control policies there, is decided with it, too.
            let is_bound_by_other_rcps = || cross_account.contains(role) && node.layers.rcps.is_some();
            match &node.principal.trust_policy {
                _ if trust_index.is_unconditional(role) && !by_session.contains(role) && !is_bound_by_other_rcps() => {
                    found.insert(role)
                }
                Some(trust) => {
                    let policy_key = (Arc::as_ptr(&trust.document) as usize, node.account.id.as_str());
                    roles_by_trust_policy
                        .entry(policy_key)
                        .or_insert_with(|| graph.principals.empty_set())
                        .insert(role);
                }
                None => {}
            }
        }
        for roles in roles_by_trust_policy.into_values() {
            let Some(layers) = roles.minimum().and_then(|role| add_trust_policy(graph, effective, role)) else {
                continue;
            };
            let (mut access, _) = build_effective_access(&layers);
            graph.time_floor.apply(&mut access);
            found.union_with(&filter_allowed(&restrict_to_trust_policy(graph, access, action), &roles, undecided));
        }
        found
    }
}

/// The part of an access with a trust policy that speaks of assuming the roles that have it.
fn restrict_to_trust_policy(graph: &Graph<'_>, mut access: Access, action: ActionId) -> Access {
    // What the principal's own policies grant by themselves does not open a role.
    access.branches.retain(|branch| branch.scope_exclusions.is_empty());
    for branch in &mut access.branches {
        for list in branch.allow_layers.iter_mut().chain([&mut branch.deny_statements]) {
            list.retain(|statement_use| may_list_action(graph.solver, statement_use, action));
            list.iter_mut().for_each(|statement_use| statement_use.resource_scope = None);
        }
    }
    access
}

/// Someone's layers with the trust policy of a role, and the resource control policies that bind that role.
pub(crate) fn add_trust_policy(graph: &Graph<'_>, effective: &EffectiveAccess<'_>, role: usize) -> Option<Layers> {
    let node = graph.nodes.get(role)?;
    let trust = node.principal.trust_policy.as_ref()?;
    let arn = node.principal.arn.as_str();
    let policy = ResourcePolicy {
        resources: vec![Template::from_literal(arn)],
        owner: node.account.id.clone(),
        policy: PolicyRef {
            name: "trust policy".to_owned(),
            origin: PolicyOrigin::Resource { arn: arn.to_owned() },
            document: Arc::clone(&trust.document),
        },
    };
    let rcps = node.layers.rcps.clone();
    Some(Layers { resource_policies: ResourcePolicies::from_iter([policy]), rcps, ..effective.layers.clone() })
}

/// Whether someone assumes a role, by these layers; a grant tells a witness where the depth asks for one.
pub(crate) fn query_assume_role(
    graph: &Graph<'_>,
    effective: &EffectiveAccess<'_>,
    layers: &Layers,
    role: usize,
    depth: AnswerDetail,
    confirm: Option<&WitnessReplay<'_>>,
) -> (Option<crate::solve::Grant>, Vec<UndecidedReason>) {
    let (mut access, _) = build_effective_access(layers);
    graph.time_floor.apply(&mut access);
    let facts: &ContextFacts<'_> = &|role, key| principal_fact(graph, role, key);
    let known = add_context_facts(effective.known, &access, role, facts);
    let answer = graph.solver.answer(&Question {
        effective: &access,
        declared: &Access::default(),
        known: &known,
        partition: Some(effective.partition),
        world: ActionWorld::Existing,
        single_request: Some((ASSUME_ROLE, graph.principals.arn(role))),
        budget: BUDGET,
        detail: depth,
        witness_account: Some(effective.account),
        replay: confirm,
    });
    (answer.grants.into_iter().next(), answer.undecided)
}

/// What is known of a request on a user or role: its tags, and its permissions boundary.
pub(crate) fn principal_fact(graph: &Graph<'_>, principal: usize, key: &ContextKey) -> Option<KeyFact> {
    let principal = graph.nodes.get(principal)?.principal;
    let lower = key.lower();
    if lower == "iam:permissionsboundary" {
        let boundary = principal.boundary.as_ref();
        return Some(boundary.map_or(KeyFact::Missing, |boundary| KeyFact::Value(boundary.arn.clone())));
    }
    let tag = lower.strip_prefix("aws:resourcetag/").or_else(|| lower.strip_prefix("iam:resourcetag/"))?;
    let found = principal.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
    Some(found.map_or(KeyFact::Missing, |(_, value)| KeyFact::Value(value.clone())))
}
