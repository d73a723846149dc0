//! Converts answers of the SDK to the format of a snapshot. Policy documents are decoded here, once.
//!
//! The SDK has `None` for every field that an answer lacks. AWS leaves out empty lists. It does not leave out ARNs and
//! documents: an empty text in place of one is an error when the snapshot is read.

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types;

use crate::snapshot::format::{
    AccountPage, AttachedBoundary, AttachedPolicy, EmbeddedDocument, GroupDetail, InlinePolicy, InstanceProfile,
    ManagedPolicyDetail, PolicyVersion, RoleDetail, RoleLastUsed, Tag, UserDetail,
};

/// Converts a page of account authorization details.
pub(super) fn convert_page(output: GetAccountAuthorizationDetailsOutput) -> AccountPage {
    AccountPage {
        user_detail_list: convert_list(output.user_detail_list, convert_user),
        group_detail_list: convert_list(output.group_detail_list, convert_group),
        role_detail_list: convert_list(output.role_detail_list, convert_role),
        policies: convert_list(output.policies, convert_managed_policy),
        ..AccountPage::default()
    }
}

/// The ARNs of the managed policies that the entities of a page hold or have as their boundary.
pub(super) fn attached_policy_arns(page: &AccountPage) -> impl Iterator<Item = &str> {
    let users = page.user_detail_list.iter().map(|user| (&user.attached_managed_policies, &user.permissions_boundary));
    let roles = page.role_detail_list.iter().map(|role| (&role.attached_managed_policies, &role.permissions_boundary));
    let groups = page.group_detail_list.iter().map(|group| (&group.attached_managed_policies, &None));
    users.chain(roles).chain(groups).flat_map(|(attached, boundary)| {
        let boundary = boundary.iter().map(|boundary| boundary.permissions_boundary_arn.as_str());
        attached.iter().map(|policy| policy.policy_arn.as_str()).chain(boundary)
    })
}

/// A managed policy that was fetched separately, with its default version.
pub(super) fn convert_fetched_policy(policy: types::Policy, version: types::PolicyVersion) -> ManagedPolicyDetail {
    ManagedPolicyDetail {
        arn: policy.arn.unwrap_or_default(),
        policy_name: policy.policy_name.unwrap_or_default(),
        policy_id: policy.policy_id,
        path: policy.path,
        default_version_id: policy.default_version_id.unwrap_or_default(),
        policy_version_list: vec![convert_policy_version(version)],
    }
}

/// A time in RFC 3339.
pub(super) fn format_time(moment: DateTime) -> Option<String> {
    moment.fmt(aws_sdk_iam::primitives::DateTimeFormat::DateTime).ok()
}

fn convert_list<T, U>(list: Option<Vec<T>>, convert: impl FnMut(T) -> U) -> Vec<U> {
    list.unwrap_or_default().into_iter().map(convert).collect()
}

fn convert_user(user: types::UserDetail) -> UserDetail {
    UserDetail {
        arn: user.arn.unwrap_or_default(),
        user_name: user.user_name.unwrap_or_default(),
        user_id: user.user_id.unwrap_or_default(),
        path: user.path.unwrap_or_default(),
        create_date: user.create_date.and_then(format_time),
        group_list: user.group_list.unwrap_or_default(),
        user_policy_list: convert_list(user.user_policy_list, convert_inline_policy),
        attached_managed_policies: convert_list(user.attached_managed_policies, convert_attached_policy),
        permissions_boundary: user.permissions_boundary.map(convert_boundary),
        tags: convert_list(user.tags, convert_tag),
    }
}

fn convert_group(group: types::GroupDetail) -> GroupDetail {
    GroupDetail {
        arn: group.arn.unwrap_or_default(),
        group_name: group.group_name.unwrap_or_default(),
        group_id: group.group_id.unwrap_or_default(),
        path: group.path.unwrap_or_default(),
        create_date: group.create_date.and_then(format_time),
        group_policy_list: convert_list(group.group_policy_list, convert_inline_policy),
        attached_managed_policies: convert_list(group.attached_managed_policies, convert_attached_policy),
    }
}

fn convert_role(role: types::RoleDetail) -> RoleDetail {
    RoleDetail {
        arn: role.arn.unwrap_or_default(),
        role_name: role.role_name.unwrap_or_default(),
        role_id: role.role_id.unwrap_or_default(),
        path: role.path.unwrap_or_default(),
        create_date: role.create_date.and_then(format_time),
        assume_role_policy_document: role.assume_role_policy_document.as_deref().map(EmbeddedDocument::decode),
        role_policy_list: convert_list(role.role_policy_list, convert_inline_policy),
        attached_managed_policies: convert_list(role.attached_managed_policies, convert_attached_policy),
        permissions_boundary: role.permissions_boundary.map(convert_boundary),
        tags: convert_list(role.tags, convert_tag),
        role_last_used: role.role_last_used.map(|used| RoleLastUsed {
            last_used_date: used.last_used_date.and_then(format_time),
            region: used.region,
        }),
        instance_profile_list: role.instance_profile_list.map(|profiles| convert_list(Some(profiles), convert_profile)),
    }
}

fn convert_profile(profile: types::InstanceProfile) -> InstanceProfile {
    InstanceProfile { arn: profile.arn, instance_profile_name: profile.instance_profile_name }
}

fn convert_managed_policy(policy: types::ManagedPolicyDetail) -> ManagedPolicyDetail {
    let arn = policy.arn.unwrap_or_default();
    ManagedPolicyDetail {
        // The ARN ends with the name. Some servers that implement this API omit the name.
        policy_name: policy
            .policy_name
            .unwrap_or_else(|| arn.rsplit_once('/').map_or(arn.as_str(), |(_, name)| name).to_owned()),
        policy_id: policy.policy_id,
        path: policy.path,
        default_version_id: policy.default_version_id.unwrap_or_default(),
        policy_version_list: convert_list(policy.policy_version_list, convert_policy_version),
        arn,
    }
}

fn convert_policy_version(version: types::PolicyVersion) -> PolicyVersion {
    PolicyVersion {
        document: EmbeddedDocument::decode(version.document.as_deref().unwrap_or_default()),
        version_id: version.version_id.unwrap_or_default(),
        is_default_version: version.is_default_version,
    }
}

fn convert_inline_policy(policy: types::PolicyDetail) -> InlinePolicy {
    InlinePolicy {
        policy_name: policy.policy_name.unwrap_or_default(),
        policy_document: EmbeddedDocument::decode(policy.policy_document.as_deref().unwrap_or_default()),
    }
}

fn convert_attached_policy(policy: types::AttachedPolicy) -> AttachedPolicy {
    AttachedPolicy {
        policy_name: policy.policy_name.unwrap_or_default(),
        policy_arn: policy.policy_arn.unwrap_or_default(),
    }
}

fn convert_boundary(boundary: types::AttachedPermissionsBoundary) -> AttachedBoundary {
    AttachedBoundary {
        permissions_boundary_arn: boundary.permissions_boundary_arn.unwrap_or_default(),
        permissions_boundary_type: boundary.permissions_boundary_type.map(|kind| kind.as_str().to_owned()),
    }
}

fn convert_tag(tag: types::Tag) -> Tag {
    Tag { key: tag.key, value: tag.value }
}
