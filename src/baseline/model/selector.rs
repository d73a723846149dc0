//! Which principals an entry or an ignore speaks of.

use crate::base::glob::Glob;
use crate::snapshot::Principal;
use crate::source::Span;

/// What the selectors look at.
#[derive(Copy, Clone, Debug)]
pub struct PrincipalView<'a> {
    /// The principal's ARN.
    pub arn: &'a str,
    /// Its tags: key and value.
    pub tags: &'a [(String, String)],
    /// Whether it is a role that AWS owns (path `/aws-service-role/`).
    pub is_service_linked: bool,
}

impl<'a> PrincipalView<'a> {
    /// What the selectors look at of a principal.
    pub fn from_principal(principal: &'a Principal) -> PrincipalView<'a> {
        PrincipalView {
            arn: principal.arn.as_str(),
            tags: &principal.tags,
            is_service_linked: principal.entity_kind.is_service_linked(),
        }
    }
}

/// `match` and `tags`; at least one of them is given.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Globs over the ARN: one of them must match. Empty where `match` is not given.
    pub arns: Vec<Glob>,
    /// Tags that the principal must have, every one.
    pub tags: Vec<TagSelector>,
    /// Where the selectors stand.
    pub span: Span,
}

/// One tag of a selector.
#[derive(Clone, Debug)]
pub struct TagSelector {
    /// The tag's key; its case does not matter, as in IAM.
    pub key: String,
    /// A glob over the tag's value; its case matters.
    pub value: Glob,
}

impl Selector {
    /// Whether a principal meets every selector given.
    pub fn matches(&self, principal: &PrincipalView<'_>) -> bool {
        let is_arn_match = self.arns.is_empty() || self.arns.iter().any(|glob| glob.matches(principal.arn));
        is_arn_match
            && self.tags.iter().all(|wanted| principal.tags.iter().any(|(key, value)| wanted.matches(key, value)))
    }
}

impl TagSelector {
    /// Whether this is about the tag of that key. IAM compares keys without regard to case; they may hold letters
    /// beyond ASCII.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key) || self.key.to_lowercase() == key.to_lowercase()
    }

    /// Whether it is the tag of that key, and its value matches.
    pub fn matches(&self, key: &str, value: &str) -> bool {
        self.has_key(key) && self.value.matches(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn every_given_selector_must_match() {
        let tags = [("Agent".to_owned(), "Kiro".to_owned()), ("team".to_owned(), "cost".to_owned())];
        let view = |arn| PrincipalView { arn, tags: &tags, is_service_linked: false };
        let tag = |key: &str, value: &str| TagSelector { key: key.to_owned(), value: Glob::new(value) };
        let mut selector = Selector { arns: vec![Glob::new("*:role/a"), Glob::new("*:role/b")], ..Selector::default() };
        assert!(selector.matches(&view("arn:aws:iam::1:role/b")));
        assert!(!selector.matches(&view("arn:aws:iam::1:role/c")));
        selector.tags = vec![tag("aGENT", "K*"), tag("team", "*")];
        assert!(selector.matches(&view("arn:aws:iam::1:role/b")));
        selector.tags = vec![tag("agent", "k*")];
        assert!(!selector.matches(&view("arn:aws:iam::1:role/b")), "values are case-sensitive");
        selector.arns.clear();
        selector.tags = vec![tag("AGENT", "*"), tag("missing", "*")];
        assert!(!selector.matches(&view("arn:aws:iam::1:role/b")));
    }
}
