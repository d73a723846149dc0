//! The conditions of a snapshot on the permissions boundary that the target of a request has.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::attachable_policies::list_attachable_documents;
use super::chosen_boundary::{BOUNDARY_KEY, ChosenBoundary};
use super::node::PrincipalNode;
use crate::access::{KeyFact, decide_condition};
use crate::iam::{Condition, PolicyDocument};
use crate::snapshot::Snapshot;

/// Actions whose requests have the boundary of the user or role that they are about. The requests of other actions have the
/// boundary that they set. AWS: Actions, resources, and condition keys for AWS Identity and Access Management
const ACTIONS_ON_BOUNDED: [&str; 10] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DeleteUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
];

/// The conditions on the boundary that the target of a request has.
pub(crate) struct BoundaryConditions(Vec<Condition>);

impl BoundaryConditions {
    pub(crate) fn new(snapshot: &Snapshot, nodes: &[PrincipalNode<'_>]) -> BoundaryConditions {
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let mut conditions = Vec::new();
        let mut add = |document: &Arc<PolicyDocument>| {
            if seen.insert(Arc::as_ptr(document) as usize) {
                conditions.extend(list_conditions(document).cloned());
            }
        };
        nodes.iter().flat_map(PrincipalNode::own_policies).for_each(|policy| add(&policy.document));
        snapshot.accounts.iter().flat_map(list_attachable_documents).for_each(add);
        BoundaryConditions(conditions)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a condition can hold for a target with a boundary, and not for one without a boundary, or the reverse.
    pub(crate) fn may_depend_on(&self, boundary: &ChosenBoundary) -> bool {
        let fact = boundary.to_fact();
        self.0.iter().any(|condition| {
            let holds = decide_condition(condition, &fact);
            fact == KeyFact::Missing || holds.is_none() || holds != decide_condition(condition, &KeyFact::Missing)
        })
    }
}

fn list_conditions(document: &PolicyDocument) -> impl Iterator<Item = &Condition> {
    let statements = document.statements.iter();
    let about_target =
        statements.filter(|statement| ACTIONS_ON_BOUNDED.iter().any(|action| statement.action.lists_action(action)));
    about_target.flat_map(|statement| &statement.conditions).filter(|condition| condition.key.lower() == BOUNDARY_KEY)
}
