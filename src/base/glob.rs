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

/// Whether every text that a second glob matches is one that a first glob matches. False if that is unclear.
pub fn covers_glob(glob: &str, other: &str) -> bool {
    // A `?` of the first one must not match the `*` of the second one. A `*` matches it.
    let is_unclear = glob.contains('?') && other.contains('*');
    glob == other || (!is_unclear && matches_glob(glob, other))
}

/// Whether two globs match some text both.
pub fn globs_overlap(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Whether the rest of `a` from the row overlaps with the rest of `b` from each column.
    let mut below: Vec<bool> = Vec::new();
    for row in (0..=a.len()).rev() {
        let mut current = vec![false; b.len() + 1];
        for column in (0..=b.len()).rev() {
            let at = |list: &[bool], index: usize| list.get(index).copied().unwrap_or(false);
            let overlaps = match (a.get(row), b.get(column)) {
                (None, None) => true,
                (Some('*'), Some(_)) | (Some(_), Some('*')) => at(&below, column) || at(&current, column + 1),
                (Some('*'), None) => at(&below, column),
                (None, Some('*')) => at(&current, column + 1),
                (Some(x), Some(y)) => (x == y || *x == '?' || *y == '?') && at(&below, column + 1),
                (None, Some(_)) | (Some(_), None) => false,
            };
            if let Some(cell) = current.get_mut(column) {
                *cell = overlaps;
            }
        }
        below = current;
    }
    below.first().copied().unwrap_or(false)
}

/// The globs that match what can follow a prefix in a text that a glob matches. The prefix has no wildcards.
pub fn list_rests(glob: &str, prefix: &str) -> Vec<String> {
    let glob: Vec<char> = glob.chars().collect();
    // A `*` can also match nothing.
    let expand = |positions: Vec<usize>| {
        let mut expanded = positions;
        let mut at = 0;
        while let Some(position) = expanded.get(at).copied() {
            if glob.get(position) == Some(&'*') && !expanded.contains(&(position + 1)) {
                expanded.push(position + 1);
            }
            at += 1;
        }
        expanded
    };
    let mut positions = expand(vec![0]);
    for c in prefix.chars() {
        let step = |position: usize| match glob.get(position) {
            Some('*') => Some(position),
            Some(expected) if *expected == '?' || *expected == c => Some(position + 1),
            _ => None,
        };
        let mut next: Vec<usize> = positions.into_iter().filter_map(step).collect();
        next.sort_unstable();
        next.dedup();
        positions = expand(next);
    }
    // What follows a `*` is a part of what follows before it.
    let is_covered =
        |position: usize| position > 0 && glob.get(position - 1) == Some(&'*') && positions.contains(&(position - 1));
    let mut rests: Vec<usize> = positions.iter().copied().filter(|position| !is_covered(*position)).collect();
    rests.sort_unstable();
    rests.dedup();
    rests.into_iter().map(|position| glob.iter().skip(position).collect()).collect()
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
    fn rests_follow_a_prefix() {
        assert_eq!(list_rests("role/a*", "role/"), ["a*"]);
        assert_eq!(list_rests("*/a-*", "role/"), ["*/a-*", "a-*"]);
        assert_eq!(list_rests("r*", "role/"), ["*"]);
        assert_eq!(list_rests("user/*", "role/"), Vec::<String>::new());
        assert_eq!(list_rests("ro?e/", "role/"), [""]);
    }

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

    fn list_texts() -> Vec<String> {
        let mut texts = vec![String::new()];
        for length in 1..=5 {
            let longer: Vec<String> = texts
                .iter()
                .filter(|t| t.len() == length - 1)
                .flat_map(|t| ["a", "b"].map(|c| format!("{t}{c}")))
                .collect();
            texts.extend(longer);
        }
        texts
    }

    proptest! {
        #[test]
        fn two_globs_are_compared_by_the_texts_that_they_match(a in "[ab*?]{0,4}", b in "[ab*?]{0,4}") {
            let texts = list_texts();
            let matching = |glob: &str| texts.iter().filter(|t| matches_glob(glob, t)).collect::<Vec<_>>();
            let (of_a, of_b) = (matching(&a), matching(&b));
            if covers_glob(&a, &b) {
                prop_assert!(of_b.iter().all(|text| of_a.contains(text)));
            }
            // A text of both globs needs no more than one character for each character of one of them.
            if of_b.iter().any(|text| of_a.contains(text)) {
                prop_assert!(globs_overlap(&a, &b));
            } else if a.len() + b.len() <= 5 {
                prop_assert!(!globs_overlap(&a, &b));
            }
        }

        #[test]
        fn agrees_with_the_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::new(&glob).matches(&text), matches_by_definition(&p, &t));
        }
    }
}
