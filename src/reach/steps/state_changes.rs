//! The states that a technique makes by changing permissions, other than by granting everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use super::step_finder::StepFinder;
use crate::iam::PolicyDocument;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::attachable_policies::{has_broad_policy, list_attachable_policies};
use crate::reach::model::node::has_deny;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::{PolicyVersionRef, StateChange};
use crate::reach::model::technique::{Technique, TechniqueKind, WriteTarget};
use crate::solve::UndecidedReason;

/// The principals for which changes are computed.
#[derive(Clone, Copy)]
pub(super) struct ChangeTargets<'t> {
    /// Those for which additional permissions are worth computing.
    pub(super) widened: &'t FixedBitSet,
    /// Those for which the removal of a limit is worth computing.
    pub(super) freed: &'t FixedBitSet,
}

impl StepFinder<'_> {
    /// The states that a technique makes of the state's principal and of other principals.
    pub(super) fn find_changed_states(
        &self,
        technique: &'static Technique,
        targets: ChangeTargets<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let Some(action) = technique.required_actions.first().filter(|_| self.may_change(technique)) else {
            return Vec::new();
        };
        match technique.kind {
            TechniqueKind::NewPrincipal => self.find_new_principal(technique, undecided).into_iter().collect(),
            TechniqueKind::CreatePrincipal => self.find_created_states(technique, undecided),
            _ if technique.acts_as_part() => self.find_limited_states(technique, undecided),
            TechniqueKind::JoinGroup => self.join_group(action, targets.widened, undecided),
            kind if kind.changes_boundary() => self.replace_boundaries(technique, targets.freed, undecided),
            TechniqueKind::RemoveDenyingPolicies => {
                let removes = technique.removes.into_iter();
                removes
                    .flat_map(|removes| self.remove_denying_policies(removes, action, targets.freed, undecided))
                    .collect()
            }
            TechniqueKind::RemovePermissionSetBoundary => {
                self.remove_permission_set_boundaries(technique, targets.freed, undecided)
            }
            TechniqueKind::RemovePermissionSetPolicies => {
                let removes = technique.removes.into_iter();
                removes
                    .flat_map(|removes| {
                        self.remove_permission_set_policies(technique, removes, targets.freed, undecided)
                    })
                    .collect()
            }
            TechniqueKind::SetDefaultVersion => self.set_default_version(action, targets, undecided),
            TechniqueKind::LeaveOrganization => self.leave_organization(technique, targets.freed, undecided),
            TechniqueKind::RemoveFromOrganization => self.remove_from_organization(technique, targets.freed, undecided),
            TechniqueKind::LiftControls => self.lift_controls(technique, targets.freed, undecided),
            TechniqueKind::GrantKeyUse => self.grant_key_use(technique, undecided).into_iter().collect(),
            TechniqueKind::RenameUser => self.rename_users(targets.freed, targets.widened, undecided),
            TechniqueKind::AttachUser | TechniqueKind::AttachRole | TechniqueKind::AttachGroup => {
                self.attach_limited_policy(technique.kind, action, targets.widened, undecided)
            }
            _ => Vec::new(),
        }
    }

    /// Whether the state may be able to change a principal by a technique. Compares actions only.
    pub(super) fn may_change(&self, technique: &Technique) -> bool {
        let may_attach = technique.kind.is_attachment() && self.has_condition_on("iam:policyarn");
        (technique.kind.changes_state() || may_attach || technique.acts_as_part())
            && technique.required_actions.first().is_some_and(|action| self.may_allow(action))
    }

    fn join_group(
        &self,
        action: &str,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut users = self.account_users();
        users.intersect_with(targets);
        let mut states = Vec::new();
        if users.is_clear() {
            return states;
        }
        let account = self.world.principal_sets.account_of(self.state.principal);
        for group in self.find_groups(action, None, undecided).ones() {
            let group_position = self.world.group_position(group);
            if group_position.account != account {
                continue;
            }
            let members = self.find_members(group);
            // Users with the same limits get the same access from the group: one of them is enough.
            let mut seen_limits = FxHashSet::default();
            for user in users.ones().filter(|user| !members.contains(*user)) {
                if user == self.state.principal || seen_limits.insert(self.find_limits(user)) {
                    let change = self.current_change(user);
                    let joined = StateChange { joined_groups: vec![group_position.position], ..StateChange::default() };
                    let merged = change.merge(&joined);
                    states.extend(merged.map(|change| NodeState::new(user, change)));
                }
            }
        }
        states
    }

    /// What limits a user: its boundary, and its policies with Deny statements, by address.
    fn find_limits(&self, user: usize) -> (Option<&str>, Vec<*const PolicyDocument>) {
        let node = self.world.node(user);
        let denies = node.layers.identity.iter().filter(|policy| has_deny(&policy.document));
        let boundary = node.principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
        (boundary, denies.map(|policy| Arc::as_ptr(&policy.document)).collect())
    }

    fn set_default_version(
        &self,
        action: &str,
        targets: ChangeTargets<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        if targets.freed.is_clear() {
            return Vec::new();
        }
        let world = self.world;
        let account = self.world.node(self.state.principal).account;
        let managed_policy = |policy: usize| account.policies.get(world.policies.arn(policy));
        let versions =
            |policy: usize| managed_policy(policy).map_or(&[][..], |policy| policy.other_versions.as_slice());
        let unreadable =
            |policy: usize| managed_policy(policy).map_or(&[][..], |policy| policy.unreadable_versions.as_slice());
        // Another version of a policy that limits a principal gives it more, even if it is allowed everything.
        let limits = |policy: usize| {
            let document = managed_policy(policy).and_then(|policy| policy.document.document.as_ref().ok());
            document.is_some_and(|document| has_deny(document))
        };
        let candidates = self.find_versioned_policies();
        let mut states = Vec::new();
        for policy in self.filter_policies(action, &candidates, undecided).ones() {
            let mut holders = self.find_holders(policy);
            holders.intersect_with(if limits(policy) { targets.freed } else { targets.widened });
            let mut bounded = self.find_bounded(policy);
            bounded.intersect_with(targets.freed);
            holders.union_with(&bounded);
            holders.intersect_with(self.account_principals);
            if !holders.is_clear() {
                // A version whose content is unknown could allow anything.
                undecided.extend(unreadable(policy).iter().map(UndecidedReason::from));
            }
            for (principal, version) in
                holders.ones().flat_map(|principal| versions(policy).iter().map(move |version| (principal, version)))
            {
                let policy_arn = world.policies.arn(policy).into();
                let version = PolicyVersionRef { policy_arn, version_id: version.id.as_str().into() };
                let set = StateChange { policy_versions: vec![version], ..StateChange::default() };
                let merged = self.current_change(principal).merge(&set);
                states.extend(merged.map(|change| NodeState::new(principal, change)));
            }
        }
        states
    }

    /// Attaches each managed policy that can be attached, if a statement of the state limits which policies it may
    /// attach. Without such a limit, [`StepFinder::find_grant_targets`] finds the targets.
    fn attach_limited_policy(
        &self,
        kind: TechniqueKind,
        action: &str,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut eligible = match kind.write_target() {
            Some(WriteTarget::Role) => self.account_roles(),
            _ => self.account_users(),
        };
        eligible.intersect_with(targets);
        let mut states = Vec::new();
        if eligible.is_clear() {
            return states;
        }
        let find_targets = |policy: &str, undecided: &mut BTreeSet<UndecidedReason>| match kind {
            TechniqueKind::AttachGroup => {
                let mut members = self.world.principals.empty_set();
                let groups = self.find_groups(action, Some(policy), undecided);
                groups.ones().for_each(|group| members.union_with(&self.find_members(group)));
                members.intersect_with(&eligible);
                members
            }
            _ => {
                let required_layers = RequiredLayers::IdentityAndBoundary;
                self.filter_principals(action, required_layers, &eligible, Some(policy), undecided)
            }
        };
        for policy in list_attachable_policies(self.world.node(self.state.principal).account) {
            let found = find_targets(&policy.arn, undecided);
            if policy.document.is_none() {
                if !found.is_clear() {
                    // The policy could allow anything.
                    undecided.insert(UndecidedReason::UnreadablePolicy { arn: policy.arn.to_string() });
                }
                continue;
            }
            for principal in found.ones() {
                let attached =
                    StateChange { attached_policies: vec![Arc::clone(&policy.arn)], ..StateChange::default() };
                let merged = self.current_change(principal).merge(&attached);
                states.extend(merged.map(|change| NodeState::new(principal, change)));
            }
        }
        for policies in self.list_unread_policies(undecided) {
            let attached = |target: usize| {
                let of_target = states.iter().filter(move |state| state.principal == target);
                of_target.flat_map(|state| &state.change.attached_policies).map(|arn| &**arn)
            };
            let found = find_targets(&policies.example, undecided);
            if found.ones().any(|target| !has_broad_policy(attached(target))) {
                undecided.insert(UndecidedReason::UnreadablePolicy { arn: policies.pattern });
            }
        }
        states
    }
}
