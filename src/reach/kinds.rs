//! Everyone by what can be done to them.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::being::Node;
use super::universe::Universe;
use crate::snapshot::{HeldPolicy, Holding, PrincipalKind, Snapshot};

/// Everyone by what can be done to them.
pub(super) struct Kinds {
    /// Users.
    pub(super) users: FixedBitSet,
    /// Roles that can be passed and assumed: not those that services own.
    pub(super) roles: FixedBitSet,
    /// Roles whose policies their account may change.
    pub(super) own_roles: FixedBitSet,
    /// Roles that are known to lack an instance profile.
    pub(super) without_profile: FixedBitSet,
    /// The principals of each account, in the snapshot's order of accounts.
    pub(super) of_account: Vec<FixedBitSet>,
    /// The accounts' positions, by number.
    by_number: FxHashMap<String, usize>,
    /// Each principal's account.
    pub(super) account_of: Vec<usize>,
    /// Who has each customer managed policy, itself or by a group.
    pub(super) holders: Vec<FixedBitSet>,
    /// Who is in each group.
    pub(super) members: Vec<FixedBitSet>,
}

impl Kinds {
    /// The principals of an account, by its number.
    pub(super) fn of_account(&self, account: &str) -> Option<&FixedBitSet> {
        self.by_number.get(account).and_then(|at| self.of_account.get(*at))
    }

    pub(super) fn of(
        snapshot: &Snapshot,
        nodes: &[Node<'_>],
        principals: &Universe,
        groups: &Universe,
        policies: &Universe,
    ) -> Kinds {
        let mut kinds = Kinds {
            users: principals.none(),
            roles: principals.none(),
            own_roles: principals.none(),
            without_profile: principals.none(),
            of_account: snapshot.accounts.iter().map(|_| principals.none()).collect(),
            by_number: snapshot.accounts.iter().enumerate().map(|(at, a)| (a.id.as_str().to_owned(), at)).collect(),
            account_of: Vec::with_capacity(nodes.len()),
            holders: (0..policies.len()).map(|_| principals.none()).collect(),
            members: (0..groups.len()).map(|_| principals.none()).collect(),
        };
        for (index, node) in nodes.iter().enumerate() {
            let principal = node.principal;
            let at = kinds.by_number.get(node.account.id.as_str()).copied().unwrap_or_default();
            kinds.account_of.push(at);
            if let Some(all) = kinds.of_account.get_mut(at) {
                all.insert(index);
            }
            match principal.kind {
                PrincipalKind::User => kinds.users.insert(index),
                PrincipalKind::Role => {
                    kinds.roles.insert(index);
                    // AWS alone changes what is under this path.
                    kinds.own_roles.set(index, !principal.path.starts_with("/aws-reserved/"));
                }
                PrincipalKind::SsoRole => kinds.roles.insert(index),
                PrincipalKind::ServiceLinkedRole => {}
            }
            kinds.without_profile.set(index, principal.instance_profiles == Some(0));
            for arn in principal.identity.iter().filter_map(managed) {
                if let Some(holders) = policies.find(arn).and_then(|policy| kinds.holders.get_mut(policy)) {
                    holders.insert(index);
                }
            }
            for name in &principal.groups {
                let found = node.account.groups.iter().find(|group| group.name == *name);
                if let Some(members) = found
                    .and_then(|group| groups.find(group.arn.as_str()))
                    .and_then(|group| kinds.members.get_mut(group))
                {
                    members.insert(index);
                }
            }
        }
        kinds
    }
}

/// The ARN of a managed policy that someone has.
pub(super) fn managed(held: &HeldPolicy) -> Option<&str> {
    match &held.holding {
        Holding::Attached { arn, .. } => Some(arn),
        _ => None,
    }
}
