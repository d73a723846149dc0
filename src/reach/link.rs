//! One step of a path, proven: what is done, with which requests, and on what it rests.

use std::collections::BTreeSet;

use serde_json::json;

use super::assume::{ask, facts_of, with_trust};
use super::being::Being;
use super::edges::{Steps, pass_facts};
use super::graph::Graph;
use super::power::{BUDGET, Power, Side, speaking};
use super::rule::{Kind, Path, Written, paths};
use super::targets::{Facts, with_facts};
use crate::access::{Layers, PolicyOrigin, Request, evaluate};
use crate::catalog::Catalog;
use crate::iam::{ContextKey, DocumentKind, PolicyDocument, Readings};
use crate::solve::{Access, Cube, Depth, Question, Undecided, Witnesses, World, effective_access};
use crate::source::SourceFile;

const PROOF: Depth = Depth::Difference { cubes: 4, witnesses: Witnesses::One };

/// One step of a path.
#[derive(Clone, Debug)]
pub struct Link {
    /// Who takes it.
    pub from: Being,
    /// Whom that makes of it.
    pub to: Being,
    /// Who took the first of the paths, where somebody on the way did before it became `from`.
    pub before: Option<Being>,
    /// The paths that it takes: one, or one that widens the target and one that becomes it.
    pub by: Vec<&'static Path>,
    /// The requests that it takes, in order.
    pub asks: Vec<Asks>,
    /// What it rests on that the snapshot does not tell, a line each.
    pub rests_on: Vec<&'static str>,
}

/// A request of a step, which the evaluator confirms.
#[derive(Clone, Debug)]
pub struct Asks {
    /// The request.
    pub request: Request,
    /// All such requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// The statement that allows it: its policy's name, and its position.
    pub granted_by: Option<(String, usize)>,
}

impl Link {
    /// What is done; `name` tells whoever took the first of the paths on the way.
    pub fn says(&self, name: impl Fn(&Being) -> String) -> String {
        let paths: Vec<&str> = self.by.iter().map(|path| path.says.as_str()).collect();
        match (&self.before, paths.split_first()) {
            (Some(before), Some((first, rest))) => {
                format!("{}, after {} {first}", rest.join(" and "), name(before))
            }
            _ => paths.join(" and "),
        }
    }

    /// Whether it is no more than assuming a role.
    pub fn is_assumption(&self) -> bool {
        self.by.iter().all(|path| path.kind == Kind::Assume)
    }
}

impl Graph<'_> {
    /// The steps of a way, each with its proof.
    ///
    /// # Errors
    /// What of it the evaluator does not confirm, or could not be decided when it was asked by itself.
    pub fn links(&self, way: &[Being]) -> Result<Vec<Link>, BTreeSet<Undecided>> {
        (1..way.len())
            .filter_map(|at| Some((way.get(..at)?, way.get(at)?)))
            .map(|(way, to)| self.link(way, to))
            .collect()
    }

    /// The last step of a way, to `to`.
    fn link(&self, way: &[Being], to: &Being) -> Result<Link, BTreeSet<Undecided>> {
        let mut undecided = BTreeSet::new();
        let Some((from, earlier)) = way.split_last() else { return Err(undecided) };
        let Some(power) = self.power(from) else { return Err(undecided) };
        let Some(steps) = Steps::new(self, from, &power) else { return Err(undecided) };
        let prover = Prover { graph: self, power: &power, steps: &steps };
        let same = from.principal == to.principal;
        let widens = to.change.widened && !(same && from.change.widened);
        let changes = !widens && (same || !to.change.is_none());
        let mut by = Vec::new();
        let mut before = None;
        if widens {
            by.extend(prover.first(to.principal, Part::Widens, &mut undecided));
            if by.is_empty() && !same {
                for being in earlier.iter().rev() {
                    by.extend(self.widened_before(being, to, &mut undecided));
                    if !by.is_empty() {
                        before = Some(being.clone());
                        break;
                    }
                }
            }
        } else if changes {
            by.extend(prover.first(to.principal, Part::Changes(to), &mut undecided));
        }
        if !same {
            by.extend(prover.first(to.principal, Part::Becomes, &mut undecided));
        }
        if by.len() != usize::from(widens || changes) + usize::from(!same) {
            if undecided.is_empty() {
                undecided.insert(Undecided::WitnessRefuted(format!("a step to {}", self.arn(to.principal))));
            }
            return Err(undecided);
        }
        Ok(Link {
            from: from.clone(),
            to: to.clone(),
            before,
            rests_on: by.iter().filter_map(|(path, _)| path.existing.as_deref()).collect(),
            by: by.iter().map(|(path, _)| *path).collect(),
            asks: by.into_iter().flat_map(|(_, asks)| asks).collect(),
        })
    }
}

