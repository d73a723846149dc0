//! The statements of resource policies: to which requests and in which interpretations they apply, and what can grant access
//! beside them.

use std::sync::Arc;

use super::formula::{ResourceScope, StatementUse, StatementValidity};
use crate::access::{PolicyConsent, PrincipalMatch, ResourcePolicy, UnreadGrants};
use crate::iam::{Ambiguity, Arn, Effect, Interpretation, Template};

/// How a statement matches the principal, and in which interpretations.
pub(super) fn match_by_interpretation(
    find_match: impl Fn(Interpretation) -> Option<PrincipalMatch>,
) -> Option<(PrincipalMatch, StatementValidity)> {
    let find_under = |ambiguity| find_match(Interpretation::with_alternative(ambiguity));
    let Some(principal_match) = find_match(Interpretation::default()) else {
        let mut possible = [Ambiguity::CanonicalUser, Ambiguity::AccessPointPolicy].into_iter();
        return possible.find_map(|ambiguity| Some((find_under(ambiguity)?, StatementValidity::OnlyUnder(ambiguity))));
    };
    let spares = [Ambiguity::PartialNotPrincipal, Ambiguity::CanonicalUser];
    let sparing = spares.into_iter().find(|ambiguity| find_under(*ambiguity).is_none());
    Some((principal_match, sparing.map_or(StatementValidity::Always, StatementValidity::ExceptUnder)))
}

/// The requests to which the statements of a resource policy with an effect apply.
pub(super) fn find_scope(policy: &ResourcePolicy, effect: Effect) -> ResourceScope {
    let resources = policy.resources.of_effect(effect).cloned().collect();
    ResourceScope { service: find_restricted_service(policy), resources }
}

/// What the identity policies allow if the resources of policies have grants that the snapshot lacks.
pub(super) fn list_unread_grants<'p>(
    policies: impl Iterator<Item = &'p ResourcePolicy>,
    identity: &[StatementUse],
) -> Vec<StatementUse> {
    let policies: Vec<&ResourcePolicy> = policies.filter(|policy| policy.unread_grants.is_some()).collect();
    let concerns = |kind: UnreadGrants, policy: &ResourcePolicy| {
        policy.unread_grants == Some(kind)
            && find_covered_arn(policy)
                .is_some_and(|arn| identity.iter().any(|allow| kind.may_concern(allow.statement(), &arn)))
    };
    let mut uses = Vec::new();
    for kind in UnreadGrants::ALL {
        let concerned = policies.iter().filter(|policy| concerns(kind, policy));
        let resources: Arc<[Template]> = concerned.flat_map(|policy| policy.resources.alone.clone()).collect();
        if resources.is_empty() {
            continue;
        }
        let scope = Arc::new(ResourceScope { service: None, resources });
        let validity = StatementValidity::OnlyUnder(kind.ambiguity());
        uses.extend(StatementUse::from_document(kind.document()).map(|statement_use| StatementUse {
            resource_scope: Some(Arc::clone(&scope)),
            validity,
            ..statement_use
        }));
    }
    uses
}

/// The first ARN of the resources that a resource policy governs. None if it is not an ARN.
pub(super) fn find_covered_arn(policy: &ResourcePolicy) -> Option<Arn> {
    policy.resources.own_resource().map(Template::as_written).and_then(Arn::parse)
}

pub(super) fn is_trust_policy(policy: &ResourcePolicy) -> bool {
    find_covered_arn(policy).is_some_and(|arn| arn.is_role())
}

/// Whether identity policies do not suffice in the same account: KMS keys and role trust policies.
pub(super) fn requires_resource_grant(policy: &ResourcePolicy) -> bool {
    policy.consent == PolicyConsent::Required
        && (is_trust_policy(policy) || find_covered_arn(policy).is_some_and(|arn| arn.is_kms_key()))
}

/// The only service whose actions a resource policy governs: `sts` for a role trust policy. None for other policies.
pub(super) fn find_restricted_service(policy: &ResourcePolicy) -> Option<String> {
    is_trust_policy(policy).then(|| "sts".to_owned())
}
