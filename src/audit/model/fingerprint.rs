//! Fingerprints: the same finding has the same one next week.

use std::collections::BTreeSet;

use super::severity::Severity;
use crate::audit::rules::RuleId;

/// What a finding is recognised by: the rule, whom it is about, how bad it is, and what causes it, in any order.
pub(crate) fn compute_fingerprint(
    rule: RuleId,
    subject: &str,
    severity: Severity,
    causes: impl IntoIterator<Item = String>,
) -> String {
    let causes: BTreeSet<String> = causes.into_iter().collect();
    let mut hasher = blake3::Hasher::new();
    // Each text goes in behind its length, so that no two findings run together into the same bytes.
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(rule.as_str());
    add(subject);
    add(severity.as_str());
    causes.iter().for_each(|cause| add(cause));
    hasher.finalize().to_hex().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_content_does() {
        let fingerprint_of = |causes: &[&str]| {
            compute_fingerprint(RuleId::Broader, "arn", Severity::High, causes.iter().map(|c| (*c).to_owned()))
        };
        assert_eq!(fingerprint_of(&["a", "b"]), fingerprint_of(&["b", "a", "b"]));
        assert_ne!(fingerprint_of(&["a", "b"]), fingerprint_of(&["ab"]));
        assert_eq!(fingerprint_of(&[]).len(), 16);
    }
}
