//! A node state of the attack graph: a principal, plus the changes that were made to its permissions.

use std::sync::Arc;

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
    /// Its permissions boundary was removed.
    pub boundary_removed: bool,
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

    /// Whether principals with the same statements have the same successors after this change. Not if it adds a group
    /// or a managed policy: the successors depend on the groups and managed policies of the principal.
    pub(crate) fn can_share_successors(&self) -> bool {
        self.joined_group.is_none() && self.attached_policy.is_none()
    }
}
