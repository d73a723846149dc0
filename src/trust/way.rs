//! Whom a trust policy lets in, one way after the other.

use std::sync::Arc;

use crate::iam::document::ActionElement;
use crate::iam::principal::{AwsPrincipal, PrincipalEntry};
use crate::iam::{AccountId, Arn, Effect, Listing, PolicyDocument, PrincipalElement, Statement};

/// One way into a role: whom a trust policy names.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum Way {
    /// Anyone.
    Anyone,
    /// Anyone for whom some OIDC provider vouches.
    AnyToken,
    /// Anyone for whom some SAML provider vouches.
    AnyAssertion,
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

impl Way {
    /// The ways that an entry of a principal element opens. `entity` tells the ARN of a unique id; the id of an
    /// entity that is gone lets in nobody.
    fn of(entry: &PrincipalEntry, entity: &dyn Fn(&str) -> Option<Arn>) -> Vec<Way> {
        match entry {
            // A wildcard speaks of principals of every kind; the action tells by which way they come.
            PrincipalEntry::Anyone => vec![Way::Anyone, Way::AnyToken, Way::AnyAssertion],
            PrincipalEntry::Federated(text) if &**text == "*" => vec![Way::AnyToken, Way::AnyAssertion],
            entry => Way::of_one(entry, entity).into_iter().collect(),
        }
    }

    fn of_one(entry: &PrincipalEntry, entity: &dyn Fn(&str) -> Option<Arn>) -> Option<Way> {
        Some(match entry {
            PrincipalEntry::Anyone => Way::Anyone,
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => Way::Account(account.clone()),
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => match AccountId::parse(root.account()) {
                Some(account) => Way::Account(account),
                None => Way::Other(root.as_str().to_owned()),
            },
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => Way::Principal(arn.clone()),
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => Way::Principal(entity(id)?),
            PrincipalEntry::Service(name) => Way::Service(name.to_string()),
            PrincipalEntry::Federated(text) => federated(text),
            PrincipalEntry::CanonicalUser(id) => Way::Other(format!("canonical user {id}")),
        })
    }

    /// The action by which it is taken.
    pub fn action(&self) -> &'static str {
        match self {
            Way::Saml(_) | Way::AnyAssertion => "sts:AssumeRoleWithSAML",
            Way::Oidc { .. } | Way::AnyToken => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:AssumeRole",
        }
    }

    /// What a list of assumers is held against.
    pub fn text(&self) -> &str {
        match self {
            Way::Anyone | Way::AnyToken | Way::AnyAssertion => "*",
            Way::Account(account) => account.as_str(),
            Way::Principal(arn) => arn.as_str(),
            Way::Service(text) | Way::Saml(text) | Way::Oidc { provider: text, .. } | Way::Other(text) => text,
        }
    }

    /// The account that it leads from, where it leads from one.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Way::Account(account) => Some(account.clone()),
            Way::Principal(arn) => AccountId::parse(arn.account()),
            _ => None,
        }
    }
}

fn federated(text: &str) -> Way {
    if text.contains(":saml-provider/") {
        return Way::Saml(text.to_owned());
    }
    let host = match text.split_once(":oidc-provider/") {
        Some((_, host)) => host,
        None if text.contains('.') && !text.contains(['$', '{']) => text,
        None => return Way::Other(text.to_owned()),
    };
    Way::Oidc { provider: text.to_owned(), host: host.trim_end_matches('/').to_owned() }
}

/// Every way into a role that some Allow statement opens, once each.
pub(super) fn ways(document: &PolicyDocument, entity: &dyn Fn(&str) -> Option<Arn>) -> Vec<Way> {
    let mut ways = Vec::new();
    for statement in document.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
        let Some(element) = &statement.principal else { continue };
        // No trust policy may say `NotPrincipal`; one that does is read as wide as it can be.
        let opened: Vec<Way> = match element.listing {
            Listing::Only => element.entries.iter().flat_map(|entry| Way::of(entry, entity)).collect(),
            Listing::AllBut => vec![Way::Anyone],
        };
        for way in opened {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

/// The trust policy as it speaks of one way: the same statements at the same positions, without their principals,
/// those that do not speak of it without an action.
pub(super) fn view(document: &PolicyDocument, way: &Way, entity: &dyn Fn(&str) -> Option<Arn>) -> Arc<PolicyDocument> {
    let mut view = document.clone();
    for statement in &mut view.statements {
        let speaks = statement.principal.take().is_none_or(|element| speaks_of(statement, &element, way, entity));
        if !speaks {
            statement.action = ActionElement { listing: Listing::Only, patterns: Vec::new() };
        }
    }
    Arc::new(view)
}

/// Whether a statement speaks of all who come by a way. A Deny for some of them alone is left out: the wider side.
fn speaks_of(
    statement: &Statement,
    element: &PrincipalElement,
    way: &Way,
    entity: &dyn Fn(&str) -> Option<Arn>,
) -> bool {
    let entries: Vec<Way> = element.entries.iter().flat_map(|entry| Way::of(entry, entity)).collect();
    match (statement.effect, element.listing) {
        (Effect::Allow, Listing::Only) => entries.contains(way),
        (Effect::Allow, Listing::AllBut) => *way == Way::Anyone,
        (Effect::Deny, Listing::Only) => {
            let account = way.account().map(Way::Account);
            entries.iter().any(|named| *named == Way::Anyone || named == way || Some(named) == account.as_ref())
        }
        (Effect::Deny, Listing::AllBut) => {
            let spares = |named: &Way| *named == Way::Anyone || named == way || named.account() == way.account();
            *way != Way::Anyone && !entries.iter().any(spares)
        }
    }
}
