//! The accounts that are to be read, and as whom.

use std::collections::BTreeSet;

use super::error::CollectError;
use super::options::{Options, Reach};
use super::session::Caller;
use crate::iam::AccountId;
use crate::snapshot::format::{AccountEntry, OrganizationFile};

/// An account that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Target {
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
pub(super) fn targets(
    options: &Options,
    caller: &Caller,
    organization: Option<&OrganizationFile>,
) -> Result<Vec<Target>, CollectError> {
    let of_organization = |account: &&AccountEntry| is_active(account);
    let ids: BTreeSet<AccountId> = match organization {
        _ if !options.accounts.is_empty() => options.accounts.iter().cloned().collect(),
        Some(organization) => organization
            .accounts
            .iter()
            .filter(of_organization)
            .filter_map(|account| AccountId::parse(&account.id))
            .collect(),
        None => BTreeSet::from([caller.account.clone()]),
    };
    let mut targets = Vec::new();
    for id in ids {
        let at_home = id == caller.account;
        let role_arn = match &options.member_role {
            _ if at_home => None,
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
        let has_permission_sets = at_home && options.organization == Reach::Organization;
        targets.push(Target {
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
pub(super) fn is_active(account: &AccountEntry) -> bool {
    !matches!(account.status.as_deref(), Some("SUSPENDED" | "PENDING_CLOSURE" | "CLOSED" | "PENDING_ACTIVATION"))
}
