//! Globs over text: `*` is any run of characters, `?` exactly one.

use std::fmt;

/// A glob over a whole text, case-sensitive; neither wildcard stops at a colon or a slash.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Glob {
    written: Box<str>,
    pattern: Box<[char]>,
}

impl Glob {
    /// Every text is a glob.
    pub fn new(text: &str) -> Glob {
        Glob { written: text.into(), pattern: text.chars().collect() }
    }

    /// A glob that can be over an ARN: it begins with `arn:` or `*`.
    pub fn parse_arn_glob(text: &str) -> Option<Glob> {
        (text.starts_with("arn:") || text.starts_with('*')).then(|| Glob::new(text))
    }

    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether the whole text matches. Linear in the text times the pattern, whatever the stars.
    pub fn matches(&self, text: &str) -> bool {
        let mut pattern = &*self.pattern;
        let mut rest = text.chars();
        // After a star: what follows it, and where the text stood when the star was met.
        let mut backtrack: Option<(&[char], std::str::Chars<'_>)> = None;
        loop {
            if let Some((&'*', after)) = pattern.split_first() {
                pattern = after;
                backtrack = Some((after, rest.clone()));
                continue;
            }
            let mut lookahead = rest.clone();
            match (pattern.split_first(), lookahead.next()) {
                (None, None) => return true,
                (Some((expected, after)), Some(found)) if *expected == '?' || *expected == found => {
                    pattern = after;
                    rest = lookahead;
                }
                _ => {
                    // The star takes one more character; where there is none left, nothing matches.
                    let Some((after, start)) = &mut backtrack else { return false };
                    if start.next().is_none() {
                        return false;
                    }
                    pattern = after;
                    rest = start.clone();
                }
            }
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matches_wildcards() {
        for (glob, text, expected) in [
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("", "", true),
            ("", "a", false),
            ("arn:*:iam::*:role/operators/cost-*", "arn:aws-cn:iam::111122223333:role/operators/cost-a/b", true),
            ("arn:*:role/x", "arn:aws:iam::111122223333:role/X", false),
            ("a*b?c", "a__b__b_c", true),
            ("a*b?c", "a__b__bc", false),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(Glob::new(glob).matches(text), expected, "{glob} on {text}");
        }
        assert!(Glob::parse_arn_glob("role/x").is_none());
    }

    /// The definition, by recursion.
    fn matches_by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', after @ ..] => (0..=text.len()).any(|i| matches_by_definition(after, &text[i..])),
            ['?', after @ ..] => !text.is_empty() && matches_by_definition(after, &text[1..]),
            [c, after @ ..] => text.first() == Some(c) && matches_by_definition(after, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::new(&glob).matches(&text), matches_by_definition(&p, &t));
        }
    }
}
