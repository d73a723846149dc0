//! The glob matcher for plain text: `*` is any run of characters, `?` is exactly one character.

use std::fmt;

/// A glob over a whole text, case-sensitive. Wildcards also match colons and slashes.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Glob(Box<str>);

impl Glob {
    /// A glob from its text. Every text is a valid glob.
    ///
    /// ```
    /// use iamdrift::audit::AuditOptions;
    /// use iamdrift::baseline::Glob;
    ///
    /// let mut options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    /// options.principal = Some(Glob::new("arn:aws:iam::111122223333:role/agents/*"));
    /// ```
    pub fn new(text: &str) -> Glob {
        Glob(text.into())
    }

    /// The text of the glob.
    #[doc(hidden)]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the glob matches the whole text.
    ///
    /// ```
    /// use iamdrift::baseline::Glob;
    ///
    /// assert!(Glob::new("role/agents/*").matches("role/agents/review/lantern"));
    /// assert!(!Glob::new("role/agent?").matches("role/agents/lantern"));
    /// ```
    pub fn matches(&self, text: &str) -> bool {
        matches_glob(&self.0, text)
    }
}

/// Whether a glob matches the whole text. The time is at most the product of the two lengths.
pub fn matches_glob(glob: &str, text: &str) -> bool {
    let mut pattern = glob.chars();
    let mut rest = text.chars();
    // The pattern after the last star, and the text from which that star has to match next.
    let mut backtrack: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut pattern_after = pattern.clone();
        let mut rest_after = rest.clone();
        match (pattern_after.next(), rest_after.next()) {
            (Some('*'), _) => {
                pattern = pattern_after;
                if pattern.as_str().is_empty() {
                    return true;
                }
                backtrack = Some((pattern.clone(), rest.clone()));
            }
            (None, None) => return true,
            (Some(expected), Some(found)) if expected == '?' || expected == found => {
                pattern = pattern_after;
                rest = rest_after;
            }
            _ => {
                // Let the last star match one more character. Earlier stars need not change.
                let Some((after_star, start)) = &mut backtrack else { return false };
                if start.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                rest = start.clone();
            }
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
    }

    /// The definition as a recursive function.
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
