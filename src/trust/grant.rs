//! Whom a trust policy lets in, one way after the other.

use std::sync::Arc;

use crate::iam::element::ActionElement;
use crate::iam::principal_element::{AwsPrincipal, PrincipalEntry};
use crate::iam::{AccountId, Arn, Effect, ElementKind, PolicyDocument, PrincipalElement, Statement};

/// One way into a role: whom a trust policy names.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum TrustGrant {
    /// Anyone.
    Anyone,
    /// Anyone for whom some OIDC provider vouches.
    AnyOidcProvider,
    /// Anyone for whom some SAML provider vouches.
    AnySamlProvider,
    /// Whoever an account lets.
    Account(AccountId),
    /// A user, a role or a session.
    Principal(Arn),
    /// An AWS service, as it is written.
    Service(String),
    /// A SAML provider, by its ARN.
    Saml(String),
    /// An OIDC provider: as it is written, and its address.
    Oidc {
        /// Its ARN, or the address of one that AWS knows by itself.
        provider: String,
        /// The address, without `https://`.
        host: String,
    },
    /// Something of another form, as it is written.
    Other(String),
}

impl TrustGrant {
    /// The ways that an entry of a principal element opens. `entity` tells the ARN of a unique id; the id of an
    /// entity that is gone lets in nobody.
    fn all_from_entry(entry: &PrincipalEntry, resolve_unique_id: &dyn Fn(&str) -> Option<Arn>) -> Vec<TrustGrant> {
        match entry {
            // A wildcard speaks of principals of every kind; the action tells by which way they come.
            PrincipalEntry::Anyone => {
                vec![TrustGrant::Anyone, TrustGrant::AnyOidcProvider, TrustGrant::AnySamlProvider]
            }
            PrincipalEntry::Federated(text) if &**text == "*" => {
                vec![TrustGrant::AnyOidcProvider, TrustGrant::AnySamlProvider]
            }
            entry => TrustGrant::from_entry(entry, resolve_unique_id).into_iter().collect(),
        }
    }

    fn from_entry(entry: &PrincipalEntry, resolve_unique_id: &dyn Fn(&str) -> Option<Arn>) -> Option<TrustGrant> {
        Some(match entry {
            PrincipalEntry::Anyone => TrustGrant::Anyone,
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => TrustGrant::Account(account.clone()),
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => match AccountId::parse(root.account()) {
                Some(account) => TrustGrant::Account(account),
                None => TrustGrant::Other(root.as_str().to_owned()),
            },
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => TrustGrant::Principal(arn.clone()),
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => TrustGrant::Principal(resolve_unique_id(id)?),
            PrincipalEntry::Service(name) => TrustGrant::Service(name.to_string()),
            PrincipalEntry::Federated(text) => parse_federated(text),
            PrincipalEntry::CanonicalUser(id) => TrustGrant::Other(format!("canonical user {id}")),
        })
    }

    /// The action by which it is taken.
    pub fn assume_action(&self) -> &'static str {
        match self {
            TrustGrant::Saml(_) | TrustGrant::AnySamlProvider => "sts:AssumeRoleWithSAML",
            TrustGrant::Oidc { .. } | TrustGrant::AnyOidcProvider => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:AssumeRole",
        }
    }

    /// What a list of assumers is held against.
    pub fn as_str(&self) -> &str {
        match self {
            TrustGrant::Anyone | TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider => "*",
            TrustGrant::Account(account) => account.as_str(),
            TrustGrant::Principal(arn) => arn.as_str(),
            TrustGrant::Service(text)
            | TrustGrant::Saml(text)
            | TrustGrant::Oidc { provider: text, .. }
            | TrustGrant::Other(text) => text,
        }
    }

    /// The account that it leads from, where it leads from one.
    pub fn account_id(&self) -> Option<AccountId> {
        match self {
            TrustGrant::Account(account) => Some(account.clone()),
            TrustGrant::Principal(arn) => AccountId::parse(arn.account()),
            _ => None,
        }
    }
}

fn parse_federated(text: &str) -> TrustGrant {
    if text.contains(":saml-provider/") {
        return TrustGrant::Saml(text.to_owned());
    }
    let host = match text.split_once(":oidc-provider/") {
        Some((_, host)) => host,
        None if text.contains('.') && !text.contains(['$', '{']) => text,
        None => return TrustGrant::Other(text.to_owned()),
    };
    TrustGrant::Oidc { provider: text.to_owned(), host: host.trim_end_matches('/').to_owned() }
}

/// Every way into a role that some Allow statement opens, once each.
pub(super) fn list_grants(
    document: &PolicyDocument,
    resolve_unique_id: &dyn Fn(&str) -> Option<Arn>,
) -> Vec<TrustGrant> {
    let mut grants = Vec::new();
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let Some(element) = &statement.principal else { continue };
        // No trust policy may say `NotPrincipal`; one that does is read as wide as it can be.
        let statement_grants: Vec<TrustGrant> = match element.kind {
            ElementKind::List => {
                element.entries.iter().flat_map(|entry| TrustGrant::all_from_entry(entry, resolve_unique_id)).collect()
            }
            ElementKind::NotList => vec![TrustGrant::Anyone],
        };
        for grant in statement_grants {
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
    }
    grants
}

/// The trust policy as it speaks of one way: the same statements at the same positions, without their principals,
/// those that do not speak of it without an action.
pub(super) fn restrict_to_grant(
    document: &PolicyDocument,
    grant: &TrustGrant,
    resolve_unique_id: &dyn Fn(&str) -> Option<Arn>,
) -> Arc<PolicyDocument> {
    let mut restricted = document.clone();
    for statement in &mut restricted.statements {
        let is_applicable = statement
            .principal
            .take()
            .is_none_or(|element| applies_to_grant(statement, &element, grant, resolve_unique_id));
        if !is_applicable {
            statement.action = ActionElement { kind: ElementKind::List, patterns: Vec::new() };
        }
    }
    Arc::new(restricted)
}

/// Whether a statement speaks of all who come by a way. A Deny for some of them alone is left out: the wider side.
fn applies_to_grant(
    statement: &Statement,
    element: &PrincipalElement,
    grant: &TrustGrant,
    resolve_unique_id: &dyn Fn(&str) -> Option<Arn>,
) -> bool {
    let entry_grants: Vec<TrustGrant> =
        element.entries.iter().flat_map(|entry| TrustGrant::all_from_entry(entry, resolve_unique_id)).collect();
    match (statement.effect, element.kind) {
        (Effect::Allow, ElementKind::List) => entry_grants.contains(grant),
        (Effect::Allow, ElementKind::NotList) => *grant == TrustGrant::Anyone,
        (Effect::Deny, ElementKind::List) => {
            let account = grant.account_id().map(TrustGrant::Account);
            entry_grants.iter().any(|entry_grant| {
                *entry_grant == TrustGrant::Anyone || entry_grant == grant || Some(entry_grant) == account.as_ref()
            })
        }
        (Effect::Deny, ElementKind::NotList) => {
            let exempts_grant = |entry_grant: &TrustGrant| {
                *entry_grant == TrustGrant::Anyone
                    || entry_grant == grant
                    || entry_grant.account_id() == grant.account_id()
            };
            *grant != TrustGrant::Anyone && !entry_grants.iter().any(exempts_grant)
        }
    }
}
