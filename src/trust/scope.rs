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
    /// Those of anyone without sign-in, with a token that a shared identity provider issues to guests of a customer.
    Guests(&'static SharedIdp),
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

impl TrustScope {
    /// Whether the requests are those of a service.
    pub(super) fn is_service(&self) -> bool {
        matches!(self, TrustScope::Service | TrustScope::ServiceForOtherAccount)
    }

    /// Whether a report about this scope also covers another scope, if the same statement admits both for one grant:
    /// anyone is also each organization, account and service, any customer is also an identity of the provider and a guest, a guest
    /// is also an identity of the provider, and a service is also the service for another account.
    pub(crate) fn implies(&self, other: &TrustScope) -> bool {
        match self {
            TrustScope::Anyone => !matches!(other, TrustScope::Anyone),
            TrustScope::AnyTenant(_) => matches!(other, TrustScope::Guests(_) | TrustScope::Provider),
            TrustScope::Guests(_) => matches!(other, TrustScope::Provider),
            TrustScope::Service => matches!(other, TrustScope::ServiceForOtherAccount),
            _ => false,
        }
    }
}
