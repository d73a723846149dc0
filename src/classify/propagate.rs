//! A role is what those are who may assume it, where nothing of its own tells as much.

use super::classification::{PRINCIPAL_ARN, sort_evidence};
use super::evidence::{Evidence, InferredClass};
use super::trusted_party::{TrustPolicyGrant, TrustedParty};
use crate::baseline::{Glob, Strength};
use crate::snapshot::Principal;

/// Hands kinds on from principals to the roles that name them as trusted, in waves: the next wave goes by what the
/// one before it decided. What tells less than this is handed on as what it is.
pub(crate) fn propagate_classes(
    principals: &[&Principal],
    grants: &[Vec<TrustPolicyGrant>],
    evidence: &mut [Vec<Evidence>],
) {
    let by_arn = PrincipalsByArn::new(principals);
    let assumers: Vec<Vec<usize>> =
        grants.iter().enumerate().map(|(role, ways)| find_named_principals(&by_arn, role, ways)).collect();
    // What is certain first, then what rests on less: a role never waits for one that tells less than itself.
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

/// The principals by their ARNs, in order.
pub(crate) struct PrincipalsByArn<'a>(Vec<(&'a str, usize)>);

impl<'a> PrincipalsByArn<'a> {
    pub fn new(principals: &[&'a Principal]) -> PrincipalsByArn<'a> {
        let mut all: Vec<(&str, usize)> =
            principals.iter().enumerate().map(|(index, principal)| (principal.arn.as_str(), index)).collect();
        all.sort_unstable();
        PrincipalsByArn(all)
    }

    /// Those whose ARN a pattern matches; only what begins like it is looked at.
    fn find_matching(&self, pattern: &str) -> impl Iterator<Item = (&'a str, usize)> {
        let literal = pattern.split(['*', '?']).next().unwrap_or_default().to_owned();
        let start = self.0.partition_point(|(arn, _)| *arn < literal.as_str());
        let glob = Glob::new(pattern);
        let candidates = self.0.iter().skip(start).copied().take_while(move |(arn, _)| arn.starts_with(&literal));
        candidates.filter(move |(arn, _)| glob.matches(arn))
    }
}

/// The principals of the snapshot that a role's trust policy names, itself left out.
pub(crate) fn find_named_principals(
    by_arn: &PrincipalsByArn<'_>,
    role: usize,
    grants: &[TrustPolicyGrant],
) -> Vec<usize> {
    let mut indices = Vec::new();
    for grant in grants {
        match &grant.party {
            TrustedParty::Principal(arn) => indices.extend(by_arn.find_matching(arn).map(|(_, index)| index)),
            TrustedParty::Account(account) => {
                let matching = grant.values(PRINCIPAL_ARN).flat_map(|pattern| by_arn.find_matching(pattern));
                let of_account = matching.filter(|(arn, _)| arn.split(':').nth(4) == Some(account));
                indices.extend(of_account.map(|(_, index)| index));
            }
            _ => {}
        }
    }
    indices.retain(|index| *index != role);
    indices.sort_unstable();
    indices.dedup();
    indices
}

/// What those who are settled hand on: one piece of evidence for each kind among them.
fn collect_propagated(
    principals: &[&Principal],
    assumers: &[usize],
    settled: &[bool],
    evidence: &[Vec<Evidence>],
    strength: Strength,
) -> Vec<Evidence> {
    let mut propagated: Vec<Evidence> = Vec::new();
    for index in assumers.iter().filter(|index| settled.get(**index) == Some(&true)) {
        let (Some(principal), Some(first)) = (principals.get(*index), evidence.get(*index).and_then(|e| e.first()))
        else {
            continue;
        };
        if first.kind == InferredClass::ServiceLinked || propagated.iter().any(|item| item.kind == first.kind) {
            continue;
        }
        propagated.push(Evidence {
            hint: "assumed-by".to_owned(),
            kind: first.kind,
            strength,
            found: format!("trusts {}", principal.arn),
            because: format!("that is {}", name_with_article(first.kind)),
            source: None,
        });
    }
    propagated
}

fn name_with_article(class: InferredClass) -> String {
    match class {
        InferredClass::Agent | InferredClass::Operator => format!("an {}", class.as_str()),
        InferredClass::BreakGlass => "for emergencies".to_owned(),
        _ => format!("a {}", class.as_str()),
    }
}
