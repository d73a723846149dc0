//! Is there a text that all these patterns match and none of those? If so, which?
//!
//! A walk over the product of the automata, nearest to acceptance first, trying only the symbols that
//! matter to some pattern and one that matters to none. Negative patterns come lazily: start with none,
//! find a text, add the broadest pattern that it violates, repeat (`docs/engine.md`, "Globs").

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::automaton::{Automaton, DEAD, Mask};
use super::glob::{Class, Glob, Tok};
use super::meeting::may_meet;
use super::symbols::{OTHER, Symbol, is_variable};

/// The answer of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Found {
    /// There is no such text.
    Nothing,
    /// This one.
    Text(Vec<Symbol>),
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
        let left = self.0.get().saturating_sub(steps);
        self.0.set(left);
        left > 0
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

/// Symbols in the order in which a person would rather read them.
const PREFERRED: &[u8] = b"xyzabcdefghijklmnopqrstuvw0123456789-_./XABCDEFGHIJKLMNOPQRSTUVWYZ+=@,:%~!#&()";

/// Digits in a row are most often an account's number: this one, of AWS's documentation.
const ACCOUNT: &[u8] = b"111122223333";

/// What stars are filled with before a search is worth its while.
const FILLERS: [&[u8]; 5] = [b"example", b"", b"x", b"111122223333", b"a/b"];

/// States that one search may visit.
const MAX_VISITS: usize = 50_000;

/// The searches of a run, so that none is done twice: the same patterns meet for many actions.
#[derive(Debug, Default)]
pub struct Searches(Mutex<FxHashMap<Asked, Found>>);

/// More searches than this are not kept.
const MAX_KEPT: usize = 1 << 16;

/// So many negatives are looked at before anything is looked up.
const FEW: usize = 4;

/// The identifiers of the patterns of a search.
#[derive(Debug, Eq, Hash, PartialEq)]
struct Asked {
    positive: Box<[u32]>,
    negative: Box<[u32]>,
    variables: bool,
}

impl Searches {
    /// [`find`], remembered.
    pub fn find(&self, positive: &[&Glob], negative: &[&Glob], variables: bool, budget: &Budget) -> Found {
        if let Some(found) = at_once(positive, negative) {
            return found;
        }
        // Of few patterns a look is faster than remembering.
        let few = negative.len() <= FEW;
        if few && is_covered(positive, negative) {
            return Found::Nothing;
        }
        let ids = |globs: &[&Glob]| {
            let mut ids: Box<[u32]> = globs.iter().map(|g| g.id).collect();
            ids.sort_unstable();
            ids
        };
        let asked = Asked { positive: ids(positive), negative: ids(negative), variables };
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = lock().get(&asked) {
            return found.clone();
        }
        let found = match !few && is_covered(positive, negative) {
            true => Found::Nothing,
            false => {
                without_walking(positive, negative).unwrap_or_else(|| by_walking(positive, negative, variables, budget))
            }
        };
        let mut kept = lock();
        // What one budget did not suffice for may be found with another.
        if found != Found::GaveUp && kept.len() < MAX_KEPT {
            kept.insert(asked, found.clone());
        }
        found
    }
}

/// Finds a text matched by all of `positive` and none of `negative`; symbols of variables are used only
/// where `variables` says so.
pub fn find(positive: &[&Glob], negative: &[&Glob], variables: bool, budget: &Budget) -> Found {
    at_once(positive, negative)
        .or_else(|| is_covered(positive, negative).then_some(Found::Nothing))
        .or_else(|| without_walking(positive, negative))
        .unwrap_or_else(|| by_walking(positive, negative, variables, budget))
}

/// What a look at the patterns tells.
fn at_once(positive: &[&Glob], negative: &[&Glob]) -> Option<Found> {
    for (i, a) in positive.iter().enumerate() {
        if positive.iter().skip(i + 1).any(|b| a.ends_differ(b)) {
            return Some(Found::Nothing);
        }
    }
    if let Some(text) = positive.iter().find_map(|p| p.as_exact()) {
        let fits = positive.iter().all(|p| p.matches(&text)) && !negative.iter().any(|n| n.matches(&text));
        return Some(if fits { Found::Text(text) } else { Found::Nothing });
    }
    None
}

/// Whether a negative plainly matches all that some positive does.
fn is_covered(positive: &[&Glob], negative: &[&Glob]) -> bool {
    negative.iter().any(|n| positive.iter().any(|p| n.covers(p)))
}

