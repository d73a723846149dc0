//! The requests that a grant admits, and what is known of their context. A grant to anyone is split by scope: external
//! principals, each organization and each account that the trust policy names, and services. A grant to a service is split by the
//! account of the resource for which the service acts.

use std::sync::Arc;

use super::grant::TrustGrant;
use super::request_keys::{Caller, list_principal_keys};
use super::scope::TrustScope;
use super::service_source::{deny_other_sources, deny_own_source};
use crate::access::{KeyFact, KnownContext};
use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::template::escape_wildcards;
use crate::iam::{
    AccountId, Arn, Condition, ConditionOperator, ContextKey, PolicyDocument, Quantifier, Statement, TemplatePart,
};
use crate::snapshot::{Account, Organization};

/// Some of the requests that a grant admits.
#[derive(Clone)]
pub(super) struct RequestCase {
    /// Whose requests they are.
    pub scope: TrustScope,
    /// How their callers prove who they are.
    pub caller: Caller,
    /// What is known of their context, whatever the policy names. [`RequestCase::build_context`] adds the rest.
    pub known: KnownContext,
    /// A document that denies the requests that are not part of this case. `None` if all requests are.
    pub excluded: Option<Arc<PolicyDocument>>,
}

impl RequestCase {
    /// What is known of the context, the keys included that some documents name.
    pub fn build_context<'d>(&self, documents: impl IntoIterator<Item = &'d PolicyDocument>) -> KnownContext {
        let mut known = self.known.clone();
        let statements = documents.into_iter().flat_map(|document| &document.statements);
        for key in statements.flat_map(|statement| statement.keys()) {
            let is_settled = self.known.facts().any(|(settled, _)| settled == key);
            if let Some(fact) = self.caller.find_fact(key).filter(|_| !is_settled) {
                known.set(key.as_written(), fact);
            }
        }
        known
    }

    /// The context under the other reading of the AWS documentation: a request with a token has the keys of an AWS
    /// principal, with any value. `None` if no document names such a key, or the callers have no token.
    pub fn build_alternative_context<'d>(
        &self,
        documents: impl IntoIterator<Item = &'d PolicyDocument> + Clone,
    ) -> Option<KnownContext> {
        let keys = if self.caller.has_token() { list_principal_keys(documents.clone()) } else { Vec::new() };
        (!keys.is_empty()).then(|| {
            let mut known = self.build_context(documents);
            keys.iter().for_each(|key| known.set(key.as_written(), KeyFact::Free));
            known
        })
    }
}

/// The account of the role, and its organization if the snapshot has it.
#[derive(Copy, Clone)]
pub(super) struct RoleLocation<'a> {
    pub account: &'a Account,
    pub organization: Option<&'a Organization>,
}

impl<'a> RoleLocation<'a> {
    /// The organization of the snapshot, if the account belongs to it.
    fn find_own_organization(self) -> Option<&'a Organization> {
        self.organization.filter(|organization| organization.principal_org_path(&self.account.id).is_some())
    }
}

/// The cases of a grant. `restricted_policy` is the trust policy as it applies to the grant.
pub(super) fn list_request_cases(
    grant: &TrustGrant,
    restricted_policy: &PolicyDocument,
    role: RoleLocation<'_>,
) -> Vec<RequestCase> {
    let caller = Caller::from_grant(grant);
    let build_case = |scope, known, excluded| RequestCase { scope, caller: caller.clone(), known, excluded };
    let mut cases = match grant {
        TrustGrant::Anyone | TrustGrant::AnyoneExcept(_) => list_cases_for_anyone(restricted_policy, role),
        TrustGrant::Account(account) => {
            let known = build_account_context(account, role);
            vec![build_case(TrustScope::Account(account.clone()), known, deny_own_organization(account, role))]
        }
        TrustGrant::Principal(arn) => {
            let organization =
                AccountId::parse(arn.account()).and_then(|account| deny_own_organization(&account, role));
            let excluded = join_documents(organization, deny_other_roles(arn));
            vec![build_case(TrustScope::Principal(arn.clone()), build_principal_context(arn, role), excluded)]
        }
        TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider => {
            vec![build_case(TrustScope::Anyone, build_provider_context(grant), None)]
        }
        TrustGrant::Service { written, .. } => {
            list_service_cases(KeyFact::Value(written.clone()), restricted_policy, &role.account.id).to_vec()
        }
        TrustGrant::Saml { .. } | TrustGrant::Oidc { .. } | TrustGrant::UniqueId(_) | TrustGrant::Other(_) => {
            vec![build_case(TrustScope::Provider, build_provider_context(grant), None)]
        }
    };
    cases.iter_mut().for_each(|case| set_role_facts(&mut case.known, role));
    cases
}

