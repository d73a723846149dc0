//! What created users and roles are allowed, so that one that several states create is compared with those of one state.

use std::sync::Arc;

use super::chosen_boundary::ChosenBoundary;
use super::created_principal::{CreatedAccess, CreatedPrincipal};
use super::state::NodeState;
use super::state_change::StateChange;

/// What a created user or role is allowed, whatever its name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct CreatedKind {
    is_user: bool,
    has_chosen_tags: bool,
    limiting_policy: Option<Arc<str>>,
    access: CreatedAccess,
}

impl CreatedKind {
    pub(crate) fn of_created(created: &CreatedPrincipal) -> CreatedKind {
        CreatedKind {
            is_user: created.is_user,
            has_chosen_tags: created.has_chosen_tags,
            limiting_policy: created.boundary.as_ref().and_then(ChosenBoundary::limiting_policy).cloned(),
            access: created.access.clone(),
        }
    }

    /// None if one state cannot create the like by itself.
    pub(crate) fn of_absent(state: &NodeState, is_user: bool) -> Option<CreatedKind> {
        let change = &state.change;
        let access = match (change.grants_all, &change.attached_policies[..], &change.joined_groups[..]) {
            (true, ..) => CreatedAccess::Everything,
            (false, [], []) => CreatedAccess::Nothing,
            (false, [policy], []) => CreatedAccess::Policy(Arc::clone(policy)),
            (false, [], [group]) => CreatedAccess::Group(*group),
            (false, ..) => return None,
        };
        let others = StateChange {
            grants_all: change.grants_all,
            attached_policies: change.attached_policies.clone(),
            joined_groups: change.joined_groups.clone(),
            boundary: change.boundary.clone(),
            was_absent: true,
            is_trust_rewritten: change.is_trust_rewritten,
            has_session_tags: change.has_session_tags,
            ..StateChange::default()
        };
        let limiting_policy = change.boundary.as_ref().and_then(ChosenBoundary::limiting_policy).cloned();
        let has_chosen_tags = change.has_session_tags;
        (**change == others).then_some(CreatedKind { is_user, has_chosen_tags, limiting_policy, access })
    }
}
