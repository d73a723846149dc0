//! What a snapshot holds once it is read. Names are kept as they came: reports sanitise them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::collection_gap::CollectionGap;
use super::iam_entity_kind::IamEntityKind;
use super::organization::Organization;
use crate::iam::{AccountId, Arn, Partition, PolicyDocument};
use crate::source::{Diagnostics, Place};

/// Everything that was collected.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The file or directory that it was read from.
    pub origin: PathBuf,
    /// When it was taken, in RFC 3339, where it says so.
    pub taken_at: Option<String>,
    /// The accounts, by number.
    pub accounts: Vec<Account>,
    /// The organization, where it was collected.
    pub organization: Option<Organization>,
    /// The policies of resources that were collected.
    pub resource_policies: Vec<ResourceWithPolicy>,
    /// What was asked for when it was collected and could not be read.
    pub collection_gaps: Vec<CollectionGap>,
    /// What of its files could not be read or is not whole. What it affects is undecided, by name.
    pub problems: Vec<SnapshotProblem>,
}

impl Snapshot {
    /// The account of that number.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| &account.id == id)
    }

    /// Whether it may lack principals that it should hold.
    pub fn may_lack_principals(&self) -> bool {
        self.collection_gaps.iter().any(CollectionGap::may_hide_principals)
    }

    /// Every principal with its account, in order.
    pub fn principals(&self) -> impl Iterator<Item = (&Account, &Principal)> {
        self.accounts.iter().flat_map(|account| account.principals.iter().map(move |principal| (account, principal)))
    }
}

/// One account's authorization details.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its partition.
    pub partition: Partition,
    /// Its alias, where that was collected.
    pub alias: Option<String>,
    /// Its users and roles, by ARN.
    pub principals: Vec<Principal>,
    /// Its groups, by ARN.
    pub groups: Vec<IamGroup>,
    /// The managed policies that were collected with it, AWS's own included, by ARN.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// What decides over all of its principals and could not be collected.
    pub missing_documents: Vec<MissingDocument>,
}

/// A user or a role.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Its path, `/` or `/…/`.
    pub path: String,
    /// Its unique id (`AIDA…`, `AROA…`), where known.
    pub unique_id: Option<String>,
    /// What it is.
    pub entity_kind: IamEntityKind,
    /// Its tags, in order.
    pub tags: Vec<(String, String)>,
    /// The names of a user's groups.
    pub group_names: Vec<String>,
    /// Inline, attached and, for users, group policies.
    pub identity_policies: Vec<PolicyAttachment>,
    /// Its permissions boundary.
    pub boundary: Option<PermissionsBoundary>,
    /// A role's trust policy.
    pub trust_policy: Option<PolicyAttachment>,
    /// What decides over it and is not in the snapshot, or cannot be read.
    pub missing_documents: Vec<MissingDocument>,
    /// How many instance profiles hold a role, where the snapshot tells.
    pub instance_profile_count: Option<usize>,
    /// When it was created, as AWS wrote it.
    pub created_at: Option<String>,
    /// When a role was last used, as AWS wrote it.
    pub last_used_at: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct IamGroup {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Its unique id (`AGPA…`), where known.
    pub unique_id: Option<String>,
    /// Its inline and attached policies.
    pub identity_policies: Vec<PolicyAttachment>,
    /// What of them is not in the snapshot, or cannot be read.
    pub missing_documents: Vec<MissingDocument>,
    /// Where it stands.
    pub place: Place,
}

/// A managed policy in its default version.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// What its default version says.
    pub document: CollectedDocument,
    /// Its other versions that can be read, by their ids: what it could say again.
    pub other_versions: Vec<(String, Arc<PolicyDocument>)>,
}

impl PartialEq for ManagedPolicy {
    /// The same content; a page may list fewer versions than another.
    fn eq(&self, other: &ManagedPolicy) -> bool {
        (&self.arn, &self.name, &self.document) == (&other.arn, &other.name, &other.document)
    }
}

/// A document as something holds it: the text may be shared with other holders, the place is its own.
#[derive(Clone, Debug)]
pub struct CollectedDocument {
    /// What it says.
    pub document: Result<Arc<PolicyDocument>, MissingReason>,
    /// Where this holder's copy stands.
    pub place: Place,
}

impl PartialEq for CollectedDocument {
    /// The same content; the place does not matter.
    fn eq(&self, other: &CollectedDocument) -> bool {
        match (&self.document, &other.document) {
            (Ok(left_document), Ok(right_document)) => {
                Arc::ptr_eq(left_document, right_document) || left_document == right_document
            }
            (Err(left_reason), Err(right_reason)) => left_reason == right_reason,
            _ => false,
        }
    }
}

/// How a principal comes by a policy. Holders are named by their ARNs.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum AttachmentKind {
    /// Written into a user, role or group.
    Inline {
        /// The user, role or group.
        holder: String,
    },
    /// A managed policy, attached to a user, role or group.
    Attached {
        /// The policy's ARN.
        arn: String,
        /// The user, role or group.
        holder: String,
    },
    /// A managed policy, set as the permissions boundary.
    Boundary {
        /// The policy's ARN.
        arn: String,
    },
    /// A role's trust policy.
    Trust {
        /// The role.
        holder: String,
    },
}

