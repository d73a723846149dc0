//! Fingerprints: the same finding has the same fingerprint in every audit.

use std::collections::BTreeSet;

use super::rule_id::RuleId;
use super::severity::Severity;

/// The fingerprint of a finding: its rule, subject, severity and causes. The order of the causes does not matter.
///
/// Causes are stable tokens. A rendered sentence is not one, because rewording it would invalidate every exception.
pub(crate) fn compute_fingerprint(
    rule: RuleId,
    subject: &str,
    severity: Severity,
    causes: impl IntoIterator<Item = String>,
) -> String {
    let causes: BTreeSet<String> = causes.into_iter().collect();
    let mut hasher = blake3::Hasher::new();
    // A length before each text keeps different lists from producing the same bytes.
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
    fn fingerprint_depends_on_causes_but_not_on_their_order() {
        let fingerprint_of = |causes: &[&str]| {
            compute_fingerprint(RuleId::Broader, "arn", Severity::High, causes.iter().map(|c| (*c).to_owned()))
        };
        assert_eq!(fingerprint_of(&["a", "b"]), fingerprint_of(&["b", "a", "b"]));
        assert_ne!(fingerprint_of(&["a", "b"]), fingerprint_of(&["ab"]));
        assert_eq!(fingerprint_of(&[]).len(), 16);
    }
}
