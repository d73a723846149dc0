//! Who can assume a role, as a finding names it.

use crate::trust::{TrustGrant, TrustScope};

/// Who can assume a role: the principal of the trust policy, and how far it reaches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedParty {
    /// The principal of the trust policy.
    #[doc(hidden)]
    pub grant: TrustGrant,
    /// Whose requests the grant admits.
    #[doc(hidden)]
    pub scope: TrustScope,
}

impl TrustedParty {
    /// Whether anyone can be the party: any AWS account, any customer of a shared identity provider, or any guest.
    pub(crate) fn is_anyone(&self) -> bool {
        matches!(self.scope, TrustScope::Anyone | TrustScope::AnyTenant(_) | TrustScope::Guests(_))
    }

    /// A stable token for fingerprints.
    pub(crate) fn to_token(&self) -> String {
        let grant = self.grant.as_str();
        let action = self.grant.assume_action();
        match &self.scope {
            TrustScope::Anyone => format!("anyone {action} {grant}"),
            TrustScope::AnyTenant(idp) => format!("any-tenant {} {grant}", idp.host),
            TrustScope::Guests(idp) => format!("guests {} {grant}", idp.host),
            TrustScope::Organization(id) => format!("organization {id} {grant}"),
            TrustScope::Account(account) => format!("account {} {grant}", account.as_str()),
            TrustScope::Principal(arn) => format!("principal {} {grant}", arn.as_str()),
            TrustScope::Provider => format!("provider {grant}"),
            TrustScope::Service => format!("service {grant}"),
            TrustScope::ServiceForOtherAccount => format!("service-for-other-account {grant}"),
        }
    }
}
