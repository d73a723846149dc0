//! Selects the accounts to read and the role to assume in each.

use std::collections::BTreeSet;

use super::api_calls;
use super::aws_session::ResolvedCaller;
use super::call_failure::CallFailure;
use super::collect_error::CollectError;
use super::collect_options::{CollectOptions, CollectScope};
use crate::iam::AccountId;
use crate::snapshot::format::{AccountEntry, OrganizationFile};

/// An account to read.
#[derive(Clone, Debug)]
pub(super) struct TargetAccount {
    pub(super) id: AccountId,
    pub(super) name: Option<String>,
    #[cfg(feature = "aws-resources")]
    pub(super) partition: crate::iam::Partition,
    /// The role to assume in it. `None` for the caller's own account.
    pub(super) role_arn: Option<String>,
    /// Whether to read the permission sets of IAM Identity Center with it.
    pub(super) has_permission_sets: bool,
}

/// The accounts to read: those that the options name, else the active accounts of the organization, else the caller's
/// own. Sorted and without duplicates.
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
            .map(|account| AccountId::parse(&account.id).ok_or_else(|| invalid_account_id(&account.id)))
            .collect::<Result<_, CollectError>>()?,
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
                        "no role is given for account {id}, which is not the caller's account ({})",
                        caller.account
                    ),
                    help: "use `--member-role NAME`; examples/member-role.json deploys such a role to an organization",
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

fn invalid_account_id(id: &str) -> CollectError {
    let message = format!("the organization lists an account with the id `{id}`, which is not an account number");
    CollectError::StartFailed(CallFailure::from_unexpected_answer(&api_calls::LIST_ACCOUNTS, message))
}

/// Whether an account is active. In a suspended or closed account, no role can be assumed.
pub(super) fn is_active_entry(account: &AccountEntry) -> bool {
    !matches!(account.status.as_deref(), Some("SUSPENDED" | "PENDING_CLOSURE" | "CLOSED" | "PENDING_ACTIVATION"))
}