/// A policy that a principal holds, and where.
#[derive(Clone, Debug)]
pub struct PolicyAttachment {
    /// Its name.
    pub name: String,
    /// How it is held.
    pub kind: AttachmentKind,
    /// What it says. Equal documents are shared: the document's own place may be another holder's.
    pub document: Arc<PolicyDocument>,
    /// Where this holder's copy stands (for a managed policy, where the policy stands).
    pub place: Place,
}

/// A permissions boundary.
#[derive(Clone, Debug)]
pub struct PermissionsBoundary {
    /// The policy's ARN.
    pub arn: String,
    /// The policy; none where its document is missing, which [`Principal::missing`] then names.
    pub policy: Option<PolicyAttachment>,
}

/// The policy of a resource, as it was collected.
#[derive(Clone, Debug)]
pub struct ResourceWithPolicy {
    /// The resource.
    pub arn: Arn,
    /// The account that owns it.
    pub owner: AccountId,
    /// Its policy.
    pub policy: CollectedDocument,
}

/// Which layer of a principal's access a document belongs to.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum LayerKind {
    /// Inline, attached and group policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The trust policy: decides who becomes the role, not what the role may do.
    Trust,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
    /// The policy of a resource.
    Resource,
}

/// Why a document is not there.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum MissingReason {
    /// The snapshot does not hold it.
    NotCollected,
    /// It was asked for, and could not be collected.
    CollectionFailed {
        /// Why, as AWS said it.
        error: String,
        /// The permission that is missing, where that is why.
        permission: Option<String>,
    },
    /// It is there and is no valid policy; the first of what is wrong with it.
    Invalid(String),
}

impl std::fmt::Display for MissingReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MissingReason::NotCollected => f.write_str("is not in the snapshot"),
            MissingReason::CollectionFailed { error, .. } => write!(f, "could not be collected: {error}"),
            MissingReason::Invalid(why) => write!(f, "cannot be read: {why}"),
        }
    }
}

/// A document that decides over a principal and is not known: every verdict that rests on it is undecided.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct MissingDocument {
    /// The layer that it belongs to.
    pub layer: LayerKind,
    /// What is missing, as a report names it: `attached policy arn:…`, `group admins`.
    pub name: String,
    /// Why.
    pub reason: MissingReason,
    /// Where the snapshot speaks of it.
    pub place: Place,
}

/// How the missing policies of one resource, and of the resources of a service, are named.
pub(crate) const RESOURCE_POLICY_PREFIX: &str = "resource policy of ";
pub(crate) const SERVICE_POLICIES_PREFIX: &str = "resource policies of ";

impl MissingDocument {
    /// Whether it can decide over requests on a resource: the policies of resources speak for these alone.
    pub fn may_affect_resource(&self, resource: &str) -> bool {
        if self.layer != LayerKind::Resource {
            return true;
        }
        if let Some(arn) = self.name.strip_prefix(RESOURCE_POLICY_PREFIX) {
            return is_part_of(resource, arn);
        }
        let service = self.name.strip_prefix(SERVICE_POLICIES_PREFIX).and_then(|rest| rest.split_whitespace().next());
        // What is no name of a service could be of any.
        let service = service.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let resource_arn = Arn::parse(resource);
        service.zip(resource_arn.as_ref()).is_none_or(|(service, asked)| service == asked.service())
    }
}

/// Whether a resource is the resource with that ARN, or belongs to it: an object of a bucket, an alias of a function. The
/// bucket `logs-archive` does not belong to the bucket `logs`.
fn is_part_of(resource: &str, arn: &str) -> bool {
    resource.strip_prefix(arn).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
}

impl std::fmt::Display for MissingDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.reason)
    }
}

/// Something of a snapshot that could not be read, or that is not whole.
#[derive(Clone, Debug)]
pub struct SnapshotProblem {
    /// What it concerns, as a report names it.
    pub subject: String,
    /// What is wrong, with its places.
    pub diagnostics: Diagnostics,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_bucket_policy_does_not_affect_a_bucket_with_a_longer_name() {
        let missing = MissingDocument {
            layer: LayerKind::Resource,
            name: format!("{RESOURCE_POLICY_PREFIX}arn:aws:s3:::logs"),
            reason: MissingReason::NotCollected,
            place: Place { file: "snapshot.json".to_owned(), line: 1, column: 1 },
        };
        assert!(missing.may_affect_resource("arn:aws:s3:::logs"));
        assert!(missing.may_affect_resource("arn:aws:s3:::logs/2026/a"));
        assert!(!missing.may_affect_resource("arn:aws:s3:::logs-archive"));
        assert!(!missing.may_affect_resource("arn:aws:s3:::logs-archive/a"));
    }
}