/// A policy can name the account of the role with the variable `${aws:ResourceAccount}`. The directory of resources has its
/// organization.
fn set_role_facts(known: &mut KnownContext, role: RoleLocation<'_>) {
    known.set("aws:ResourceAccount", KeyFact::Value(role.account.id.as_str().to_owned()));
}

/// Denies the requests of other roles than that of a session. Its ARN does not have the path of its role. `None` if the
/// ARN is not that of a session.
fn deny_other_roles(arn: &Arn) -> Option<Arc<PolicyDocument>> {
    let name = find_session_role(arn)?;
    let (partition, account) = (arn.partition(), arn.account());
    let globs = ["", "*/"].map(|path| format!("arn:{partition}:iam::{account}:role/{path}{}", escape_wildcards(name)));
    let is_other = Condition::on_texts(ConditionOperator::StringNotLike, "aws:PrincipalArn", globs);
    let deny = Statement::deny(ActionElement::any(), ResourceElement::any()).under([is_other]);
    Some(Arc::new(PolicyDocument::from_statements("other roles", vec![deny])))
}

/// The name of the role of a session. `None` if the ARN is not that of a session.
pub(super) fn find_session_role(arn: &Arn) -> Option<&str> {
    let session = arn.resource().strip_prefix("assumed-role/").filter(|_| arn.service() == "sts")?;
    session.split_once('/').map(|(role, _)| role)
}

fn join_documents(a: Option<Arc<PolicyDocument>>, b: Option<Arc<PolicyDocument>>) -> Option<Arc<PolicyDocument>> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let statements = a.statements.iter().chain(&b.statements).cloned().collect();
            Some(Arc::new(PolicyDocument::from_statements("other requests", statements)))
        }
        (a, b) => a.or(b),
    }
}

/// Denies what claims to come from the organization of the role. `None` if the account may belong to it.
fn deny_own_organization(account: &AccountId, role: RoleLocation<'_>) -> Option<Arc<PolicyDocument>> {
    let organization = role.organization.filter(|organization| organization.principal_org_path(account).is_none())?;
    deny_named_accounts(&[], std::slice::from_ref(&organization.id))
}

fn list_cases_for_anyone(restricted_policy: &PolicyDocument, role: RoleLocation<'_>) -> Vec<RequestCase> {
    let partition = role.account.partition.as_str();
    let own_organization = role.find_own_organization().map(|organization| organization.id.as_str());
    let conditions = restricted_policy.statements.iter().flat_map(|statement| &statement.conditions);
    let (accounts, organizations) = collect_named_accounts(conditions, &role.account.id, own_organization);
    let build_aws_context = || {
        let mut known = KnownContext::unconstrained();
        known.set("aws:PrincipalArn", KeyFact::StartsWith(format!("arn:{partition}:")));
        known
    };
    let external_case = RequestCase {
        scope: TrustScope::Anyone,
        caller: Caller::AwsPrincipal,
        known: build_aws_context(),
        excluded: deny_named_accounts(&accounts, &organizations),
    };
    let mut cases = vec![external_case];
    for id in organizations {
        let mut known = build_aws_context();
        known.set("aws:PrincipalOrgID", KeyFact::Value(id.clone()));
        cases.push(RequestCase {
            scope: TrustScope::Organization(id),
            caller: Caller::AwsPrincipal,
            known,
            excluded: deny_named_accounts(&accounts, &[]),
        });
    }
    for account in accounts {
        let known = build_account_context(&account, role);
        let excluded = deny_own_organization(&account, role);
        cases.push(RequestCase { scope: TrustScope::Account(account), caller: Caller::AwsPrincipal, known, excluded });
    }
    // AWS: AWS JSON policy elements: Principal. `*` includes AWS services.
    cases.extend(list_service_cases(KeyFact::Present, restricted_policy, &role.account.id));
    cases
}

