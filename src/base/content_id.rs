//! The content ID: identifies an input of a report, so that an audit can be repeated with the same inputs.

/// The number of hexadecimal digits. People are shown fewer.
const DIGITS: usize = 16;

/// Sixteen hexadecimal digits of a hash of some texts, in order.
pub(crate) fn compute_content_id<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        // The length before each text keeps two different lists from having the same bytes.
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(DIGITS).collect()
}

/// The digits of a content ID that people are shown.
pub fn shorten_content_id(content_id: &str) -> &str {
    content_id.get(..7).unwrap_or(content_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_lists_have_different_ids() {
        let ids = [compute_content_id(["ab", "c"]), compute_content_id(["a", "bc"]), compute_content_id(["abc"])];
        assert!(ids.iter().all(|id| id.len() == DIGITS));
        assert!(ids.iter().enumerate().all(|(i, id)| ids.iter().skip(i + 1).all(|other| other != id)));
        assert_eq!(shorten_content_id("4f1c2aa712345678"), "4f1c2aa");
    }
}
