//! Whether someone can do one thing: the question of `iamdrift who-can`.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::assume::{ASSUME, ask, assumable, with_trust};
use super::being::Being;
use super::graph::Graph;
use super::power::{BUDGET, Side, speaking};
use crate::access::{Layers, PolicyRef, Request, evaluate};
use crate::baseline::Glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::{DocumentKind, PolicyDocument, Readings};
use crate::solve::{Access, Cube, Depth, Grant, Question, Undecided, Witnesses, World};
use crate::source::SourceFile;

const ANSWER: Depth = Depth::Difference { cubes: 6, witnesses: Witnesses::One };

/// One thing that someone might do.
#[derive(Clone, Debug)]
pub struct Thing {
    /// The actions, by their ids.
    actions: FixedBitSet,
    /// The one resource that is meant.
    resource: Option<String>,
    /// A glob over the resources that are meant.
    among: Option<String>,
    /// All that is not meant.
    others: Arc<PolicyDocument>,
}

impl Thing {
    /// An action, `service:Name`, or any of those that a pattern matches; on a resource: an ARN, a pattern over ARNs, or
    /// `*` for an action that names none; without one, on whatever there is.
    pub fn new(catalog: &Catalog, action: &str, resource: Option<&str>) -> Thing {
        let mut actions = FixedBitSet::with_capacity(catalog.action_count());
        let glob = Glob::new(&action.to_ascii_lowercase());
        let ids = (0..catalog.action_count()).filter_map(|id| u32::try_from(id).ok());
        ids.filter(|id| glob.matches(&catalog.full_name(ActionId(*id)).to_ascii_lowercase()))
            .for_each(|id| actions.insert(id as usize));
        let is_glob = |resource: &&str| resource.starts_with("arn:") && resource.contains(['*', '?']);
        let among = resource.filter(is_glob);
        let mut others = vec![serde_json::json!({ "Effect": "Allow", "NotAction": action, "Resource": "*" })];
        others.extend(among.map(|glob| {
            let glob = glob.replace("${", "${$}{");
            serde_json::json!({ "Effect": "Allow", "Action": action, "NotResource": glob })
        }));
        let text = serde_json::json!({ "Version": "2012-10-17", "Statement": others }).to_string();
        let source = SourceFile::new("all that is not asked", text);
        let others = PolicyDocument::parse(&source, DocumentKind::Identity).expect("a valid document");
        Thing {
            actions,
            resource: resource.filter(|_| among.is_none()).map(str::to_owned),
            among: among.map(str::to_owned),
            others: Arc::new(others),
        }
    }

    /// The action, where one alone is meant.
    fn action(&self) -> Option<ActionId> {
        let mut all = self.actions.ones();
        let first = all.next().and_then(|id| u32::try_from(id).ok());
        first.map(ActionId).filter(|_| all.next().is_none())
    }
}

/// How someone can do a thing.
#[derive(Clone, Debug)]
pub struct Can {
    /// One such request, which the evaluator confirms.
    pub request: Request,
    /// The actions of such requests.
    pub actions: BTreeSet<ActionId>,
    /// The roles that it can assume, where that is asked of no role alone.
    pub roles: Vec<String>,
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
        let Some(power) = self.power(being) else { return Ok(None) };
        let assume = self.solver.catalog.find_action(ASSUME);
        if assume.is_some_and(|assume| thing.actions.contains(assume.0 as usize)) {
            let mut roles = self.principals.none();
            match &thing.resource {
                Some(arn) => self.find(arn).into_iter().for_each(|role| roles.insert(role)),
                None => {
                    roles = assumable(self, being, &power, &mut BTreeSet::new());
                    roles.intersect_with(&self.principals.matching(thing.among.as_deref().unwrap_or("*")));
                }
            }
            if let Some(role) = roles.minimum() {
                let Some(layers) = with_trust(self, &power, role) else { return Ok(None) };
                let confirm = |request: &Request, readings: Readings| self.confirmed(&layers, request, readings);
                let (grant, undecided) = ask(self, &power, &layers, role, ANSWER, Some(&confirm));
                let policies = crate::solve::effective_access(&layers).1;
                let mut assumes = told(grant.into_iter().collect(), undecided, &policies);
                if let (Ok(Some(can)), None) = (&mut assumes, &thing.resource) {
                    can.roles = roles.ones().map(|role| self.arn(role).to_owned()).collect();
                }
                if thing.action().is_some() || !matches!(assumes, Ok(None)) {
                    return assumes;
                }
            }
        }
        if power.most.is_disjoint(&thing.actions) {
            return Ok(None);
        }
        // The policies of resources may allow it, too.
        let access = match thing.action().filter(|_| power.layers.resource_policies.is_empty()) {
            Some(id) => speaking(self.solver, &power.access, id, Side::Own, false),
            None => power.access.clone(),
        };
        let name = thing.action().map(|id| self.solver.catalog.full_name(id));
        // One action on one resource is a question by itself; of many, the others are allowed already.
        let only = thing.resource.as_deref().and_then(|resource| Some((name.as_deref()?, resource)));
        let others = match (&thing.resource, only) {
            (Some(resource), None) => vec![Arc::clone(&thing.others), elsewhere(resource)],
            _ => vec![Arc::clone(&thing.others)],
        };
        let declared = Access::of_policies(others.iter().map(|document| (document, 0)));
        let confirm = |request: &Request, readings: Readings| self.confirmed(&power.layers, request, readings);
        let answer = self.solver.answer(&Question {
            effective: &access,
            declared: &declared,
            known: power.known,
            partition: Some(power.partition),
            world: World::Closed,
            only,
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

/// A policy that allows everything on all resources but one.
fn elsewhere(resource: &str) -> Arc<PolicyDocument> {
    let statement =
        serde_json::json!({ "Effect": "Allow", "Action": "*", "NotResource": resource.replace("${", "${$}{") });
    let text = serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let source = SourceFile::new("all other resources", text);
    Arc::new(PolicyDocument::parse(&source, DocumentKind::Identity).expect("a valid document"))
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
    let actions = grants.iter().flat_map(|grant| grant.actions.known.iter().copied()).collect();
    Ok(Some(Can {
        request,
        actions,
        roles: Vec::new(),
        cubes: grants.into_iter().flat_map(|grant| grant.cubes).collect(),
        more,
        granted_by,
    }))
}
