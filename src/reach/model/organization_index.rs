//! The organization of a snapshot: the accounts that manage it, and the ARNs of its parts.

use super::technique::OrganizationAccount;
use crate::iam::Partition;
use crate::snapshot::{MissingReason, Organization, Snapshot};

/// The organization. Empty if the snapshot has none.
pub(crate) struct OrganizationIndex<'a> {
    organization: Option<&'a Organization>,
}

impl<'a> OrganizationIndex<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> OrganizationIndex<'a> {
        OrganizationIndex { organization: snapshot.organization.as_ref() }
    }

    /// Whether an account manages the organization, or is one of its delegated administrators.
    pub(crate) fn is_account_as(&self, account: &str, required: OrganizationAccount) -> bool {
        self.organization.is_some_and(|organization| match required {
            OrganizationAccount::Management => organization.management_account.as_str() == account,
            OrganizationAccount::Administrator => organization.is_administrator(account),
        })
    }

    /// Why it is unknown whether a member account is a delegated administrator. None if that is known.
    pub(crate) fn find_unread_administrators(&self, account: &str) -> Option<&'a MissingReason> {
        self.organization?.unread_administrators.as_ref().filter(|_| self.is_member(account))
    }

    /// Whether an account is in the organization, and is not its management account.
    pub(crate) fn is_member(&self, account: &str) -> bool {
        self.organization.is_some_and(|organization| {
            organization.nodes.contains_key(account) && organization.management_account.as_str() != account
        })
    }

    /// The ARN of a root, an organizational unit or an account, by its id.
    pub(crate) fn node_arn(&self, partition: Partition, id: &str) -> Option<String> {
        let kind = match id {
            id if id.starts_with("r-") => "root",
            id if id.starts_with("ou-") => "ou",
            _ => "account",
        };
        self.arn(partition, kind, id)
    }

    /// The ARN of an SCP or RCP of the organization, by its id. `policy_type`: as in the condition key
    /// `organizations:PolicyType`.
    pub(crate) fn policy_arn(&self, partition: Partition, policy_type: &str, id: &str) -> Option<String> {
        self.arn(partition, "policy", &format!("{}/{id}", policy_type.to_lowercase()))
    }

    /// The ids of the root and of the parent of an account.
    pub(crate) fn find_root_and_parent(&self, account: &str) -> Option<(&'a str, &'a str)> {
        let organization = self.organization?;
        let mut node = organization.nodes.get(account)?;
        let parent = node.parent.as_deref()?;
        while let Some(above) = node.parent.as_ref().and_then(|id| organization.nodes.get(id)) {
            node = above;
        }
        Some((node.id.as_str(), parent))
    }

    /// The ARN of a part of the organization. None if the snapshot has none.
    fn arn(&self, partition: Partition, kind: &str, id: &str) -> Option<String> {
        let organization = self.organization?;
        let (account, own) = (&organization.management_account, &organization.id);
        Some(format!("arn:{}:organizations::{account}:{kind}/{own}/{id}", partition.as_str()))
    }
}
