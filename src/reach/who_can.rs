//! Whether a state can perform an action on a resource: the query of `iamdrift who-can`.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::decide::effective::{EffectiveAccess, RequiredLayers, restrict_to_action};
use super::graph::Graph;
use super::model::chosen_tags::TargetView;
use super::model::complement::{allow_all_except_pattern, allow_all_except_resource};
use super::model::state::NodeState;
use super::steps::assume_role::{ASSUME_ROLE, RoleQuery, add_trust_policy, find_assumable_roles, query_assume_role};
use crate::access::{ALWAYS_ALLOWED_ACTION, Layers, PolicyRef, Request};
use crate::baseline::Glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::{Interpretation, PolicyDocument};
use crate::snapshot::{IamEntityKind, LayerKind, MissingReason};
use crate::solve::{
    Access, AnswerDetail, Cube, Grant, Question, UndecidedReason, WitnessPolicy, build_effective_access,
};

const ANSWER_DETAIL: AnswerDetail = AnswerDetail::Difference { max_cubes: 6, witnesses: WitnessPolicy::Single };

/// An action, or several, on one resource, some, or any.
#[derive(Clone, Debug)]
pub struct WhoCanQuery {
    /// The actions, by id.
    actions: FixedBitSet,
    /// The resource. None for a pattern, or for any resource.
    resource: Option<String>,
    /// A glob over the ARNs of the resources. None for one resource, or for any.
    resource_pattern: Option<String>,
    /// Allows everything outside the query.
    complement: Arc<PolicyDocument>,
}

impl WhoCanQuery {
    /// `action`: `service:Name`, or a pattern. `resource`: an ARN, a pattern over ARNs, or `*` for actions without
    /// resources; `None` for any resource.
    pub fn new(catalog: &Catalog, action: &str, resource: Option<&str>) -> WhoCanQuery {
        let mut actions = FixedBitSet::with_capacity(catalog.action_count());
        if action.contains(['*', '?']) {
            let glob = Glob::new(&action.to_ascii_lowercase());
            let matching = catalog.actions().filter(|id| glob.matches(&catalog.full_name(*id).to_ascii_lowercase()));
            matching.for_each(|id| actions.insert(id.0 as usize));
        } else if let Some(id) = catalog.find_action(action) {
            actions.insert(id.0 as usize);
        }
        let is_glob = |resource: &&str| resource.starts_with("arn:") && resource.contains(['*', '?']);
        let resource_pattern = resource.filter(is_glob);
        WhoCanQuery {
            actions,
            resource: resource.filter(|_| resource_pattern.is_none()).map(str::to_owned),
            resource_pattern: resource_pattern.map(str::to_owned),
            complement: allow_all_except_pattern(action, resource_pattern),
        }
    }

    /// The action. None if the query has several.
    fn single_action(&self) -> Option<ActionId> {
        let mut all = self.actions.ones();
        let first = all.next().and_then(|id| u32::try_from(id).ok());
        first.map(ActionId).filter(|_| all.next().is_none())
    }
}

/// How a state can perform the action.
#[derive(Clone, Debug)]
pub struct WhoCanAnswer {
    /// A witness.
    pub request: Request,
    /// The allowed requests, by granting statement and class of actions.
    pub allowed: Vec<AllowedRequests>,
    /// The roles that the state can assume. Empty unless the query is for `sts:AssumeRole` on several roles.
    pub assumable_roles: Vec<String>,
    /// The granting statements: the policy, and the statement's position.
    pub granted_by: Vec<(PolicyRef, usize)>,
}

/// Requests that a statement allows: each of the actions, in each of the cubes.
#[derive(Clone, Debug)]
pub struct AllowedRequests {
    /// The actions.
    pub actions: BTreeSet<ActionId>,
    /// The resources and conditions, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// Whether `cubes` is incomplete.
    pub has_more_cubes: bool,
}

type QueryResult = Result<Option<WhoCanAnswer>, BTreeSet<UndecidedReason>>;

