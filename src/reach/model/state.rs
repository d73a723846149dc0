//! A node state of the attack graph: a principal, plus the changes that were made to its permissions.

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
    /// A principal without changes.
    pub fn unchanged(principal: usize) -> NodeState {
        NodeState { principal, change: SharedChange::default() }
    }

    pub(crate) fn new(principal: usize, change: StateChange) -> NodeState {
        NodeState { principal, change: SharedChange::from(change) }
    }
}
