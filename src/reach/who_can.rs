//! Whether someone can do one thing: the question of `iamdrift who-can`.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::decide::effective::{BUDGET, RequiredLayers, restrict_to_action};
use super::graph::Graph;
use super::model::state::NodeState;
use super::steps::assume_role::{ASSUME_ROLE, add_trust_policy, find_assumable_roles, query_assume_role};
use crate::access::{Layers, PolicyRef, Request, evaluate};
use crate::baseline::Glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Interpretation, PolicyDocument, Statement};
use crate::solve::{Access, ActionWorld, AnswerDetail, Cube, Grant, Question, UndecidedReason, WitnessPolicy};

const ANSWER_DETAIL: AnswerDetail = AnswerDetail::Difference { max_cubes: 6, witnesses: WitnessPolicy::Single };

/// One thing that someone might do.
#[derive(Clone, Debug)]
pub struct WhoCanQuery {
    /// The actions, by their ids.
    actions: FixedBitSet,
    /// The one resource that is meant.
    resource: Option<String>,
    /// A glob over the resources that are meant.
    resource_pattern: Option<String>,
    /// All that is not meant.
    complement: Arc<PolicyDocument>,
}

impl WhoCanQuery {
    /// An action, `service:Name`, or any of those that a pattern matches; on a resource: an ARN, a pattern over ARNs, or
    /// `*` for an action that names none; without one, on whatever there is.
    pub fn new(catalog: &Catalog, action: &str, resource: Option<&str>) -> WhoCanQuery {
        let mut actions = FixedBitSet::with_capacity(catalog.action_count());
        let glob = Glob::new(&action.to_ascii_lowercase());
        let ids = (0..catalog.action_count()).filter_map(|id| u32::try_from(id).ok());
        ids.filter(|id| glob.matches(&catalog.full_name(ActionId(*id)).to_ascii_lowercase()))
            .for_each(|id| actions.insert(id as usize));
        let is_glob = |resource: &&str| resource.starts_with("arn:") && resource.contains(['*', '?']);
        let resource_pattern = resource.filter(is_glob);
        let mut statements = vec![Statement::allow(ActionElement::all_except(action), ResourceElement::any())];
        statements.extend(
            resource_pattern.map(|pattern| {
                Statement::allow(ActionElement::listing([action]), ResourceElement::all_except(pattern))
            }),
        );
        let complement = PolicyDocument::from_statements("all other requests", statements);
        WhoCanQuery {
            actions,
            resource: resource.filter(|_| resource_pattern.is_none()).map(str::to_owned),
            resource_pattern: resource_pattern.map(str::to_owned),
            complement: Arc::new(complement),
        }
    }

    /// The action, where one alone is meant.
    fn single_action(&self) -> Option<ActionId> {
        let mut all = self.actions.ones();
        let first = all.next().and_then(|id| u32::try_from(id).ok());
        first.map(ActionId).filter(|_| all.next().is_none())
    }
}

/// How someone can do a thing.
#[derive(Clone, Debug)]
pub struct WhoCanAnswer {
    /// One such request, which the evaluator confirms.
    pub request: Request,
    /// The actions of such requests.
    pub actions: BTreeSet<ActionId>,
    /// The roles that it can assume, where that is asked of no role alone.
    pub assumable_roles: Vec<String>,
    /// All such requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// Whether there are more of them.
    pub more: bool,
    /// The policies whose statements allow it, each with the statement's position.
    pub granted_by: Vec<(PolicyRef, usize)>,
}

