//! The organization: roots, organizational units, accounts, and the policies attached to each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::collection_gap::CollectionGap;
use super::missing::{MissingDocument, MissingReason};
use super::policy::CollectedDocument;
use crate::iam::AccountId;
use crate::snapshot::format::CollectionPart;
use crate::source::Place;

/// An organization. Every parent and every policy target exists, and the parents form no cycle.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id: `o-…`.
    pub id: String,
    /// The management account. SCPs and RCPs do not affect its principals and resources.
    pub management_account: AccountId,
    /// Roots, organizational units and accounts, by id.
    pub nodes: BTreeMap<String, OrgNode>,
    /// The accounts that administer AWS services for the organization.
    pub delegated_administrators: Vec<AccountId>,
    /// Why there may be further delegated administrators. `None` if the list is complete.
    pub unread_administrators: Option<MissingReason>,
    /// Policy types that could not be collected. `nodes` has no policies of these types.
    pub missing_documents: Vec<MissingDocument>,
}

impl Organization {
    /// Whether an account manages the organization, or is one of its delegated administrators.
    pub(crate) fn is_administrator(&self, account: &str) -> bool {
        self.management_account.as_str() == account
            || self.delegated_administrators.iter().any(|delegated| delegated.as_str() == account)
    }

    /// Whether an account is an administrator, or may be one that the snapshot does not name.
    pub(crate) fn may_be_administrator(&self, account: &AccountId) -> bool {
        self.is_administrator(account.as_str()) || self.unread_administrators.is_some()
    }

    /// Records what could not be collected of the organization.
    pub(crate) fn record_gaps<'g>(&mut self, gaps: impl Iterator<Item = &'g CollectionGap>) {
        for gap in gaps {
            self.missing_documents.extend(gap.to_missing_document());
            if gap.unread.part == CollectionPart::DelegatedAdministrators {
                self.unread_administrators = Some(gap.to_missing_reason());
            }
        }
    }
}

/// What an [`OrgNode`] is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum OrgNodeKind {
    /// The root.
    Root,
    /// An organizational unit.
    OrganizationalUnit,
    /// An account.
    Account,
}

/// A root, an organizational unit or an account.
#[derive(Clone, Debug)]
pub struct OrgNode {
    /// Its id: `r-…`, `ou-…` or an account number.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Root, organizational unit or account.
    pub kind: OrgNodeKind,
    /// The id of its parent. `None` for a root.
    pub parent: Option<String>,
    /// The policy types that are enabled. Empty except at roots.
    pub enabled_policy_types: Vec<OrganizationPolicyType>,
    /// The policies attached to it, in order.
    pub policies: Vec<Arc<OrganizationPolicy>>,
    /// Where it is in the snapshot.
    pub place: Place,
}

/// A type of organization policy that limits permissions.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum OrganizationPolicyType {
    /// An SCP.
    ServiceControl,
    /// An RCP.
    ResourceControl,
}

/// An SCP or RCP.
#[derive(Clone, Debug)]
pub struct OrganizationPolicy {
    /// Its id: `p-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// SCP or RCP.
    pub policy_type: OrganizationPolicyType,
    /// Its document.
    pub document: CollectedDocument,
}

impl Organization {
    /// The nodes from the root down to the account, both included. `None` if the account is not in the organization.
    pub(crate) fn path_from_root(&self, account: &AccountId) -> Option<Vec<&OrgNode>> {
        let mut node = self.nodes.get(account.as_str())?;
        let mut path = vec![node];
        while let Some(parent) = node.parent.as_ref().and_then(|id| self.nodes.get(id)) {
            path.push(parent);
            node = parent;
        }
        path.reverse();
        Some(path)
    }

    /// The account's path as in `aws:PrincipalOrgPaths`: `o-…/r-…/ou-…/`, without the account. `None` if the account
    /// is not in the organization.
    pub(crate) fn principal_org_path(&self, account: &AccountId) -> Option<String> {
        let path = self.path_from_root(account)?;
        let mut text = format!("{}/", self.id);
        for node in path.iter().filter(|node| node.kind != OrgNodeKind::Account) {
            text.push_str(&node.id);
            text.push('/');
        }
        Some(text)
    }

    /// Whether the policies of a type bind an account: the type is in effect, and it is not the management account.
    pub(crate) fn is_bound(&self, policy_type: OrganizationPolicyType, account: &AccountId) -> bool {
        self.management_account != *account && self.is_policy_type_enabled(policy_type, account)
    }

    /// Whether a policy type is in effect for the account: the account is in the organization, and its root enables
    /// the type.
    pub(crate) fn is_policy_type_enabled(&self, policy_type: OrganizationPolicyType, account: &AccountId) -> bool {
        self.path_from_root(account)
            .is_some_and(|path| path.first().is_some_and(|root| root.enabled_policy_types.contains(&policy_type)))
    }
}
