//! Which principals an entry or an ignore matches.

use crate::base::glob::Glob;
use crate::iam::ArnGlob;
use crate::snapshot::Principal;
use crate::source::Span;

/// The properties of a principal that selectors use.
#[derive(Copy, Clone, Debug)]
pub struct PrincipalView<'a> {
    /// The ARN.
    pub arn: &'a str,
    /// The tags: key and value.
    pub tags: &'a [(String, String)],
    /// Whether it is a service-linked role (path `/aws-service-role/`).
    pub is_service_linked: bool,
}

impl<'a> PrincipalView<'a> {
    /// The properties of a principal of a snapshot.
    pub fn from_principal(principal: &'a Principal) -> PrincipalView<'a> {
        PrincipalView {
            arn: principal.arn.as_str(),
            tags: &principal.tags,
            is_service_linked: principal.entity_kind.is_service_linked(),
        }
    }
}

/// `match` and `tags`, at least one of them.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Globs over the ARN, one of which must match. Empty if there is no `match`.
    pub arns: Vec<ArnGlob>,
    /// Tags, all of which the principal must have.
    pub tags: Vec<TagSelector>,
    /// The position of the selector.
    pub span: Span,
}

/// One tag of a selector.
#[derive(Clone, Debug)]
pub struct TagSelector {
    /// The key of the tag. Comparison ignores case, as in IAM.
    pub key: String,
    /// A glob over the value, case-sensitive.
    pub value: Glob,
}

impl Selector {
    /// Whether a principal matches `match` and `tags`.
    pub fn matches(&self, principal: &PrincipalView<'_>) -> bool {
        let is_arn_match = self.arns.is_empty() || self.arns.iter().any(|glob| glob.matches(principal.arn));
        is_arn_match
            && self.tags.iter().all(|wanted| principal.tags.iter().any(|(key, value)| wanted.matches(key, value)))
    }
}

impl TagSelector {
    /// Whether the selector has this key. IAM ignores the case of keys, which can contain letters outside ASCII.
    pub(in crate::baseline) fn has_key(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key) || self.key.to_lowercase() == key.to_lowercase()
    }

    /// Whether a tag has the key, and its value matches.
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
        let arn_glob = |name: &str| ArnGlob::parse(&format!("arn:*:iam::*:role/{name}")).unwrap();
        let tag = |key: &str, value: &str| TagSelector { key: key.to_owned(), value: Glob::new(value) };
        let mut selector = Selector { arns: vec![arn_glob("a"), arn_glob("b")], ..Selector::default() };
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
