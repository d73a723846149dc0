//! What is known of the requests that come in by a way. A way for anyone is taken apart: strangers, the
//! organizations and the accounts that the trust policy names.

use std::sync::Arc;

use super::declared::known_to_the_role;
use super::open::Scope;
use super::way::Way;
use crate::access::{Known, KnownContext};
use crate::iam::condition::ConditionValue;
use crate::iam::{AccountId, Arn, ContextKey, Part, PolicyDocument};
use crate::snapshot::Organization;

/// Some of the requests that come in by a way.
#[derive(Clone)]
pub(super) struct Case {
    /// Whose they are.
    pub scope: Scope,
    /// What is known of their context.
    pub known: KnownContext,
    /// What they are not: a document that denies that.
    pub not: Option<Arc<PolicyDocument>>,
}

/// The cases of a way. `provider` tells of an OIDC way what its requests are; `view` is the trust policy as it speaks
/// of the way.
pub(super) fn cases(
    way: &Way,
    view: &PolicyDocument,
    partition: &str,
    role_account: &AccountId,
    organization: Option<&Organization>,
) -> Vec<Case> {
    let one = |scope, known| vec![Case { scope, known, not: None }];
    match way {
        Way::Anyone => anyone(view, partition, role_account, organization),
        Way::Account(account) => one(Scope::Account(account.clone()), of_account(partition, account, organization)),
        Way::Principal(arn) => one(Scope::Principal(arn.clone()), of_principal(arn, organization)),
        Way::AnyToken | Way::AnyAssertion => one(Scope::World, of_provider(way)),
        Way::Service(name) => {
            let mut abroad = of_service(name, role_account);
            abroad.set("aws:SourceAccount", Known::Free);
            let abroad = Case { scope: Scope::ServiceAbroad, known: abroad, not: None };
            [one(Scope::Service, of_service(name, role_account)), vec![abroad]].concat()
        }
        Way::Saml(_) | Way::Oidc { .. } | Way::Other(_) => one(Scope::Provider, of_provider(way)),
    }
}

fn anyone(
    view: &PolicyDocument,
    partition: &str,
    role_account: &AccountId,
    organization: Option<&Organization>,
) -> Vec<Case> {
    // Whoever is of the role's own account or organization may be named by that: `${aws:ResourceAccount}`.
    let own = |organization: &&Organization| organization.path_text(role_account).is_some();
    let own_organization = organization.filter(own).map(|organization| organization.id.clone());
    let (accounts, organizations) = named(view, role_account, own_organization.as_deref());
    let aws = || {
        let mut known = KnownContext::nothing();
        known.set("aws:PrincipalArn", Known::StartsWith(format!("arn:{partition}:")));
        known.set("aws:ResourceAccount", Known::Value(role_account.as_str().to_owned()));
        if let Some(id) = &own_organization {
            known.set("aws:ResourceOrgID", Known::Value(id.clone()));
        }
        known
    };
    let stranger = Case { scope: Scope::World, known: aws(), not: known_to_the_role(&accounts, &organizations) };
    let mut cases = vec![stranger];
    for id in organizations {
        let mut known = aws();
        known.set("aws:PrincipalOrgID", Known::Value(id.clone()));
        cases.push(Case { scope: Scope::Organization(id), known, not: known_to_the_role(&accounts, &[]) });
    }
    for account in accounts {
        let known = of_account(partition, &account, organization);
        cases.push(Case { scope: Scope::Account(account), known, not: None });
    }
    cases
}

fn of_account(partition: &str, account: &AccountId, organization: Option<&Organization>) -> KnownContext {
    let mut known = KnownContext::nothing();
    known.set("aws:PrincipalArn", Known::StartsWith(format!("arn:{partition}:iam::{account}:")));
    known.set("aws:PrincipalAccount", Known::Value(account.as_str().to_owned()));
    in_organization(&mut known, account, organization);
    known
}

