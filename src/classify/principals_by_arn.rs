//! The principals of a snapshot that the grants of a trust policy name.

use super::hint_match::PRINCIPAL_ARN;
use crate::base::glob::Glob;
use crate::snapshot::Principal;
use crate::trust::{ConditionalGrant, TrustGrant};

/// The ARNs of the principals, sorted, each with the index of the principal.
pub(super) struct PrincipalsByArn<'a>(Vec<(&'a str, usize)>);

impl<'a> PrincipalsByArn<'a> {
    pub(super) fn new(principals: &[&'a Principal]) -> PrincipalsByArn<'a> {
        let mut all: Vec<(&str, usize)> =
            principals.iter().enumerate().map(|(index, principal)| (principal.arn.as_str(), index)).collect();
        all.sort_unstable();
        PrincipalsByArn(all)
    }

    /// The principals whose ARN matches a pattern. Only ARNs with the literal prefix of the pattern are compared.
    fn find_matching(&self, pattern: &str) -> impl Iterator<Item = (&'a str, usize)> {
        // INVARIANT: `split` returns at least one part.
        let literal = pattern.split(['*', '?']).next().unwrap_or(pattern).to_owned();
        let start = self.0.partition_point(|(arn, _)| *arn < literal.as_str());
        let glob = Glob::new(pattern);
        let candidates = self.0.iter().skip(start).copied().take_while(move |(arn, _)| arn.starts_with(&literal));
        candidates.filter(move |(arn, _)| glob.matches(arn))
    }

    /// The indices of the principals that grants of a role name: directly, or by `aws:PrincipalArn` together with their
    /// account. The role itself is left out.
    pub(super) fn find_named(&self, role: usize, grants: &[ConditionalGrant<'_>]) -> Vec<usize> {
        let mut indices = Vec::new();
        for conditional in grants {
            match &conditional.grant {
                TrustGrant::Principal(arn) => {
                    indices.extend(self.find_matching(arn.as_str()).map(|(_, index)| index));
                }
                TrustGrant::Account(account) => {
                    let patterns = conditional.required_values(PRINCIPAL_ARN);
                    let matching = patterns.flat_map(|pattern| self.find_matching(pattern));
                    let of_account = matching.filter(|(arn, _)| arn.split(':').nth(4) == Some(account.as_str()));
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
}
