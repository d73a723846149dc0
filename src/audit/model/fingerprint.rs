//! Fingerprints: what a finding contains now. A finding that grows or shrinks has another fingerprint, and the same key.

use super::severity::Severity;

/// The fingerprint of a finding: its key, severity and causes. The order of the causes does not matter.
///
/// Causes are stable tokens. A rendered sentence is not one, because rewording it would change every fingerprint.
pub(crate) fn compute_fingerprint(key: &str, severity: Severity, mut causes: Vec<&str>) -> String {
    // Most are parts of lists in ascending order, which this kind of sorting merges.
    causes.sort();
    causes.dedup();
    // A list has thousands of short texts: hashing them at once takes a fraction of the time.
    let mut bytes = Vec::new();
    // A length before each text keeps different lists from producing the same bytes.
    let mut add = |text: &str| {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    add(key);
    add(severity.as_str());
    causes.into_iter().for_each(&mut add);
    blake3::hash(&bytes).to_hex().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_depends_on_causes_but_not_on_their_order() {
        let fingerprint_of = |causes: &[&str]| compute_fingerprint("iam001/1/role/x", Severity::High, causes.to_vec());
        assert_eq!(fingerprint_of(&["a", "b"]), fingerprint_of(&["b", "a", "b"]));
        assert_ne!(fingerprint_of(&["a", "b"]), fingerprint_of(&["ab"]));
        assert_eq!(fingerprint_of(&[]).len(), 16);
    }
}