/// A text that comes of putting the same thing in the place of each star; or nothing, where two patterns share no text.
fn without_walking(positive: &[&Glob], negative: &[&Glob]) -> Option<Found> {
    for (i, a) in positive.iter().enumerate() {
        if positive.iter().skip(i + 1).any(|b| !may_meet(a, b)) {
            return Some(Found::Nothing);
        }
    }
    for (i, pattern) in positive.iter().enumerate() {
        for filler in FILLERS {
            let Some(text) = fill(pattern, filler) else { continue };
            let others = || positive.iter().enumerate().all(|(j, p)| i == j || p.matches(&text));
            if others() && !negative.iter().any(|n| n.matches(&text)) {
                return Some(Found::Text(text));
            }
        }
    }
    None
}

/// The search itself: negatives are added as they are violated.
fn by_walking(positive: &[&Glob], negative: &[&Glob], variables: bool, budget: &Budget) -> Found {
    let negative: Vec<&Glob> =
        negative.iter().copied().filter(|n| !positive.iter().any(|p| p.ends_differ(n))).collect();
    let mut active: Vec<&Glob> = Vec::new();
    loop {
        match walk(positive, &active, variables, budget) {
            Found::Text(text) => {
                let violated = negative.iter().filter(|n| n.matches(&text)).min_by_key(|n| n.literals());
                match violated {
                    None => return Found::Text(text),
                    Some(broadest) => active.push(broadest),
                }
            }
            other => return other,
        }
    }
}

/// The pattern's text with its runs filled; none where the filler does not fit.
fn fill(pattern: &Glob, filler: &[Symbol]) -> Option<Vec<Symbol>> {
    let mut text = Vec::with_capacity(pattern.toks.len() + 16);
    let mut toks = pattern.toks.iter().peekable();
    let mut digits = 0;
    while let Some(tok) = toks.next() {
        match tok {
            // One and then any number: the filler alone will do.
            Tok::One(class)
                if !filler.is_empty()
                    && toks.peek() == Some(&&Tok::Run(*class))
                    && filler.iter().all(|s| class.has(*s)) => {}
            tok if tok.is_variable() => return None,
            Tok::Sym(s) | Tok::Either(s, _) => text.push(*s),
            Tok::One(Class::Digit) => {
                text.push(ACCOUNT.get(digits % ACCOUNT.len()).copied().unwrap_or(b'1'));
                digits += 1;
                continue;
            }
            Tok::One(_) => text.push(b'x'),
            Tok::Run(class) if filler.iter().all(|s| class.has(*s)) => text.extend_from_slice(filler),
            Tok::Run(_) => {}
        }
    }
    Some(text)
}

/// The walk itself, with all negatives given active.
fn walk(positive: &[&Glob], negative: &[&Glob], variables: bool, budget: &Budget) -> Found {
    let mut parts: Vec<&Automaton> = Vec::with_capacity(positive.len() + negative.len());
    for glob in positive.iter().chain(negative) {
        match glob.automaton() {
            Ok(automaton) => parts.push(automaton),
            Err(_) => return Found::GaveUp,
        }
    }
    let split = positive.len();
    let width = parts.len();
    let distinct = representatives(&parts, variables);
    let hope = |states: &[u16]| -> Option<u32> {
        let mut farthest = 0;
        for (i, (part, state)) in parts.iter().zip(states).enumerate() {
            if i < split {
                farthest = farthest.max(part.distance(*state)?);
            } else if part.is_everything(*state) {
                return None;
            }
        }
        Some(farthest)
    };
    let done = |states: &[u16]| {
        parts.iter().zip(states).enumerate().all(|(i, (part, state))| part.accepts(*state) == (i < split))
    };
    let start = vec![Automaton::START; width];
    let Some(first) = hope(&start) else { return Found::Nothing };
    let mut trail: Vec<(usize, Symbol)> = vec![(usize::MAX, 0)];
    let mut current = start.clone();
    let mut seen: IndexSet<Box<[u16]>, FxBuildHasher> = IndexSet::default();
    seen.insert(start.into());
    let mut queue = BinaryHeap::from([Reverse((first, 0usize))]);
    let mut next = vec![DEAD; width];
    let mut visits = 0;
    while let Some(Reverse((_, id))) = queue.pop() {
        visits += 1;
        if visits > MAX_VISITS || !budget.spend(1) {
            return Found::GaveUp;
        }
        let Some(states) = seen.get_index(id) else { continue };
        current.copy_from_slice(states);
        if done(&current) {
            let mut text = Vec::new();
            let mut at = id;
            while let Some((parent, symbol)) = trail.get(at).filter(|(parent, _)| *parent != usize::MAX) {
                text.push(*symbol);
                at = *parent;
            }
            text.reverse();
            return Found::Text(text);
        }
        let mut interesting: Mask = [0; 4];
        for (part, state) in parts.iter().zip(&current) {
            for (word, bits) in interesting.iter_mut().zip(part.interesting(*state)) {
                *word |= bits;
            }
        }
        let mut dull_tried = false;
        for symbol in &distinct {
            let is_interesting =
                interesting.get(usize::from(symbol >> 6)).is_some_and(|word| word >> (symbol & 63) & 1 == 1);
            if !is_interesting {
                // All symbols that interest no pattern here lead to one and the same place.
                if dull_tried {
                    continue;
                }
                dull_tried = true;
            }
            for ((slot, part), state) in next.iter_mut().zip(&parts).zip(&current) {
                *slot = part.step(*state, *symbol);
            }
            let Some(distance) = hope(&next) else { continue };
            if seen.contains(next.as_slice()) {
                continue;
            }
            queue.push(Reverse((distance, seen.len())));
            seen.insert(next.as_slice().into());
            trail.push((id, *symbol));
        }
    }
    Found::Nothing
}

