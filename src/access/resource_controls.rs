//! The resource control policies (RCPs) of an organization: they apply by the owner of the requested resource, never by the
//! principal (`docs/semantics.md` §4).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::missing_documents::is_layer_missing;
use super::policy_ref::{OrganizationLevel, PolicyRef};
use super::resource_directory::ResourceDirectory;
use crate::iam::{AccountId, Arn, Effect};
use crate::snapshot::{OrgNode, OrganizationPolicyType, Snapshot};

/// The action to which no RCP applies. AWS: *Resource control policies*.
pub const RCP_EXEMPT_ACTION: &str = "kms:RetireGrant";

/// The RCPs that apply to resources, by the accounts that own them.
#[derive(Clone, Debug)]
pub struct ResourceControls {
    levels: Arc<[ResourceControlLevel]>,
    directory: Arc<ResourceDirectory>,
    known_owner_patterns: Arc<[Box<str>]>,
}

/// The RCPs of one root, OU or account.
#[derive(Clone, Debug)]
pub struct ResourceControlLevel {
    /// The policies.
    pub level: OrganizationLevel,
    /// Whose resources they apply to.
    pub owners: ResourceOwners,
}

/// The owners of the resources of a level.
#[derive(Clone, Debug)]
pub enum ResourceOwners {
    /// Everyone.
    Everyone,
    /// Some accounts.
    Accounts {
        /// The accounts.
        accounts: Arc<BTreeSet<AccountId>>,
        /// Patterns over the ARNs of their resources, as far as the owner is known. A star in the first five segments
        /// matches no colon.
        arn_patterns: Arc<[Box<str>]>,
    },
}

/// The owner of a resource, as far as it is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ResourceOwner {
    /// An account.
    Account(AccountId),
    /// AWS.
    Aws,
    /// Unknown: the ARN has no account, and the snapshot does not know the resource. Or the request has no resource.
    Unknown,
}

impl ResourceControls {
    /// The RCPs of the organization of a snapshot. None if there are none, or if they could not be listed.
    pub fn from_snapshot(snapshot: &Snapshot, directory: &Arc<ResourceDirectory>) -> Option<ResourceControls> {
        let organization = snapshot.organization.as_ref()?;
        let policy_type = OrganizationPolicyType::ResourceControl;
        if is_layer_missing(snapshot, policy_type) {
            return None;
        }
        let mut nodes: Vec<(usize, &OrgNode, BTreeSet<AccountId>)> = Vec::new();
        let accounts = organization.nodes.keys().filter_map(|id| AccountId::parse(id));
        for account in accounts.filter(|account| organization.is_bound(policy_type, account)) {
            for (depth, node) in organization.path_from_root(&account).into_iter().flatten().enumerate() {
                match nodes.iter_mut().find(|(_, known, _)| known.id == node.id) {
                    Some((_, _, accounts)) => _ = accounts.insert(account.clone()),
                    None => nodes.push((depth, node, BTreeSet::from([account.clone()]))),
                }
            }
        }
        // The levels of each account are in the order of its path.
        nodes.sort_by_key(|(depth, _, _)| *depth);
        let to_level = |(_, node, accounts): (usize, &OrgNode, BTreeSet<AccountId>)| ResourceControlLevel {
            level: OrganizationLevel::from_node(node, policy_type),
            owners: ResourceOwners::of_accounts(accounts, directory),
        };
        let known = directory.known_resources().flat_map(|(arn, _)| resource_patterns(arn));
        Some(ResourceControls {
            levels: nodes.into_iter().map(to_level).collect(),
            directory: Arc::clone(directory),
            known_owner_patterns: known.collect(),
        })
    }

    /// RCPs that apply to every resource.
    pub fn on_every_resource(levels: Vec<OrganizationLevel>) -> ResourceControls {
        let to_level = |level| ResourceControlLevel { level, owners: ResourceOwners::Everyone };
        ResourceControls {
            levels: levels.into_iter().map(to_level).collect(),
            directory: Arc::default(),
            known_owner_patterns: [].into(),
        }
    }

