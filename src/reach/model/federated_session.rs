//! A federated session of a user (`sts:GetFederationToken`): what it may call, and the condition keys of its requests.

use std::sync::{Arc, LazyLock};

use crate::access::{KeyFact, KnownContext, Layers, PolicyOrigin, PolicyRef, PrincipalType};
use crate::catalog::Catalog;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{PolicyDocument, Statement};
use crate::snapshot::Principal;

const NAME: &str = "federated session";
/// Checked by other services, and not a call of IAM. AWS: Grant a user permissions to pass a role to an AWS service
const PASS_ROLE: &str = "iam:PassRole";

/// What the session cannot call, whatever its policies allow: IAM by API, and STS except `sts:GetCallerIdentity`, which no
/// Deny stops.
// AWS: GetFederationToken (STS API Reference)
static SESSION_LIMIT: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let catalog = Catalog::embedded();
    let ids = (0..catalog.action_count()).filter_map(|id| u32::try_from(id).ok());
    let names = ids.map(|id| catalog.full_name(crate::catalog::ActionId(id)));
    let denied: Vec<String> = names
        .filter(|name| name.starts_with("iam:") && !name.eq_ignore_ascii_case(PASS_ROLE))
        .chain(["sts:*".to_owned()])
        .collect();
    let statement = Statement::deny(ActionElement::listing(&denied), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements(NAME, vec![statement]))
});

/// The session policy that the user passes. The session has what it and the user's policies allow.
static SESSION_POLICY: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements(NAME, vec![statement]))
});

/// The layers of a user, in its federated session.
pub(super) fn to_session_layers(layers: &mut Layers) {
    layers.principal.principal_type = PrincipalType::FederatedUser;
    layers.identity.push(PolicyRef::new(NAME, PolicyOrigin::Given, Arc::clone(&SESSION_LIMIT)));
    layers.session = Some(vec![PolicyRef::new(NAME, PolicyOrigin::Given, Arc::clone(&SESSION_POLICY))]);
}

/// The condition keys of a user's requests, in its federated session.
pub(super) fn set_session_facts(known: &mut KnownContext, user: &Principal) {
    let (partition, account) = (user.arn.partition(), user.arn.account());
    let arn = format!("arn:{partition}:sts::{account}:federated-user/");
    known.set("aws:PrincipalArn", KeyFact::StartsWith(arn));
    known.set("aws:PrincipalType", KeyFact::Value("FederatedUser".to_owned()));
    known.set("aws:userid", KeyFact::StartsWith(format!("{account}:")));
    known.set("aws:username", KeyFact::Missing);
    known.set("aws:TokenIssueTime", KeyFact::Present);
    known.set("aws:MultiFactorAuthPresent", KeyFact::Missing);
    known.set("aws:MultiFactorAuthAge", KeyFact::Missing);
}
