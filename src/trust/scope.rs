//! Whose requests a trust grant admits.

use super::shared_idp::SharedIdp;
use crate::iam::{AccountId, Arn};

/// Whose requests a trust grant admits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TrustScope {
    /// Those of principals of any account.
    Anyone,
    /// Those of any customer of a shared identity provider.
    AnyTenant(&'static SharedIdp),
    /// Those of principals of any account of an organization.
    Organization(String),
    /// Those of principals of one account.
    Account(AccountId),
    /// Those of one principal.
    Principal(Arn),
    /// Those of identities of one identity provider.
    Provider,
    /// Those of an AWS service, for a resource of the account of the role.
    Service,
    /// Those of an AWS service, for a resource of another account.
    ServiceForOtherAccount,
}
