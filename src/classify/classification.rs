//! The class of every principal of a snapshot, inferred from hints.

use super::evidence::{ClassReason, Evidence, EvidenceBasis, EvidenceMatch, InferredClass, sort_evidence};
use super::hint_match::{SearchedTexts, list_active_hints, match_hint};
use super::propagate::propagate_classes;
use crate::baseline::{Baseline, Hint, PrincipalClass, Strength};
use crate::snapshot::{IamEntityKind, LayerKind, Principal, Snapshot};
use crate::trust::{ConditionalGrant, TrustGrant, list_conditional_grants};

/// The inferred class of a principal.
#[derive(Clone, Debug)]
pub struct Classification {
    /// The class.
    pub class: InferredClass,
    /// Why.
    pub reason: ClassReason,
    /// All evidence. The first item decides the class.
    pub evidence: Vec<Evidence>,
}

/// Infers the class of every principal of a snapshot, in order.
pub fn classify_principals(snapshot: &Snapshot, baseline: Option<&Baseline>) -> Vec<Classification> {
    let hints = list_active_hints(baseline);
    let principals: Vec<&Principal> = snapshot.principals().map(|(_, principal)| principal).collect();
    let grants: Vec<Vec<ConditionalGrant<'_>>> =
        principals.iter().map(|principal| list_classified_grants(principal)).collect();
    let mut evidence: Vec<Vec<Evidence>> =
        principals.iter().zip(&grants).map(|(principal, grants)| collect_evidence(&hints, principal, grants)).collect();
    propagate_classes(&principals, &grants, &mut evidence);
    let decided = principals.iter().zip(&grants).zip(evidence);
    decided.map(|((principal, grants), evidence)| choose_class(principal, grants, evidence)).collect()
}

/// The grants of a role's trust policy that hints examine: those that allow the caller to assume the role. None for a
/// user, and none if the trust policy is missing.
pub(super) fn list_classified_grants(principal: &Principal) -> Vec<ConditionalGrant<'_>> {
    let Some(trust) = &principal.trust_policy else { return Vec::new() };
    let is_classified = |conditional: &ConditionalGrant<'_>| {
        conditional.allows_assuming() && !matches!(conditional.grant, TrustGrant::AnyoneExcept(_))
    };
    list_conditional_grants(&trust.document).into_iter().filter(is_classified).collect()
}

/// The evidence of the principal itself. The decisive item is first.
fn collect_evidence(hints: &[&Hint], principal: &Principal, grants: &[ConditionalGrant<'_>]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = find_reserved_path(principal.entity_kind).into_iter().collect();
    let texts = SearchedTexts::from_principal(principal, grants);
    for hint in hints {
        evidence.extend(match_hint(hint, hints, principal, grants, &texts).map(|found| Evidence {
            hint: hint.name.value.clone(),
            kind: hint.class.into(),
            strength: found.strength_override.unwrap_or(hint.strength),
            found: found.found,
            because: EvidenceBasis::Hint(hint.reason.clone()),
            source: hint.source.clone(),
        }));
    }
    sort_evidence(&mut evidence);
    evidence
}

/// The evidence of a path that AWS reserves. `None` if the path is not reserved.
fn find_reserved_path(kind: IamEntityKind) -> Option<Evidence> {
    let (kind, path, because, source) = match kind {
        IamEntityKind::ServiceLinkedRole => (
            InferredClass::ServiceLinked,
            "/aws-service-role/",
            EvidenceBasis::OwnedByAws,
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html",
        ),
        IamEntityKind::SsoRole => (
            InferredClass::Known(PrincipalClass::Operator),
            "/aws-reserved/sso.amazonaws.com/",
            EvidenceBasis::IdentityCenter,
            "https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html",
        ),
        IamEntityKind::User | IamEntityKind::Role => return None,
    };
    Some(Evidence {
        hint: "path".to_owned(),
        kind,
        strength: Strength::Certain,
        found: EvidenceMatch::ReservedPath(path),
        because,
        source: Some(source.to_owned()),
    })
}

fn choose_class(principal: &Principal, grants: &[ConditionalGrant<'_>], evidence: Vec<Evidence>) -> Classification {
    let (class, reason) = match evidence.first() {
        Some(first) => (first.kind, ClassReason::Evidence(Box::new(first.clone()))),
        None => (InferredClass::Unknown, explain_unknown(principal, grants)),
    };
    Classification { class, reason, evidence }
}

/// What is known about a principal that no hint matches.
fn explain_unknown(principal: &Principal, grants: &[ConditionalGrant<'_>]) -> ClassReason {
    match principal.missing_documents.iter().find(|missing| missing.layer == LayerKind::Trust) {
        Some(missing) => ClassReason::MissingTrust(Box::new(missing.clone())),
        None => ClassReason::NoMatch(grants.iter().map(|conditional| conditional.grant.clone()).collect()),
    }
}
