//! `accounts/*.json`: one account, in pages as AWS returned them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embedded_document::EmbeddedDocument;
use super::organization_entries::ResourcePolicyEntry;
use super::service_role_entries::{CompleteTypesEntry, ServiceResourceEntry};
use super::snapshot_manifest::UnreadPart;

/// One account. The writer writes it page by page and keeps one page in memory.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "Account")]
pub struct AccountFile {
    /// The format version: "1".
    pub format_version: String,
    /// The account id.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub account: String,
    /// Its partition: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The collected data, in any number of pages and in any order.
    pub pages: Vec<AccountPage>,
    /// The parts that could not be read.
    #[serde(default)]
    pub unread: Vec<UnreadPart>,
}

/// A part of an account: the answer to one AWS call, with decoded policy documents.
///
/// All lists are optional. `aws iam get-account-authorization-details` prints the first four.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", default)]
pub struct AccountPage {
    /// Users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_detail_list: Vec<UserDetail>,
    /// Groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_detail_list: Vec<GroupDetail>,
    /// Roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub role_detail_list: Vec<RoleDetail>,
    /// Managed policies, including AWS managed policies that are attached or set as a boundary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<ManagedPolicyDetail>,
    /// `iam list-account-aliases`. An account has at most one alias.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub account_aliases: Vec<String>,
    /// `iam list-open-id-connect-providers`, with the answer of `get-open-id-connect-provider` for each.
    #[serde(rename = "OpenIDConnectProviderList", skip_serializing_if = "Vec::is_empty")]
    pub open_id_connect_providers: Vec<OpenIdConnectProvider>,
    /// `iam list-saml-providers`.
    #[serde(rename = "SAMLProviderList", skip_serializing_if = "Vec::is_empty")]
    pub saml_providers: Vec<SamlProvider>,
    /// The permission sets of an IAM Identity Center instance of this account.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permission_sets: Vec<PermissionSet>,
    /// The policies of resources that this account owns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_policies: Vec<ResourcePolicyEntry>,
    /// The resources of services that use roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_resources: Vec<ServiceResourceEntry>,
    /// The types of which all resources are listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complete_resource_types: Vec<CompleteTypesEntry>,
}

/// A user.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct UserDetail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub user_name: String,
    /// Its unique id (`AIDA…`).
    pub user_id: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// When it was created, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    /// The names of its groups.
    #[serde(default)]
    pub group_list: Vec<String>,
    /// Its inline policies.
    #[serde(default)]
    pub user_policy_list: Vec<InlinePolicy>,
    /// The managed policies that are attached to it.
    #[serde(default)]
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// Its permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<AttachedBoundary>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// A group.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GroupDetail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub group_name: String,
    /// Its unique id (`AGPA…`).
    pub group_id: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// When it was created, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    /// Its inline policies.
    #[serde(default)]
    pub group_policy_list: Vec<InlinePolicy>,
    /// The managed policies that are attached to it.
    #[serde(default)]
    pub attached_managed_policies: Vec<AttachedPolicy>,
}

/// A role.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RoleDetail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub role_name: String,
    /// Its unique id (`AROA…`).
    pub role_id: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// When it was created, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    /// Its trust policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_policy_document: Option<EmbeddedDocument>,
    /// Its inline policies.
    #[serde(default)]
    pub role_policy_list: Vec<InlinePolicy>,
    /// The managed policies that are attached to it.
    #[serde(default)]
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// Its permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<AttachedBoundary>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// When it was last used, within the period that AWS tracks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_last_used: Option<RoleLastUsed>,
    /// The instance profiles that contain it. Missing if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile_list: Option<Vec<InstanceProfile>>,
}

/// An instance profile, by which EC2 instances use a role.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceProfile {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub instance_profile_name: String,
}

/// When a role was last used. Both fields are missing if it was never used.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RoleLastUsed {
    /// The time, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_date: Option<String>,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// An inline policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InlinePolicy {
    /// Its name.
    pub policy_name: String,
    /// Its document.
    pub policy_document: EmbeddedDocument,
}

/// A reference from a holder to a managed policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AttachedPolicy {
    /// Its name.
    pub policy_name: String,
    /// Its ARN.
    pub policy_arn: String,
}

/// A reference from a holder to its permissions boundary.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AttachedBoundary {
    /// The policy's ARN.
    pub permissions_boundary_arn: String,
    /// `Policy`, as AWS returns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary_type: Option<String>,
}

/// A tag.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A managed policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ManagedPolicyDetail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub policy_name: String,
    /// Its unique id (`ANPA…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<String>,
    /// Its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The id of the default version.
    pub default_version_id: String,
    /// Its versions. Other versions than the default one are relevant for escalation only.
    #[serde(default)]
    pub policy_version_list: Vec<PolicyVersion>,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyVersion {
    /// Its document.
    pub document: EmbeddedDocument,
    /// Its id: `v1`.
    pub version_id: String,
    /// Whether it is the default version.
    pub is_default_version: bool,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OpenIdConnectProvider {
    /// Its ARN.
    pub arn: String,
    /// Its URL, without `https://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its audiences.
    #[serde(rename = "ClientIDList", default, skip_serializing_if = "Vec::is_empty")]
    pub client_ids: Vec<String>,
}

/// A SAML provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SamlProvider {
    /// Its ARN.
    pub arn: String,
    /// When its metadata expires, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// A permission set of IAM Identity Center.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PermissionSet {
    /// Its ARN.
    pub permission_set_arn: String,
    /// Its name.
    pub name: String,
    /// Its inline policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline_policy: Option<EmbeddedDocument>,
    /// The ARNs of the AWS managed policies that it attaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_policies: Vec<String>,
    /// The customer managed policies that it attaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customer_managed_policy_references: Vec<ManagedPolicyReference>,
    /// The permissions boundary that it sets on its roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_boundary: Option<PermissionSetBoundary>,
}

/// The permissions boundary of a permission set: an AWS managed policy or a customer managed policy.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PermissionSetBoundary {
    /// The ARN of an AWS managed policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_policy_arn: Option<String>,
    /// A customer managed policy of each account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_managed_policy_reference: Option<ManagedPolicyReference>,
}

/// A customer managed policy that each account has under this name and path.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ManagedPolicyReference {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
}
