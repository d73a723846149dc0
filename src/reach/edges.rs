//! Whom someone can become, or make broader, in one step.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::assume::{assumable, assumable_by_account, assumable_by_name, facts_of};
use super::being::{Being, Change};
use super::graph::{Graph, MAKES_PROFILES};
use super::power::{Power, Side, speaking};
use super::rule::{Kind, Path, Written, paths};
use super::targets::{Asked, Facts};
use super::universe::Universe;
use crate::access::{Known, PolicyOrigin};
use crate::iam::ContextKey;
use crate::snapshot::Holding;
use crate::solve::Undecided;

const PASS: &str = "iam:PassRole";

/// The first steps of someone.
#[derive(Clone, Debug)]
pub(super) struct Edges {
    /// Whom it can become as they are.
    pub(super) reached: FixedBitSet,
    /// Whose policies it can make allow everything.
    pub(super) widen: FixedBitSet,
    /// Whom it can make of itself, or of those it becomes, beside.
    pub(super) changed: Vec<Being>,
    /// What could not be decided.
    pub(super) undecided: BTreeSet<Undecided>,
}

/// Someone whose steps are looked at.
pub(super) struct Steps<'g> {
    pub(super) graph: &'g Graph<'g>,
    pub(super) being: &'g Being,
    pub(super) power: &'g Power<'g>,
    /// The principals of its account.
    pub(super) neighbours: FixedBitSet,
}

impl Edges {
    pub(super) fn none(graph: &Graph<'_>) -> Edges {
        let none = || graph.principals.none();
        Edges { reached: none(), widen: none(), changed: Vec::new(), undecided: BTreeSet::new() }
    }

    pub(super) fn of(graph: &Graph<'_>, being: &Being, power: &Power<'_>) -> Edges {
        let mut edges = Edges::none(graph);
        let Some(steps) = Steps::new(graph, being, power) else { return edges };
        let work = || Arc::new(Shared::of(&steps));
        let shared = if being.change.is_shareable() { graph.shared(&steps) } else { work() };
        edges.reached.union_with(&shared.reached);
        edges.widen.union_with(&shared.widen);
        edges.undecided.extend(shared.undecided.iter().cloned());
        edges.reached.union_with(&assumable_by_name(graph, being, power, &mut edges.undecided));
        edges.reached.remove(being.principal);
        // Whose policies it can write anything into, it need not change otherwise.
        let mut whom = edges.reached.clone();
        whom.set(being.principal, !being.change.widened);
        whom.difference_with(&edges.widen);
        for path in paths() {
            edges.changed.extend(steps.changed_by(path, &whom, &mut edges.undecided));
        }
        edges
    }
}

/// The first steps of all who are alike: what does not depend on which of them takes it.
pub(super) struct Shared {
    reached: FixedBitSet,
    widen: FixedBitSet,
    undecided: BTreeSet<Undecided>,
}

impl Shared {
    pub(super) fn of(steps: &Steps<'_>) -> Shared {
        let none = || steps.graph.principals.none();
        let mut shared = Shared { reached: none(), widen: none(), undecided: BTreeSet::new() };
        for path in paths() {
            match path.kind {
                kind if kind == Kind::Both || kind.changes() => {}
                Kind::Assume => {
                    let assumed = assumable_by_account(steps.graph, steps.power, &mut shared.undecided);
                    shared.reached.union_with(&assumed);
                }
                kind if kind.written().is_some() => {
                    shared.widen.union_with(&steps.widened_by(path, &mut shared.undecided));
                }
                _ => shared.reached.union_with(&steps.become_by(path, &mut shared.undecided)),
            }
        }
        shared
    }
}

