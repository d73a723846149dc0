//! What those are who may take a role on, way by way: people, agents, programs.

use super::assumers::{ByArn, named};
use super::evidence::Who;
use super::recognise::{SESSION_NAME, in_force, way_found};
use super::trust::{WayIn, ways_in};
use crate::baseline::{Baseline, Clue, Hint, Words};
use crate::snapshot::{Principal, Snapshot};

/// One of those whom a trust policy lets in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comer {
    /// What it is.
    pub who: Who,
    /// How the trust policy lets it in, in words: `trusts the service lambda.amazonaws.com`.
    pub found: String,
    /// Where it is a principal of the snapshot that is named: its place there.
    pub principal: Option<usize>,
}

/// Says of every principal of a snapshot, in order, who may take it on, as far as hints tell. `kinds` are what the
/// principals themselves are, in the same order.
///
/// A way in tells by its own conditions and by whom it names, the strongest hint first; where no hint speaks, by the
/// principals of the snapshot that it names. Trust in an account as a whole tells nothing.
pub fn comers(snapshot: &Snapshot, baseline: Option<&Baseline>, kinds: &[Who]) -> Vec<Vec<Comer>> {
    let hints = in_force(baseline);
    let principals: Vec<&Principal> = snapshot.principals().map(|(_, principal)| principal).collect();
    let by_arn = ByArn::of(&principals);
    let of = |(index, principal): (usize, &&Principal)| {
        let ways = principal.trust.as_ref().map(|trust| ways_in(&trust.document)).unwrap_or_default();
        let mut found: Vec<Comer> = Vec::new();
        for way in &ways {
            let told = match hinted(&hints, way) {
                Some(comer) => vec![comer],
                None => {
                    let named = named(&by_arn, index, std::slice::from_ref(way)).into_iter();
                    let comer = |at: usize| {
                        let (who, arn) = (*kinds.get(at)?, &principals.get(at)?.arn);
                        Some(Comer { who, found: format!("trusts {arn}"), principal: Some(at) })
                    };
                    named.filter_map(comer).collect()
                }
            };
            found.extend(told);
        }
        found
    };
    principals.iter().enumerate().map(of).collect()
}

/// What hints say of one way in; of those that tell as much, the order of kinds decides.
fn hinted(hints: &[&Hint], way: &WayIn) -> Option<Comer> {
    let found = hints.iter().filter_map(|hint| {
        let (found, strength) = match &hint.clue {
            Clue::Words(words) => (session(words, way)?, crate::baseline::Strength::Strong),
            clue if clue.is_of_trust() => (way_found(hint, hints, way)?, hint.strength),
            _ => return None,
        };
        Some((std::cmp::Reverse(strength), Comer { who: hint.kind.into(), found, principal: None }))
    });
    found.min_by_key(|(strength, comer)| (*strength, comer.who)).map(|(_, comer)| comer)
}

/// A session name that the way in asks for and that these words stand in: only such sessions come in.
fn session(words: &[Words], way: &WayIn) -> Option<String> {
    let told = |text: &str| words.iter().any(|words| words.stand_in(&Words::of(text)));
    let name = way.values(SESSION_NAME).find(|name| told(name))?;
    Some(format!("{} with a session name like \"{name}\"", way.trusted.words()))
}
