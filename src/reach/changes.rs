//! What someone can change of what decides over itself, or over those whom it becomes, beside writing a policy that
//! allows everything.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::being::{Being, Change, attachables};
use super::edges::Steps;
use super::power::Side;
use super::rule::{Kind, Path, Rids, Written};
use crate::iam::{Effect, PolicyDocument};
use crate::snapshot::Holding;
use crate::solve::Undecided;

/// What a change touches: a resource, and the managed policy that the request speaks of.
pub(super) type Touched = (String, Option<String>);

impl Steps<'_> {
    /// Whom it makes of itself, and of those it becomes, by a path. `whom` are those of whom more than their own
    /// limits is worth changing.
    pub(super) fn changed_by(
        &self,
        path: &Path,
        whom: &FixedBitSet,
        undecided: &mut BTreeSet<Undecided>,
    ) -> Vec<Being> {
        let Some(need) = path.needs.first().filter(|need| self.power.may(self.graph.solver, need)) else {
            return Vec::new();
        };
        match path.kind {
            Kind::Join => self.joined(need, whom, undecided),
            Kind::UnbindUser | Kind::UnbindRole | Kind::UnbindPolicy => {
                self.unbound(path, need, undecided).into_iter().collect()
            }
            Kind::Drop => self.rid(path.rids, need, undecided),
            Kind::Restore => self.restored(need, whom, undecided),
            Kind::AttachUser | Kind::AttachRole | Kind::AttachGroup => self.attached(path, need, whom, undecided),
            _ => Vec::new(),
        }
    }

    /// What a change by a path touches; `to` is what it makes.
    pub(super) fn touched(&self, path: &Path, to: &Being, undecided: &mut BTreeSet<Undecided>) -> Vec<Touched> {
        let graph = self.graph;
        let arn = graph.arn(to.principal).to_owned();
        let Some(node) = graph.nodes.get(to.principal) else { return Vec::new() };
        let attached = to.change.attached.as_deref().map(str::to_owned);
        match path.kind {
            Kind::Join => {
                let at = graph.kinds.account_of.get(to.principal).copied().zip(to.change.joined);
                let group = graph.group_at.iter().position(|group| Some(*group) == at);
                group.map(|group| (graph.groups.arn(group).to_owned(), None)).into_iter().collect()
            }
            Kind::UnbindPolicy => node.principal.boundary.iter().map(|boundary| (boundary.arn.clone(), None)).collect(),
            Kind::Restore => to.change.version.iter().map(|(policy, _)| (policy.to_string(), None)).collect(),
            Kind::AttachGroup => {
                let Some(need) = path.needs.first() else { return Vec::new() };
                let groups = self.on_groups(need, attached.as_deref(), undecided);
                let of = |group: &usize| self.members(*group).contains(to.principal);
                groups.ones().find(of).map(|group| (graph.groups.arn(group).to_owned(), attached)).into_iter().collect()
            }
            Kind::AttachUser | Kind::AttachRole => vec![(arn, attached)],
            Kind::Drop => {
                let had = if to.principal == self.being.principal { self.being.change.dropped.as_slice() } else { &[] };
                let lost = to.change.dropped.iter().filter(|position| !had.contains(position));
                let held = lost.filter_map(|position| node.principal.identity.get(*position));
                let touched: BTreeSet<Touched> = held
                    .filter_map(|held| match (&held.holding, path.rids?) {
                        (Holding::Attached { arn, .. }, Rids::Text) => Some((arn.clone(), None)),
                        (Holding::Inline { holder } | Holding::Attached { holder, .. }, Rids::Group) => {
                            Some((holder.clone(), None))
                        }
                        (Holding::Inline { holder }, _) => Some((holder.clone(), None)),
                        (Holding::Attached { arn, holder }, _) => Some((holder.clone(), Some(arn.clone()))),
                        _ => None,
                    })
                    .collect();
                touched.into_iter().collect()
            }
            _ => vec![(arn, None)],
        }
    }

    /// Who is in a group now.
    pub(super) fn members(&self, group: usize) -> FixedBitSet {
        let mut members = self.graph.kinds.members.get(group).cloned().unwrap_or_else(|| self.graph.principals.none());
        if self.being.change.joined.is_some_and(|joined| self.is_own_group(group, joined)) {
            members.insert(self.being.principal);
        }
        members
    }

    fn is_own_group(&self, group: usize, position: usize) -> bool {
        let account = self.graph.kinds.account_of.get(self.being.principal);
        self.graph.group_at.get(group).is_some_and(|(at, place)| Some(at) == account && *place == position)
    }

    /// Someone as it is now: itself with what it changed already.
    fn now(&self, principal: usize) -> Change {
        if principal == self.being.principal { self.being.change.clone() } else { Change::default() }
    }

    fn joined(&self, need: &str, whom: &FixedBitSet, undecided: &mut BTreeSet<Undecided>) -> Vec<Being> {
        let graph = self.graph;
        let mut users = graph.kinds.users.clone();
        users.intersect_with(whom);
        users.intersect_with(&self.neighbours);
        let mut made = Vec::new();
        if users.is_clear() {
            return made;
        }
        for group in self.on_groups(need, None, undecided).ones() {
            let Some((_, position)) = graph.group_at.get(group) else { continue };
            let members = self.members(group);
            // Of users whom the same limits bind any will do.
            let mut limits = FxHashSet::default();
            for user in users.ones().filter(|user| !members.contains(*user)) {
                let Some(node) = graph.nodes.get(user) else { continue };
                let denies = node.layers.identity.iter().filter(|policy| denies(&policy.document));
                let denies: Vec<*const PolicyDocument> =
                    denies.map(|policy| std::sync::Arc::as_ptr(&policy.document)).collect();
                let boundary = node.principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
                if user == self.being.principal || limits.insert((boundary, denies)) {
                    made.push(Being { principal: user, change: Change { joined: Some(*position), ..self.now(user) } });
                }
            }
        }
        made
    }

    fn unbound(&self, path: &Path, need: &str, undecided: &mut BTreeSet<Undecided>) -> Option<Being> {
        let graph = self.graph;
        let own = self.being.principal;
        let is_user = graph.kinds.users.contains(own);
        self.power.layers.boundary.as_ref()?;
        let free = match path.kind {
            Kind::UnbindPolicy => {
                let boundary = graph.nodes.get(own)?.principal.boundary.as_ref()?;
                graph.policies.find(&boundary.arn).is_some_and(|boundary| {
                    self.on(need, Side::Own, &graph.policies, &self.own_policies(), None, undecided).contains(boundary)
                })
            }
            kind => {
                is_user == (kind == Kind::UnbindUser)
                    && (is_user || graph.kinds.own_roles.contains(own))
                    && self.on_itself(need, None, undecided)
            }
        };
        free.then(|| Being { principal: own, change: Change { unbound: true, ..self.being.change.clone() } })
    }

    fn on_itself(&self, need: &str, policy: Option<&str>, undecided: &mut BTreeSet<Undecided>) -> bool {
        let mut itself = self.graph.principals.none();
        itself.insert(self.being.principal);
        !self.on(need, Side::Own, &self.graph.principals, &itself, policy, undecided).is_clear()
    }

    /// Rids itself of policies with a Deny: of all at once that allow nothing, and of each of the others.
    fn rid(&self, rids: Option<Rids>, need: &str, undecided: &mut BTreeSet<Undecided>) -> Vec<Being> {
        let graph = self.graph;
        let own = self.being.principal;
        let (Some(rids), Some(node)) = (rids, graph.nodes.get(own)) else { return Vec::new() };
        let is_user = graph.kinds.users.contains(own);
        let own_arn = graph.arn(own);
        let itself = matches!(rids, Rids::Inline | Rids::Attached);
        if itself && (need.contains("Role") == is_user || !(is_user || graph.kinds.own_roles.contains(own))) {
            return Vec::new();
        }
        let held = || node.principal.identity.iter().enumerate();
        let gone = |position: &usize| self.being.change.dropped.contains(position);
        let mut with: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, policy) in held().filter(|(position, policy)| !gone(position) && denies(&policy.document)) {
            let group = |holder: &str| graph.groups.find(holder);
            let lost = match (rids, &policy.holding) {
                (Rids::Inline, Holding::Inline { holder }) if holder == own_arn => {
                    self.on_itself(need, None, undecided).then(|| vec![position])
                }
                (Rids::Attached, Holding::Attached { arn, holder }) if holder == own_arn => {
                    self.on_itself(need, Some(arn), undecided).then(|| vec![position])
                }
                (Rids::GroupInline, Holding::Inline { holder }) => group(holder)
                    .filter(|group| self.on_groups(need, None, undecided).contains(*group))
                    .map(|_| vec![position]),
                (Rids::GroupAttached, Holding::Attached { arn, holder }) => group(holder)
                    .filter(|group| self.on_groups(need, Some(arn), undecided).contains(*group))
                    .map(|_| vec![position]),
                (Rids::Group, Holding::Inline { holder } | Holding::Attached { holder, .. }) => {
                    group(holder).filter(|group| self.on_groups(need, None, undecided).contains(*group)).map(|_| {
                        held()
                            .filter(|(_, other)| holder_of(&other.holding) == Some(holder))
                            .map(|(at, _)| at)
                            .collect()
                    })
                }
                (Rids::Text, Holding::Attached { arn, .. }) => graph
                    .policies
                    .find(arn)
                    .filter(|policy| {
                        let own = self.own_policies();
                        self.on(need, Side::Own, &graph.policies, &own, None, undecided).contains(*policy)
                    })
                    .map(|_| {
                        let same =
                            |holding: &Holding| matches!(holding, Holding::Attached { arn: other, .. } if other == arn);
                        held().filter(|(_, other)| same(&other.holding)).map(|(at, _)| at).collect()
                    }),
                _ => None,
            };
            with.extend(lost.map(|lost| (position, lost)));
        }
        let only_denies = |position: &usize| {
            let document = node.principal.identity.get(*position).map(|held| &held.document);
            document.is_some_and(|document| document.statements.iter().all(|one| one.effect == Effect::Deny))
        };
        let (plain, mixed): (Vec<_>, Vec<_>) = with.into_values().partition(|lost| lost.iter().all(only_denies));
        let plain = if plain.is_empty() { None } else { Some(plain.concat()) };
        let made = plain.into_iter().chain(mixed).map(|lost| {
            let dropped: BTreeSet<usize> = self.being.change.dropped.iter().copied().chain(lost).collect();
            let change = Change { dropped: dropped.into_iter().collect(), ..self.being.change.clone() };
            Being { principal: own, change }
        });
        made.collect()
    }

    fn restored(&self, need: &str, whom: &FixedBitSet, undecided: &mut BTreeSet<Undecided>) -> Vec<Being> {
        let graph = self.graph;
        let Some(node) = graph.nodes.get(self.being.principal).filter(|_| !whom.is_clear()) else { return Vec::new() };
        let versions = |policy: usize| {
            let managed = node.account.policies.get(graph.policies.arn(policy));
            managed.map_or(&[][..], |policy| policy.versions.as_slice())
        };
        let mut among = self.own_policies();
        let none: Vec<usize> = among.ones().filter(|policy| versions(*policy).is_empty()).collect();
        none.into_iter().for_each(|policy| among.remove(policy));
        let mut made = Vec::new();
        for policy in self.on(need, Side::Own, &graph.policies, &among, None, undecided).ones() {
            let mut holders = graph.kinds.holders.get(policy).cloned().unwrap_or_else(|| graph.principals.none());
            holders.intersect_with(whom);
            for (principal, (id, _)) in holders.ones().flat_map(|one| versions(policy).iter().map(move |v| (one, v))) {
                let version = Some((graph.policies.arn(policy).into(), id.as_str().into()));
                let now = self.now(principal);
                if now.version.is_none() {
                    made.push(Being { principal, change: Change { version, ..now } });
                }
            }
        }
        made
    }

    /// An attachment that is limited to some policies gives what those allow.
    fn attached(&self, path: &Path, need: &str, whom: &FixedBitSet, undecided: &mut BTreeSet<Undecided>) -> Vec<Being> {
        let graph = self.graph;
        let Some(node) = graph.nodes.get(self.being.principal).filter(|_| self.power.asks_for("iam:policyarn")) else {
            return Vec::new();
        };
        let mut targets = match path.kind.written() {
            Some(Written::Role) => graph.kinds.own_roles.clone(),
            _ => graph.kinds.users.clone(),
        };
        targets.intersect_with(whom);
        targets.intersect_with(&self.neighbours);
        let mut made = Vec::new();
        if targets.is_clear() {
            return made;
        }
        for policy in attachables(node.account) {
            let found = match path.kind {
                Kind::AttachGroup => {
                    let mut members = graph.principals.none();
                    let groups = self.on_groups(need, Some(&policy), undecided);
                    groups.ones().for_each(|group| members.union_with(&self.members(group)));
                    members.intersect_with(&targets);
                    members
                }
                _ => self.on(need, Side::Own, &graph.principals, &targets, Some(&policy), undecided),
            };
            for principal in found.ones() {
                let now = self.now(principal);
                if now.attached.is_none() {
                    let attached = Some(std::sync::Arc::clone(&policy));
                    made.push(Being { principal, change: Change { attached, ..now } });
                }
            }
        }
        made
    }
}

fn denies(document: &PolicyDocument) -> bool {
    document.statements.iter().any(|statement| statement.effect == Effect::Deny)
}

fn holder_of(holding: &Holding) -> Option<&String> {
    match holding {
        Holding::Inline { holder } | Holding::Attached { holder, .. } => Some(holder),
        _ => None,
    }
}
