//! Whether someone can do one thing: the question of `iamdrift who-can`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::assume::{ASSUME, ask, with_trust};
use super::being::Being;
use super::graph::Graph;
use super::power::{BUDGET, Side, speaking};
use super::something::all_but;
use crate::access::{Layers, PolicyRef, Request, evaluate};
use crate::iam::{PolicyDocument, Readings};
use crate::solve::{Access, Cube, Depth, Grant, Question, Undecided, Witnesses, World};

const ANSWER: Depth = Depth::Difference { cubes: 6, witnesses: Witnesses::One };

/// One thing that someone might do.
#[derive(Clone, Debug)]
pub struct Thing {
    action: String,
    resource: Option<String>,
    others: Arc<PolicyDocument>,
}

impl Thing {
    /// An action, `service:Name`, on a resource: an ARN, or `*`; without one, on whatever there is.
    pub fn new(action: &str, resource: Option<&str>) -> Thing {
        Thing { action: action.to_owned(), resource: resource.map(str::to_owned), others: all_but(action) }
    }
}

/// How someone can do a thing.
#[derive(Clone, Debug)]
pub struct Can {
    /// One such request, which the evaluator confirms.
    pub request: Request,
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
    pub fn can(&self, being: &Being, thing: &Thing) -> Result<Option<Can>, BTreeSet<Undecided>> {
        let Some(id) = self.solver.catalog.find_action(&thing.action) else { return Ok(None) };
        let Some(power) = self.power(being) else { return Ok(None) };
        let role = thing.resource.as_deref().and_then(|arn| self.find(arn));
        if let (true, Some(role)) = (thing.action.eq_ignore_ascii_case(ASSUME), role) {
            let Some(layers) = with_trust(self, &power, role) else { return Ok(None) };
            let confirm = |request: &Request, readings: Readings| self.confirmed(&layers, request, readings);
            let (grant, undecided) = ask(self, &power, &layers, role, ANSWER, Some(&confirm));
            let policies = crate::solve::effective_access(&layers).1;
            return told(grant.into_iter().collect(), undecided, &policies);
        }
        if !power.most.contains(id.0 as usize) {
            return Ok(None);
        }
        // The policies of resources may allow it, too.
        let access = match power.layers.resource_policies.is_empty() {
            true => speaking(self.solver, &power.access, id, Side::Own, false),
            false => power.access.clone(),
        };
        let confirm = |request: &Request, readings: Readings| self.confirmed(&power.layers, request, readings);
        let answer = self.solver.answer(&Question {
            effective: &access,
            declared: &Access::of_policies([(&thing.others, 0)]),
            known: power.known,
            partition: Some(power.partition),
            world: World::Closed,
            only: thing.resource.as_deref().map(|resource| (thing.action.as_str(), resource)),
            budget: BUDGET,
            depth: ANSWER,
            account: Some(power.account),
            confirm: Some(&confirm),
        });
        told(answer.grants, answer.undecided, &power.policies)
    }

    fn confirmed(&self, layers: &Layers, request: &Request, readings: Readings) -> Result<(), String> {
        let catalog = self.solver.catalog;
        let rcp = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.rcp_supported(id));
        match evaluate(layers, request, &rcp, readings).is_allowed() {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        }
    }
}

fn told(
    grants: Vec<Grant>,
    undecided: Vec<Undecided>,
    policies: &[PolicyRef],
) -> Result<Option<Can>, BTreeSet<Undecided>> {
    let request = grants.iter().find_map(|grant| grant.witness.clone());
    let Some(request) = request else {
        return if undecided.is_empty() { Ok(None) } else { Err(undecided.into_iter().collect()) };
    };
    let mut granted_by: Vec<(PolicyRef, usize)> = Vec::new();
    let mut seen = BTreeSet::new();
    for grant in grants.iter().filter(|grant| seen.insert(grant.tag)) {
        granted_by.extend(policies.get(grant.tag.0).map(|policy| (policy.clone(), grant.tag.1)));
    }
    let more = grants.iter().any(|grant| grant.more);
    Ok(Some(Can { request, cubes: grants.into_iter().flat_map(|grant| grant.cubes).collect(), more, granted_by }))
}
