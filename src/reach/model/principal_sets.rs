//! Everyone by what can be done to them.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::arn_index::ArnIndex;
use super::state::PrincipalNode;
use crate::snapshot::{AttachmentKind, IamEntityKind, PolicyAttachment, Snapshot};

/// Everyone by what can be done to them.
pub(crate) struct PrincipalSets {
    /// Users.
    pub(crate) users: FixedBitSet,
    /// Roles that can be passed and assumed: not those that services own.
    pub(crate) roles: FixedBitSet,
    /// Roles whose policies their account may change.
    pub(crate) modifiable_roles: FixedBitSet,
    /// Roles that are known to lack an instance profile.
    pub(crate) roles_without_profile: FixedBitSet,
    /// The principals of each account, in the snapshot's order of accounts.
    pub(crate) by_account: Vec<FixedBitSet>,
    /// The accounts' positions, by number.
    account_positions: FxHashMap<String, usize>,
    /// Each principal's account.
    pub(crate) account_by_principal: Vec<usize>,
    /// Who has each customer managed policy, itself or by a group.
    pub(crate) policy_holders: Vec<FixedBitSet>,
    /// Who is in each group.
    pub(crate) group_members: Vec<FixedBitSet>,
}

impl PrincipalSets {
    /// The principals of an account, by its number.
    pub(crate) fn find_account_principals(&self, account: &str) -> Option<&FixedBitSet> {
        self.account_positions.get(account).and_then(|at| self.by_account.get(*at))
    }

    pub(crate) fn new(
        snapshot: &Snapshot,
        nodes: &[PrincipalNode<'_>],
        principals: &ArnIndex,
        groups: &ArnIndex,
        policies: &ArnIndex,
    ) -> PrincipalSets {
        let mut sets = PrincipalSets {
            users: principals.empty_set(),
            roles: principals.empty_set(),
            modifiable_roles: principals.empty_set(),
            roles_without_profile: principals.empty_set(),
            by_account: snapshot.accounts.iter().map(|_| principals.empty_set()).collect(),
            account_positions: snapshot
                .accounts
                .iter()
                .enumerate()
                .map(|(at, a)| (a.id.as_str().to_owned(), at))
                .collect(),
            account_by_principal: Vec::with_capacity(nodes.len()),
            policy_holders: (0..policies.len()).map(|_| principals.empty_set()).collect(),
            group_members: (0..groups.len()).map(|_| principals.empty_set()).collect(),
        };
        for (index, node) in nodes.iter().enumerate() {
            let principal = node.principal;
            let at = sets.account_positions.get(node.account.id.as_str()).copied().unwrap_or_default();
            sets.account_by_principal.push(at);
            if let Some(all) = sets.by_account.get_mut(at) {
                all.insert(index);
            }
            match principal.entity_kind {
                IamEntityKind::User => sets.users.insert(index),
                IamEntityKind::Role => {
                    sets.roles.insert(index);
                    // AWS alone changes what is under this path.
                    sets.modifiable_roles.set(index, !principal.path.starts_with("/aws-reserved/"));
                }
                IamEntityKind::SsoRole => sets.roles.insert(index),
                IamEntityKind::ServiceLinkedRole => {}
            }
            sets.roles_without_profile.set(index, principal.instance_profile_count == Some(0));
            for arn in principal.identity_policies.iter().filter_map(managed_policy_arn) {
                if let Some(holders) = policies.find(arn).and_then(|policy| sets.policy_holders.get_mut(policy)) {
                    holders.insert(index);
                }
            }
            for name in &principal.group_names {
                let found = node.account.groups.iter().find(|group| group.name == *name);
                if let Some(members) = found
                    .and_then(|group| groups.find(group.arn.as_str()))
                    .and_then(|group| sets.group_members.get_mut(group))
                {
                    members.insert(index);
                }
            }
        }
        sets
    }
}

/// The ARN of a managed policy that someone has.
pub(crate) fn managed_policy_arn(attachment: &PolicyAttachment) -> Option<&str> {
    match &attachment.kind {
        AttachmentKind::Attached { arn, .. } => Some(arn),
        _ => None,
    }
}
