//! `organization.json`, `resource-policies.json` and `snapshot.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embedded_document::EmbeddedDocument;

/// `organization.json`: the organization, its accounts, and its SCPs and RCPs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "Organization")]
pub struct OrganizationFile {
    /// The output of `aws organizations describe-organization`.
    pub organization: OrganizationEntry,
    /// The output of `list-roots`.
    pub roots: Vec<RootEntry>,
    /// All organizational units, at all levels.
    pub organizational_units: Vec<OrganizationalUnitEntry>,
    /// All accounts, the management account included.
    pub accounts: Vec<AccountEntry>,
    /// All service control policies and resource control policies, including those of AWS.
    pub policies: Vec<PolicyEntry>,
    /// The accounts that administer AWS services for the organization.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegated_administrators: Vec<DelegatedAdministratorEntry>,
}

/// The organization itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OrganizationEntry {
    /// `o-…`
    pub id: String,
    /// The id of the management account.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub master_account_id: String,
}

/// A root.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RootEntry {
    /// `r-…`
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The policy types of this root. SCPs and RCPs have no effect unless enabled here.
    pub policy_types: Vec<PolicyTypeEntry>,
}

/// A policy type of a root. Types that do not limit permissions (`TAG_POLICY`, …) can be listed too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyTypeEntry {
    /// `SERVICE_CONTROL_POLICY`, `RESOURCE_CONTROL_POLICY`, …
    #[serde(rename = "Type")]
    pub policy_type: String,
    /// `ENABLED`, or the status of a pending change.
    pub status: PolicyTypeStatus,
}

/// Whether a policy type is enabled.
#[derive(Copy, Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // as AWS names them
pub enum PolicyTypeStatus {
    Enabled,
    PendingEnable,
    PendingDisable,
}

/// An organizational unit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OrganizationalUnitEntry {
    /// `ou-…`
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of its parent, a root or an organizational unit.
    pub parent_id: String,
}

/// An account of the organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountEntry {
    /// Its account id.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of its parent, a root or an organizational unit.
    pub parent_id: String,
    /// `ACTIVE`, `SUSPENDED`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// An SCP or RCP with its targets.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyEntry {
    /// `p-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// SCP or RCP.
    #[serde(rename = "Type")]
    pub policy_type: PolicyType,
    /// The policy document, as an object or as the string that `describe-policy` returns.
    pub content: EmbeddedDocument,
    /// The ids of the roots, units and accounts that it is attached to.
    pub targets: Vec<String>,
}

/// The two types of organization policies that limit permissions.
#[derive(Copy, Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // as AWS names them
pub enum PolicyType {
    ServiceControlPolicy,
    ResourceControlPolicy,
}

/// An account that administers AWS services for the organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DelegatedAdministratorEntry {
    /// Its account id.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub id: String,
}

/// `resource-policies.json`: a list of these.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "ResourcePolicy")]
pub struct ResourcePolicyEntry {
    /// The resource with the policy.
    #[schemars(regex(pattern = "^arn:[^:]*:[^:]*:[^:]*:[^:]*:."))]
    pub resource_arn: String,
    /// The account that owns it. Optional if the ARN contains it (the ARN of an S3 bucket does not).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub owner_account: Option<String>,
    /// The setting of a bucket for object ownership. `BucketOwnerEnforced` disables its access control lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^(BucketOwnerEnforced|BucketOwnerPreferred|ObjectWriter)$"))]
    pub object_ownership: Option<String>,
    /// The policy document.
    pub policy: EmbeddedDocument,
}

/// `snapshot.json`: metadata of a snapshot that was collected by hand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "Snapshot")]
pub struct SnapshotFile {
    /// When the snapshot was taken, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// The account aliases, by account id.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub aliases: std::collections::BTreeMap<String, String>,
}
