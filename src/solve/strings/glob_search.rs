//! Is there a text that all these patterns match and none of those? If so, which?
//!
//! A walk over the product of the automata, nearest to acceptance first, trying only the symbols that
//! matter to some pattern and one that matters to none. Negative patterns come lazily: start with none,
//! find a text, add the broadest pattern that it violates, repeat (`docs/engine.md`, "Globs").

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::alphabet::{Symbol, UNNAMED, is_variable};
use super::dfa::{DEAD, Dfa, SymbolMask};
use super::interned_glob::{GlobToken, InternedGlob, SymbolClass};
use super::intersect::may_intersect;
use crate::base::cache::Cache;

/// The answer of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GlobSearchResult {
    /// There is no such text.
    NoMatch,
    /// This one.
    Match(Vec<Symbol>),
    /// The search gave up at a limit.
    GaveUp,
}

/// Work that a verdict may still spend; shared by all searches for it.
#[derive(Debug)]
pub struct Budget(Cell<u64>);

impl Budget {
    /// A budget of so many steps.
    pub fn new(steps: u64) -> Budget {
        Budget(Cell::new(steps))
    }

    /// Spends steps; false once there are none left.
    pub fn spend(&self, steps: u64) -> bool {
        let remaining = self.0.get().saturating_sub(steps);
        self.0.set(remaining);
        remaining > 0
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

/// Symbols in the order in which a person would rather read them.
const PREFERRED: &[u8] = b"xyzabcdefghijklmnopqrstuvw0123456789-_./XABCDEFGHIJKLMNOPQRSTUVWYZ+=@,:%~!#&()";

/// Digits in a row are most often an account's number: this one, of AWS's documentation.
const EXAMPLE_ACCOUNT: &[u8] = b"111122223333";

/// What stars are filled with before a search is worth its while.
const FILLERS: [&[u8]; 5] = [b"example", b"", b"x", b"111122223333", b"a/b"];

/// States that one search may visit.
const MAX_VISITS: usize = 50_000;

/// The searches of a run, so that none is done twice: the same patterns meet for many actions.
#[derive(Debug)]
pub struct SearchCache(Cache<SearchKey, GlobSearchResult>);

impl Default for SearchCache {
    fn default() -> Self {
        SearchCache(Cache::with_capacity(MAX_CACHED))
    }
}

/// More searches than this are not kept.
const MAX_CACHED: usize = 1 << 16;

/// So many negatives are looked at before anything is looked up.
const MAX_UNCACHED_NEGATIVES: usize = 4;

/// The identifiers of the patterns of a search.
#[derive(Debug, Eq, Hash, PartialEq)]
struct SearchKey {
    positive: Box<[u32]>,
    negative: Box<[u32]>,
    allows_variables: bool,
}

impl SearchCache {
    /// [`find`], remembered.
    pub fn find_cached(
        &self,
        positive: &[&InternedGlob],
        negative: &[&InternedGlob],
        allows_variables: bool,
        budget: &Budget,
    ) -> GlobSearchResult {
        if let Some(found) = decide_by_inspection(positive, negative) {
            return found;
        }
        // Of few patterns a look is faster than remembering.
        let is_small = negative.len() <= MAX_UNCACHED_NEGATIVES;
        if is_small && is_covered(positive, negative) {
            return GlobSearchResult::NoMatch;
        }
        let ids = |globs: &[&InternedGlob]| {
            let mut ids: Box<[u32]> = globs.iter().map(|g| g.id).collect();
            ids.sort_unstable();
            ids
        };
        let key = SearchKey { positive: ids(positive), negative: ids(negative), allows_variables: allows_variables };
        let search = || match !is_small && is_covered(positive, negative) {
            true => GlobSearchResult::NoMatch,
            false => search_by_filling(positive, negative)
                .unwrap_or_else(|| search_by_refinement(positive, negative, allows_variables, budget)),
        };
        // A search that exhausted one budget may succeed with another: its result is not stored.
        let result = self.0.get_or_try_compute(key, || match search() {
            GlobSearchResult::GaveUp => Err(GlobSearchResult::GaveUp),
            found => Ok(found),
        });
        result.unwrap_or_else(|gave_up| gave_up)
    }
}

/// Finds a text matched by all of `positive` and none of `negative`; symbols of variables are used only
/// where `variables` says so.
pub fn find_string(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    allows_variables: bool,
    budget: &Budget,
) -> GlobSearchResult {
    decide_by_inspection(positive, negative)
        .or_else(|| is_covered(positive, negative).then_some(GlobSearchResult::NoMatch))
        .or_else(|| search_by_filling(positive, negative))
        .unwrap_or_else(|| search_by_refinement(positive, negative, allows_variables, budget))
}

/// What a look at the patterns tells.
fn decide_by_inspection(positive: &[&InternedGlob], negative: &[&InternedGlob]) -> Option<GlobSearchResult> {
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

/// Whether a negative plainly matches all that some positive does.
fn is_covered(positive: &[&InternedGlob], negative: &[&InternedGlob]) -> bool {
    negative.iter().any(|n| positive.iter().any(|p| n.covers(p)))
}

/// A text that comes of putting the same thing in the place of each star; or nothing, where two patterns share no text.
fn search_by_filling(positive: &[&InternedGlob], negative: &[&InternedGlob]) -> Option<GlobSearchResult> {
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

/// The search itself: negatives are added as they are violated.
fn search_by_refinement(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    allows_variables: bool,
    budget: &Budget,
) -> GlobSearchResult {
    let negative: Vec<&InternedGlob> =
        negative.iter().copied().filter(|n| !positive.iter().any(|p| p.has_conflicting_ends(n))).collect();
    let mut active: Vec<&InternedGlob> = Vec::new();
    loop {
        match walk_product(positive, &active, allows_variables, budget) {
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

/// The pattern's text with its runs filled; none where the filler does not fit.
fn fill_runs(pattern: &InternedGlob, filler: &[Symbol]) -> Option<Vec<Symbol>> {
    let mut text = Vec::with_capacity(pattern.toks.len() + 16);
    let mut toks = pattern.toks.iter().peekable();
    let mut digits = 0;
    while let Some(tok) = toks.next() {
        match tok {
            // One and then any number: the filler alone will do.
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

/// The walk itself, with all negatives given active.
fn walk_product(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    allows_variables: bool,
    budget: &Budget,
) -> GlobSearchResult {
    let mut automata: Vec<&Dfa> = Vec::with_capacity(positive.len() + negative.len());
    for glob in positive.iter().chain(negative) {
        match glob.dfa() {
            Ok(automaton) => automata.push(automaton),
            Err(_) => return GlobSearchResult::GaveUp,
        }
    }
    let positive_count = positive.len();
    let width = automata.len();
    let distinct = choose_representatives(&automata, allows_variables);
    let lower_bound = |states: &[u16]| -> Option<u32> {
        let mut farthest = 0;
        for (i, (part, state)) in automata.iter().zip(states).enumerate() {
            if i < positive_count {
                farthest = farthest.max(part.distance(*state)?);
            } else if part.is_universal(*state) {
                return None;
            }
        }
        Some(farthest)
    };
    let is_accepting = |states: &[u16]| {
        automata.iter().zip(states).enumerate().all(|(i, (part, state))| part.accepts(*state) == (i < positive_count))
    };
    let start = vec![Dfa::START; width];
    let Some(first) = lower_bound(&start) else { return GlobSearchResult::NoMatch };
    let mut parents: Vec<(usize, Symbol)> = vec![(usize::MAX, 0)];
    let mut current = start.clone();
    let mut seen: IndexSet<Box<[u16]>, FxBuildHasher> = IndexSet::default();
    seen.insert(start.into());
    let mut queue = BinaryHeap::from([Reverse((first, 0usize))]);
    let mut next = vec![DEAD; width];
    let mut visits = 0;
    while let Some(Reverse((_, id))) = queue.pop() {
        visits += 1;
        if visits > MAX_VISITS || !budget.spend(1) {
            return GlobSearchResult::GaveUp;
        }
        let Some(states) = seen.get_index(id) else { continue };
        current.copy_from_slice(states);
        if is_accepting(&current) {
            let mut text = Vec::new();
            let mut node = id;
            while let Some((parent, symbol)) = parents.get(node).filter(|(parent, _)| *parent != usize::MAX) {
                text.push(*symbol);
                node = *parent;
            }
            text.reverse();
            return GlobSearchResult::Match(text);
        }
        let mut interesting: SymbolMask = [0; 4];
        for (part, state) in automata.iter().zip(&current) {
            for (word, bits) in interesting.iter_mut().zip(part.distinguished_symbols(*state)) {
                *word |= bits;
            }
        }
        let mut tried_other_symbol = false;
        for symbol in &distinct {
            let is_interesting =
                interesting.get(usize::from(symbol >> 6)).is_some_and(|word| word >> (symbol & 63) & 1 == 1);
            if !is_interesting {
                // All symbols that interest no pattern here lead to one and the same place.
                if tried_other_symbol {
                    continue;
                }
                tried_other_symbol = true;
            }
            for ((slot, part), state) in next.iter_mut().zip(&automata).zip(&current) {
                *slot = part.step(*state, *symbol);
            }
            let Some(distance) = lower_bound(&next) else { continue };
            if seen.contains(next.as_slice()) {
                continue;
            }
            queue.push(Reverse((distance, seen.len())));
            seen.insert(next.as_slice().into());
            parents.push((id, *symbol));
        }
    }
    GlobSearchResult::NoMatch
}

/// One symbol for each group that all patterns treat alike, the pleasantest first.
fn choose_representatives(automata: &[&Dfa], allows_variables: bool) -> Vec<Symbol> {
    let mut keys = [0u64; 256];
    for part in automata {
        for (symbol, key) in (0..=255u8).zip(keys.iter_mut()) {
            *key = key.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(7)
                ^ u64::from(part.class_of(symbol)).wrapping_add(1);
        }
    }
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    let order = PREFERRED
        .iter()
        .copied()
        .chain((0x20..=0x7e).filter(|s| !PREFERRED.contains(s)))
        .chain(128..=UNNAMED)
        .chain(0..0x20)
        .chain([0x7f]);
    order
        .filter(|s| allows_variables || !is_variable(*s))
        .filter(|s| seen.insert(keys.get(usize::from(*s)).copied().unwrap_or(0)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::solve::strings::interned_glob::{GlobInterner, GlobRef};

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

    /// The plainest matcher there is.
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
            match find_string(&pr, &nr, false, &Budget::new(1_000_000)) {
                GlobSearchResult::Match(text) => prop_assert!(fits(&text), "{:?} is no answer", text),
                // Five characters are enough to tell two such patterns of at most five apart, nearly always;
                // a longer answer than that would have been found as Text.
                GlobSearchResult::NoMatch => prop_assert!(!texts(6).iter().any(|t| fits(t))),
                GlobSearchResult::GaveUp => prop_assert!(false, "gave up"),
            }
        }
    }

    #[test]
    fn crossing_wildcards_are_detected() {
        let interner = GlobInterner::default();
        let (a, b, c) = (glob(&interner, "a*"), glob(&interner, "*b"), glob(&interner, "a*b"));
        assert_eq!(find_string(&[&a, &b], &[&c], false, &Budget::new(1000)), GlobSearchResult::NoMatch);
        assert!(matches!(find_string(&[&a, &b], &[], false, &Budget::new(1000)), GlobSearchResult::Match(_)));
    }
}
