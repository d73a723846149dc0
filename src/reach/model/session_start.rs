//! How the session of a role began, if the search chose it. The condition keys of its requests follow from that.

use std::sync::Arc;

use crate::access::{KnownContext, SessionProviders, set_started_session};
use crate::iam::PrincipalEntry;

/// How the session of a role began.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SessionStart {
    /// The role was passed to this service.
    Service(Arc<str>),
    /// With an identity of this provider, by its ARN.
    Provider(Arc<str>),
}

impl SessionStart {
    /// The identity provider that began the session. None if a service did.
    pub(crate) fn provider(&self) -> Option<&str> {
        match self {
            SessionStart::Provider(arn) => Some(arn),
            SessionStart::Service(_) => None,
        }
    }

    /// Whether it begins with a SAML assertion, which has the session tags that its provider chooses.
    pub(crate) fn has_assertion(&self) -> bool {
        self.provider().is_some_and(is_saml_provider)
    }

    /// The identity providers with which the session began.
    pub(super) fn to_providers(&self) -> SessionProviders {
        self.provider().map_or_else(SessionProviders::default, SessionProviders::of_provider)
    }

    /// Sets the condition keys that only such sessions have, or do not have.
    pub(super) fn set_facts(&self, known: &mut KnownContext) {
        let starter = match self {
            SessionStart::Service(name) => PrincipalEntry::Service(name.as_ref().into()),
            SessionStart::Provider(arn) => PrincipalEntry::Federated(arn.as_ref().into()),
        };
        set_started_session(known, &starter);
    }
}

/// Whether the ARN of an identity provider is that of a SAML provider.
pub(crate) fn is_saml_provider(arn: &str) -> bool {
    arn.contains(":saml-provider/")
}
