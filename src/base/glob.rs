//! Globs over text: `*` matches any run of characters, `?` matches one character.

use std::fmt;

/// A glob that matches a whole text. It is case-sensitive, and its wildcards match colons and slashes, too.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Glob {
    written: Box<str>,
    pattern: Box<[char]>,
}

impl Glob {
    /// A glob from its text. Every text is a valid glob.
    pub fn new(text: &str) -> Glob {
        Glob { written: text.into(), pattern: text.chars().collect() }
    }

    /// A glob over ARNs. `None` if the text starts with neither `arn:` nor `*`.
    pub fn parse_arn_glob(text: &str) -> Option<Glob> {
        (text.starts_with("arn:") || text.starts_with('*')).then(|| Glob::new(text))
    }

    /// The text of the glob.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether the glob matches the whole text. Complexity: length of the text times length of the glob.
    pub fn matches(&self, text: &str) -> bool {
        let mut pattern = &*self.pattern;
        let mut rest = text.chars();
        // The pattern after the last star, and the text that the star has not consumed yet.
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
                    // Let the star consume one more character. If none is left, the glob does not match.
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

    /// The definition of a glob, as a recursion.
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