    /// The RCPs that apply to the resources of one account, for requests on resources of this account only.
    pub fn of_account(&self, account: &AccountId) -> ResourceControls {
        let owner = ResourceOwner::Account(account.clone());
        let levels = self.levels.iter().filter(|level| level.owners.include(&owner, None));
        ResourceControls::on_every_resource(levels.map(|level| level.level.clone()).collect())
    }

    /// The RCPs without some policies.
    pub(crate) fn without_policies(&self, is_removed: &dyn Fn(&PolicyRef) -> bool) -> ResourceControls {
        let mut levels = self.levels.to_vec();
        levels.iter_mut().for_each(|control| control.level.policies.retain(|policy| !is_removed(policy)));
        ResourceControls { levels: levels.into(), ..self.clone() }
    }

    /// The levels, from the roots down.
    pub fn levels(&self) -> &[ResourceControlLevel] {
        &self.levels
    }

    /// The levels that can deny a request.
    pub fn denying_levels(&self) -> impl Iterator<Item = &ResourceControlLevel> {
        self.levels.iter().filter(|level| level.level.policies.iter().any(|policy| policy.has_effect(Effect::Deny)))
    }

    /// The levels that apply to a resource, from the root down. A resource of unknown owner counts as a resource of
    /// `default_owner`.
    pub fn levels_of(
        &self,
        resource: &str,
        default_owner: Option<&AccountId>,
    ) -> impl Iterator<Item = &OrganizationLevel> {
        let owner = self.find_owner(resource);
        let applies = move |level: &&ResourceControlLevel| level.owners.include(&owner, default_owner);
        self.levels.iter().filter(applies).map(|level| &level.level)
    }

    /// The owner of a resource.
    pub fn find_owner(&self, resource: &str) -> ResourceOwner {
        let Some(arn) = Arn::parse(resource) else { return ResourceOwner::Unknown };
        if !arn.account().is_empty() && AccountId::parse(arn.account()).is_none() {
            return ResourceOwner::Aws;
        }
        self.directory.owner_account(&arn).map_or(ResourceOwner::Unknown, ResourceOwner::Account)
    }

    /// Whether any member account can own a resource: its ARN has no account, and the snapshot does not know the owner.
    pub fn may_belong_to_any_member(&self, resource: &str) -> bool {
        Arn::parse(resource).is_some() && self.find_owner(resource) == ResourceOwner::Unknown
    }

    /// Patterns over the ARNs without an account whose owner is known. For stars, see [`ResourceOwners::Accounts`].
    pub fn known_owner_patterns(&self) -> &Arc<[Box<str>]> {
        &self.known_owner_patterns
    }
}

impl ResourceOwners {
    fn of_accounts(accounts: BTreeSet<AccountId>, directory: &ResourceDirectory) -> ResourceOwners {
        let by_account = accounts.iter().map(|account| format!("arn:*:*:*:{account}:*").into());
        let known = directory.known_resources().filter(|(_, owner)| accounts.contains(owner));
        let arn_patterns = by_account.chain(known.flat_map(|(arn, _)| resource_patterns(arn))).collect();
        ResourceOwners::Accounts { accounts: Arc::new(accounts), arn_patterns }
    }

    /// Whether the resources of an owner are included. `default_owner` owns those whose owner is unknown.
    pub fn include(&self, owner: &ResourceOwner, default_owner: Option<&AccountId>) -> bool {
        match (self, owner) {
            (ResourceOwners::Everyone, _) => true,
            (ResourceOwners::Accounts { .. }, ResourceOwner::Aws) => false,
            (ResourceOwners::Accounts { accounts, .. }, ResourceOwner::Account(account)) => accounts.contains(account),
            (ResourceOwners::Accounts { accounts, .. }, ResourceOwner::Unknown) => {
                default_owner.is_some_and(|account| accounts.contains(account))
            }
        }
    }
}

/// The ARNs of a resource, and of the resources inside it.
fn resource_patterns(arn: &str) -> [Box<str>; 2] {
    [arn.into(), format!("{arn}/*").into()]
}
