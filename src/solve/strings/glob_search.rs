//! Is there a string that all patterns of one list match and no pattern of another list matches?
//!
//! Quick tests decide most questions. The search adds negative patterns lazily: it starts with none, finds a string,
//! adds the broadest pattern that the string violates, and repeats (`docs/engine.md`, "Globs").

use super::alphabet::Symbol;
use super::interned_glob::InternedGlob;
use super::intersect::may_intersect;
use super::product_search::{GlobSearchResult, ProductSearch, SymbolRange};
use super::token::{GlobToken, SymbolClass};
use crate::solve::budget::Budget;

/// The account ID of AWS's documentation. A run of digits is most often an account ID.
const EXAMPLE_ACCOUNT: &[u8] = b"111122223333";

/// Strings that replace stars before a search starts. What an empty string means in a condition is an ambiguity: others
/// come first.
const FILLERS: [&[u8]; 5] = [b"example", b"x", b"", b"111122223333", b"a/b"];

/// Finds a string that all patterns of `positive` match and no pattern of `negative` matches.
pub fn find_string(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    symbols: SymbolRange,
    budget: &Budget,
) -> GlobSearchResult {
    decide_by_inspection(positive, negative)
        .or_else(|| is_covered(positive, negative).then_some(GlobSearchResult::NoMatch))
        .or_else(|| search_by_filling(positive, negative))
        .unwrap_or_else(|| search_by_refinement(positive, negative, symbols, budget))
}

/// The result, if the literal parts of the patterns decide it.
pub(super) fn decide_by_inspection(positive: &[&InternedGlob], negative: &[&InternedGlob]) -> Option<GlobSearchResult> {
    for (i, a) in positive.iter().enumerate() {
        if positive.iter().skip(i + 1).any(|b| a.has_conflicting_ends(b)) {
            return Some(GlobSearchResult::NoMatch);
        }
    }
    if let Some(text) = positive.iter().find_map(|p| p.as_exact()) {
        let fits = positive.iter().all(|p| p.matches(&text)) && !negative.iter().any(|n| n.matches(&text));
        return Some(if fits { GlobSearchResult::Match(text) } else { GlobSearchResult::NoMatch });
    }
    None
}

/// Whether one negative pattern provably matches every string that some positive pattern matches.
pub(super) fn is_covered(positive: &[&InternedGlob], negative: &[&InternedGlob]) -> bool {
    negative.iter().any(|n| positive.iter().any(|p| n.covers(p)))
}

/// The result, if two patterns share no string, or if the same filler in place of each star gives a solution.
pub(super) fn search_by_filling(positive: &[&InternedGlob], negative: &[&InternedGlob]) -> Option<GlobSearchResult> {
    for (i, a) in positive.iter().enumerate() {
        if positive.iter().skip(i + 1).any(|b| !may_intersect(a, b)) {
            return Some(GlobSearchResult::NoMatch);
        }
    }
    for (i, pattern) in positive.iter().enumerate() {
        for filler in FILLERS {
            let Some(text) = fill_runs(pattern, filler) else { continue };
            let others = || positive.iter().enumerate().all(|(j, p)| i == j || p.matches(&text));
            if others() && !negative.iter().any(|n| n.matches(&text)) {
                return Some(GlobSearchResult::Match(text));
            }
        }
    }
    None
}

/// Searches, and adds each negative pattern once a found string violates it.
pub(super) fn search_by_refinement(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    symbols: SymbolRange,
    budget: &Budget,
) -> GlobSearchResult {
    let negative: Vec<&InternedGlob> =
        negative.iter().copied().filter(|n| !positive.iter().any(|p| p.has_conflicting_ends(n))).collect();
    let mut active: Vec<&InternedGlob> = Vec::new();
    loop {
        match ProductSearch::run(positive, &active, symbols, budget) {
            GlobSearchResult::Match(text) => {
                let violated = negative.iter().filter(|n| n.matches(&text)).min_by_key(|n| n.literal_count());
                match violated {
                    None => return GlobSearchResult::Match(text),
                    Some(broadest) => active.push(broadest),
                }
            }
            other => return other,
        }
    }
}

