//! The organization: roots, organizational units, accounts, and the policies attached to each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::snapshot::{CollectedDocument, MissingDocument};
use crate::iam::AccountId;
use crate::source::Place;

/// An organization as it was collected; every parent and target is known to exist, and there is no cycle.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id (`o-…`).
    pub id: String,
    /// The management account, whose principals and resources SCPs and RCPs do not bind.
    pub management_account: AccountId,
    /// Roots, organizational units and accounts, by id.
    pub nodes: BTreeMap<String, OrgNode>,
    /// The accounts that administer AWS services for the organization.
    pub delegated_administrators: Vec<AccountId>,
    /// Types of policy that could not be collected; none of that type is in `units`.
    pub missing_documents: Vec<MissingDocument>,
}

/// What a [`Unit`] is.
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
    /// What it is.
    pub kind: OrgNodeKind,
    /// What it is in; none for a root.
    pub parent: Option<String>,
    /// The policy types that are enabled; told at roots only.
    pub enabled_policy_types: Vec<OrganizationPolicyType>,
    /// The policies attached to it, in order.
    pub policies: Vec<Arc<OrganizationPolicy>>,
    /// Where it stands.
    pub place: Place,
}

/// A kind of policy that bounds permissions from the organization.
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
    /// Its id (`p-…`).
    pub id: String,
    /// Its name.
    pub name: String,
    /// SCP or RCP.
    pub policy_type: OrganizationPolicyType,
    /// What it says.
    pub document: CollectedDocument,
}

impl Organization {
    /// The units from the root down to the account, both included; none where it is not in the organization.
    pub fn path_from_root(&self, account: &AccountId) -> Option<Vec<&OrgNode>> {
        let mut unit = self.nodes.get(account.as_str())?;
        let mut path = vec![unit];
        while let Some(parent) = unit.parent.as_ref().and_then(|id| self.nodes.get(id)) {
            path.push(parent);
            unit = parent;
        }
        path.reverse();
        Some(path)
    }

    /// The account's path as `aws:PrincipalOrgPaths` holds it: `o-…/r-…/ou-…/`, without the account.
    pub fn principal_org_path(&self, account: &AccountId) -> Option<String> {
        let path = self.path_from_root(account)?;
        let mut text = format!("{}/", self.id);
        for unit in path.iter().filter(|unit| unit.kind != OrgNodeKind::Account) {
            text.push_str(&unit.id);
            text.push('/');
        }
        Some(text)
    }

    /// Whether a type of policy is in force for the account: in the organization, and enabled at its root.
    pub fn is_policy_type_enabled(&self, policy_type: OrganizationPolicyType, account: &AccountId) -> bool {
        self.path_from_root(account)
            .is_some_and(|path| path.first().is_some_and(|root| root.enabled_policy_types.contains(&policy_type)))
    }
}
