//! A role is what those are who may assume it, where nothing of its own tells as much.

use super::evidence::{Evidence, Who};
use super::recognise::{PRINCIPAL_ARN, sort};
use super::trust::{Trusted, WayIn};
use crate::baseline::{Glob, Strength};
use crate::snapshot::Principal;

/// Hands kinds on from principals to the roles that name them as trusted, in waves: the next wave goes by what the
/// one before it decided. What tells less than this is handed on as what it is.
pub(super) fn spread(principals: &[&Principal], ways: &[Vec<WayIn>], evidence: &mut [Vec<Evidence>]) {
    let by_arn = ByArn::of(principals);
    let assumers: Vec<Vec<usize>> = ways.iter().enumerate().map(|(role, ways)| named(&by_arn, role, ways)).collect();
    // What is certain first, then what rests on less: a role never waits for one that tells less than itself.
    for strength in [Strength::Fair, Strength::Weak, Strength::Faint] {
        let mut settled: Vec<bool> = evidence.iter().map(|found| strongest(found) >= Some(strength)).collect();
        loop {
            let wave: Vec<(usize, Vec<Evidence>)> = assumers
                .iter()
                .enumerate()
                .filter(|(role, _)| settled.get(*role) == Some(&false))
                .map(|(role, assumers)| (role, handed_on(principals, assumers, &settled, evidence, strength)))
                .filter(|(_, found)| !found.is_empty())
                .collect();
            if wave.is_empty() {
                break;
            }
            for (role, found) in wave {
                if let (Some(all), Some(done)) = (evidence.get_mut(role), settled.get_mut(role)) {
                    all.extend(found);
                    sort(all);
                    *done = true;
                }
            }
        }
    }
}

fn strongest(evidence: &[Evidence]) -> Option<Strength> {
    evidence.iter().map(|one| one.strength).max()
}

/// The principals by their ARNs, in order.
pub(super) struct ByArn<'a>(Vec<(&'a str, usize)>);

impl<'a> ByArn<'a> {
    pub fn of(principals: &[&'a Principal]) -> ByArn<'a> {
        let mut all: Vec<(&str, usize)> =
            principals.iter().enumerate().map(|(index, principal)| (principal.arn.as_str(), index)).collect();
        all.sort_unstable();
        ByArn(all)
    }

    /// Those whose ARN a pattern matches; only what begins like it is looked at.
    fn matching(&self, pattern: &str) -> impl Iterator<Item = (&'a str, usize)> {
        let literal = pattern.split(['*', '?']).next().unwrap_or_default().to_owned();
        let start = self.0.partition_point(|(arn, _)| *arn < literal.as_str());
        let glob = Glob::new(pattern);
        let alike = self.0.iter().skip(start).copied().take_while(move |(arn, _)| arn.starts_with(&literal));
        alike.filter(move |(arn, _)| glob.matches(arn))
    }
}

/// The principals of the snapshot that a role's trust policy names, itself left out.
pub(super) fn named(by_arn: &ByArn<'_>, role: usize, ways: &[WayIn]) -> Vec<usize> {
    let mut named = Vec::new();
    for way in ways {
        match &way.trusted {
            Trusted::Principal(arn) => named.extend(by_arn.matching(arn).map(|(_, index)| index)),
            Trusted::Account(account) => {
                let matching = way.values(PRINCIPAL_ARN).flat_map(|pattern| by_arn.matching(pattern));
                let of_account = matching.filter(|(arn, _)| arn.split(':').nth(4) == Some(account));
                named.extend(of_account.map(|(_, index)| index));
            }
            _ => {}
        }
    }
    named.retain(|index| *index != role);
    named.sort_unstable();
    named.dedup();
    named
}

/// What those who are settled hand on: one piece of evidence for each kind among them.
fn handed_on(
    principals: &[&Principal],
    assumers: &[usize],
    settled: &[bool],
    evidence: &[Vec<Evidence>],
    strength: Strength,
) -> Vec<Evidence> {
    let mut handed: Vec<Evidence> = Vec::new();
    for index in assumers.iter().filter(|index| settled.get(**index) == Some(&true)) {
        let (Some(principal), Some(first)) = (principals.get(*index), evidence.get(*index).and_then(|e| e.first()))
        else {
            continue;
        };
        if first.kind == Who::ServiceLinked || handed.iter().any(|one| one.kind == first.kind) {
            continue;
        }
        handed.push(Evidence {
            hint: "assumed-by".to_owned(),
            kind: first.kind,
            strength,
            found: format!("trusts {}", principal.arn),
            because: format!("that is {}", with_article(first.kind)),
            source: None,
        });
    }
    handed
}

fn with_article(who: Who) -> String {
    match who {
        Who::Agent | Who::Operator => format!("an {}", who.as_str()),
        Who::BreakGlass => "for emergencies".to_owned(),
        _ => format!("a {}", who.as_str()),
    }
}