impl Graph<'_> {
    /// How someone earlier on the way writes anything into the policies of the one at its end.
    fn widened_before(
        &self,
        being: &Being,
        to: &Being,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Option<(&'static Path, Vec<Asks>)> {
        let power = self.power(being)?;
        let steps = Steps::new(self, being, &power)?;
        Prover { graph: self, power: &power, steps: &steps }.first(to.principal, Part::Widens, undecided)
    }
}

/// What part of a step a path plays.
#[derive(Copy, Clone)]
enum Part<'b> {
    Widens,
    Becomes,
    Changes(&'b Being),
}

struct Prover<'g> {
    graph: &'g Graph<'g>,
    power: &'g Power<'g>,
    steps: &'g Steps<'g>,
}

impl Prover<'_> {
    /// The first path that plays a part and whose requests are proven; what rests on nothing comes first.
    fn first(
        &self,
        target: usize,
        part: Part<'_>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Option<(&'static Path, Vec<Asks>)> {
        let (firm, loose): (Vec<&Path>, Vec<&Path>) = paths().iter().partition(|path| path.existing.is_none());
        // To assume a role is the plainest way to become it.
        let (assume, others): (Vec<&Path>, Vec<&Path>) = firm.into_iter().partition(|path| path.kind == Kind::Assume);
        assume.into_iter().chain(others).chain(loose).find_map(|path| {
            let plays = match part {
                Part::Widens => {
                    path.kind.written().is_some() && self.steps.widened_by(path, undecided).contains(target)
                }
                Part::Becomes => {
                    path.kind.written().is_none()
                        && !path.kind.changes()
                        && self.steps.become_by(path, undecided).contains(target)
                }
                Part::Changes(to) => {
                    let mut whom = self.graph.principals.none();
                    whom.insert(target);
                    self.steps.changed_by(path, &whom, undecided).contains(to)
                }
            };
            let asks = plays.then(|| self.asks(path, target, part, undecided))??;
            Some((path, asks))
        })
    }

    /// The requests of a path; none where one of them is not proven.
    fn asks(
        &self,
        path: &'static Path,
        target: usize,
        part: Part<'_>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Option<Vec<Asks>> {
        let graph = self.graph;
        let mut asks = Vec::new();
        if let Part::Changes(to) = part {
            let touched = self.steps.touched(path, to, undecided);
            for ((on, policy), need) in touched.iter().flat_map(|on| path.needs.iter().map(move |need| (on, need))) {
                let facts = |_: usize, key: &ContextKey| {
                    let spoken_of = self.steps.speaks_of(need, policy.as_deref(), key);
                    spoken_of.or_else(|| (on == graph.arn(target)).then(|| facts_of(graph, target, key)).flatten())
                };
                asks.push(self.on_one(need, on, &facts, undecided)?);
            }
            return (!asks.is_empty()).then_some(asks);
        }
        match path.kind {
            Kind::Assume => asks.push(self.assumes(target, undecided)?),
            Kind::Relay => {
                // Any of the roles that can be passed and that assume the target.
                let (role, service) = path.services.iter().find_map(|service| {
                    let passed = self.steps.passed(path, service, undecided);
                    let relays = |role: &usize| {
                        let being = Being { principal: *role, change: super::being::Change::default() };
                        graph.power(&being).is_some_and(|power| {
                            super::assume::assumable(graph, &being, &power, &mut BTreeSet::new()).contains(target)
                        })
                    };
                    passed.ones().find(relays).map(|role| (role, service))
                })?;
                asks.push(self.passes(role, service, undecided)?);
            }
            Kind::Pass => {
                let service = path.services.iter().find(|s| self.steps.passed(path, s, undecided).contains(target))?;
                asks.push(self.passes(target, service, undecided)?);
            }
            _ => {}
        }
        let on = match path.kind {
            Kind::PutGroup | Kind::AttachGroup => {
                Some(self.any_of(&graph.groups, path, undecided, |group| self.steps.members(group).contains(target))?)
            }
            Kind::Version => Some(
                self.any_of(&graph.policies, path, undecided, |policy| self.steps.holders(policy).contains(target))?,
            ),
            kind if kind.written().is_some() => Some(graph.arn(target).to_owned()),
            Kind::Credentials | Kind::Trust => Some(graph.arn(target).to_owned()),
            _ => None,
        };
        match on {
            Some(on) => {
                for need in &path.needs {
                    let facts = |_: usize, key: &ContextKey| {
                        let spoken_of = self.steps.speaks_of(need, None, key);
                        spoken_of.or_else(|| (on == graph.arn(target)).then(|| facts_of(graph, target, key)).flatten())
                    };
                    asks.push(self.on_one(need, &on, &facts, undecided)?);
                }
            }
            None if path.kind != Kind::Assume => {
                for need in &path.needs {
                    asks.push(self.on_something(need, undecided)?);
                }
            }
            None => {}
        }
        Some(asks)
    }

    /// The first thing of a universe that is fit and on which the path's action is allowed.
    fn any_of(
        &self,
        universe: &super::universe::Universe,
        path: &Path,
        undecided: &mut BTreeSet<Undecided>,
        fit: impl Fn(usize) -> bool,
    ) -> Option<String> {
        debug_assert!(matches!(path.kind.written(), Some(Written::Group | Written::Policy)));
        let need = path.needs.first()?;
        let facts = |_: usize, key: &ContextKey| self.steps.speaks_of(need, None, key);
        let fitting = (0..universe.len()).filter(|thing| fit(*thing)).map(|thing| universe.arn(thing));
        let mut allowed = fitting.filter(|arn| self.on_one(need, arn, &facts, undecided).is_some());
        allowed.next().map(str::to_owned)
    }

    fn assumes(&self, role: usize, undecided: &mut BTreeSet<Undecided>) -> Option<Asks> {
        let layers = with_trust(self.graph, self.power, role)?;
        let confirm = |request: &Request, readings: Readings| self.confirm(&layers, request, readings);
        let (grant, why) = ask(self.graph, self.power, &layers, role, PROOF, Some(&confirm));
        undecided.extend(why);
        let grant = grant?;
        // Who is named by the role needs no statement of its own.
        let policies = effective_access(&layers).1;
        let own = policies.get(grant.tag.0).filter(|policy| !matches!(policy.origin, PolicyOrigin::Resource { .. }));
        let granted_by = own.map(|policy| (policy.name.clone(), grant.tag.1));
        Some(Asks { request: grant.witness?, cubes: grant.cubes, granted_by })
    }

    fn passes(&self, role: usize, service: &str, undecided: &mut BTreeSet<Undecided>) -> Option<Asks> {
        let (_, written) = self.graph.trusting.service(self.power.account, service)?;
        let facts = |_: usize, key: &ContextKey| pass_facts(key, written);
        let mut asks = self.on_one("iam:PassRole", self.graph.arn(role), &facts, undecided)?;
        asks.request.context.set("iam:PassedToService", written);
        Some(asks)
    }

    /// A request on one thing.
    fn on_one(
        &self,
        action: &str,
        resource: &str,
        facts: &Facts<'_>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Option<Asks> {
        let id = self.graph.solver.catalog.find_action(action)?;
        let access = speaking(self.graph.solver, &self.power.access, id, Side::Own, false);
        self.prove(&access, &Access::default(), Some((action, resource)), facts, undecided)
    }

    /// A request on whatever there is.
    fn on_something(&self, action: &str, undecided: &mut BTreeSet<Undecided>) -> Option<Asks> {
        let id = self.graph.solver.catalog.find_action(action)?;
        let access = speaking(self.graph.solver, &self.power.access, id, Side::Own, false);
        let text = json!({ "Version": "2012-10-17",
                           "Statement": [{ "Effect": "Allow", "NotAction": action, "Resource": "*" }] });
        let source = SourceFile::new("all other actions", text.to_string());
        let others = PolicyDocument::parse(&source, DocumentKind::Identity).ok()?;
        let others = Access::of_policies([(&std::sync::Arc::new(others), 0)]);
        self.prove(&access, &others, None, &|_, _| None, undecided)
    }

    fn prove(
        &self,
        access: &Access,
        but: &Access,
        only: Option<(&str, &str)>,
        facts: &Facts<'_>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Option<Asks> {
        let known = with_facts(self.power.known, access, 0, facts);
        let confirm = |request: &Request, readings: Readings| self.confirm(&self.power.layers, request, readings);
        let answer = self.graph.solver.answer(&Question {
            effective: access,
            declared: but,
            known: &known,
            partition: Some(self.power.partition),
            world: World::Closed,
            only,
            budget: BUDGET,
            depth: PROOF,
            account: Some(self.power.account),
            confirm: Some(&confirm),
        });
        undecided.extend(answer.undecided);
        let grant = answer.grants.into_iter().find(|grant| grant.witness.is_some())?;
        let policy = self.power.policies.get(grant.tag.0).map(|policy| policy.name.clone());
        let granted_by = policy.map(|name| (name, grant.tag.1));
        Some(Asks { request: grant.witness?, cubes: grant.cubes, granted_by })
    }

    fn confirm(&self, layers: &Layers, request: &Request, readings: Readings) -> Result<(), String> {
        let catalog: &Catalog = self.graph.solver.catalog;
        let rcp = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.rcp_supported(id));
        match evaluate(layers, request, &rcp, readings).is_allowed() {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        }
    }
}
