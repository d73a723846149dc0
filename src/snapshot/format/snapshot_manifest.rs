//! `manifest.json`: the files of a collected snapshot, and the parts that could not be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json_writer::{JsonLayout, render_json};

/// The version of the directory and its files. It changes when an older program would misread them.
pub const FORMAT_VERSION: &str = "1";

/// The content of a snapshot directory. It is written last, so a directory without it belongs to an unfinished run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SnapshotManifest {
    /// The format version: "1".
    pub format_version: String,
    /// The program that wrote it.
    pub tool: CollectorTool,
    /// The identity that collected it.
    pub caller: CallerIdentity,
    /// The partition of all accounts: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// When the collection started, in RFC 3339.
    pub started_at: String,
    /// When it ended, in RFC 3339.
    pub finished_at: String,
    /// The accounts, ordered by id.
    pub accounts: Vec<ManifestAccount>,
    /// The organization. Missing if it was not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<ManifestOrganization>,
    /// The BLAKE3 hash of the text of this file, with 64 zeros in place of the hash.
    pub blake3: String,
}

/// The placeholder of the hash while it is computed.
const ZERO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl SnapshotManifest {
    /// The manifest with its hash, and its text.
    pub(in crate::snapshot) fn seal(mut self) -> (SnapshotManifest, String) {
        self.blake3 = ZERO_HASH.to_owned();
        self.blake3 = SnapshotManifest::compute_hash(&self.to_json());
        let text = self.to_json();
        (self, text)
    }

    fn to_json(&self) -> String {
        render_json(self, JsonLayout::Indented).expect("texts, numbers and lists can be written as JSON")
    }

    /// The hash of the text of a manifest that contains the placeholder.
    pub(in crate::snapshot) fn compute_hash(text: &str) -> String {
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// The text with the placeholder between `start` and `end`, the place of the quoted hash.
    pub(in crate::snapshot) fn replace_hash_with_zeros(text: &str, start: usize, end: usize) -> Option<String> {
        Some(format!("{}\"{ZERO_HASH}\"{}", text.get(..start)?, text.get(end..)?))
    }
}

/// A program and its version.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CollectorTool {
    /// `iamdrift`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The collecting identity, from `sts get-caller-identity`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CallerIdentity {
    /// Its ARN.
    pub arn: String,
    /// Its account id.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub account: String,
}

/// One account of a manifest.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ManifestAccount {
    /// Its number.
    #[schemars(regex(pattern = "^[0-9]{12}$"))]
    pub id: String,
    /// Its name in the organization. Missing if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether all its parts were read.
    pub status: AccountStatus,
    /// Its file. Missing if nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredFile>,
    /// The number of users and roles that were read.
    pub principals: usize,
    /// The parts that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPart>,
}

/// Whether an account was read.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountStatus {
    /// All requested parts were read.
    Read,
    /// Some parts were read; `Unread` lists the others.
    Partly,
    /// Nothing was read; `Unread` contains the reason.
    Unread,
}

/// The organization in a manifest.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ManifestOrganization {
    /// Its file. Missing if nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredFile>,
    /// The parts that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPart>,
}

/// A file of the directory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StoredFile {
    /// Its path in the directory, with `/` as separator.
    pub file: String,
    /// Its stored size, in bytes.
    pub bytes: u64,
    /// The BLAKE3 hash of its stored bytes, in hexadecimal.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub blake3: String,
}

/// A part that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UnreadPart {
    /// The part.
    pub part: CollectionPart,
    /// The scope within the part: a service as ARNs name it, with its region if it has one (`s3`, `sqs in eu-west-1`),
    /// a resource type with its region (`AWS::Lambda::Function in eu-west-1`), or the ARN of a resource. Missing if the whole part is unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The error of AWS.
    pub error: String,
    /// The missing permission, if that is the cause: `iam:ListAccountAliases`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

/// A part of a collection.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CollectionPart {
    /// A whole account: its role could not be assumed, or nothing could be read.
    Account,
    /// Some pages of users, groups, roles and policies.
    AuthorizationDetails,
    /// The account's alias.
    AccountAliases,
    /// OpenID Connect providers.
    OpenIdConnectProviders,
    /// SAML providers.
    SamlProviders,
    /// Permission sets of IAM Identity Center.
    PermissionSets,
    /// Resource policies.
    ResourcePolicies,
    /// The resources of services that use roles.
    ServiceRoles,
    /// The whole organization.
    Organization,
    /// Service control policies.
    ServiceControlPolicies,
    /// Resource control policies.
    ResourceControlPolicies,
    /// Delegated administrators.
    DelegatedAdministrators,
}
