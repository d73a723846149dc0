//! Trust grants that admit nobody: no request of the caller can satisfy the conditions of the statement.

use super::grant::{TrustGrant, list_conditional_grants};
use super::grant_question::GrantQuestion;
use super::restricted_policy::{keep_statement, list_distinct_grants, restrict_to_grant};
use super::undeclared::{TrustAnalysis, TrustAnalyzer};
use crate::iam::PolicyDocument;
use crate::snapshot::{Account, Principal};

/// A grant of a trust policy that admits nobody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeadGrant {
    /// The principal or provider that the statement names.
    pub grant: TrustGrant,
    /// The index of the statement in the trust policy.
    pub statement: usize,
}

impl TrustAnalyzer<'_> {
    /// The grants of a role that admit nobody, in the order of the statements: those whose conditions require a key that
    /// the caller cannot have, such as a claim of another provider, and those whose statement lacks the action that the
    /// caller needs. Deny statements and RCPs do not count: they can be intended to close a grant.
    pub fn find_dead_grants(&self, account: &Account, role: &Principal) -> Vec<DeadGrant> {
        let Some(trust) = &role.trust_policy else { return Vec::new() };
        let resolve_unique_id = |id: &str| self.resolve_unique_id(id);
        let mut dead_grants = Vec::new();
        for index in list_conditional_statements(&trust.document) {
            let document = keep_statement(&trust.document, index);
            let grants = list_distinct_grants(&document, &resolve_unique_id);
            let is_dead: Vec<bool> = grants
                .iter()
                .map(|grant| {
                    let restricted_policy = &restrict_to_grant(&document, grant, &resolve_unique_id);
                    let rcps = &[];
                    self.admits_nobody(&GrantQuestion { account, role, grant, restricted_policy, rcps, accepted: &[] })
                })
                .collect();
            // A wildcard means several kinds of callers. It is dead if all of them are, and counts once.
            let is_wildcard_alive = grants.iter().zip(&is_dead).any(|(grant, is_dead)| grant.is_wildcard() && !is_dead);
            let mut has_wildcard = is_wildcard_alive;
            for (grant, _) in grants.into_iter().zip(is_dead).filter(|(_, is_dead)| *is_dead) {
                if grant.is_wildcard() && std::mem::replace(&mut has_wildcard, true) {
                    continue;
                }
                dead_grants.push(DeadGrant { grant, statement: index });
            }
        }
        dead_grants
    }

    /// Whether it is proven that no request satisfies a policy.
    fn admits_nobody(&self, question: &GrantQuestion<'_>) -> bool {
        let is_empty = |analysis: &TrustAnalysis| analysis.undeclared.is_empty() && analysis.undecided.is_empty();
        self.list_cases(question).iter().all(|case| is_empty(&self.analyze_case(question, case, &[])))
    }
}

/// The Allow statements with conditions, or whose principals need another action than the statement lists.
fn list_conditional_statements(document: &PolicyDocument) -> Vec<usize> {
    let mut indices: Vec<usize> = list_conditional_grants(document)
        .iter()
        .filter(|conditional| conditional.allows_assuming() || conditional.lists_other_assume_action())
        .filter(|conditional| !conditional.statement.conditions.is_empty() || !conditional.allows_assuming())
        .map(|conditional| conditional.statement.index)
        .collect();
    indices.dedup();
    indices
}