/// A string of the pattern in which a filler replaces each run. None if the pattern contains a variable.
fn fill_runs(pattern: &InternedGlob, filler: &[Symbol]) -> Option<Vec<Symbol>> {
    let mut text = Vec::with_capacity(pattern.toks.len() + 16);
    let mut toks = pattern.toks.iter().peekable();
    let mut digits = 0;
    while let Some(tok) = toks.next() {
        match tok {
            // A `?` before a `*`: the filler alone satisfies both.
            GlobToken::AnyOne(class)
                if !filler.is_empty()
                    && toks.peek() == Some(&&GlobToken::AnyRun(*class))
                    && filler.iter().all(|s| class.contains(*s)) => {}
            tok if tok.is_variable() => return None,
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _) => text.push(*s),
            GlobToken::AnyOne(SymbolClass::Digit) => {
                text.push(EXAMPLE_ACCOUNT.get(digits % EXAMPLE_ACCOUNT.len()).copied().unwrap_or(b'1'));
                digits += 1;
                continue;
            }
            GlobToken::AnyOne(_) => text.push(b'x'),
            GlobToken::AnyRun(class) if filler.iter().all(|s| class.contains(*s)) => text.extend_from_slice(filler),
            GlobToken::AnyRun(_) => {}
        }
    }
    Some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::solve::strings::interned_glob::GlobRef;
    use crate::solve::strings::interner::GlobInterner;

    fn glob(interner: &GlobInterner, text: &str) -> GlobRef {
        let toks: Vec<GlobToken> = text
            .bytes()
            .map(|b| match b {
                b'*' => GlobToken::AnyRun(SymbolClass::Any),
                b'?' => GlobToken::AnyOne(SymbolClass::Any),
                b'%' => GlobToken::AnyRun(SymbolClass::NotColon),
                b => GlobToken::Literal(b),
            })
            .collect();
        interner.intern(&toks)
    }

    /// The simplest possible matcher.
    fn matches(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|i| matches(rest, &text[i..])),
            Some((b'%', rest)) => {
                (0..=text.len()).take_while(|i| !text[..*i].contains(&b':')).any(|i| matches(rest, &text[i..]))
            }
            Some((b'?', rest)) => !text.is_empty() && matches(rest, &text[1..]),
            Some((c, rest)) => text.first() == Some(c) && matches(rest, &text[1..]),
        }
    }

    fn texts(length: usize) -> Vec<Vec<u8>> {
        let mut all = vec![vec![]];
        let mut from = 0;
        for _ in 0..length {
            let until = all.len();
            for i in from..until {
                for c in b"ab:z" {
                    let mut longer = all[i].clone();
                    longer.push(*c);
                    all.push(longer);
                }
            }
            from = until;
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn agrees_with_brute_force(
            positive in prop::collection::vec("[ab:*?%]{0,5}", 1..3),
            negative in prop::collection::vec("[ab:*?%]{0,5}", 0..4),
        ) {
            let interner = GlobInterner::default();
            let p: Vec<GlobRef> = positive.iter().map(|t| glob(&interner, t)).collect();
            let n: Vec<GlobRef> = negative.iter().map(|t| glob(&interner, t)).collect();
            let refs = |g: &[GlobRef]| -> Vec<*const InternedGlob> { g.iter().map(std::sync::Arc::as_ptr).collect() };
            prop_assert_eq!(refs(&p).len(), positive.len());
            let pr: Vec<&InternedGlob> = p.iter().map(|g| &**g).collect();
            let nr: Vec<&InternedGlob> = n.iter().map(|g| &**g).collect();
            let fits = |text: &[u8]| {
                positive.iter().all(|t| matches(t.as_bytes(), text)) && !negative.iter().any(|t| matches(t.as_bytes(), text))
            };
            for text in texts(5) {
                for (pattern, compiled) in positive.iter().chain(&negative).zip(p.iter().chain(&n)) {
                    prop_assert_eq!(matches(pattern.as_bytes(), &text), compiled.matches(&text), "{} {:?}", pattern, text);
                }
            }
            match find_string(&pr, &nr, SymbolRange::Characters, &Budget::new(1_000_000)) {
                GlobSearchResult::Match(text) => prop_assert!(fits(&text), "{:?} violates a constraint", text),
                // A string of up to six characters almost always exists if any exists for patterns of at most five tokens.
                GlobSearchResult::NoMatch => prop_assert!(!texts(6).iter().any(|t| fits(t))),
                GlobSearchResult::GaveUp => prop_assert!(false, "gave up"),
            }
        }
    }

    #[test]
    fn crossing_wildcards_are_detected() {
        let interner = GlobInterner::default();
        let (a, b, c) = (glob(&interner, "a*"), glob(&interner, "*b"), glob(&interner, "a*b"));
        assert_eq!(
            find_string(&[&a, &b], &[&c], SymbolRange::Characters, &Budget::new(1000)),
            GlobSearchResult::NoMatch
        );
        assert!(matches!(
            find_string(&[&a, &b], &[], SymbolRange::Characters, &Budget::new(1000)),
            GlobSearchResult::Match(_)
        ));
    }
}
