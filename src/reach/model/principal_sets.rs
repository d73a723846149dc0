//! Sets of principals: by type, by account, by group, by managed policy.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::arn_index::ArnIndex;
use super::managed_policies::managed_policy_arn;
use super::node::{PrincipalNode, has_deny};
use crate::snapshot::{IamEntityKind, Snapshot};

/// The path of the roles that IAM Identity Center creates.
const IDENTITY_CENTER_PATH: &str = "/aws-reserved/sso.amazonaws.com/";

/// Sets of principals, by position in the snapshot.
pub(crate) struct PrincipalSets {
    pub(crate) users: FixedBitSet,
    /// Roles that can be passed and assumed. Excludes service-linked roles.
    pub(crate) roles: FixedBitSet,
    /// Roles whose policies and trust policy the account can change. Excludes roles under `/aws-reserved/`.
    pub(crate) modifiable_roles: FixedBitSet,
    /// Roles of the permission sets of IAM Identity Center.
    pub(crate) sso_roles: FixedBitSet,
    /// Roles that have no instance profile according to the snapshot.
    pub(crate) roles_without_profile: FixedBitSet,
    /// The principals of each account, in the snapshot's order of accounts.
    by_account: Vec<FixedBitSet>,
    /// Account id to the account's position.
    account_positions: FxHashMap<String, usize>,
    /// Principal to its account's position.
    account_by_principal: Vec<usize>,
    /// Customer managed policy to the principals that hold it, directly or through a group.
    policy_holders: Vec<FixedBitSet>,
    /// Customer managed policy to the principals whose permissions boundary it is.
    bounded_principals: Vec<FixedBitSet>,
    /// The principals with a permissions boundary in the snapshot.
    bounded: FixedBitSet,
    /// The principals with a policy that denies actions.
    denied: FixedBitSet,
    /// Group to its members.
    group_members: Vec<FixedBitSet>,
}

impl PrincipalSets {
    pub(crate) fn new(
        snapshot: &Snapshot,
        nodes: &[PrincipalNode<'_>],
        principals: &ArnIndex,
        groups: &ArnIndex,
        policies: &ArnIndex,
    ) -> PrincipalSets {
        let account_ids = snapshot.accounts.iter().map(|account| account.id.as_str().to_owned());
        let mut sets = PrincipalSets {
            users: principals.empty_set(),
            roles: principals.empty_set(),
            modifiable_roles: principals.empty_set(),
            sso_roles: principals.empty_set(),
            roles_without_profile: principals.empty_set(),
            by_account: snapshot.accounts.iter().map(|_| principals.empty_set()).collect(),
            account_positions: account_ids.enumerate().map(|(position, id)| (id, position)).collect(),
            account_by_principal: Vec::with_capacity(nodes.len()),
            policy_holders: (0..policies.len()).map(|_| principals.empty_set()).collect(),
            bounded_principals: (0..policies.len()).map(|_| principals.empty_set()).collect(),
            bounded: principals.empty_set(),
            denied: principals.empty_set(),
            group_members: (0..groups.len()).map(|_| principals.empty_set()).collect(),
        };
        for (index, node) in nodes.iter().enumerate() {
            sets.add_to_account(index, node);
            sets.add_by_type(index, node);
            for arn in node.principal.identity_policies.iter().filter_map(managed_policy_arn) {
                if let Some(holders) = policies.find(arn).and_then(|policy| sets.policy_holders.get_mut(policy)) {
                    holders.insert(index);
                }
            }
            sets.bounded.set(index, node.layers.boundary.is_some());
            let held = &node.principal.identity_policies;
            sets.denied.set(index, held.iter().any(|policy| has_deny(&policy.document)));
            let boundary = node.principal.boundary.as_ref().and_then(|boundary| policies.find(&boundary.arn));
            if let Some(bounded) = boundary.and_then(|policy| sets.bounded_principals.get_mut(policy)) {
                bounded.insert(index);
            }
            for name in &node.principal.group_names {
                let group = node.account.groups.iter().find(|group| group.name == *name);
                let position = group.and_then(|group| groups.find(group.arn.as_str()));
                if let Some(members) = position.and_then(|group| sets.group_members.get_mut(group)) {
                    members.insert(index);
                }
            }
        }
        sets
    }

    /// Whether the snapshot has one account only.
    pub(crate) fn is_single_account(&self) -> bool {
        self.by_account.len() == 1
    }

    fn add_to_account(&mut self, index: usize, node: &PrincipalNode<'_>) {
        // INVARIANT: nodes are the principals of the snapshot's accounts.
        let account = self.account_positions.get(node.account.id.as_str()).copied();
        let account = account.expect("the account of a principal is in the snapshot");
        self.account_by_principal.push(account);
        self.by_account.get_mut(account).expect("one set per account").insert(index);
    }

    fn add_by_type(&mut self, index: usize, node: &PrincipalNode<'_>) {
        match node.principal.entity_kind {
            IamEntityKind::User => self.users.insert(index),
            IamEntityKind::Role => {
                self.roles.insert(index);
                // Only AWS can change roles under this path. A role that has the path of IAM Identity Center and not its
                // trust policy is not one of AWS.
                let path = &node.principal.path;
                let is_reserved = path.starts_with("/aws-reserved/") && !path.starts_with(IDENTITY_CENTER_PATH);
                self.modifiable_roles.set(index, !is_reserved);
            }
            IamEntityKind::SsoRole => {
                self.roles.insert(index);
                self.sso_roles.insert(index);
            }
            IamEntityKind::ServiceLinkedRole => {}
        }
        self.roles_without_profile.set(index, node.principal.instance_profile_count == Some(0));
    }

    /// The position of a principal's account in the snapshot.
    pub(crate) fn account_of(&self, principal: usize) -> usize {
        // INVARIANT: `new` pushes one entry per principal.
        *self.account_by_principal.get(principal).expect("a principal of the snapshot")
    }

    /// The principals in the account of a principal, including itself.
    pub(crate) fn neighbors(&self, principal: usize) -> &FixedBitSet {
        self.by_account.get(self.account_of(principal)).expect("one set per account")
    }

    /// The principals of an account, by its id. None if the account is not in the snapshot.
    pub(crate) fn find_account_principals(&self, account: &str) -> Option<&FixedBitSet> {
        self.account_positions.get(account).and_then(|position| self.by_account.get(*position))
    }

    /// The principals that hold a customer managed policy, by the policy's position.
    pub(crate) fn policy_holders(&self, policy: usize) -> &FixedBitSet {
        self.policy_holders.get(policy).expect("one set per policy")
    }

    /// The principals whose permissions boundary is a customer managed policy, by the policy's position.
    pub(crate) fn bounded_principals(&self, policy: usize) -> &FixedBitSet {
        self.bounded_principals.get(policy).expect("one set per policy")
    }

    /// The principals with a permissions boundary in the snapshot.
    pub(crate) fn bounded(&self) -> &FixedBitSet {
        &self.bounded
    }

    /// The principals with a policy that denies actions.
    pub(crate) fn denied(&self) -> &FixedBitSet {
        &self.denied
    }

    /// The members of a group, by the group's position.
    pub(crate) fn group_members(&self, group: usize) -> &FixedBitSet {
        self.group_members.get(group).expect("one set per group")
    }
}
