//! `manifest.json`: what a collector's directory holds, and what could not be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the directory's form, and of the files in it. It changes when an older program would
/// misread them.
pub const FORMAT_VERSION: &str = "1";

/// What a snapshot directory holds. It is written last: a directory without it is of a run that did not finish.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct SnapshotManifest {
    /// The version of this form: "1".
    pub format_version: String,
    /// What wrote it.
    pub tool: CollectorTool,
    /// With whose permissions it was collected.
    pub caller: CallerIdentity,
    /// The partition of all accounts: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// When the collection began, in RFC 3339.
    pub started_at: String,
    /// When it ended, in RFC 3339.
    pub finished_at: String,
    /// The accounts, by number.
    pub accounts: Vec<ManifestAccount>,
    /// The organization, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<ManifestOrganization>,
    /// The BLAKE3 hash of this file's text, with sixty-four zeros in this place.
    pub blake3: String,
}

/// What stands in the place of a manifest's own hash when it is computed.
const ZERO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl SnapshotManifest {
    /// The manifest with its own hash, and its text.
    pub(in crate::snapshot) fn seal(mut self) -> (SnapshotManifest, String) {
        self.blake3 = ZERO_HASH.to_owned();
        self.blake3 = SnapshotManifest::compute_hash(&self.to_json());
        let text = self.to_json();
        (self, text)
    }

    fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts, numbers and lists can be written as JSON") + "\n"
    }

    /// The hash of a manifest's text in which zeros stand for the hash.
    pub(in crate::snapshot) fn compute_hash(text: &str) -> String {
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// The text with zeros between `start` and `end`, where its hash stands in quotes.
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

/// Whoever collected, as `sts get-caller-identity` tells.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CallerIdentity {
    /// Its ARN.
    pub arn: String,
    /// Its account's number.
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
    /// Its name in the organization, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much of it was read.
    pub status: AccountStatus,
    /// Its file; none where nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredFile>,
    /// How many users and roles were read.
    pub principals: usize,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPart>,
}

/// How much of an account was read.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountStatus {
    /// Everything that was asked for.
    Read,
    /// Something; `Unread` tells what is missing.
    Partly,
    /// Nothing; `Unread` tells why.
    Unread,
}

/// The organization in a manifest.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ManifestOrganization {
    /// Its file; none where nothing was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredFile>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadPart>,
}

/// A file of the directory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StoredFile {
    /// Its path in the directory, with `/`.
    pub file: String,
    /// Its size as it is stored, in bytes.
    pub bytes: u64,
    /// The BLAKE3 hash of it as it is stored, in hexadecimal.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub blake3: String,
}

/// Something that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UnreadPart {
    /// What.
    pub part: CollectionPart,
    /// Which of it, where it is not all: a service as ARNs name it, with its region where it has one
    /// (`s3`, `sqs in eu-west-1`), or the ARN of a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Why, as AWS said it.
    pub error: String,
    /// The permission that is missing, where that is why: `iam:ListAccountAliases`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

/// What a collection consists of.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CollectionPart {
    /// All of an account: no role could be assumed there, or nothing could be read.
    Account,
    /// Some of the pages of users, groups, roles and policies.
    AuthorizationDetails,
    /// The account's alias.
    AccountAliases,
    /// OpenID Connect providers.
    OpenIdConnectProviders,
    /// SAML providers.
    SamlProviders,
    /// Permission sets of IAM Identity Center.
    PermissionSets,
    /// Policies of resources.
    ResourcePolicies,
    /// All of the organization.
    Organization,
    /// Service control policies.
    ServiceControlPolicies,
    /// Resource control policies.
    ResourceControlPolicies,
    /// Delegated administrators.
    DelegatedAdministrators,
}
