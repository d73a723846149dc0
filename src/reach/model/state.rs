//! A node state of the attack graph: a principal, plus the changes that were made to its permissions.

use super::session_start::SessionStart;
use super::shared_change::SharedChange;
use super::state_change::StateChange;

/// A principal with the changes made to it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NodeState {
    /// The principal, by its position in the snapshot.
    pub principal: usize,
    /// The changes made to it.
    pub change: SharedChange,
}

impl NodeState {
    pub(crate) fn new(principal: usize, change: StateChange) -> NodeState {
        NodeState { principal, change: SharedChange::from(change) }
    }

    /// A principal without changes.
    pub fn unchanged(principal: usize) -> NodeState {
        NodeState { principal, change: SharedChange::default() }
    }

    /// A role without changes, in a session that began with `sts:AssumeRole`.
    pub(crate) fn assumed(role: usize) -> NodeState {
        NodeState::new(role, StateChange { session: Some(SessionStart::Assumed), ..StateChange::default() })
    }

    /// Whether another state is one of the same principal, which this state can change as itself.
    pub(crate) fn is_itself(&self, other: &NodeState) -> bool {
        self.principal == other.principal && self.change.created.is_none()
    }

    /// The change of the principal of `target` that one change by this state leads to. What a principal changes of itself is added
    /// to what it has changed before. None if it adds nothing to that.
    pub(crate) fn change_of(&self, target: &NodeState, single: &StateChange) -> Option<StateChange> {
        if self.is_itself(target) { self.change.merge(single) } else { Some(single.clone()) }
    }
}
