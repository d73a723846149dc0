//! What those are who may take a role on, way by way: people, agents, programs.

use super::classification::{SESSION_NAME, list_active_hints, match_grant};
use super::evidence::InferredClass;
use super::propagate::{PrincipalsByArn, find_named_principals};
use super::trusted_party::{TrustPolicyGrant, list_trust_grants};
use crate::baseline::{Baseline, Hint, HintSelector, WordSequence};
use crate::snapshot::{Principal, Snapshot};

/// One of those whom a trust policy lets in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assumer {
    /// What it is.
    pub class: InferredClass,
    /// How the trust policy lets it in, in words: `trusts the service lambda.amazonaws.com`.
    pub reason: String,
    /// Where it is a principal of the snapshot that is named: its place there.
    pub principal: Option<usize>,
}

/// Says of every principal of a snapshot, in order, who may take it on, as far as hints tell. `kinds` are what the
/// principals themselves are, in the same order.
///
/// A way in tells by its own conditions and by whom it names, the strongest hint first; where no hint speaks, by the
/// principals of the snapshot that it names. Trust in an account as a whole tells nothing.
pub fn find_assumers(snapshot: &Snapshot, baseline: Option<&Baseline>, classes: &[InferredClass]) -> Vec<Vec<Assumer>> {
    let hints = list_active_hints(baseline);
    let principals: Vec<&Principal> = snapshot.principals().map(|(_, principal)| principal).collect();
    let by_arn = PrincipalsByArn::new(&principals);
    let find_for_principal = |(index, principal): (usize, &&Principal)| {
        let grants =
            principal.trust_policy.as_ref().map(|trust| list_trust_grants(&trust.document)).unwrap_or_default();
        let mut assumers: Vec<Assumer> = Vec::new();
        for grant in &grants {
            let grant_assumers = match match_hints(&hints, grant) {
                Some(assumer) => vec![assumer],
                None => {
                    let party_indices = find_named_principals(&by_arn, index, std::slice::from_ref(grant)).into_iter();
                    let to_assumer = |position: usize| {
                        let (class, arn) = (*classes.get(position)?, &principals.get(position)?.arn);
                        Some(Assumer { class: class, reason: format!("trusts {arn}"), principal: Some(position) })
                    };
                    party_indices.filter_map(to_assumer).collect()
                }
            };
            assumers.extend(grant_assumers);
        }
        assumers
    };
    principals.iter().enumerate().map(find_for_principal).collect()
}

/// What hints say of one way in; of those that tell as much, the order of kinds decides.
fn match_hints(hints: &[&Hint], grant: &TrustPolicyGrant) -> Option<Assumer> {
    let matches = hints.iter().filter_map(|hint| {
        let (reason, strength) = match &hint.selector {
            HintSelector::Words(words) => (match_session_name(words, grant)?, crate::baseline::Strength::Strong),
            selector if selector.is_trust_selector() => (match_grant(hint, hints, grant)?, hint.strength),
            _ => return None,
        };
        Some((std::cmp::Reverse(strength), Assumer { class: hint.class.into(), reason: reason, principal: None }))
    });
    matches.min_by_key(|(strength, assumer)| (*strength, assumer.class)).map(|(_, comer)| comer)
}

/// A session name that the way in asks for and that these words stand in: only such sessions come in.
fn match_session_name(words: &[WordSequence], grant: &TrustPolicyGrant) -> Option<String> {
    let matches_words = |text: &str| words.iter().any(|words| words.is_contained_in(&WordSequence::parse(text)));
    let name = grant.values(SESSION_NAME).find(|name| matches_words(name))?;
    Some(format!("{} with a session name like \"{name}\"", grant.party.describe()))
}
