//! Accounts, principals and groups, and the snapshot as a whole. Names are kept as AWS returned them; reports
//! neutralize them for terminals.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::collection_gap::CollectionGap;
use super::iam_entity_kind::IamEntityKind;
use super::missing::{MissingDocument, MissingReason};
use super::organization::Organization;
use super::policy::{ManagedPolicy, PermissionsBoundary, PolicyAttachment, ResourceWithPolicy};
use super::service_roles::ServiceResources;
use crate::iam::{AccountId, Arn, Partition};
use crate::source::{Diagnostics, Place};

/// Everything that was collected.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The file or directory that was read.
    pub origin: PathBuf,
    /// When it was taken, in RFC 3339. `None` if the snapshot does not record it.
    pub taken_at: Option<String>,
    /// What identifies the files that were read.
    #[doc(hidden)]
    pub identity: SnapshotIdentity,
    /// The accounts, ordered by id.
    #[doc(hidden)]
    pub accounts: Vec<Account>,
    /// The organization. `None` if it was not collected.
    #[doc(hidden)]
    pub organization: Option<Organization>,
    /// The resource policies that were collected.
    #[doc(hidden)]
    pub resource_policies: Vec<ResourceWithPolicy>,
    /// The resources of services that use roles.
    #[doc(hidden)]
    pub service_roles: ServiceResources,
    /// The parts that the collector tried to read and could not.
    #[doc(hidden)]
    pub collection_gaps: Vec<CollectionGap>,
    /// The parts of its files that cannot be read or are incomplete. Verdicts that depend on them are undecided.
    pub problems: Vec<SnapshotProblem>,
}

/// What identifies the files of a snapshot.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SnapshotIdentity {
    /// An ID of the content of all files that were read.
    pub content_id: String,
    /// An ID of the content of the organization file. `None` if there is none.
    pub organization_content_id: Option<String>,
    /// When the oldest file was last written, in RFC 3339. `None` if unknown.
    pub modified_at: Option<String>,
}

#[doc(hidden)]
impl Snapshot {
    /// The account with this id.
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| &account.id == id)
    }

    /// The name of an account: in the organization, or as the collector recorded it, or its alias. `None` if unknown.
    pub fn account_name(&self, id: &AccountId) -> Option<&str> {
        let node = self.organization.as_ref().and_then(|organization| organization.nodes.get(id.as_str()));
        let of_gap =
            || self.collection_gaps.iter().find(|gap| gap.account.as_ref() == Some(id))?.account_name.as_deref();
        let alias = || self.account(id)?.alias.as_deref();
        node.map(|node| node.name.as_str()).or_else(of_gap).or_else(alias)
    }

    /// Whether principals could be missing from it.
    pub(crate) fn may_lack_principals(&self) -> bool {
        self.collection_gaps.iter().any(CollectionGap::may_hide_principals)
            || self.problems.iter().any(|problem| problem.extent != ProblemExtent::Document)
    }

    /// The files of the directory that were not read.
    pub fn unread_files(&self) -> impl Iterator<Item = &SnapshotProblem> {
        self.problems.iter().filter(|problem| problem.extent == ProblemExtent::File)
    }

    /// All principals with their accounts, ordered by account and ARN.
    pub fn principals(&self) -> impl Iterator<Item = (&Account, &Principal)> {
        self.accounts.iter().flat_map(|account| account.principals.iter().map(move |principal| (account, principal)))
    }
}

/// One account's authorization details.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its partition.
    pub partition: Partition,
    /// Its alias. `None` if it has none or it was not collected.
    pub alias: Option<String>,
    /// Its users and roles, ordered by ARN.
    pub principals: Vec<Principal>,
    /// Its groups, ordered by ARN.
    pub groups: Vec<IamGroup>,
    /// The managed policies that were collected with it, AWS managed policies included, by ARN.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// Documents that decide the access of all its principals and could not be collected.
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
    /// Its unique id (`AIDA…`, `AROA…`). `None` if unknown.
    pub unique_id: Option<String>,
    /// User, role, SSO role or service-linked role.
    pub entity_kind: IamEntityKind,
    /// Its tags, in the order of the snapshot.
    pub tags: Vec<(String, String)>,
    /// The names of the groups of a user.
    pub group_names: Vec<String>,
    /// Inline, attached and, for users, group policies.
    pub identity_policies: Vec<PolicyAttachment>,
    /// Its permissions boundary. `None` if it has none.
    pub boundary: Option<PermissionsBoundary>,
    /// The trust policy of a role. `None` for a user, or if the document is missing.
    pub trust_policy: Option<PolicyAttachment>,
    /// Documents that decide its access and are not in the snapshot, or cannot be read.
    pub missing_documents: Vec<MissingDocument>,
    /// The number of instance profiles that contain the role. `None` for a user, or if unknown.
    pub instance_profile_count: Option<usize>,
    /// When it was created, as AWS returned it.
    pub created_at: Option<String>,
    /// When the role was last used, as AWS returned it.
    pub last_used_at: Option<String>,
    /// Where it is in the snapshot.
    pub place: Place,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct IamGroup {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// Its unique id (`AGPA…`). `None` if unknown.
    pub unique_id: Option<String>,
    /// Its inline and attached policies.
    pub identity_policies: Vec<PolicyAttachment>,
    /// Those of its policies that are not in the snapshot, or cannot be read.
    pub missing_documents: Vec<MissingDocument>,
    /// Where it is in the snapshot.
    pub place: Place,
}

/// How much of a snapshot a problem affects.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ProblemExtent {
    /// One policy document.
    Document,
    /// An account whose last page is missing. Principals can be missing.
    Account,
    /// A file whose content is unknown. Anything can be missing.
    File,
}

/// A part of a snapshot that cannot be read, or that is not complete.
#[derive(Clone, Debug)]
pub struct SnapshotProblem {
    /// What is affected, as a report names it.
    pub subject: String,
    /// How much is affected.
    pub extent: ProblemExtent,
    /// The errors, with their places.
    pub diagnostics: Diagnostics,
}

impl SnapshotProblem {
    /// Whether a document is missing because of this problem.
    pub(crate) fn is_cause_of(&self, missing: &MissingDocument) -> bool {
        let MissingReason::Invalid { error, .. } = &missing.reason else { return false };
        self.diagnostics.0.first().is_some_and(|first| first.to_string() == *error)
    }
}
