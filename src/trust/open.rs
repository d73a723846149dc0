//! Which ways into a role nobody declared.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::case::{Case, cases};
use super::declared::{declared, named_tenants};
use super::few::held_by_few;
use super::issuer::Issuer;
use super::way::{Way, view, ways};
use crate::access::{Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::baseline::Assumer;
use crate::iam::{AccountId, Arn, PolicyDocument, Readings};
use crate::snapshot::{Account, Organization, Principal, Snapshot};
use crate::solve::{Access, Branch, Cube, Depth, Grant, Question, Solver, Undecided, Witnesses, World};

/// Steps that one question may take.
const BUDGET: u64 = 1_000_000;
const DIFFERENCE: Depth = Depth::Difference { cubes: 4, witnesses: Witnesses::EachStatementAlone };

/// Whose requests come in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Those of principals of any account in the world.
    World,
    /// Those of any customer of a provider that vouches for many.
    Tenants(&'static Issuer),
    /// Those of principals of any account of an organization.
    Organization(String),
    /// Those of principals of an account.
    Account(AccountId),
    /// Those of one principal.
    Principal(Arn),
    /// Those that an identity provider vouches for.
    Provider,
    /// Those of an AWS service, for a resource of the role's own account.
    Service,
    /// Those of an AWS service, for a resource of another account.
    ServiceAbroad,
}

/// Requests that come into a role and that nobody declared.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Whom the trust policy names.
    pub way: Way,
    /// Whose requests of these they are.
    pub scope: Scope,
    /// The statement that lets them in, by its position.
    pub statement: usize,
    /// The requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// Whether there are more of them.
    pub more: bool,
    /// One of them, which the evaluator confirms.
    pub witness: Request,
}

impl Opening {
    /// Whether each of the requests must bring something that few have: an external id, an address, a network.
    pub fn is_held_by_few(&self) -> bool {
        !self.more && held_by_few(&self.cubes)
    }
}

/// What was found of one role.
#[derive(Clone, Debug, Default)]
pub struct Openings {
    /// The ways in that nobody declared.
    pub found: Vec<Opening>,
    /// What could not be decided.
    pub undecided: BTreeSet<Undecided>,
}

/// Asks about the trust policies of a snapshot.
pub struct Trust<'a> {
    solver: &'a Solver<'a>,
    organization: Option<&'a Organization>,
    by_unique_id: FxHashMap<&'a str, &'a Arn>,
}