impl Graph<'_> {
    /// Whether someone can do a thing, and how.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn answer_who_can(
        &self,
        state: &NodeState,
        query: &WhoCanQuery,
    ) -> Result<Option<WhoCanAnswer>, BTreeSet<UndecidedReason>> {
        let Some(effective) = self.effective(state) else { return Ok(None) };
        let assume_role = self.solver.catalog.find_action(ASSUME_ROLE);
        if assume_role.is_some_and(|assume| query.actions.contains(assume.0 as usize)) {
            let mut roles = self.principals.empty_set();
            match &query.resource {
                Some(arn) => self.find(arn).into_iter().for_each(|role| roles.insert(role)),
                None => {
                    roles = find_assumable_roles(self, state, &effective, &mut BTreeSet::new());
                    roles.intersect_with(
                        &self.principals.find_matching(query.resource_pattern.as_deref().unwrap_or("*")),
                    );
                }
            }
            if let Some(role) = roles.minimum() {
                let Some(layers) = add_trust_policy(self, &effective, role) else { return Ok(None) };
                let confirm =
                    |request: &Request, interpretation: Interpretation| self.replay(&layers, request, interpretation);
                let (grant, undecided) =
                    query_assume_role(self, &effective, &layers, role, ANSWER_DETAIL, Some(&confirm));
                let policies = crate::solve::build_effective_access(&layers).1;
                let mut answer = to_answer(grant.into_iter().collect(), undecided, &policies);
                if let (Ok(Some(found)), None) = (&mut answer, &query.resource) {
                    found.assumable_roles = roles.ones().map(|role| self.arn(role).to_owned()).collect();
                }
                if query.single_action().is_some() || !matches!(answer, Ok(None)) {
                    return answer;
                }
            }
        }
        if effective.upper_bound.is_disjoint(&query.actions) {
            return Ok(None);
        }
        // The policies of resources may allow it, too.
        let access = match query.single_action().filter(|_| effective.layers.resource_policies.is_empty()) {
            Some(id) => {
                restrict_to_action(self.solver, &effective.access, id, RequiredLayers::IdentityAndBoundary, false)
            }
            None => effective.access.clone(),
        };
        let name = query.single_action().map(|id| self.solver.catalog.full_name(id));
        // One action on one resource is a question by itself; of many, the others are allowed already.
        let only = query.resource.as_deref().and_then(|resource| Some((name.as_deref()?, resource)));
        let complements = match (&query.resource, only) {
            (Some(resource), None) => vec![Arc::clone(&query.complement), allow_all_except_resource(resource)],
            _ => vec![Arc::clone(&query.complement)],
        };
        let declared = Access::from_policies(complements.iter().map(|document| (document, 0)));
        let confirm =
            |request: &Request, interpretation: Interpretation| self.replay(&effective.layers, request, interpretation);
        let answer = self.solver.answer(&Question {
            effective: &access,
            declared: &declared,
            known: effective.known,
            partition: Some(effective.partition),
            world: ActionWorld::Existing,
            single_request: only,
            budget: BUDGET,
            detail: ANSWER_DETAIL,
            witness_account: Some(effective.account),
            replay: Some(&confirm),
        });
        to_answer(answer.grants, answer.undecided, &effective.policies)
    }

    fn replay(&self, layers: &Layers, request: &Request, interpretation: Interpretation) -> Result<(), String> {
        let catalog = self.solver.catalog;
        let rcp = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
        match evaluate(layers, request, &rcp, interpretation).is_allowed() {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        }
    }
}

/// A policy that allows everything on all resources but one.
fn allow_all_except_resource(resource: &str) -> Arc<PolicyDocument> {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::all_except(resource));
    Arc::new(PolicyDocument::from_statements("all other resources", vec![statement]))
}

fn to_answer(
    grants: Vec<Grant>,
    undecided: Vec<UndecidedReason>,
    policies: &[PolicyRef],
) -> Result<Option<WhoCanAnswer>, BTreeSet<UndecidedReason>> {
    let request = grants.iter().find_map(|grant| grant.witness.clone());
    let Some(request) = request else {
        return if undecided.is_empty() { Ok(None) } else { Err(undecided.into_iter().collect()) };
    };
    let mut granted_by: Vec<(PolicyRef, usize)> = Vec::new();
    let mut seen = BTreeSet::new();
    for grant in grants.iter().filter(|grant| seen.insert(grant.statement_id)) {
        granted_by.extend(policies.get(grant.statement_id.0).map(|policy| (policy.clone(), grant.statement_id.1)));
    }
    let more = grants.iter().any(|grant| grant.has_more_cubes);
    let actions = grants.iter().flat_map(|grant| grant.actions.known.iter().copied()).collect();
    Ok(Some(WhoCanAnswer {
        request,
        actions,
        assumable_roles: Vec::new(),
        cubes: grants.into_iter().flat_map(|grant| grant.cubes).collect(),
        more,
        granted_by,
    }))
}