fn of_principal(arn: &Arn, organization: Option<&Organization>) -> KnownContext {
    let mut known = KnownContext::nothing();
    let session = arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
    match session {
        // The role's path is not told by the session.
        Some(_) => {
            let role = format!("arn:{}:iam::{}:role/", arn.partition(), arn.account());
            known.set("aws:PrincipalArn", Known::StartsWith(role));
        }
        None => known.set("aws:PrincipalArn", Known::Value(arn.as_str().to_owned())),
    }
    if let Some(account) = AccountId::parse(arn.account()) {
        known.set("aws:PrincipalAccount", Known::Value(account.as_str().to_owned()));
        in_organization(&mut known, &account, organization);
    }
    known
}

fn in_organization(known: &mut KnownContext, account: &AccountId, organization: Option<&Organization>) {
    let Some(organization) = organization else { return };
    if let Some(path) = organization.path_text(account) {
        known.set("aws:PrincipalOrgID", Known::Value(organization.id.clone()));
        known.set("aws:PrincipalOrgPaths", Known::Set(vec![path]));
    }
}

/// A call of a service for a resource of the role's own account: that is whom a role is passed by.
fn of_service(name: &str, account: &AccountId) -> KnownContext {
    let mut known = KnownContext::nothing();
    for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"] {
        known.set(key, Known::Missing);
    }
    known.set("aws:PrincipalIsAWSService", Known::Value("true".to_owned()));
    known.set("aws:PrincipalServiceName", Known::Value(name.to_owned()));
    known.set("aws:PrincipalServiceNamesList", Known::Free);
    known.set("aws:SourceAccount", Known::Value(account.as_str().to_owned()));
    for key in ["aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:PrincipalType", "aws:userid"] {
        known.set(key, Known::Free);
    }
    known
}

fn of_provider(way: &Way) -> KnownContext {
    let mut known = KnownContext::nothing();
    for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"] {
        known.set(key, Known::Missing);
    }
    for key in ["aws:PrincipalType", "aws:userid"] {
        known.set(key, Known::Free);
    }
    known.set("aws:FederatedProvider", Known::Value(way.text().to_owned()));
    if let Way::Oidc { host, .. } = way {
        for claim in ["sub", "aud"] {
            for slash in ["", "/"] {
                known.set(&format!("{host}{slash}:{claim}"), Known::Present);
            }
        }
    }
    known
}

/// The accounts and organizations that the conditions of a document name in full, those of the role by a variable too.
fn named(view: &PolicyDocument, own: &AccountId, own_organization: Option<&str>) -> (Vec<AccountId>, Vec<String>) {
    let (mut accounts, mut organizations) = (Vec::new(), Vec::new());
    for condition in view.statements.iter().flat_map(|statement| &statement.conditions) {
        for value in &condition.values {
            let ConditionValue::Text(template) = value else { continue };
            let variable = match template.parts() {
                [Part::Variable { key, .. }] => Some(key.lower()),
                _ => None,
            };
            let (literal, whole) = match (variable, template.parts().first()) {
                (Some("aws:resourceaccount"), _) => (own.as_str(), Some(own.as_str())),
                (Some("aws:resourceorgid"), _) => match own_organization {
                    Some(id) => (id, Some(id)),
                    None => continue,
                },
                (_, Some(Part::Literal(literal))) => (&**literal, template.as_literal()),
                _ => continue,
            };
            if let Some(account) = account_of(&condition.key, literal, whole)
                && !accounts.contains(&account)
            {
                accounts.push(account);
            }
            let organization = match condition.key.lower() {
                "aws:principalorgid" => whole,
                "aws:principalorgpaths" => literal.split_once('/').map(|(id, _)| id),
                _ => None,
            };
            organizations.extend(organization.map(str::to_owned).filter(|id| !organizations.contains(id)));
        }
    }
    (accounts, organizations)
}

fn account_of(key: &ContextKey, literal: &str, whole: Option<&str>) -> Option<AccountId> {
    match key.lower() {
        "aws:principalaccount" => AccountId::parse(whole?),
        "aws:principalarn" => {
            let mut segments = literal.splitn(6, ':').skip(4);
            let account = segments.next()?;
            // What stands before the wildcard holds the whole number only if a colon follows.
            segments.next().and_then(|_| AccountId::parse(account))
        }
        _ => None,
    }
}
