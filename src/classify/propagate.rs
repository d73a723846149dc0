//! The class of a role from the principals that can assume it, if the evidence of the role itself is weak.

use super::evidence::{Evidence, EvidenceBasis, EvidenceMatch, InferredClass, TrustMatch, sort_evidence};
use super::principals_by_arn::PrincipalsByArn;
use crate::baseline::Strength;
use crate::snapshot::Principal;
use crate::trust::{ConditionalGrant, TrustGrant};

/// Propagates classes from principals to the roles that name them in their trust policies. Each wave uses the classes
/// that the previous wave decided, so that chains of roles are followed. Propagated evidence is at most `Fair`, and
/// no stronger than the evidence that it comes from.
pub(super) fn propagate_classes(
    principals: &[&Principal],
    grants: &[Vec<ConditionalGrant<'_>>],
    evidence: &mut [Vec<Evidence>],
) {
    let by_arn = PrincipalsByArn::new(principals);
    let assumers: Vec<Vec<usize>> =
        grants.iter().enumerate().map(|(role, grants)| by_arn.find_named(role, grants)).collect();
    // Strong evidence first: a role is not classified by a principal with weaker evidence than its own.
    for level in [Strength::Fair, Strength::Weak, Strength::Faint] {
        let mut settled: Vec<bool> =
            evidence.iter().map(|role_evidence| max_strength(role_evidence) >= Some(level)).collect();
        loop {
            let wave: Vec<(usize, Vec<Evidence>)> = assumers
                .iter()
                .enumerate()
                .filter(|(role, _)| settled.get(*role) == Some(&false))
                .map(|(role, assumers)| (role, collect_propagated(principals, assumers, &settled, evidence, level)))
                .filter(|(_, found)| !found.is_empty())
                .collect();
            if wave.is_empty() {
                break;
            }
            for (role, new_evidence) in wave {
                if let (Some(role_evidence), Some(is_settled)) = (evidence.get_mut(role), settled.get_mut(role)) {
                    role_evidence.extend(new_evidence);
                    sort_evidence(role_evidence);
                    *is_settled = true;
                }
            }
        }
    }
}

fn max_strength(evidence: &[Evidence]) -> Option<Strength> {
    evidence.iter().map(|item| item.strength).max()
}

/// The evidence that settled assumers give to a role: one item per class.
fn collect_propagated(
    principals: &[&Principal],
    assumers: &[usize],
    settled: &[bool],
    evidence: &[Vec<Evidence>],
    strength: Strength,
) -> Vec<Evidence> {
    let mut propagated: Vec<Evidence> = Vec::new();
    for index in assumers.iter().filter(|index| settled.get(**index) == Some(&true)) {
        // INVARIANT: `index` is the index of a principal, and a settled principal has evidence.
        let (Some(principal), Some(first)) = (principals.get(*index), evidence.get(*index).and_then(|e| e.first()))
        else {
            continue;
        };
        // The class of a service-linked role is not the class of the roles that it can assume.
        let Some(class) = first.kind.to_principal_class() else { continue };
        if propagated.iter().any(|item| item.kind.is(class)) {
            continue;
        }
        propagated.push(Evidence {
            hint: "assumed-by".to_owned(),
            kind: InferredClass::Known(class),
            strength,
            found: EvidenceMatch::Trust(TrustMatch::from_grant(TrustGrant::Principal(principal.arn.clone()))),
            because: EvidenceBasis::AssumerClass(class),
            source: None,
        });
    }
    propagated
}
