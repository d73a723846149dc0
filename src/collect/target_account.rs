//! The accounts that are to be read, and as whom.

use std::collections::BTreeSet;

use super::aws_session::ResolvedCaller;
use super::collect_error::CollectError;
use super::collect_options::{CollectOptions, CollectScope};
use crate::iam::AccountId;
use crate::snapshot::format::{AccountEntry, OrganizationFile};

/// An account that is to be read.
#[derive(Clone, Debug)]
pub(super) struct TargetAccount {
    pub(super) id: AccountId,
    pub(super) name: Option<String>,
    #[cfg(feature = "aws-resources")]
    pub(super) partition: crate::iam::Partition,
    /// The role that is assumed in it; none where the caller is at home.
    pub(super) role_arn: Option<String>,
    /// Whether the permission sets are read beside it.
    pub(super) has_permission_sets: bool,
}

/// The accounts to read: those that were named, or all of the organization that are active, or the caller's own. In
/// order, each once.
pub(super) fn select_targets(
    options: &CollectOptions,
    caller: &ResolvedCaller,
    organization: Option<&OrganizationFile>,
) -> Result<Vec<TargetAccount>, CollectError> {
    let is_active_account = |account: &&AccountEntry| is_active_entry(account);
    let ids: BTreeSet<AccountId> = match organization {
        _ if !options.accounts.is_empty() => options.accounts.iter().cloned().collect(),
        Some(organization) => organization
            .accounts
            .iter()
            .filter(is_active_account)
            .filter_map(|account| AccountId::parse(&account.id))
            .collect(),
        None => BTreeSet::from([caller.account.clone()]),
    };
    let mut targets = Vec::new();
    for id in ids {
        let is_caller_account = id == caller.account;
        let role_arn = match &options.member_role {
            _ if is_caller_account => None,
            Some(role) => {
                Some(format!("arn:{}:iam::{id}:role/{}", caller.partition.as_str(), role.trim_start_matches('/')))
            }
            None => {
                return Err(CollectError::Arguments {
                    message: format!(
                        "account {id} is not the caller's ({}), and no role is named to read it",
                        caller.account
                    ),
                    help: "give `--member-role NAME`; examples/member-role.json rolls one out to an organization",
                });
            }
        };
        let name = organization.and_then(|organization| {
            organization.accounts.iter().find(|account| account.id == id.as_str())?.name.clone()
        });
        let has_permission_sets = is_caller_account && options.scope == CollectScope::Organization;
        targets.push(TargetAccount {
            id,
            name,
            #[cfg(feature = "aws-resources")]
            partition: caller.partition,
            role_arn,
            has_permission_sets,
        });
    }
    Ok(targets)
}

/// Nobody can act in an account that is suspended or closed, nor can a role be assumed there.
pub(super) fn is_active_entry(account: &AccountEntry) -> bool {
    !matches!(account.status.as_deref(), Some("SUSPENDED" | "PENDING_CLOSURE" | "CLOSED" | "PENDING_ACTIVATION"))
}
