//! What someone can change of what decides over itself, or over those whom it becomes, beside writing a policy that
//! allows everything.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::successors::StepFinder;
use crate::iam::{Effect, PolicyDocument};
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::state::{NodeState, StateChange, list_attachable_policies};
use crate::reach::model::technique::{RemovedPolicy, Technique, TechniqueKind, WriteTarget};
use crate::snapshot::AttachmentKind;
use crate::solve::UndecidedReason;

/// What a change touches: a resource, and the managed policy that the request speaks of.
pub(crate) type TouchedResource = (String, Option<String>);

impl StepFinder<'_> {
    /// Whom it makes of itself, and of those it becomes, by a path. `whom` are those of whom more than their own
    /// limits is worth changing.
    pub(crate) fn find_changed_states(
        &self,
        technique: &Technique,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let Some(action) =
            technique.required_actions.first().filter(|need| self.effective.may_allow(self.graph.solver, need))
        else {
            return Vec::new();
        };
        match technique.kind {
            TechniqueKind::JoinGroup => self.join_group(action, targets, undecided),
            TechniqueKind::RemoveUserBoundary
            | TechniqueKind::RemoveRoleBoundary
            | TechniqueKind::RewriteBoundaryPolicy => {
                self.remove_boundary(technique, action, undecided).into_iter().collect()
            }
            TechniqueKind::RemoveDenyingPolicies => self.remove_denying_policies(technique.removes, action, undecided),
            TechniqueKind::SetDefaultVersion => self.set_default_version(action, targets, undecided),
            TechniqueKind::AttachUser | TechniqueKind::AttachRole | TechniqueKind::AttachGroup => {
                self.attach_limited_policy(technique, action, targets, undecided)
            }
            _ => Vec::new(),
        }
    }

    /// What a change by a path touches; `to` is what it makes.
    pub(crate) fn find_touched_resources(
        &self,
        technique: &Technique,
        target: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<TouchedResource> {
        let graph = self.graph;
        let arn = graph.arn(target.principal).to_owned();
        let Some(node) = graph.nodes.get(target.principal) else { return Vec::new() };
        let attached_policy = target.change.attached_policy.as_deref().map(str::to_owned);
        match technique.kind {
            TechniqueKind::JoinGroup => {
                let group_key = graph
                    .principal_sets
                    .account_by_principal
                    .get(target.principal)
                    .copied()
                    .zip(target.change.joined_group);
                let group = graph.group_positions.iter().position(|group| Some(*group) == group_key);
                group.map(|group| (graph.groups.arn(group).to_owned(), None)).into_iter().collect()
            }
            TechniqueKind::RewriteBoundaryPolicy => {
                node.principal.boundary.iter().map(|boundary| (boundary.arn.clone(), None)).collect()
            }
            TechniqueKind::SetDefaultVersion => {
                target.change.policy_version.iter().map(|(policy, _)| (policy.to_string(), None)).collect()
            }
            TechniqueKind::AttachGroup => {
                let Some(action) = technique.required_actions.first() else { return Vec::new() };
                let groups = self.find_groups(action, attached_policy.as_deref(), undecided);
                let contains_target = |group: &usize| self.find_members(*group).contains(target.principal);
                groups
                    .ones()
                    .find(contains_target)
                    .map(|group| (graph.groups.arn(group).to_owned(), attached_policy))
                    .into_iter()
                    .collect()
            }
            TechniqueKind::AttachUser | TechniqueKind::AttachRole => vec![(arn, attached_policy)],
            TechniqueKind::RemoveDenyingPolicies => {
                let already_removed = if target.principal == self.state.principal {
                    self.state.change.removed_policies.as_slice()
                } else {
                    &[]
                };
                let newly_removed =
                    target.change.removed_policies.iter().filter(|position| !already_removed.contains(position));
                let attachments = newly_removed.filter_map(|position| node.principal.identity_policies.get(*position));
                let touched: BTreeSet<TouchedResource> = attachments
                    .filter_map(|held| match (&held.kind, technique.removes?) {
                        (AttachmentKind::Attached { arn, .. }, RemovedPolicy::Text) => Some((arn.clone(), None)),
                        (
                            AttachmentKind::Inline { holder } | AttachmentKind::Attached { holder, .. },
                            RemovedPolicy::Group,
                        ) => Some((holder.clone(), None)),
                        (AttachmentKind::Inline { holder }, _) => Some((holder.clone(), None)),
                        (AttachmentKind::Attached { arn, holder }, _) => Some((holder.clone(), Some(arn.clone()))),
                        _ => None,
                    })
                    .collect();
                touched.into_iter().collect()
            }
            _ => vec![(arn, None)],
        }
    }

    /// Who is in a group now.
    pub(crate) fn find_members(&self, group: usize) -> FixedBitSet {
        let mut members = self
            .graph
            .principal_sets
            .group_members
            .get(group)
            .cloned()
            .unwrap_or_else(|| self.graph.principals.empty_set());
        if self.state.change.joined_group.is_some_and(|joined| self.is_own_group(group, joined)) {
            members.insert(self.state.principal);
        }
        members
    }

    fn is_own_group(&self, group: usize, position: usize) -> bool {
        let account = self.graph.principal_sets.account_by_principal.get(self.state.principal);
        self.graph.group_positions.get(group).is_some_and(|(at, place)| Some(at) == account && *place == position)
    }

    /// Someone as it is now: itself with what it changed already.
    fn current_change(&self, principal: usize) -> StateChange {
        if principal == self.state.principal { self.state.change.clone() } else { StateChange::default() }
    }

    fn join_group(
        &self,
        action: &str,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let graph = self.graph;
        let mut users = graph.principal_sets.users.clone();
        users.intersect_with(targets);
        users.intersect_with(&self.account_principals);
        let mut states = Vec::new();
        if users.is_clear() {
            return states;
        }
        for group in self.find_groups(action, None, undecided).ones() {
            let Some((_, position)) = graph.group_positions.get(group) else { continue };
            let members = self.find_members(group);
            // Of users whom the same limits bind any will do.
            let mut limits = FxHashSet::default();
            for user in users.ones().filter(|user| !members.contains(*user)) {
                let Some(node) = graph.nodes.get(user) else { continue };
                let denies = node.layers.identity.iter().filter(|policy| has_deny(&policy.document));
                let denies: Vec<*const PolicyDocument> =
                    denies.map(|policy| std::sync::Arc::as_ptr(&policy.document)).collect();
                let boundary = node.principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
                if user == self.state.principal || limits.insert((boundary, denies)) {
                    states.push(NodeState {
                        principal: user,
                        change: StateChange { joined_group: Some(*position), ..self.current_change(user) },
                    });
                }
            }
        }
        states
    }

    fn remove_boundary(
        &self,
        technique: &Technique,
        action: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<NodeState> {
        let graph = self.graph;
        let principal = self.state.principal;
        let is_user = graph.principal_sets.users.contains(principal);
        self.effective.layers.boundary.as_ref()?;
        let is_removable = match technique.kind {
            TechniqueKind::RewriteBoundaryPolicy => {
                let boundary = graph.nodes.get(principal)?.principal.boundary.as_ref()?;
                graph.policies.find(&boundary.arn).is_some_and(|boundary| {
                    self.filter_allowed(
                        action,
                        RequiredLayers::IdentityAndBoundary,
                        &graph.policies,
                        &self.find_account_policies(),
                        None,
                        undecided,
                    )
                    .contains(boundary)
                })
            }
            kind => {
                is_user == (kind == TechniqueKind::RemoveUserBoundary)
                    && (is_user || graph.principal_sets.modifiable_roles.contains(principal))
                    && self.is_allowed_on_itself(action, None, undecided)
            }
        };
        is_removable.then(|| NodeState {
            principal,
            change: StateChange { boundary_removed: true, ..self.state.change.clone() },
        })
    }

    fn is_allowed_on_itself(
        &self,
        action: &str,
        policy: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let mut own_set = self.graph.principals.empty_set();
        own_set.insert(self.state.principal);
        !self
            .filter_allowed(
                action,
                RequiredLayers::IdentityAndBoundary,
                &self.graph.principals,
                &own_set,
                policy,
                undecided,
            )
            .is_clear()
    }

    /// Rids itself of policies with a Deny: of all at once that allow nothing, and of each of the others.
    fn remove_denying_policies(
        &self,
        removes: Option<RemovedPolicy>,
        action: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let graph = self.graph;
        let principal = self.state.principal;
        let (Some(rids), Some(node)) = (removes, graph.nodes.get(principal)) else { return Vec::new() };
        let is_user = graph.principal_sets.users.contains(principal);
        let own_arn = graph.arn(principal);
        let is_own_policy = matches!(rids, RemovedPolicy::Inline | RemovedPolicy::Attached);
        if is_own_policy
            && (action.contains("Role") == is_user
                || !(is_user || graph.principal_sets.modifiable_roles.contains(principal)))
        {
            return Vec::new();
        }
        let attachments = || node.principal.identity_policies.iter().enumerate();
        let is_removed = |position: &usize| self.state.change.removed_policies.contains(position);
        let mut removable: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, policy) in
            attachments().filter(|(position, policy)| !is_removed(position) && has_deny(&policy.document))
        {
            let group = |holder: &str| graph.groups.find(holder);
            let removed = match (rids, &policy.kind) {
                (RemovedPolicy::Inline, AttachmentKind::Inline { holder }) if holder == own_arn => {
                    self.is_allowed_on_itself(action, None, undecided).then(|| vec![position])
                }
                (RemovedPolicy::Attached, AttachmentKind::Attached { arn, holder }) if holder == own_arn => {
                    self.is_allowed_on_itself(action, Some(arn), undecided).then(|| vec![position])
                }
                (RemovedPolicy::GroupInline, AttachmentKind::Inline { holder }) => group(holder)
                    .filter(|group| self.find_groups(action, None, undecided).contains(*group))
                    .map(|_| vec![position]),
                (RemovedPolicy::GroupAttached, AttachmentKind::Attached { arn, holder }) => group(holder)
                    .filter(|group| self.find_groups(action, Some(arn), undecided).contains(*group))
                    .map(|_| vec![position]),
                (RemovedPolicy::Group, AttachmentKind::Inline { holder } | AttachmentKind::Attached { holder, .. }) => {
                    group(holder).filter(|group| self.find_groups(action, None, undecided).contains(*group)).map(|_| {
                        attachments()
                            .filter(|(_, attachment)| find_holder(&attachment.kind) == Some(holder))
                            .map(|(at, _)| at)
                            .collect()
                    })
                }
                (RemovedPolicy::Text, AttachmentKind::Attached { arn, .. }) => graph
                    .policies
                    .find(arn)
                    .filter(|policy| {
                        let account_policies = self.find_account_policies();
                        self.filter_allowed(action, RequiredLayers::IdentityAndBoundary, &graph.policies, &account_policies, None, undecided).contains(*policy)
                    })
                    .map(|_| {
                        let is_same_policy =
                            |holding: &AttachmentKind| matches!(holding, AttachmentKind::Attached { arn: other_arn, .. } if other_arn == arn);
                        attachments().filter(|(_, attachment)| is_same_policy(&attachment.kind)).map(|(at, _)| at).collect()
                    }),
                _ => None,
            };
            removable.extend(removed.map(|lost| (position, lost)));
        }
        let is_deny_only = |position: &usize| {
            let document = node.principal.identity_policies.get(*position).map(|held| &held.document);
            document
                .is_some_and(|document| document.statements.iter().all(|statement| statement.effect == Effect::Deny))
        };
        let (deny_only, mixed): (Vec<_>, Vec<_>) =
            removable.into_values().partition(|removed| removed.iter().all(is_deny_only));
        let deny_only = if deny_only.is_empty() { None } else { Some(deny_only.concat()) };
        let states = deny_only.into_iter().chain(mixed).map(|removed| {
            let removed_policies: BTreeSet<usize> =
                self.state.change.removed_policies.iter().copied().chain(removed).collect();
            let change =
                StateChange { removed_policies: removed_policies.into_iter().collect(), ..self.state.change.clone() };
            NodeState { principal, change }
        });
        states.collect()
    }

    fn set_default_version(
        &self,
        action: &str,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let graph = self.graph;
        let Some(node) = graph.nodes.get(self.state.principal).filter(|_| !targets.is_clear()) else {
            return Vec::new();
        };
        let managed_policy = |policy: usize| node.account.policies.get(graph.policies.arn(policy));
        let versions =
            |policy: usize| managed_policy(policy).map_or(&[][..], |policy| policy.other_versions.as_slice());
        let unreadable =
            |policy: usize| managed_policy(policy).map_or(&[][..], |policy| policy.unreadable_versions.as_slice());
        let mut candidates = self.find_account_policies();
        let without_versions: Vec<usize> =
            candidates.ones().filter(|policy| versions(*policy).is_empty() && unreadable(*policy).is_empty()).collect();
        without_versions.into_iter().for_each(|policy| candidates.remove(policy));
        let mut states = Vec::new();
        for policy in self
            .filter_allowed(action, RequiredLayers::IdentityAndBoundary, &graph.policies, &candidates, None, undecided)
            .ones()
        {
            let mut holders = graph
                .principal_sets
                .policy_holders
                .get(policy)
                .cloned()
                .unwrap_or_else(|| graph.principals.empty_set());
            holders.intersect_with(targets);
            if !holders.is_clear() {
                // A version whose content is unknown could allow anything.
                undecided
                    .extend(unreadable(policy).iter().map(|version| UndecidedReason::UnreadInput(version.to_string())));
            }
            for (principal, (id, _)) in
                holders.ones().flat_map(|principal| versions(policy).iter().map(move |v| (principal, v)))
            {
                let version = Some((graph.policies.arn(policy).into(), id.as_str().into()));
                let change = self.current_change(principal);
                if change.policy_version.is_none() {
                    states.push(NodeState { principal, change: StateChange { policy_version: version, ..change } });
                }
            }
        }
        states
    }

    /// An attachment that is limited to some policies gives what those allow.
    fn attach_limited_policy(
        &self,
        technique: &Technique,
        action: &str,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let graph = self.graph;
        let Some(node) =
            graph.nodes.get(self.state.principal).filter(|_| self.effective.has_condition_on("iam:policyarn"))
        else {
            return Vec::new();
        };
        let mut eligible = match technique.kind.write_target() {
            Some(WriteTarget::Role) => graph.principal_sets.modifiable_roles.clone(),
            _ => graph.principal_sets.users.clone(),
        };
        eligible.intersect_with(targets);
        eligible.intersect_with(&self.account_principals);
        let mut states = Vec::new();
        if eligible.is_clear() {
            return states;
        }
        for policy in list_attachable_policies(node.account) {
            let found = match technique.kind {
                TechniqueKind::AttachGroup => {
                    let mut members = graph.principals.empty_set();
                    let groups = self.find_groups(action, Some(&policy), undecided);
                    groups.ones().for_each(|group| members.union_with(&self.find_members(group)));
                    members.intersect_with(&eligible);
                    members
                }
                _ => self.filter_allowed(
                    action,
                    RequiredLayers::IdentityAndBoundary,
                    &graph.principals,
                    &eligible,
                    Some(&policy),
                    undecided,
                ),
            };
            for principal in found.ones() {
                let change = self.current_change(principal);
                if change.attached_policy.is_none() {
                    let attached_policy = Some(std::sync::Arc::clone(&policy));
                    states.push(NodeState {
                        principal,
                        change: StateChange { attached_policy: attached_policy, ..change },
                    });
                }
            }
        }
        states
    }
}

fn has_deny(document: &PolicyDocument) -> bool {
    document.statements.iter().any(|statement| statement.effect == Effect::Deny)
}

fn find_holder(attachment_kind: &AttachmentKind) -> Option<&String> {
    match attachment_kind {
        AttachmentKind::Inline { holder } | AttachmentKind::Attached { holder, .. } => Some(holder),
        _ => None,
    }
}
