//! A node state of the attack graph: a principal, plus the changes that were made to its permissions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::chosen_boundary::ChosenBoundary;
use super::chosen_tags::ChosenTags;
use super::created_principal::CreatedPrincipal;

/// A principal with the changes made to it.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct NodeState {
    /// The principal, by its position in the snapshot.
    pub principal: usize,
    /// The changes made to it.
    pub change: StateChange,
}

/// Changes to the policies that apply to a principal.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct StateChange {
    /// Its identity policies allow everything. Boundary, SCPs, RCPs and Deny statements still apply.
    pub grants_all: bool,
    /// Its permissions boundary, if that was removed or replaced.
    pub boundary: Option<ChosenBoundary>,
    /// The group that it joined, by the group's position in its account.
    pub joined_group: Option<usize>,
    /// Policies with a Deny statement that were removed from it: positions among its policies, ascending.
    pub removed_policies: Vec<usize>,
    /// The ARN of a managed policy that was attached to it.
    pub attached_policy: Option<Arc<str>>,
    /// It represents a new principal of the account, which is allowed everything: a role of a new permission set, or the
    /// root user. Policies and boundary of the original do not apply.
    pub is_new_principal: bool,
    /// It acts for another principal, with some of its permissions only: the id of the technique, which names them.
    pub limited_by: Option<&'static str>,
    /// A managed policy of the principal whose default version was changed.
    pub policy_version: Option<PolicyVersionRef>,
    /// Its trust policy was rewritten, so that it names the principal that acts as it.
    pub is_trust_rewritten: bool,
    /// Its trust policy was rewritten so that who acts as it chooses the tags of the session.
    pub has_session_tags: bool,
    /// Its tags that were chosen.
    pub tags: ChosenTags,
    /// Whether it is a federated session of a user (`sts:GetFederationToken`).
    pub is_federated: bool,
    /// Its ARN under a new name or path. None if it was not renamed.
    pub renamed: Option<Arc<str>>,
    /// Its account left the organization, so that SCPs and RCPs do not apply.
    pub has_left_organization: bool,
    /// It created grants for itself for KMS keys.
    pub has_key_grants: bool,
    /// It did not exist: a state created it.
    pub was_absent: bool,
    /// It is a user or role that the principal created in its account.
    pub created: Option<Arc<CreatedPrincipal>>,
}

/// One version of a managed policy.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct PolicyVersionRef {
    /// The policy.
    pub policy_arn: Arc<str>,
    /// The version, such as `v2`.
    pub version_id: Arc<str>,
}

impl NodeState {
    /// A principal without changes.
    pub fn unchanged(principal: usize) -> NodeState {
        NodeState { principal, change: StateChange::default() }
    }
}

impl StateChange {
    /// Whether nothing was changed.
    pub fn is_unchanged(&self) -> bool {
        *self == StateChange::default()
    }

    /// Whether it is something else than the principal in the snapshot. Changes of the principal do not apply to it.
    pub(crate) fn is_separate(&self) -> bool {
        self.is_new_principal || self.limited_by.is_some() || self.created.is_some()
    }

    /// Both changes together. None if that is the same as this change alone, or if the two exclude each other: then each
    /// of them is searched.
    pub(crate) fn merge(&self, other: &StateChange) -> Option<StateChange> {
        fn join_values<T: Clone + PartialEq>(first: &Option<T>, second: &Option<T>) -> Option<Option<T>> {
            match (first, second) {
                (Some(first), Some(second)) if first != second => None,
                (first, second) => Some(first.clone().or_else(|| second.clone())),
            }
        }
        if self.is_separate() {
            return None;
        }
        // "Allow all" needs no other permissions.
        let adds_permissions = other.joined_group.is_some() || other.attached_policy.is_some();
        if self.grants_all && adds_permissions {
            return None;
        }
        let removed: BTreeSet<usize> = self.removed_policies.iter().chain(&other.removed_policies).copied().collect();
        let merged = StateChange {
            is_new_principal: other.is_new_principal,
            limited_by: other.limited_by,
            created: other.created.clone(),
            is_federated: self.is_federated || other.is_federated,
            is_trust_rewritten: self.is_trust_rewritten || other.is_trust_rewritten,
            has_session_tags: self.has_session_tags || other.has_session_tags,
            grants_all: self.grants_all || other.grants_all,
            // The later one replaces the earlier one.
            boundary: other.boundary.clone().or_else(|| self.boundary.clone()),
            joined_group: join_values(&self.joined_group, &other.joined_group)?,
            removed_policies: removed.into_iter().collect(),
            attached_policy: join_values(&self.attached_policy, &other.attached_policy)?,
            policy_version: join_values(&self.policy_version, &other.policy_version)?,
            has_left_organization: self.has_left_organization || other.has_left_organization,
            has_key_grants: self.has_key_grants || other.has_key_grants,
            was_absent: self.was_absent || other.was_absent,
            renamed: join_values(&self.renamed, &other.renamed)?,
            tags: match (self.tags.is_empty(), other.tags.is_empty()) {
                (false, false) => return None,
                (true, _) => other.tags.clone(),
                (false, true) => self.tags.clone(),
            },
        };
        (merged != *self).then_some(merged)
    }

    /// Whether principals with the same statements have the same successors after this change. Not if it adds a group
    /// or a managed policy: the successors depend on the groups and managed policies of the principal.
    pub(crate) fn can_share_successors(&self) -> bool {
        self.joined_group.is_none() && self.attached_policy.is_none()
    }
}