impl<'g> Steps<'g> {
    pub(super) fn new(graph: &'g Graph<'g>, being: &'g Being, power: &'g Power<'g>) -> Option<Steps<'g>> {
        let account = *graph.kinds.account_of.get(being.principal)?;
        let neighbours = graph.kinds.of_account.get(account)?.clone();
        Some(Steps { graph, being, power, neighbours })
    }

    /// Whether all that a path needs can be done on something: a service runs what it is given with a role that it was
    /// passed, or that it has.
    fn has_needs(&self, path: &Path, undecided: &mut BTreeSet<Undecided>) -> bool {
        let may = |need: &String| self.power.may(self.graph.solver, need);
        // Which roles it passes is asked of each.
        let mut others = path.needs.iter().filter(|need| *need != PASS);
        path.needs.iter().all(may) && others.all(|need| self.graph.may_on_something(self.power, need, undecided))
    }

    /// Whom it becomes by a path.
    pub(super) fn become_by(&self, path: &Path, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let graph = self.graph;
        let mut found = graph.principals.none();
        match path.kind {
            Kind::Assume => found = assumable(graph, self.being, self.power, undecided),
            Kind::Pass if self.has_needs(path, undecided) => {
                for service in &path.services {
                    found.union_with(&self.passed(path, service, undecided));
                }
            }
            Kind::Relay if self.has_needs(path, undecided) => {
                for service in &path.services {
                    for role in self.passed(path, service, undecided).ones() {
                        let role = Being { principal: role, change: Change::default() };
                        if let Some(power) = graph.power(&role) {
                            found.union_with(&assumable(graph, &role, &power, undecided));
                        }
                    }
                }
            }
            Kind::Run if self.has_needs(path, undecided) => {
                for service in &path.services {
                    found.union_with(&self.trusting(path, service, undecided));
                }
            }
            Kind::Credentials => {
                let mut users = graph.kinds.users.clone();
                users.intersect_with(&self.neighbours);
                found = self.on_all(path, users, undecided);
            }
            Kind::Trust => {
                let mut roles = graph.kinds.own_roles.clone();
                roles.intersect_with(&self.neighbours);
                let rewritten = self.on_all(path, roles, undecided);
                // Named by the role, it needs no policy of its own; a user's boundary still limits it, and a role has a
                // session of it named.
                let side = if graph.kinds.users.contains(self.being.principal) { Side::Named } else { Side::Session };
                found = self.on_principals("sts:AssumeRole", side, &rewritten, undecided);
            }
            _ => {}
        }
        found
    }

    /// Whose policies it makes allow everything by a path.
    pub(super) fn widened_by(&self, path: &Path, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let graph = self.graph;
        let mut found = graph.principals.none();
        if !path.needs.iter().all(|need| self.power.may(graph.solver, need)) {
            return found;
        }
        let Some(need) = path.needs.first() else { return found };
        match path.kind.written() {
            Some(Written::User) => {
                let mut users = graph.kinds.users.clone();
                users.intersect_with(&self.neighbours);
                found = self.on_principals(need, Side::Own, &users, undecided);
            }
            Some(Written::Role) => {
                let mut roles = graph.kinds.own_roles.clone();
                roles.intersect_with(&self.neighbours);
                found = self.on_principals(need, Side::Own, &roles, undecided);
            }
            Some(Written::Group) => {
                for group in self.on_groups(need, None, undecided).ones() {
                    found.union_with(&self.members(group));
                }
            }
            Some(Written::Policy) => {
                let among = self.own_policies();
                for policy in self.on(need, Side::Own, &graph.policies, &among, None, undecided).ones() {
                    found.union_with(&self.holders(policy));
                }
            }
            None => {}
        }
        found
    }

    /// The roles that it can pass to a service for a path.
    pub(super) fn passed(&self, path: &Path, service: &str, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let among = self.trusting(path, service, undecided);
        let Some((_, written)) = self.graph.trusting.service(self.power.account, service) else { return among };
        let facts = |_: usize, key: &ContextKey| pass_facts(key, written);
        self.asked(PASS, Side::Own, &self.graph.principals, &among, &facts, undecided)
    }

    /// The roles of its account that a service may run with.
    fn trusting(&self, path: &Path, service: &str, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let graph = self.graph;
        let mut roles = match graph.trusting.service(self.power.account, service) {
            Some((roles, _)) => roles.clone(),
            None => return graph.principals.none(),
        };
        roles.intersect_with(&graph.kinds.roles);
        if path.instance_profile && !(path.kind == Kind::Pass && self.makes_profiles(undecided)) {
            roles.difference_with(&graph.kinds.without_profile);
        }
        roles
    }

    /// Whether it can give a role an instance profile.
    fn makes_profiles(&self, undecided: &mut BTreeSet<Undecided>) -> bool {
        MAKES_PROFILES.into_iter().all(|action| self.graph.may_on_something(self.power, action, undecided))
    }

    /// Those on whom all that a path needs can be done.
    fn on_all(&self, path: &Path, mut among: FixedBitSet, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        if !path.needs.iter().all(|need| self.power.may(self.graph.solver, need)) {
            among.clear();
        }
        for need in &path.needs {
            among = self.on_principals(need, Side::Own, &among, undecided);
        }
        among
    }

    fn on_principals(
        &self,
        action: &str,
        side: Side,
        among: &FixedBitSet,
        undecided: &mut BTreeSet<Undecided>,
    ) -> FixedBitSet {
        self.on(action, side, &self.graph.principals, among, None, undecided)
    }

    pub(super) fn on_groups(
        &self,
        action: &str,
        policy: Option<&str>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> FixedBitSet {
        let own = format!("arn:{}:iam::{}:group/*", self.power.partition.as_str(), self.power.account);
        let among = self.graph.groups.matching(&own);
        self.on(action, Side::Own, &self.graph.groups, &among, policy, undecided)
    }

    /// The customer managed policies of its account that someone has.
    pub(super) fn own_policies(&self) -> FixedBitSet {
        let own = format!("arn:{}:iam::{}:policy/*", self.power.partition.as_str(), self.power.account);
        (*self.graph.policies.matching(&own)).clone()
    }

    /// Those on which it may do something; `policy` is the managed policy that the request speaks of, the widest
    /// unless another is given.
    pub(super) fn on(
        &self,
        action: &str,
        side: Side,
        universe: &Universe,
        among: &FixedBitSet,
        policy: Option<&str>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> FixedBitSet {
        let are_principals = std::ptr::eq(universe, &self.graph.principals);
        let facts = |thing: usize, key: &ContextKey| {
            let spoken_of = || self.speaks_of(action, policy, key);
            spoken_of().or_else(|| are_principals.then(|| facts_of(self.graph, thing, key)).flatten())
        };
        self.asked(action, side, universe, among, &facts, undecided)
    }

    /// Those of its account on whom an action is allowed.
    fn asked(
        &self,
        action: &str,
        side: Side,
        universe: &Universe,
        among: &FixedBitSet,
        facts: &Facts<'_>,
        undecided: &mut BTreeSet<Undecided>,
    ) -> FixedBitSet {
        let (graph, power) = (self.graph, self.power);
        let Some(action) = graph.solver.catalog.find_action(action) else { return universe.none() };
        if among.is_clear() || (side == Side::Own && !power.most.contains(action.0 as usize)) {
            return universe.none();
        }
        let access = &speaking(graph.solver, &power.access, action, side, power.layers.boundary.is_some());
        Asked { graph, power, action, access, universe, among, facts }.allowed(undecided)
    }
}

impl Steps<'_> {
    /// What is known of a key that tells the managed policy a request speaks of: that which is attached, detached or
    /// set as the boundary. Where any will do it is the widest.
    pub(super) fn speaks_of(&self, action: &str, policy: Option<&str>, key: &ContextKey) -> Option<Known> {
        let sets_boundary = action.starts_with("iam:Put") && action.ends_with("PermissionsBoundary");
        let spoken_of = key.lower() == "iam:policyarn" || (key.lower() == "iam:permissionsboundary" && sets_boundary);
        let widest = || format!("arn:{}:iam::aws:policy/AdministratorAccess", self.power.partition.as_str());
        spoken_of.then(|| Known::Value(policy.map_or_else(widest, str::to_owned)))
    }

    /// Who has a customer managed policy now.
    pub(super) fn holders(&self, policy: usize) -> FixedBitSet {
        let graph = self.graph;
        let mut holders = graph.kinds.holders.get(policy).cloned().unwrap_or_else(|| graph.principals.none());
        let arn = graph.policies.arn(policy);
        let is_it = |held: &crate::access::PolicyRef| matches!(&held.origin, PolicyOrigin::Held(Holding::Attached { arn: held, .. }) if held == arn);
        // By a group that it joined, or because it was attached.
        let change = &self.being.change;
        let now = change.attached.as_deref() == Some(arn)
            || (change.joined.is_some() && self.power.layers.identity.iter().any(is_it));
        if now {
            holders.insert(self.being.principal);
        }
        holders
    }
}

/// What is known of a request that passes a role to a service. The role's tags are no part of it (*Grant a user
/// permissions to pass a role to an AWS service*).
pub(super) fn pass_facts(key: &ContextKey, service: &str) -> Option<Known> {
    match key.lower() {
        "iam:passedtoservice" => Some(Known::Value(service.to_owned())),
        lower if lower.starts_with("aws:resourcetag/") || lower.starts_with("iam:resourcetag/") => Some(Known::Missing),
        _ => None,
    }
}
