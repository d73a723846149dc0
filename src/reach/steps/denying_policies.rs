//! Removes policies with Deny statements from principals: deletes, detaches or rewrites them, or removes a user from a group.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::iam::{Arn, Effect};
use crate::reach::model::node::has_deny;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::technique::RemovedPolicy;
use crate::snapshot::{AttachmentKind, PolicyAttachment};
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The states of the targets after the removal of policies with a Deny statement.
    pub(super) fn remove_denying_policies(
        &self,
        removes: RemovedPolicy,
        action: &str,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut denied = self.world.principal_sets.denied().clone();
        denied.intersect_with(targets);
        denied.intersect_with(self.account_principals);
        let applicable = denied.ones().filter(|principal| self.is_applicable(removes, *principal));
        applicable.flat_map(|principal| self.remove_policies_of(principal, removes, action, undecided)).collect()
    }

    /// The states of a principal: one without all removable policies that only deny, and one per removable policy that
    /// also allows something.
    pub(super) fn remove_policies_of(
        &self,
        principal: usize,
        removes: RemovedPolicy,
        action: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let policies = &self.world.node(principal).principal.identity_policies;
        let current = self.current_change(principal);
        let already_removed = &current.removed_policies;
        // By the position of the policy: all policies that go together with it.
        let mut removable: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (position, policy) in policies.iter().enumerate() {
            if already_removed.contains(&position) || !has_deny(&policy.document) {
                continue;
            }
            let removed = self.find_removable(removes, action, (principal, position, policy), undecided);
            removable.extend(removed.map(|removed| (position, removed)));
        }
        let only_denies = |position: &usize| {
            let policy = policies.get(*position);
            policy.is_some_and(|policy| policy.document.statements.iter().all(|s| s.effect == Effect::Deny))
        };
        let (deny_only, mixed): (Vec<_>, Vec<_>) =
            removable.into_values().partition(|removed| removed.iter().all(only_denies));
        let deny_only = if deny_only.is_empty() { None } else { Some(deny_only.concat()) };
        let to_state = |removed: Vec<usize>| {
            let removed_policies: BTreeSet<usize> = already_removed.iter().copied().chain(removed).collect();
            let removed_policies = removed_policies.into_iter().collect();
            NodeState::new(principal, StateChange { removed_policies, ..current.clone() })
        };
        deny_only.into_iter().chain(mixed).map(to_state).collect()
    }

    /// Whether the technique can apply to a principal.
    fn is_applicable(&self, removes: RemovedPolicy, principal: usize) -> bool {
        let sets = &self.world.principal_sets;
        match removes {
            RemovedPolicy::UserInline | RemovedPolicy::UserAttached => sets.users.contains(principal),
            RemovedPolicy::RoleInline | RemovedPolicy::RoleAttached => sets.modifiable_roles.contains(principal),
            RemovedPolicy::GroupInline | RemovedPolicy::GroupAttached | RemovedPolicy::Group | RemovedPolicy::Text => {
                true
            }
            // `remove_permission_set_policies` removes these.
            RemovedPolicy::PermissionSetInline
            | RemovedPolicy::PermissionSetAws
            | RemovedPolicy::PermissionSetCustomer => false,
        }
    }

    /// The positions of the policies that are removed together with one policy. None if it cannot be removed.
    fn find_removable(
        &self,
        removes: RemovedPolicy,
        action: &str,
        (principal, position, policy): (usize, usize, &PolicyAttachment),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<usize>> {
        let own_arn = self.world.arn(principal);
        let policies = || self.world.node(principal).principal.identity_policies.iter().enumerate();
        match (removes, &policy.kind) {
            (RemovedPolicy::RoleInline | RemovedPolicy::UserInline, AttachmentKind::Inline { holder })
                if holder == own_arn =>
            {
                self.is_allowed_on(principal, action, None, undecided).then(|| vec![position])
            }
            (RemovedPolicy::RoleAttached | RemovedPolicy::UserAttached, AttachmentKind::Attached { arn, holder })
                if holder == own_arn =>
            {
                self.is_allowed_on(principal, action, Some(arn), undecided).then(|| vec![position])
            }
            (RemovedPolicy::GroupInline, AttachmentKind::Inline { holder }) => {
                self.is_allowed_on_group(action, holder, None, undecided).then(|| vec![position])
            }
            (RemovedPolicy::GroupAttached, AttachmentKind::Attached { arn, holder }) => {
                self.is_allowed_on_group(action, holder, Some(arn), undecided).then(|| vec![position])
            }
            (RemovedPolicy::Group, AttachmentKind::Inline { holder } | AttachmentKind::Attached { holder, .. }) => {
                let is_held_by_group = |kind: &AttachmentKind| find_holder(kind) == Some(holder);
                self.is_allowed_on_group(action, holder, None, undecided)
                    .then(|| policies().filter(|(_, other)| is_held_by_group(&other.kind)).map(|(at, _)| at).collect())
            }
            (RemovedPolicy::Text, AttachmentKind::Attached { arn, .. }) => {
                let is_same_policy =
                    |kind: &AttachmentKind| matches!(kind, AttachmentKind::Attached { arn: other, .. } if other == arn);
                self.is_allowed_on_policy(action, arn, undecided)
                    .then(|| policies().filter(|(_, other)| is_same_policy(&other.kind)).map(|(at, _)| at).collect())
            }
            (RemovedPolicy::PermissionSetInline, AttachmentKind::Inline { .. }) => Some(vec![position]),
            (RemovedPolicy::PermissionSetAws, AttachmentKind::Attached { arn, .. }) => {
                is_managed_by_aws(arn).then(|| vec![position])
            }
            (RemovedPolicy::PermissionSetCustomer, AttachmentKind::Attached { arn, .. }) => {
                (!is_managed_by_aws(arn)).then(|| vec![position])
            }
            _ => None,
        }
    }

    /// Whether an action is allowed on a group of the account. False if the holder is not a group.
    pub(super) fn is_allowed_on_group(
        &self,
        action: &str,
        holder: &str,
        policy_arn: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let Some(group) = self.world.groups.find(holder) else { return false };
        self.find_groups(action, policy_arn, undecided).contains(group)
    }
}

/// Whether a managed policy is one of AWS.
fn is_managed_by_aws(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.account() == "aws")
}

/// The ARN of the principal or group that holds a policy. None for other kinds of policies.
fn find_holder(attachment_kind: &AttachmentKind) -> Option<&String> {
    match attachment_kind {
        AttachmentKind::Inline { holder } | AttachmentKind::Attached { holder, .. } => Some(holder),
        _ => None,
    }
}