impl Graph<'_> {
    /// How a state can perform the action of a query. None if it cannot.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn answer_who_can(&self, state: &NodeState, query: &WhoCanQuery) -> QueryResult {
        let effective = self.world.effective(state);
        let assume_role = self.world.solver.catalog.find_action(ASSUME_ROLE);
        if !assume_role.is_some_and(|assume| query.actions.contains(assume.0 as usize)) {
            return self.query_actions(&effective, query);
        }
        // A role of the snapshot is decided together with its trust policy.
        let mut undecided = BTreeSet::new();
        let roles = self.find_queried_roles(state, &effective, query, &mut undecided);
        if let Some(role) = roles.minimum() {
            let Some(layers) = add_trust_policy(&self.world, &effective, role) else {
                return self.find_unread_trust_policy(role).map_or(Ok(None), |unread| Err(BTreeSet::from([unread])));
            };
            let mut answer = self.query_role(&effective, &layers, role);
            if let (Ok(Some(found)), None) = (&mut answer, &query.resource) {
                found.assumable_roles = roles.ones().map(|role| self.arn(role).to_owned()).collect();
            }
            if query.single_action().is_some() || !matches!(answer, Ok(None)) {
                return answer;
            }
        }
        // The queried roles with an unread trust policy are undecided, whatever the identity policies allow.
        match self.query_actions(&effective, query)? {
            _ if query.single_action().is_some() && !undecided.is_empty() => Err(undecided),
            None if !undecided.is_empty() => Err(undecided),
            answer => Ok(answer),
        }
    }

    /// Why it is undecided who can assume a role. `None` if the snapshot has its trust policy, and for users: nobody can
    /// assume them.
    fn find_unread_trust_policy(&self, role: usize) -> Option<UndecidedReason> {
        let principal = &self.world.node(role).principal;
        let is_unread = principal.trust_policy.is_none() && principal.entity_kind != IamEntityKind::User;
        let unread = principal.missing_documents.iter().find(|missing| missing.layer == LayerKind::Trust);
        is_unread.then(|| UndecidedReason::MissingDocument {
            name: format!("trust policy of {}", principal.arn),
            reason: unread.map_or(MissingReason::NotCollected, |missing| missing.reason.clone()),
        })
    }

    /// The role of the query, or the roles matching the query that the state can assume.
    fn find_queried_roles(
        &self,
        state: &NodeState,
        effective: &EffectiveAccess<'_>,
        query: &WhoCanQuery,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let principals = &self.world.principals;
        match &query.resource {
            Some(arn) => {
                let mut roles = principals.empty_set();
                roles.extend(self.find(arn));
                roles
            }
            None => {
                let mut queried = (*principals.find_matching(query.resource_pattern.as_deref().unwrap_or("*"))).clone();
                queried.difference_with(&self.world.creatable);
                undecided.extend(queried.ones().filter_map(|role| self.find_unread_trust_policy(role)));
                let mut roles = find_assumable_roles(&self.world, state, effective, &TargetView::default(), undecided);
                roles.intersect_with(&queried);
                roles
            }
        }
    }

    fn query_role(&self, effective: &EffectiveAccess<'_>, layers: &Layers, role: usize) -> QueryResult {
        let query = RoleQuery { layers, role, tags: &TargetView::default(), detail: ANSWER_DETAIL, excluded: None };
        let (grant, undecided) = query_assume_role(&self.world, effective, &query);
        let policies = build_effective_access(layers).1;
        to_answer(grant.into_iter().collect(), undecided, &policies)
    }

    fn query_actions(&self, effective: &EffectiveAccess<'_>, query: &WhoCanQuery) -> QueryResult {
        let solver = self.world.solver;
        let name = query.single_action().map(|id| solver.catalog.full_name(id));
        let is_always_allowed = name.as_deref() == Some(ALWAYS_ALLOWED_ACTION);
        if effective.upper_bound.is_disjoint(&query.actions) && !is_always_allowed {
            return Ok(None);
        }
        // `restrict_to_action` drops the resource policies.
        let access = match query.single_action().filter(|_| effective.layers.resource_policies.is_empty()) {
            Some(id) => restrict_to_action(solver, effective, id, RequiredLayers::IdentityAndBoundary),
            None => effective.access.clone(),
        };
        // One action on one resource is a single request. For other queries, the complement excludes the other resources.
        let resource = query.resource.as_deref().or(is_always_allowed.then_some("*"));
        let single_request = resource.and_then(|resource| Some((name.as_deref()?, resource)));
        let mut complements = vec![Arc::clone(&query.complement)];
        if let (Some(resource), None) = (&query.resource, single_request) {
            complements.push(allow_all_except_resource(resource));
        }
        let declared = Access::from_policies(complements.iter().map(|document| (document, 0)));
        let replay = |request: &Request, interpretation: Interpretation| {
            self.world.replay(&effective.layers, request, interpretation)
        };
        let answer = solver.answer(&Question {
            single_request,
            detail: ANSWER_DETAIL,
            replay: Some(&replay),
            ..self.world.build_question(effective, &access, &declared)
        });
        to_answer(answer.grants, answer.undecided, &effective.policies)
    }
}

fn to_answer(grants: Vec<Grant>, undecided: Vec<UndecidedReason>, policies: &[PolicyRef]) -> QueryResult {
    let request = grants.iter().find_map(|grant| grant.witness.clone());
    let Some(request) = request else {
        return if undecided.is_empty() { Ok(None) } else { Err(undecided.into_iter().collect()) };
    };
    let mut granted_by: Vec<(PolicyRef, usize)> = Vec::new();
    let mut seen = BTreeSet::new();
    for grant in grants.iter().filter(|grant| seen.insert(grant.statement_id)) {
        granted_by.extend(grant.statement_id.0.find(policies).map(|policy| (policy.clone(), grant.statement_id.1)));
    }
    let to_allowed = |grant: Grant| AllowedRequests {
        actions: grant.actions.known.iter().copied().collect(),
        cubes: grant.cubes,
        has_more_cubes: grant.has_more_cubes,
    };
    Ok(Some(WhoCanAnswer {
        request,
        allowed: grants.into_iter().map(to_allowed).collect(),
        assumable_roles: Vec::new(),
        granted_by,
    }))
}
