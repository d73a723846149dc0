//! How the session of a role began, if the search chose it. The condition keys of its requests follow from that.

use std::sync::Arc;

use crate::access::{KnownContext, SessionProviders, set_assumed_session, set_started_session};
use crate::iam::PrincipalEntry;
use crate::snapshot::Principal;

/// How the session of a role began, as far as that limits it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SessionStart {
    /// The role was passed to this service.
    Service(Arc<str>),
    /// With an identity of this provider, by its ARN.
    Provider(Arc<str>),
    /// A principal assumed the role, as its trust policy is.
    Assumed,
}

impl SessionStart {
    /// The identity provider that began the session. None if a principal or a service did.
    pub(crate) fn provider(&self) -> Option<&str> {
        match self {
            SessionStart::Provider(arn) => Some(arn),
            SessionStart::Service(_) | SessionStart::Assumed => None,
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
    pub(super) fn set_facts(&self, known: &mut KnownContext, role: &Principal) {
        match self {
            SessionStart::Service(name) => set_started_session(known, &PrincipalEntry::Service(name.as_ref().into())),
            SessionStart::Provider(arn) => set_started_session(known, &PrincipalEntry::Federated(arn.as_ref().into())),
            SessionStart::Assumed => set_assumed_session(known, role),
        }
    }
}

/// Whether the ARN of an identity provider is that of a SAML provider.
pub(crate) fn is_saml_provider(arn: &str) -> bool {
    arn.contains(":saml-provider/")
}
