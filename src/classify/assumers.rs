//! The classes of those that can assume each role: humans, agents, programs.

use std::cmp::Reverse;

use super::classification::list_classified_grants;
use super::evidence::{EvidenceMatch, InferredClass, TrustMatch};
use super::hint_match::{list_active_hints, match_grant, match_session_name};
use super::principals_by_arn::PrincipalsByArn;
use crate::baseline::{Baseline, Hint, HintSelector, Strength};
use crate::snapshot::{Principal, Snapshot};
use crate::trust::{ConditionalGrant, TrustGrant};

/// A caller that a trust policy allows to assume the role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assumer {
    /// The class of the caller.
    pub class: InferredClass,
    /// The grant.
    pub found: EvidenceMatch,
    /// The index of the principal in the snapshot. `None` if the grant names no principal of the snapshot.
    pub principal: Option<usize>,
}

/// The assumers of every principal of a snapshot, in order. `classes` are the classes of the principals, in the same
/// order.
///
/// The class of an assumer comes from the hints that match the grant: its principal and its conditions. If none does,
/// it comes from the principals of the snapshot that the grant names. A grant to a whole account has no class.
pub fn find_assumers(snapshot: &Snapshot, baseline: Option<&Baseline>, classes: &[InferredClass]) -> Vec<Vec<Assumer>> {
    let hints = list_active_hints(baseline);
    let principals: Vec<&Principal> = snapshot.principals().map(|(_, principal)| principal).collect();
    let by_arn = PrincipalsByArn::new(&principals);
    let to_assumer = |index: usize| {
        let (class, arn) = (*classes.get(index)?, &principals.get(index)?.arn);
        let trusted = TrustMatch::from_grant(TrustGrant::Principal((*arn).clone()));
        Some(Assumer { class, found: EvidenceMatch::Trust(trusted), principal: Some(index) })
    };
    let find_for_grant = |role: usize, grant: &ConditionalGrant<'_>| match match_hints(&hints, grant) {
        Some(assumer) => vec![assumer],
        None => by_arn.find_named(role, std::slice::from_ref(grant)).into_iter().filter_map(to_assumer).collect(),
    };
    let find_for_principal = |(role, principal): (usize, &&Principal)| {
        list_classified_grants(principal).iter().flat_map(|grant| find_for_grant(role, grant)).collect()
    };
    principals.iter().enumerate().map(find_for_principal).collect()
}

/// The assumer that the strongest matching hint gives. If several are equally strong, the order of classes decides.
/// `None` if no hint matches the grant.
fn match_hints(hints: &[&Hint], grant: &ConditionalGrant<'_>) -> Option<Assumer> {
    let matches = hints.iter().filter_map(|hint| {
        let (found, strength) = match &hint.selector {
            HintSelector::Words(words) => (match_session_name(words, grant)?, Strength::Strong),
            selector if selector.is_trust_selector() => (match_grant(hint, hints, grant)?, hint.strength),
            _ => return None,
        };
        Some((
            Reverse(strength),
            Assumer { class: hint.class.into(), found: EvidenceMatch::Trust(found), principal: None },
        ))
    });
    matches.min_by_key(|(strength, assumer)| (*strength, assumer.class)).map(|(_, assumer)| assumer)
}
