//! Names that are in use and that a state can free, so that something else can have them: it deletes the role or user that
//! has the name, or renames the user.

use std::collections::BTreeSet;

use super::new_resource_kind::NewResource;
use super::step_finder::StepFinder;
use crate::reach::model::node::PrincipalNode;
use crate::snapshot::AttachmentKind;
use crate::solve::UndecidedReason;

const DELETE_POLICY: &str = "iam:DeletePolicy";
pub(super) const FREED_NAME: &str =
    "the deletion of a managed policy or group with the creation of another one that has its name";

/// A request that frees a name, or that must come before.
#[derive(Eq, PartialEq)]
pub(super) struct FreeingRequest {
    pub(super) action: &'static str,
    /// None for any resource.
    pub(super) resource: Option<String>,
    /// The managed policy in the request. None if it has none.
    pub(super) policy_arn: Option<String>,
}

impl FreeingRequest {
    fn on(action: &'static str, resource: &str) -> FreeingRequest {
        FreeingRequest { action, resource: Some(resource.to_owned()), policy_arn: None }
    }
}

impl StepFinder<'_> {
    /// Whether the state may be able to free names of a kind. Compares actions only.
    pub(super) fn may_free_names(&self, kind: NewResource) -> bool {
        match kind {
            NewResource::Role => self.may_allow("iam:DeleteRole"),
            NewResource::User => self.may_allow("iam:DeleteUser") || self.may_allow("iam:UpdateUser"),
            NewResource::Group | NewResource::Policy => false,
        }
    }

    /// Whether the state is allowed to delete or rename a managed policy or a group, so that another one can have its name. What
    /// must come before is not examined.
    // AWS: CreatePolicy, CreateGroup (IAM API Reference): names are unique in an account, in any letter case
    pub(super) fn may_delete(
        &self,
        kind: NewResource,
        holder: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        match kind {
            NewResource::Role | NewResource::User => false,
            NewResource::Policy => {
                self.may_allow(DELETE_POLICY) && self.is_allowed_on_policy(DELETE_POLICY, holder, undecided)
            }
            NewResource::Group => ["iam:DeleteGroup", "iam:UpdateGroup"]
                .iter()
                .any(|action| self.may_allow(action) && self.is_allowed_on_group(action, holder, None, undecided)),
        }
    }

    /// The requests that free the name of a user or role. None if the state cannot make them: a principal keeps its own
    /// name.
    pub(super) fn find_freeing_requests(
        &self,
        kind: NewResource,
        holder: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<FreeingRequest>> {
        let position = self.world.principals.find(holder)?;
        let is_own = position == self.state.principal;
        let is_changeable = kind == NewResource::User || self.account_roles().contains(position);
        if is_own || !is_changeable {
            return None;
        }
        if kind == NewResource::User
            && self.may_allow("iam:UpdateUser")
            && self.is_allowed_on(position, "iam:UpdateUser", None, undecided)
            && let Some(other) = self.find_unused_name(position, undecided)
        {
            return Some(["iam:UpdateUser"; 2].into_iter().zip([holder, &other]).map(to_request).collect());
        }
        let requests = list_deletion(self.world.node(position));
        requests.iter().all(|request| self.can_make(position, request, undecided)).then_some(requests)
    }

    fn can_make(&self, holder: usize, request: &FreeingRequest, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        let FreeingRequest { action, resource, policy_arn } = request;
        match resource {
            _ if !self.may_allow(action) => false,
            None => self.is_allowed_on_any_resource(action, undecided),
            Some(group) if NewResource::of_arn(group) == Some(NewResource::Group) => {
                self.is_allowed_on_group(action, group, None, undecided)
            }
            Some(_) => self.is_allowed_on(holder, action, policy_arn.as_deref(), undecided),
        }
    }
}

fn to_request((action, resource): (&'static str, &str)) -> FreeingRequest {
    FreeingRequest::on(action, resource)
}

/// The requests that delete a user or role, with those that must come before.
// AWS: DeleteRole, DeleteUser (IAM API Reference). Access keys and devices of a user are not in a snapshot.
fn list_deletion(holder: &PrincipalNode<'_>) -> Vec<FreeingRequest> {
    let principal = &holder.principal;
    let arn = principal.arn.as_str();
    let is_user = NewResource::of_arn(arn) == Some(NewResource::User);
    let (delete, delete_inline, detach) = match is_user {
        true => ("iam:DeleteUser", "iam:DeleteUserPolicy", "iam:DetachUserPolicy"),
        false => ("iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
    };
    let mut requests = Vec::new();
    for policy in &principal.identity_policies {
        requests.extend(match &policy.kind {
            AttachmentKind::Inline { holder } if holder == arn => Some(FreeingRequest::on(delete_inline, arn)),
            AttachmentKind::Attached { arn: policy, holder } if holder == arn => {
                Some(FreeingRequest { policy_arn: Some(policy.clone()), ..FreeingRequest::on(detach, arn) })
            }
            AttachmentKind::Inline { holder: group } | AttachmentKind::Attached { holder: group, .. } => {
                Some(FreeingRequest::on("iam:RemoveUserFromGroup", group))
            }
            AttachmentKind::Boundary { .. } | AttachmentKind::Trust { .. } => None,
        });
    }
    if principal.instance_profile_count.is_some_and(|profiles| profiles > 0) {
        let action = "iam:RemoveRoleFromInstanceProfile";
        requests.push(FreeingRequest { action, resource: None, policy_arn: None });
    }
    requests.push(FreeingRequest::on(delete, arn));
    requests
}
