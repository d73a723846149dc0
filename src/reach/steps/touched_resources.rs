//! The resources that a state change modifies: its proof needs a request on each.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::step_finder::StepFinder;
use crate::reach::model::chosen_boundary::ChosenBoundary;
use crate::reach::model::state::NodeState;
use crate::reach::model::technique::{RemovedPolicy, Technique, TechniqueKind};
use crate::snapshot::{AttachmentKind, PolicyAttachment};
use crate::solve::UndecidedReason;

/// A resource that a state change modifies.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct TouchedResource {
    pub(super) arn: String,
    /// The managed policy in the request. None if the request has none, or if the caller may choose it.
    pub(super) policy_arn: Option<String>,
}

impl TouchedResource {
    pub(super) fn without_policy(arn: impl Into<String>) -> TouchedResource {
        TouchedResource { arn: arn.into(), policy_arn: None }
    }
}

impl StepFinder<'_> {
    /// The resources that a technique modifies to reach the state `to`. Empty if the technique cannot reach it.
    pub(super) fn find_touched_resources(
        &self,
        technique: &Technique,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<TouchedResource> {
        let principal = &self.world.node(to.principal).principal;
        let arn = self.world.arn(to.principal);
        let current = self.current_change(to.principal);
        let is_new = |policy: &&Arc<str>| !current.attached_policies.contains(policy);
        let attached_policy = to.change.attached_policies.iter().find(is_new).map(AsRef::as_ref);
        match technique.kind {
            TechniqueKind::JoinGroup => self.find_joined_group(to).into_iter().collect(),
            TechniqueKind::RewriteBoundaryPolicy => {
                let rewritten = to.change.boundary.as_ref().and_then(ChosenBoundary::policy_arn).map(Arc::to_string);
                let own = || principal.boundary.as_ref().map(|boundary| boundary.arn.clone());
                rewritten.or_else(own).map(TouchedResource::without_policy).into_iter().collect()
            }
            TechniqueKind::SetDefaultVersion => {
                let versions = to.change.policy_versions.iter();
                let new = versions.filter(|version| !current.policy_versions.contains(version));
                new.map(|version| TouchedResource::without_policy(version.policy_arn.as_ref())).collect()
            }
            TechniqueKind::AttachGroup => {
                // INVARIANT: every technique of this kind requires an action (a test checks this).
                let Some(action) = technique.required_actions.first() else { return Vec::new() };
                let groups = self.find_groups(action, attached_policy, undecided);
                let group = groups.ones().find(|group| self.find_members(*group).contains(to.principal));
                let touched = group.map(|group| TouchedResource {
                    arn: self.world.groups.arn(group).to_owned(),
                    policy_arn: attached_policy.map(str::to_owned),
                });
                touched.into_iter().collect()
            }
            TechniqueKind::AttachUser | TechniqueKind::AttachRole => {
                vec![TouchedResource { arn: arn.to_owned(), policy_arn: attached_policy.map(str::to_owned) }]
            }
            TechniqueKind::RenameUser => {
                let renamed = to.change.renamed.iter().map(|renamed| renamed.as_ref());
                [arn].into_iter().chain(renamed).map(TouchedResource::without_policy).collect()
            }
            TechniqueKind::RemoveFromOrganization | TechniqueKind::LiftControls => {
                self.find_touched_controls(technique, to)
            }
            TechniqueKind::RemoveDenyingPolicies => self.find_removed_policies(technique.removes, to),
            _ => vec![TouchedResource::without_policy(arn)],
        }
    }

    fn find_joined_group(&self, to: &NodeState) -> Option<TouchedResource> {
        let joined = self.current_change(to.principal).joined_groups;
        let position = *to.change.joined_groups.iter().find(|group| !joined.contains(group))?;
        let account = self.world.principal_sets.account_of(to.principal);
        let is_joined = |group: &usize| {
            let group = self.world.group_position(*group);
            group.account == account && group.position == position
        };
        let group = (0..self.world.groups.len()).find(is_joined)?;
        Some(TouchedResource::without_policy(self.world.groups.arn(group)))
    }

    fn find_removed_policies(&self, removes: Option<RemovedPolicy>, to: &NodeState) -> Vec<TouchedResource> {
        let Some(removes) = removes else { return Vec::new() };
        let already_removed = self.current_change(to.principal).removed_policies;
        let policies = &self.world.node(to.principal).principal.identity_policies;
        let newly_removed = to.change.removed_policies.iter().filter(|position| !already_removed.contains(position));
        let touched: BTreeSet<TouchedResource> =
            newly_removed.filter_map(|position| find_touched_by_removal(removes, policies.get(*position)?)).collect();
        touched.into_iter().collect()
    }
}

/// The resource that the removal of a policy modifies. None if the policy cannot be removed so.
fn find_touched_by_removal(removes: RemovedPolicy, policy: &PolicyAttachment) -> Option<TouchedResource> {
    match (&policy.kind, removes) {
        (AttachmentKind::Attached { arn, .. }, RemovedPolicy::Text) => Some(TouchedResource::without_policy(arn)),
        (AttachmentKind::Inline { holder }, _) | (AttachmentKind::Attached { holder, .. }, RemovedPolicy::Group) => {
            Some(TouchedResource::without_policy(holder))
        }
        (AttachmentKind::Attached { arn, holder }, _) => {
            Some(TouchedResource { arn: holder.clone(), policy_arn: Some(arn.clone()) })
        }
        _ => None,
    }
}
