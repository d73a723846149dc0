//! Which roles someone can assume: its own policies, its limits, and the role's trust policy together.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::being::Being;
use super::graph::Graph;
use super::power::{BUDGET, Power, Side, speaking, speaks};
use super::targets::{Asked, Facts, with_facts};
use crate::access::{Known, Layers, PolicyOrigin, PolicyRef, PrincipalType, ResourcePolicies, ResourcePolicy};
use crate::catalog::ActionId;
use crate::iam::{ContextKey, Template};
use crate::solve::{Access, Confirm, Depth, Question, Undecided, World, effective_access};

/// The action.
pub(super) const ASSUME: &str = "sts:AssumeRole";

/// The roles that someone can assume.
pub(super) fn assumable(
    graph: &Graph<'_>,
    being: &Being,
    power: &Power<'_>,
    undecided: &mut BTreeSet<Undecided>,
) -> FixedBitSet {
    let mut found = assumable_by_account(graph, power, undecided);
    found.union_with(&assumable_by_name(graph, being, power, undecided));
    found.set(being.principal, false);
    found
}

/// The roles that someone can assume as all of its account can who may do the same: those that tell nobody apart.
pub(super) fn assumable_by_account(
    graph: &Graph<'_>,
    power: &Power<'_>,
    undecided: &mut BTreeSet<Undecided>,
) -> FixedBitSet {
    let mut by_account = graph.trusting.account(power.account).cloned().unwrap_or_else(|| graph.principals.none());
    by_account.difference_with(graph.trusting.individual());
    let mut anyone = graph.trusting.anyone().clone();
    anyone.difference_with(graph.trusting.individual());
    let candidates = Candidates { named: anyone, by_account };
    candidates.assumable(graph, power, undecided)
}

/// The roles that someone can assume and that tell some principals apart from others.
pub(super) fn assumable_by_name(
    graph: &Graph<'_>,
    being: &Being,
    power: &Power<'_>,
    undecided: &mut BTreeSet<Undecided>,
) -> FixedBitSet {
    let mut by_account = graph.trusting.account(power.account).cloned().unwrap_or_else(|| graph.principals.none());
    by_account.intersect_with(graph.trusting.individual());
    let mut named = graph.trusting.anyone().clone();
    named.intersect_with(graph.trusting.individual());
    graph.trusting.naming(being.principal).iter().for_each(|role| named.insert(*role));
    named.set(being.principal, false);
    by_account.set(being.principal, false);
    Candidates { named, by_account }.assumable(graph, power, undecided)
}

/// Roles that may let someone in.
struct Candidates {
    /// Those that name it, or anyone.
    named: FixedBitSet,
    /// Those that name its account.
    by_account: FixedBitSet,
}

impl Candidates {
    /// Those that someone can assume.
    fn assumable(mut self, graph: &Graph<'_>, power: &Power<'_>, undecided: &mut BTreeSet<Undecided>) -> FixedBitSet {
        let mut found = graph.principals.none();
        let Some(action) = graph.solver.catalog.find_action(ASSUME) else { return found };
        let trusting = &graph.trusting;
        self.named.intersect_with(&graph.kinds.roles);
        self.by_account.intersect_with(&graph.kinds.roles);
        let Candidates { named, mut by_account } = self;
        if named.is_clear() && by_account.is_clear() {
            return found;
        }
        // In its own account, who is named needs no policy of its own.
        let mut at_home = named.clone();
        let neighbours = graph.kinds.of_account(power.account);
        neighbours.iter().for_each(|neighbours| at_home.intersect_with(neighbours));
        let mut abroad = named;
        abroad.difference_with(&at_home);
        by_account.union_with(&abroad);
        let facts = |role: usize, key: &ContextKey| facts_of(graph, role, key);
        let on = |access: &Access, among: &FixedBitSet, undecided: &mut BTreeSet<Undecided>| {
            Asked { graph, power, action, access, universe: &graph.principals, among, facts: &facts }.allowed(undecided)
        };
        let bound = power.layers.boundary.is_some();
        let by = |side: Side| speaking(graph.solver, &power.access, action, side, bound);
        let mut foreign = by_account.clone();
        neighbours.iter().for_each(|neighbours| foreign.difference_with(neighbours));
        by_account.difference_with(&foreign);
        let mut candidates = graph.principals.none();
        if power.most.contains(action.0 as usize) {
            let mut access = by(Side::Own);
            candidates.union_with(&on(&access, &by_account, undecided));
            // The resource control policies of its own account do not bind the roles of another.
            access.branches.iter_mut().for_each(|branch| branch.forbid.retain(|one| !one.rcp_services_only));
            candidates.union_with(&on(&access, &foreign, undecided));
        }
        candidates.union_with(&on(&by(Side::Named), &at_home, undecided));
        // What a role grants to a session by its name, or to anyone, no boundary of the session's role limits.
        let beyond = |role: &usize| trusting.anyone().contains(*role) || !trusting.is_plain(*role);
        let mut by_session = graph.principals.none();
        if bound && power.layers.principal.principal_type != PrincipalType::User {
            at_home.ones().filter(beyond).for_each(|role| by_session.insert(role));
            by_session = on(&by(Side::Session), &by_session, undecided);
        }
        candidates.union_with(&by_session);
        // A trust policy with conditions is decided together with the principal's own, once for all roles that have it.
        let mut asking: FxHashMap<(usize, &str), FixedBitSet> = FxHashMap::default();
        for role in candidates.ones() {
            let Some(node) = graph.nodes.get(role) else { continue };
            // What binds a role of another account, the resource control policies there, is decided with it, too.
            let rcps = || foreign.contains(role) && node.layers.rcps.is_some();
            match &node.principal.trust {
                _ if trusting.is_plain(role) && !by_session.contains(role) && !rcps() => found.insert(role),
                Some(trust) => {
                    let same = (Arc::as_ptr(&trust.document) as usize, node.account.id.as_str());
                    asking.entry(same).or_insert_with(|| graph.principals.none()).insert(role);
                }
                None => {}
            }
        }
        for among in asking.into_values() {
            let Some(layers) = among.minimum().and_then(|role| with_trust(graph, power, role)) else { continue };
            let (mut access, _) = effective_access(&layers);
            graph.clock.bind(&mut access);
            found.union_with(&on(&of_trust(graph, access, action), &among, undecided));
        }
        found
    }
}

