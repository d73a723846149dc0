//! Whether a finding has appeared or grown, and what is left of one.

use crate::audit::model::finding::Finding;
use crate::audit::model::fix_verification::FixVerification;
use crate::audit::model::rule_id::RuleId;

/// The findings after an edit that were not there before, or that are larger. `key` is the finding that the edit is for.
pub(super) fn find_regressions<'f>(before: &[Finding], after: &'f [Finding], key: &str) -> Vec<&'f Finding> {
    let is_regression = |finding: &&Finding| {
        finding.accepted.is_none()
            && finding.key != key
            && find_same(before, &finding.key).is_none_or(|before| has_grown(before, finding))
    };
    after.iter().filter(is_regression).collect()
}

/// What an edit does to the finding that it is for. `None` if the finding is as large as before.
pub(super) fn rate_effect(before: &Finding, after: &[Finding]) -> Option<FixVerification> {
    let Some(left) = find_same(after, &before.key) else {
        // The end of a path that another finding covers can still be reached.
        return (!is_end_covered(before, after)).then_some(FixVerification::Ends);
    };
    let sizes = (size(before), size(left));
    let is_smaller = sizes.1 < sizes.0 && !has_grown(before, left);
    is_smaller.then_some(FixVerification::Reduces { left: left.action_count })
}

fn find_same<'f>(findings: &'f [Finding], key: &str) -> Option<&'f Finding> {
    findings.iter().find(|finding| finding.key == key)
}

/// Whether the end of a path is one that another finding about the principal covers.
fn is_end_covered(before: &Finding, after: &[Finding]) -> bool {
    let Some(last) = before.path.last() else { return false };
    let arn = |finding: &Finding| finding.principal.as_ref().map(|principal| principal.arn.clone());
    after.iter().any(|finding| finding.also_reaches.contains(&last.to) && arn(finding) == arn(before))
}

/// The number of actions, and of statements that grant them.
fn size(finding: &Finding) -> (usize, usize) {
    (finding.action_count, finding.excess.len())
}

fn has_grown(before: &Finding, after: &Finding) -> bool {
    before.accepted.is_some()
        || after.severity > before.severity
        || after.action_count > before.action_count
        || after.destructive_count > before.destructive_count
        // What is undecided has no size.
        || (after.rule == RuleId::Undecided && after.fingerprint != before.fingerprint)
}