/// The requests of services for resources of the account of the role, and for those of other accounts. `name` is what is
/// known of the name of the service.
fn list_service_cases(name: KeyFact, restricted_policy: &PolicyDocument, account: &AccountId) -> [RequestCase; 2] {
    let build_case = |scope, known, excluded| RequestCase { scope, caller: Caller::Service, known, excluded };
    let own_account_context = build_service_context(name, account);
    let mut other_account_context = own_account_context.clone();
    other_account_context.set("aws:SourceAccount", KeyFact::Free);
    let other_source = deny_own_source(account, restricted_policy);
    [
        build_case(TrustScope::Service, own_account_context, deny_other_sources(account)),
        build_case(TrustScope::ServiceForOtherAccount, other_account_context, other_source),
    ]
}

fn build_account_context(account: &AccountId, role: RoleLocation<'_>) -> KnownContext {
    let partition = role.account.partition.as_str();
    let mut known = KnownContext::unconstrained();
    known.set("aws:PrincipalArn", KeyFact::StartsWith(format!("arn:{partition}:iam::{account}:")));
    known.set("aws:PrincipalAccount", KeyFact::Value(account.as_str().to_owned()));
    set_organization(&mut known, account, role.organization);
    known
}

fn build_principal_context(arn: &Arn, role: RoleLocation<'_>) -> KnownContext {
    let mut known = KnownContext::unconstrained();
    let session = arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
    match session {
        // The ARN of a session does not have the path of its role.
        Some(_) => {
            let role = format!("arn:{}:iam::{}:role/", arn.partition(), arn.account());
            known.set("aws:PrincipalArn", KeyFact::StartsWith(role));
        }
        None => known.set("aws:PrincipalArn", KeyFact::Value(arn.as_str().to_owned())),
    }
    if let Some(account) = AccountId::parse(arn.account()) {
        known.set("aws:PrincipalAccount", KeyFact::Value(account.as_str().to_owned()));
        set_organization(&mut known, &account, role.organization);
    }
    known
}

fn set_organization(known: &mut KnownContext, account: &AccountId, organization: Option<&Organization>) {
    let Some(organization) = organization else { return };
    if let Some(path) = organization.principal_org_path(account) {
        known.set("aws:PrincipalOrgID", KeyFact::Value(organization.id.clone()));
        known.set("aws:PrincipalOrgPaths", KeyFact::Set(vec![path]));
    }
}

/// The context of a call by a service for a resource of the account of the role. The role is passed in that account.
fn build_service_context(name: KeyFact, account: &AccountId) -> KnownContext {
    let mut known = KnownContext::unconstrained();
    for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"] {
        known.set(key, KeyFact::Missing);
    }
    known.set("aws:PrincipalIsAWSService", KeyFact::Value("true".to_owned()));
    known.set("aws:PrincipalServiceName", name);
    known.set("aws:PrincipalServiceNamesList", KeyFact::Free);
    known.set("aws:SourceAccount", KeyFact::Value(account.as_str().to_owned()));
    for key in ["aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:PrincipalType", "aws:userid"] {
        known.set(key, KeyFact::Free);
    }
    known
}

