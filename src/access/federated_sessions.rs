//! The federated sessions that a user can start (`docs/semantics.md` §3).
// AWS: Permissions for GetFederationToken

use super::known_context::{KeyFact, KnownContext};
use super::layers::{Layers, PrincipalType};
use crate::iam::{Ambiguity, Arn, AwsPrincipal, Effect, PolicyDocument, PrincipalElement, PrincipalEntry};
use crate::snapshot::Principal;

const FEDERATE: &str = "sts:GetFederationToken";

/// Sets the facts about a user's federated sessions, as the alternative to those about its own credentials. Tags are those
/// of the user.
// AWS: IAM policy elements: Variables and tags, "Where you can use policy variables" and the table of principal keys
pub(super) fn set_federated_facts(known: &mut KnownContext, user: &Principal) {
    if !user.identity_policies.iter().any(|policy| allows_federation(&policy.document)) {
        return;
    }
    let (partition, account) = (user.arn.partition(), user.arn.account());
    for (key, fact) in [
        ("aws:PrincipalType", KeyFact::Value("FederatedUser".to_owned())),
        ("aws:PrincipalArn", KeyFact::StartsWith(format!("arn:{partition}:sts::{account}:federated-user/"))),
        ("aws:userid", KeyFact::StartsWith(format!("{account}:"))),
        ("aws:username", KeyFact::Missing),
        ("aws:TokenIssueTime", KeyFact::Present),
        ("aws:MultiFactorAuthPresent", KeyFact::Missing),
        ("aws:MultiFactorAuthAge", KeyFact::Missing),
    ] {
        known.add_alternative(key, Ambiguity::FederatedSession, fact);
    }
}

/// The federated sessions that a `Principal` element names, if they may be those of the user: it may start them.
pub fn find_federated_sessions<'e>(layers: &Layers, element: &'e PrincipalElement) -> Vec<&'e Arn> {
    let info = &layers.principal;
    let may_federate = || layers.identity.iter().any(|policy| allows_federation(&policy.document));
    let (PrincipalType::User, Some(user)) = (info.principal_type, &info.arn) else { return Vec::new() };
    let is_own = |arn: &&Arn| {
        arn.service() == "sts"
            && arn.resource().starts_with("federated-user/")
            && (arn.partition(), arn.account()) == (user.partition(), user.account())
    };
    let names = element.entries.iter().filter_map(|entry| match entry {
        PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => Some(arn),
        _ => None,
    });
    let sessions: Vec<&Arn> = names.filter(is_own).collect();
    if sessions.is_empty() || !may_federate() { Vec::new() } else { sessions }
}

/// Whether a policy may allow its user to start federated sessions.
fn allows_federation(document: &PolicyDocument) -> bool {
    document.statements.iter().any(|s| s.effect == Effect::Allow && s.action.lists_action(FEDERATE))
}
