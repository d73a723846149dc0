//! What a snapshot says about the owners of resources: accounts of resources whose ARNs lack one, and the organization of
//! an account.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::iam::{AccountId, Arn};
use crate::snapshot::Snapshot;
use crate::snapshot::format::CollectionPart;
use crate::snapshot::model::organization::OrgNodeKind;

/// The owners of resources, as far as a snapshot knows them.
#[derive(Debug, Default)]
pub struct ResourceDirectory {
    /// By ARN without an account, the owner. None if the snapshot names several.
    owners: FxHashMap<Box<str>, Option<AccountId>>,
    organization: Option<OrganizationPaths>,
}

/// The organization, with the path of each account.
#[derive(Debug)]
struct OrganizationPaths {
    id: String,
    paths: BTreeMap<AccountId, String>,
    /// Whether every account of the organization is in `paths`.
    is_complete: bool,
}

/// Whether an account is in the organization of the snapshot.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum OrganizationMembership<'d> {
    /// It is.
    Member {
        /// The id of the organization.
        id: &'d str,
        /// The path of the account, as in `aws:PrincipalOrgPaths`.
        path: &'d str,
    },
    /// It is in another organization, or in none.
    Outside {
        /// The id of the organization.
        id: &'d str,
    },
    /// Unknown: the organization was not collected, or only in part.
    Unknown,
}

impl ResourceDirectory {
    /// The directory of a snapshot.
    pub fn from_snapshot(snapshot: &Snapshot) -> ResourceDirectory {
        let mut owners: FxHashMap<Box<str>, Option<AccountId>> = FxHashMap::default();
        for resource in snapshot.resource_policies.iter().filter(|resource| resource.arn.account().is_empty()) {
            let owner = owners.entry(resource.arn.as_str().into()).or_insert_with(|| Some(resource.owner.clone()));
            if owner.as_ref() != Some(&resource.owner) {
                *owner = None;
            }
        }
        let organization = snapshot.organization.as_ref().map(|organization| {
            let accounts = organization.nodes.values().filter(|node| node.kind == OrgNodeKind::Account);
            let ids = accounts.filter_map(|node| AccountId::parse(&node.id));
            let path = |id: AccountId| organization.principal_org_path(&id).map(|path| (id, path));
            let is_unread = snapshot.collection_gaps.iter().any(|gap| gap.unread.part == CollectionPart::Organization);
            OrganizationPaths {
                id: organization.id.clone(),
                paths: ids.filter_map(path).collect(),
                is_complete: !is_unread,
            }
        });
        ResourceDirectory { owners, organization }
    }

    /// The owner of a resource whose ARN has no account: of the resource itself, or of a resource that contains it. None
    /// if unknown.
    pub fn find_owner(&self, arn: &str) -> Option<&AccountId> {
        self.find_known_resource(arn).map(|(_, owner)| owner)
    }

    /// The known resource with an ARN, or that contains the resource with this ARN, and its owner.
    pub fn find_known_resource(&self, arn: &str) -> Option<(&str, &AccountId)> {
        if self.owners.is_empty() {
            return None;
        }
        let ends = arn.match_indices('/').map(|(end, _)| end).chain([arn.len()]);
        ends.filter_map(|end| self.owners.get_key_value(arn.get(..end)?))
            .find_map(|(known, owner)| Some((&**known, owner.as_ref()?)))
    }

    /// The resources whose ARN has no account and whose owner is known, without those inside another.
    pub fn known_resources(&self) -> impl Iterator<Item = (&str, &AccountId)> {
        let mut known: Vec<(&str, &AccountId)> = self
            .owners
            .keys()
            .filter_map(|arn| self.find_known_resource(arn).filter(|(found, _)| *found == &**arn))
            .collect();
        known.sort();
        known.into_iter()
    }

    /// Whether an account is in the organization of the snapshot.
    pub fn membership(&self, account: &str) -> OrganizationMembership<'_> {
        let Some(organization) = &self.organization else { return OrganizationMembership::Unknown };
        let Some(account) = AccountId::parse(account) else { return OrganizationMembership::Unknown };
        match organization.paths.get(&account) {
            Some(path) => OrganizationMembership::Member { id: &organization.id, path },
            None if organization.is_complete => OrganizationMembership::Outside { id: &organization.id },
            None => OrganizationMembership::Unknown,
        }
    }

    /// The id of the organization. None if it was not collected.
    pub fn organization_id(&self) -> Option<&str> {
        self.organization.as_ref().map(|organization| organization.id.as_str())
    }

    /// The accounts of the organization, in order.
    pub fn organization_accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.organization.iter().flat_map(|organization| organization.paths.keys())
    }

    /// The account that owns a resource: by its ARN, or by the snapshot. None if unknown.
    pub fn owner_account(&self, arn: &Arn) -> Option<AccountId> {
        match arn.account() {
            "" => self.find_owner(arn.as_str()).cloned(),
            account => AccountId::parse(account),
        }
    }
}
