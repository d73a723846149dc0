//! The accounts of the snapshot and of its organization.

use rustc_hash::FxHashMap;

use super::grant::TrustGrant;
use super::scope::TrustScope;
use crate::iam::{AccountId, Arn, Partition};
use crate::snapshot::{Organization, Snapshot};

/// The accounts of the snapshot and of its organization.
pub(super) struct OwnAccounts<'a> {
    partitions: FxHashMap<&'a AccountId, Partition>,
    /// The organization. `None` if the snapshot does not have one.
    pub organization: Option<&'a Organization>,
}

impl<'a> OwnAccounts<'a> {
    /// The accounts of a snapshot.
    pub fn from_snapshot(snapshot: &'a Snapshot) -> OwnAccounts<'a> {
        OwnAccounts {
            partitions: snapshot.accounts.iter().map(|account| (&account.id, account.partition)).collect(),
            organization: snapshot.organization.as_ref(),
        }
    }

    /// Whether an account is one of them.
    pub fn contains(&self, account: &AccountId) -> bool {
        let in_organization = |organization: &Organization| organization.path_from_root(account).is_some();
        self.partitions.contains_key(account) || self.organization.is_some_and(in_organization)
    }

    /// Whether an ARN belongs to one of them. An account of another partition is another account.
    pub fn contains_arn(&self, arn: &Arn) -> bool {
        let Some(account) = AccountId::parse(arn.account()) else { return false };
        let is_partition = |partition: &Partition| partition.as_str() == arn.partition();
        match self.partitions.get(&account) {
            Some(partition) => is_partition(partition),
            // All accounts of an organization are in one partition.
            None => self.contains(&account) && self.partitions.values().any(is_partition),
        }
    }

    /// Whether the snapshot has the principals of the account of an ARN.
    pub fn has_principals_of(&self, arn: &Arn) -> bool {
        AccountId::parse(arn.account()).is_some_and(|account| self.partitions.contains_key(&account))
    }

    /// Whether an organization is that of the snapshot.
    pub fn is_organization(&self, id: &str) -> bool {
        self.organization.is_some_and(|organization| organization.id == id)
    }

    /// Whether requests come from outside these accounts.
    pub fn is_external(&self, grant: &TrustGrant, scope: &TrustScope) -> bool {
        match scope {
            TrustScope::Anyone | TrustScope::AnyTenant(_) | TrustScope::Guests(_) => true,
            TrustScope::Organization(id) => !self.is_organization(id),
            TrustScope::Account(account) => !self.contains(account),
            TrustScope::Principal(arn) => !self.contains_arn(arn),
            TrustScope::Provider => match grant {
                // A principal of an unknown form can be anyone.
                TrustGrant::Other(_) => true,
                // A provider without an ARN belongs to no account.
                grant => Arn::parse(grant.as_str()).is_some_and(|arn| !self.contains_arn(&arn)),
            },
            TrustScope::Service | TrustScope::ServiceForOtherAccount => false,
        }
    }
}
