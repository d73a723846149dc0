//! An identity provider that the trust policy names and that the role controls: what the provider says of a session then
//! satisfies the guard.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bypass::GuardBypass;
use super::caller_session::{ASSUME_ROLE, SessionCall};
use super::finder::BypassFinder;
use super::guard_condition::requires_missing_key;
use crate::access::PolicyRef;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::synthetic::build_ceiling;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ElementKind, PolicyDocument, Statement};
use crate::solve::UndecidedReason;
use crate::trust::{TrustGrant, list_conditional_grants};

// AWS: UpdateSAMLProvider (IAM API Reference): the new metadata document has the keys that verify assertions.
const REPLACE_SAML: &[&str] = &["iam:UpdateSAMLProvider"];
// AWS: Enable and configure attributes for access control (IAM Identity Center User Guide)
const MAP_ATTRIBUTES: &[&str] = &[
    "identitystore:UpdateUser",
    "sso:CreateInstanceAccessControlAttributeConfiguration",
    "sso:UpdateInstanceAccessControlAttributeConfiguration",
];
// AWS: Using attributes for access control (Amazon Cognito Developer Guide)
const MAP_CLAIMS: &[&str] = &["cognito-identity:SetPrincipalTagAttributeMap"];
const IDENTITY_CENTER_PROVIDER: &str = "AWSSSO_";
const COGNITO: &str = "cognito-identity.amazonaws.com";
/// The calls that begin a session with a token or an assertion.
const TOKEN_ACTIONS: [&str; 2] = ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

impl BypassFinder<'_> {
    /// The role can change what an identity provider of its trust policy says of a session, without the approval. `action`: what
    /// the session needs beside the token.
    // AWS: Pass session tags in AWS STS
    pub(crate) fn find_replaced_provider(
        &mut self,
        condition: &Condition,
        action: &'static str,
        request_conditions: &[Condition],
    ) -> Option<GuardBypass> {
        if requires_missing_key(condition) {
            return None;
        }
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        for caller in self.list_token_callers() {
            for (actions, resource) in self.list_controls(&caller) {
                let actions: Vec<String> = actions.iter().map(|action| (*action).to_owned()).collect();
                if !self.has_grant_for(&access, &actions) {
                    continue;
                }
                let statement = Statement::allow(ActionElement::listing(&actions), resource);
                let controlling = build_ceiling("requests that change the provider", vec![statement]);
                let answer = self.query_own_requests(&access, &actions, &controlling);
                let mut undecided = BTreeSet::new();
                let proof = answer.collect_into(&mut undecided);
                if proof.is_empty() && undecided.is_empty() {
                    continue;
                }
                let is_set = self.can_begin_session(&caller, action, request_conditions, &mut undecided);
                if is_set && let Some(request) = proof.values().find_map(|excess| excess.witness.as_ref()) {
                    let key = condition.key.as_written().to_owned();
                    let method = GuardBypassMethod::ReplacesProvider { key, action: request.action.clone() };
                    return Some(GuardBypass { method, proof, policies });
                }
                self.undecided.extend(undecided);
            }
        }
        None
    }

    /// An identity of an OIDC provider chooses the session name when it assumes the role.
    // AWS: AssumeRoleWithWebIdentity (AWS STS API Reference), `RoleSessionName`
    pub(crate) fn find_token_session_name(
        &mut self,
        condition: &Condition,
        request_condition: &Condition,
    ) -> Option<GuardBypass> {
        let mut undecided = BTreeSet::new();
        let is_chosen = self.list_token_callers().iter().any(|caller| {
            matches!(caller, TrustGrant::Oidc { .. } | TrustGrant::AnyOidcProvider)
                && self.can_begin_session(caller, ASSUME_ROLE, std::slice::from_ref(request_condition), &mut undecided)
        });
        self.undecided.extend(undecided);
        let method = GuardBypassMethod::SessionNameChosen { key: condition.key.as_written().to_owned() };
        is_chosen.then(|| GuardBypass::without_request(method))
    }

    /// The grants of the trust policy to identities with a token or an assertion.
    fn list_token_callers(&self) -> Vec<TrustGrant> {
        let Some(trust) = &self.subject.principal.trust_policy else { return Vec::new() };
        let grants = list_conditional_grants(&trust.document).into_iter().map(|conditional| conditional.grant);
        let mut callers: Vec<TrustGrant> =
            grants.filter(|grant| TOKEN_ACTIONS.contains(&grant.assume_action())).collect();
        callers.dedup();
        callers
    }

    /// The actions that change what the provider of a grant says of a session, and their resources.
    fn list_controls(&self, caller: &TrustGrant) -> Vec<(&'static [&'static str], ResourceElement)> {
        match caller {
            TrustGrant::Saml { provider, name } => {
                let mut controls = vec![(REPLACE_SAML, ResourceElement::listing([provider.as_str()]))];
                if name.starts_with(IDENTITY_CENTER_PROVIDER)
                    && self.analyzer.may_administer_organization(&self.subject.account.id)
                {
                    controls.push((MAP_ATTRIBUTES, ResourceElement::any()));
                }
                controls
            }
            TrustGrant::AnySamlProvider => vec![(REPLACE_SAML, ResourceElement::any())],
            TrustGrant::Oidc { host, .. } if host.eq_ignore_ascii_case(COGNITO) => {
                vec![(MAP_CLAIMS, ResourceElement::any())]
            }
            _ => Vec::new(),
        }
    }

    /// Whether an identity with a token that meets the conditions on tokens can begin a session in a call that needs `action`.
    fn can_begin_session(
        &self,
        caller: &TrustGrant,
        action: &'static str,
        request_conditions: &[Condition],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let role = self.subject.principal;
        let Some(trust) = &role.trust_policy else { return false };
        let this_role = ResourceElement::listing([role.arn.as_str()]);
        let statement = Statement::allow(ActionElement::listing([ASSUME_ROLE]), this_role)
            .under(request_conditions.iter().cloned());
        let trust_policy = PolicyRef { document: accept_any_token(&trust.document), ..PolicyRef::held(trust) };
        let requests = build_ceiling("calls that set the value", vec![statement]);
        let call = SessionCall { action, trust_policy, requests };
        !self.query_caller(caller, &call).collect_into(undecided).is_empty()
    }
}

/// A trust policy without its conditions on tokens, which are met, and with the call of a caller with credentials in place of the
/// one with a token.
fn accept_any_token(trust: &PolicyDocument) -> Arc<PolicyDocument> {
    let mut document = trust.clone();
    for statement in &mut document.statements {
        // The keys of a token have the host of the provider as their service.
        let is_of_token = |condition: &Condition| {
            let service = condition.key.lower().split(':').next().unwrap_or_default();
            service == "saml" || service.contains('.')
        };
        statement.conditions.retain(|condition| !is_of_token(condition));
        let action = &mut statement.action;
        if action.kind == ElementKind::List && TOKEN_ACTIONS.iter().any(|token| action.lists_action(token)) {
            action.patterns.extend(ActionElement::listing([ASSUME_ROLE]).patterns);
        }
    }
    Arc::new(document)
}