fn build_provider_context(grant: &TrustGrant) -> KnownContext {
    let mut known = KnownContext::unconstrained();
    for key in ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"] {
        known.set(key, KeyFact::Missing);
    }
    for key in ["aws:PrincipalType", "aws:userid"] {
        known.set(key, KeyFact::Free);
    }
    match grant {
        TrustGrant::Oidc { provider, .. } => known.set("aws:FederatedProvider", KeyFact::Value(provider.clone())),
        _ => known.set("aws:FederatedProvider", KeyFact::Free),
    }
    known
}

/// The accounts and organizations that some conditions name in full, directly or by a variable for the account or the
/// organization of the role.
pub(super) fn collect_named_accounts<'c>(
    conditions: impl IntoIterator<Item = &'c Condition>,
    role_account: &AccountId,
    role_organization: Option<&str>,
) -> (Vec<AccountId>, Vec<String>) {
    let (mut accounts, mut organizations) = (Vec::new(), Vec::new());
    for condition in conditions {
        for value in &condition.values {
            let ConditionValue::Text(template) = value else { continue };
            let variable = match template.parts() {
                [TemplatePart::Variable { key, .. }] => Some(key.lower()),
                _ => None,
            };
            let (literal, exact_value) = match (variable, template.parts().first()) {
                (Some("aws:resourceaccount"), _) => (role_account.as_str(), Some(role_account.as_str())),
                (Some("aws:resourceorgid"), _) => match role_organization {
                    Some(id) => (id, Some(id)),
                    None => continue,
                },
                (_, Some(TemplatePart::Literal(literal))) => (&**literal, template.as_literal()),
                _ => continue,
            };
            if let Some(account) = parse_account(&condition.key, literal, exact_value)
                && !accounts.contains(&account)
            {
                accounts.push(account);
            }
            let organization = match condition.key.lower() {
                "aws:principalorgid" => exact_value,
                "aws:principalorgpaths" => literal.split_once('/').map(|(id, _)| id),
                _ => None,
            };
            organizations.extend(organization.map(str::to_owned).filter(|id| !organizations.contains(id)));
        }
    }
    (accounts, organizations)
}

fn parse_account(key: &ContextKey, literal: &str, exact_value: Option<&str>) -> Option<AccountId> {
    match key.lower() {
        "aws:principalaccount" => AccountId::parse(exact_value?),
        "aws:principalarn" => {
            let mut segments = literal.splitn(6, ':').skip(4);
            let account = segments.next()?;
            // The text before a wildcard has the whole account ID only if a colon follows.
            segments.next().and_then(|_| AccountId::parse(account))
        }
        _ => None,
    }
}

/// A document that denies the requests of principals of these accounts and organizations. `None` if both lists are
/// empty.
fn deny_named_accounts(accounts: &[AccountId], organizations: &[String]) -> Option<Arc<PolicyDocument>> {
    let (equals, like) = (ConditionOperator::StringEquals, ConditionOperator::StringLike);
    let mut conditions = Vec::new();
    if !accounts.is_empty() {
        let arns = accounts.iter().map(|account| format!("arn:*:*::{account}:*"));
        conditions.push(Condition::on_texts(equals, "aws:PrincipalAccount", accounts.iter().map(AccountId::as_str)));
        conditions.push(Condition::on_texts(like, "aws:PrincipalArn", arns));
    }
    if !organizations.is_empty() {
        let paths = organizations.iter().map(|id| format!("{}/*", escape_wildcards(id)));
        let by_path = Condition::on_texts(like, "aws:PrincipalOrgPaths", paths);
        conditions.push(Condition::on_texts(equals, "aws:PrincipalOrgID", organizations));
        conditions.push(by_path.with_quantifier(Quantifier::ForAnyValue));
    }
    let deny = |condition| Statement::deny(ActionElement::any(), ResourceElement::any()).under([condition]);
    let statements: Vec<Statement> = conditions.into_iter().map(deny).collect();
    (!statements.is_empty()).then(|| Arc::new(PolicyDocument::from_statements("named accounts", statements)))
}