/// One symbol for each group that all patterns treat alike, the pleasantest first.
fn representatives(parts: &[&Automaton], variables: bool) -> Vec<Symbol> {
    let mut keys = [0u64; 256];
    for part in parts {
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
        .chain(128..=OTHER)
        .chain(0..0x20)
        .chain([0x7f]);
    order
        .filter(|s| variables || !is_variable(*s))
        .filter(|s| seen.insert(keys.get(usize::from(*s)).copied().unwrap_or(0)))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::super::glob::{GlobRef, Interner};
    use super::*;

    fn glob(interner: &Interner, text: &str) -> GlobRef {
        let toks: Vec<Tok> = text
            .bytes()
            .map(|b| match b {
                b'*' => Tok::Run(Class::Any),
                b'?' => Tok::One(Class::Any),
                b'%' => Tok::Run(Class::NotColon),
                b => Tok::Sym(b),
            })
            .collect();
        interner.glob(&toks)
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
            let interner = Interner::default();
            let p: Vec<GlobRef> = positive.iter().map(|t| glob(&interner, t)).collect();
            let n: Vec<GlobRef> = negative.iter().map(|t| glob(&interner, t)).collect();
            let refs = |g: &[GlobRef]| -> Vec<*const Glob> { g.iter().map(std::sync::Arc::as_ptr).collect() };
            prop_assert_eq!(refs(&p).len(), positive.len());
            let pr: Vec<&Glob> = p.iter().map(|g| &**g).collect();
            let nr: Vec<&Glob> = n.iter().map(|g| &**g).collect();
            let fits = |text: &[u8]| {
                positive.iter().all(|t| matches(t.as_bytes(), text)) && !negative.iter().any(|t| matches(t.as_bytes(), text))
            };
            for text in texts(5) {
                for (pattern, compiled) in positive.iter().chain(&negative).zip(p.iter().chain(&n)) {
                    prop_assert_eq!(matches(pattern.as_bytes(), &text), compiled.matches(&text), "{} {:?}", pattern, text);
                }
            }
            match find(&pr, &nr, false, &Budget::new(1_000_000)) {
                Found::Text(text) => prop_assert!(fits(&text), "{:?} is no answer", text),
                // Five characters are enough to tell two such patterns of at most five apart, nearly always;
                // a longer answer than that would have been found as Text.
                Found::Nothing => prop_assert!(!texts(6).iter().any(|t| fits(t))),
                Found::GaveUp => prop_assert!(false, "gave up"),
            }
        }
    }

    #[test]
    fn a_crossing_of_wildcards_is_seen() {
        let interner = Interner::default();
        let (a, b, c) = (glob(&interner, "a*"), glob(&interner, "*b"), glob(&interner, "a*b"));
        assert_eq!(find(&[&a, &b], &[&c], false, &Budget::new(1000)), Found::Nothing);
        assert!(matches!(find(&[&a, &b], &[], false, &Budget::new(1000)), Found::Text(_)));
    }
}