impl<'a> Trust<'a> {
    /// Of this snapshot.
    pub fn new(solver: &'a Solver<'a>, snapshot: &'a Snapshot) -> Trust<'a> {
        let ids =
            snapshot.principals().filter_map(|(_, principal)| Some((principal.unique_id.as_deref()?, &principal.arn)));
        Trust { solver, organization: snapshot.organization.as_ref(), by_unique_id: ids.collect() }
    }

    /// The ways into a role that are not declared. Where nothing is declared of it, only those that are open to
    /// strangers.
    pub fn openings(&self, account: &Account, role: &Principal, declared_of: Option<&[Assumer]>) -> Openings {
        let mut openings = Openings::default();
        let Some(trust) = &role.trust else { return openings };
        let entity = |id: &str| self.by_unique_id.get(id).map(|arn| (*arn).clone());
        for way in ways(&trust.document, &entity) {
            let view = view(&trust.document, &way, &entity);
            let assumers = declared_of.unwrap_or_default();
            if let Way::Oidc { host, .. } = &way
                && let Some(issuer) = Issuer::of(host)
            {
                // That a shared provider is declared by its name alone does not say whose tokens are meant.
                let allowed = [named_tenants(issuer, &view), declared(&way, assumers, true)];
                for case in cases(&way, &view, account.partition.as_str(), &account.id, self.organization) {
                    let case = Case { scope: Scope::Tenants(issuer), ..case };
                    self.ask(&way, &view, &case, &allowed, (account, role), &mut openings);
                }
                if openings.found.iter().any(|opening| opening.way == way) {
                    continue;
                }
            }
            let allowed = [declared(&way, assumers, false)];
            for case in cases(&way, &view, account.partition.as_str(), &account.id, self.organization) {
                if declared_of.is_none() && case.scope != Scope::World {
                    continue;
                }
                // Where strangers come in, everybody does; and whom a service lets in for others it lets in here.
                let wider = |opening: &Opening| match opening.scope {
                    Scope::World => opening.way == way,
                    Scope::Service => opening.way == way && case.scope == Scope::ServiceAbroad,
                    _ => false,
                };
                if openings.found.iter().any(wider) {
                    break;
                }
                self.ask(&way, &view, &case, &allowed, (account, role), &mut openings);
            }
        }
        openings
    }

    /// Which requests of a case does the trust policy let in that none of some documents allows?
    fn ask(
        &self,
        way: &Way,
        view: &Arc<PolicyDocument>,
        case: &Case,
        allowed: &[Option<Arc<PolicyDocument>>],
        (account, role): (&Account, &Principal),
        into: &mut Openings,
    ) {
        let trusted: Vec<&Arc<PolicyDocument>> = [Some(view), case.not.as_ref()].into_iter().flatten().collect();
        let declared: Vec<&Arc<PolicyDocument>> = allowed.iter().flatten().collect();
        let effective = Access { branches: vec![branch(&trusted)] };
        let expected = match declared.is_empty() {
            true => Access::default(),
            false => Access { branches: vec![branch(&declared)] },
        };
        let (trusted, declared) = (layers(&trusted), layers(&declared));
        let allows = |layers: &Layers, request: &Request, readings: Readings| {
            evaluate(layers, request, &|_| false, readings).is_allowed()
        };
        let confirm = |request: &Request, readings: Readings| match allows(&trusted, request, readings)
            && !allows(&declared, request, readings)
        {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        };
        let answer = self.solver.answer(&Question {
            effective: &effective,
            declared: &expected,
            known: &case.known,
            partition: None,
            world: World::Closed,
            only: Some((way.action(), role.arn.as_str())),
            budget: BUDGET,
            depth: DIFFERENCE,
            account: Some(account.id.as_str()),
            confirm: Some(&confirm),
        });
        into.undecided.extend(answer.undecided);
        let opening = |grant: Grant| {
            let Grant { tag: (_, statement), cubes, more, witness, .. } = grant;
            Some(Opening { way: way.clone(), scope: case.scope.clone(), statement, cubes, more, witness: witness? })
        };
        into.found.extend(answer.grants.into_iter().filter_map(opening));
    }
}

fn branch(documents: &[&Arc<PolicyDocument>]) -> Branch {
    Branch::of_policies(documents.iter().copied().zip(0..))
}

fn layers(documents: &[&Arc<PolicyDocument>]) -> Layers {
    let policy = |document: &&Arc<PolicyDocument>| PolicyRef {
        name: String::new(),
        origin: PolicyOrigin::Given,
        document: Arc::clone(document),
    };
    Layers::of_identity(documents.iter().map(policy).collect())
}

impl Trust<'_> {
    /// The services that a role lets in for resources of its own account: the name that partition `aws` gives each,
    /// and the name as it is written.
    pub fn services(&self, account: &Account, role: &Principal) -> Openings {
        let mut openings = Openings::default();
        let Some(trust) = &role.trust else { return openings };
        let entity = |_: &str| None;
        for way in ways(&trust.document, &entity).into_iter().filter(|way| matches!(way, Way::Service(_))) {
            let view = view(&trust.document, &way, &entity);
            let cases = cases(&way, &view, account.partition.as_str(), &account.id, self.organization);
            for case in cases.into_iter().filter(|case| case.scope == Scope::Service) {
                self.ask(&way, &view, &case, &[None, None], (account, role), &mut openings);
            }
        }
        openings
    }
}
