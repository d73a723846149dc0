//! The identity providers that can start sessions of a role: a resource policy can name them as `Federated` principals.

use crate::iam::{Effect, ElementKind, PolicyDocument, PrincipalEntry};

/// The identity providers with which sessions of a role can begin.
#[derive(Clone, Debug, Default)]
pub struct SessionProviders {
    /// As the trust policy names them.
    names: Vec<Box<str>>,
    /// Whether others can start sessions, too.
    has_others: bool,
}

impl SessionProviders {
    /// One provider alone.
    pub fn of_provider(provider: &str) -> SessionProviders {
        SessionProviders { names: vec![provider.into()], has_others: false }
    }

    /// Those that a trust policy admits. None of the conditions is looked at.
    pub(super) fn from_trust_policy(document: &PolicyDocument) -> SessionProviders {
        let mut providers = SessionProviders::default();
        let allowing = document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        for element in allowing.filter_map(|statement| statement.principal.as_ref()) {
            providers.has_others |= element.kind == ElementKind::NotList;
            for entry in &element.entries {
                match entry {
                    PrincipalEntry::Federated(name) => providers.names.push(name.as_ref().into()),
                    _ => providers.has_others = true,
                }
            }
        }
        providers
    }

    /// Whether a statement that names a provider applies to the role: an Allow if some session begins with the provider, a
    /// Deny if each does.
    // AWS: AWS JSON policy elements: Principal, "OIDC federated principals" and "SAML federated principals"
    pub(super) fn applies_to(&self, provider: &str, effect: Effect) -> bool {
        let is_provider = |name: &str| name.eq_ignore_ascii_case(provider);
        match effect {
            Effect::Allow => self.names.iter().any(|name| is_provider(name)),
            Effect::Deny => {
                !self.names.is_empty() && !self.has_others && self.names.iter().all(|name| is_provider(name))
            }
        }
    }
}
