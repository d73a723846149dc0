//! Fingerprints: what a finding contains now. A finding that grows or shrinks has another fingerprint, and the same key.

use super::severity::Severity;

/// The fingerprint of a finding: its key, severity and causes. The order of the causes does not matter.
///
/// Causes are stable tokens. A rendered sentence is not one, because rewording it would change every fingerprint.
pub(crate) fn compute_fingerprint(key: &str, severity: Severity, causes: impl IntoIterator<Item = String>) -> String {
    let mut causes: Vec<String> = causes.into_iter().collect();
    causes.sort_unstable();
    causes.dedup();
    let mut hasher = blake3::Hasher::new();
    // A length before each text keeps different lists from producing the same bytes.
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(key);
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
            compute_fingerprint("iam001/1/role/x", Severity::High, causes.iter().map(|c| (*c).to_owned()))
        };
        assert_eq!(fingerprint_of(&["a", "b"]), fingerprint_of(&["b", "a", "b"]));
        assert_ne!(fingerprint_of(&["a", "b"]), fingerprint_of(&["ab"]));
        assert_eq!(fingerprint_of(&[]).len(), 16);
    }
}