/// The part of an access with a trust policy that speaks of assuming the roles that have it.
fn of_trust(graph: &Graph<'_>, mut access: Access, action: ActionId) -> Access {
    // What the principal's own policies grant by themselves does not open a role.
    access.branches.retain(|branch| branch.except.is_empty());
    for branch in &mut access.branches {
        for list in branch.require.iter_mut().chain([&mut branch.forbid]) {
            list.retain(|one| speaks(graph.solver, one, action));
            list.iter_mut().for_each(|one| one.covers = None);
        }
    }
    access
}

/// Someone's layers with the trust policy of a role, and the resource control policies that bind that role.
pub(super) fn with_trust(graph: &Graph<'_>, power: &Power<'_>, role: usize) -> Option<Layers> {
    let node = graph.nodes.get(role)?;
    let trust = node.principal.trust.as_ref()?;
    let arn = node.principal.arn.as_str();
    let policy = ResourcePolicy {
        covers: vec![Template::literal(arn)],
        owner: node.account.id.clone(),
        policy: PolicyRef {
            name: "trust policy".to_owned(),
            origin: PolicyOrigin::Resource { arn: arn.to_owned() },
            document: Arc::clone(&trust.document),
        },
    };
    let rcps = node.layers.rcps.clone();
    Some(Layers { resource_policies: ResourcePolicies::from_iter([policy]), rcps, ..power.layers.clone() })
}

/// Whether someone assumes a role, by these layers; a grant tells a witness where the depth asks for one.
pub(super) fn ask(
    graph: &Graph<'_>,
    power: &Power<'_>,
    layers: &Layers,
    role: usize,
    depth: Depth,
    confirm: Option<&Confirm<'_>>,
) -> (Option<crate::solve::Grant>, Vec<Undecided>) {
    let (mut access, _) = effective_access(layers);
    graph.clock.bind(&mut access);
    let facts: &Facts<'_> = &|role, key| facts_of(graph, role, key);
    let known = with_facts(power.known, &access, role, facts);
    let answer = graph.solver.answer(&Question {
        effective: &access,
        declared: &Access::default(),
        known: &known,
        partition: Some(power.partition),
        world: World::Closed,
        only: Some((ASSUME, graph.principals.arn(role))),
        budget: BUDGET,
        depth,
        account: Some(power.account),
        confirm,
    });
    (answer.grants.into_iter().next(), answer.undecided)
}

/// What is known of a request on a user or role: its tags, and its permissions boundary.
pub(super) fn facts_of(graph: &Graph<'_>, principal: usize, key: &ContextKey) -> Option<Known> {
    let principal = graph.nodes.get(principal)?.principal;
    let lower = key.lower();
    if lower == "iam:permissionsboundary" {
        let boundary = principal.boundary.as_ref();
        return Some(boundary.map_or(Known::Missing, |boundary| Known::Value(boundary.arn.clone())));
    }
    let tag = lower.strip_prefix("aws:resourcetag/").or_else(|| lower.strip_prefix("iam:resourcetag/"))?;
    let found = principal.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
    Some(found.map_or(Known::Missing, |(_, value)| Known::Value(value.clone())))
}
