//! A pattern as a deterministic automaton, for the product search.
//!
//! A state is a set of positions in the pattern. Once a position before a `*` is reached, every earlier
//! one is superfluous: whatever they would accept, the star accepts as well. So a pattern without `?`
//! has about as many states as characters (`docs/engine.md`, "Globs").
#![allow(clippy::indexing_slicing, reason = "tables are indexed by the states and classes that this file numbers")]

use rustc_hash::FxHashMap;

use super::alphabet::{Symbol, UNNAMED};
use super::interned_glob::{GlobToken, SymbolClass};
use crate::solve::LimitExceeded;

/// The state from which nothing is accepted.
pub const DEAD: u16 = 0;
/// Beyond this many states a pattern is refused, and the verdict becomes undecided.
const MAX_STATES: usize = 20_000;

/// A set of symbols.
pub type SymbolMask = [u64; 4];

/// A compiled pattern.
#[derive(Debug)]
pub struct Dfa {
    classes: usize,
    class_of: Box<[u8; 256]>,
    transitions: Vec<u16>,
    accepting: Vec<bool>,
    /// Least number of symbols to an accepting state; `u16::MAX` where there is none.
    distance: Vec<u16>,
    /// Symbols whose successor differs from that of [`OTHER`].
    distinguished_symbols: Vec<SymbolMask>,
    /// The state that accepts everything, or `DEAD` if there is none.
    universal_state: u16,
}

impl Dfa {
    /// The state before the first symbol.
    pub const START: u16 = 1;

    /// Builds the automaton of a pattern.
    pub fn compile(toks: &[GlobToken]) -> Result<Dfa, LimitExceeded> {
        // Each step that takes a character needs a state of its own.
        if toks.iter().filter(|tok| !matches!(tok, GlobToken::AnyRun(_))).count() >= MAX_STATES {
            return Err(LimitExceeded);
        }
        let (class_of, representatives) = partition_symbols(toks);
        let classes = representatives.len();
        let moves = TransitionMasks::from_tokens(toks, &representatives);
        let mut set = vec![0u64; toks.len() / 64 + 1];
        set[0] = 1;
        moves.close_over_runs(&mut set);
        let mut ids: FxHashMap<Box<[u64]>, u16> = FxHashMap::default();
        let mut states: Vec<Box<[u64]>> = vec![Box::default(), set.as_slice().into()];
        ids.insert(set.as_slice().into(), 1);
        let mut transitions = vec![DEAD; classes];
        let mut id = 1;
        while id < states.len() {
            for class in 0..classes {
                moves.advance(&states[id], class, &mut set);
                let target = if set.iter().all(|word| *word == 0) {
                    DEAD
                } else {
                    moves.close_over_runs(&mut set);
                    match ids.get(set.as_slice()) {
                        Some(known) => *known,
                        None => {
                            if states.len() >= MAX_STATES {
                                return Err(LimitExceeded);
                            }
                            let new = u16::try_from(states.len()).map_err(|_| LimitExceeded)?;
                            ids.insert(set.as_slice().into(), new);
                            states.push(set.as_slice().into());
                            new
                        }
                    }
                };
                transitions.push(target);
            }
            id += 1;
        }
        let end = toks.len();
        let accepting: Vec<bool> =
            states.iter().map(|set| set.get(end / 64).is_some_and(|w| w >> (end % 64) & 1 == 1)).collect();
        let distance = compute_distances(&transitions, classes, &accepting);
        let mut masks = vec![[0u64; 4]; classes];
        for symbol in 0..=255u8 {
            masks[usize::from(class_of[usize::from(symbol)])][usize::from(symbol >> 6)] |= 1 << (symbol & 63);
        }
        let other = usize::from(class_of[usize::from(UNNAMED)]);
        let distinguished_symbols = (0..states.len())
            .map(|s| {
                let row = &transitions[s * classes..(s + 1) * classes];
                let mut mask = [0u64; 4];
                for (class, target) in row.iter().enumerate() {
                    if *target != row[other] {
                        for (word, bits) in mask.iter_mut().zip(masks[class]) {
                            *word |= bits;
                        }
                    }
                }
                mask
            })
            .collect();
        let universal_state = (1..states.len())
            .find(|s| {
                accepting[*s] && transitions[s * classes..(s + 1) * classes].iter().all(|t| usize::from(*t) == *s)
            })
            .and_then(|s| u16::try_from(s).ok())
            .unwrap_or(DEAD);
        Ok(Dfa {
            classes,
            class_of,
            transitions: transitions,
            accepting: accepting,
            distance,
            distinguished_symbols: distinguished_symbols,
            universal_state: universal_state,
        })
    }

    /// The state after a symbol.
    pub fn step(&self, state: u16, symbol: Symbol) -> u16 {
        self.transitions[usize::from(state) * self.classes + usize::from(self.class_of[usize::from(symbol)])]
    }

    /// Whether it matches a text.
    pub fn matches(&self, text: &[Symbol]) -> bool {
        let mut state = Dfa::START;
        for symbol in text {
            state = self.step(state, *symbol);
            if state == DEAD {
                return false;
            }
        }
        self.accepts(state)
    }

    /// Whether the text may end here.
    pub fn accepts(&self, state: u16) -> bool {
        self.accepting[usize::from(state)]
    }

    /// Least number of symbols to acceptance.
    pub fn distance(&self, state: u16) -> Option<u32> {
        Some(self.distance[usize::from(state)]).filter(|d| *d != u16::MAX).map(u32::from)
    }

    /// The symbols whose successor differs from that of a character that no pattern names.
    pub fn distinguished_symbols(&self, state: u16) -> &SymbolMask {
        &self.distinguished_symbols[usize::from(state)]
    }

    /// Whether everything is accepted from here on.
    pub fn is_universal(&self, state: u16) -> bool {
        state != DEAD && state == self.universal_state
    }

    /// Which symbols the pattern treats alike: the class of each.
    pub fn class_of(&self, symbol: Symbol) -> u8 {
        self.class_of[usize::from(symbol)]
    }
}

/// Groups the symbols that every step of the pattern treats alike.
fn partition_symbols(toks: &[GlobToken]) -> (Box<[u8; 256]>, Vec<Symbol>) {
    let mut kinds: Vec<SymbolClass> = Vec::new();
    for tok in toks {
        if let GlobToken::AnyOne(class) | GlobToken::AnyRun(class) = tok
            && !kinds.contains(class)
        {
            kinds.push(*class);
        }
    }
    // A symbol's signature: the literal steps it equals (by a number of their own), and its classes.
    let mut literal = [0u32; 256];
    let mut count = 0;
    for tok in toks {
        match tok {
            GlobToken::Literal(a) if literal[usize::from(*a)] == 0 => {
                count += 1;
                literal[usize::from(*a)] = count;
            }
            GlobToken::EitherCase(a, b) => {
                for s in [a, b] {
                    if literal[usize::from(*s)] == 0 {
                        count += 1;
                        literal[usize::from(*s)] = count;
                    }
                }
            }
            _ => {}
        }
    }
    let mut class_of = Box::new([0u8; 256]);
    let mut known: FxHashMap<(u32, u32), u8> = FxHashMap::default();
    let mut representatives = Vec::new();
    for symbol in 0..=255u8 {
        let membership = kinds.iter().enumerate().fold(0u32, |bits, (i, class)| {
            bits | u32::from(class.contains(symbol)) << (2 * i) | u32::from(class.run_contains(symbol)) << (2 * i + 1)
        });
        let class = *known.entry((literal[usize::from(symbol)], membership)).or_insert_with(|| {
            representatives.push(symbol);
            u8::try_from(representatives.len() - 1).unwrap_or(u8::MAX)
        });
        class_of[usize::from(symbol)] = class;
    }
    (class_of, representatives)
}

/// What each class of symbols does to a set of positions, as sets of positions.
struct TransitionMasks {
    /// For each class: the positions whose step takes the symbol and is done with it.
    consuming: Vec<Vec<u64>>,
    /// For each class: the runs that take the symbol and go on.
    looping: Vec<Vec<u64>>,
    /// The runs: they may be skipped.
    runs: Vec<u64>,
    /// The runs that match anything.
    stars: Vec<u64>,
}

impl TransitionMasks {
    fn from_tokens(toks: &[GlobToken], representatives: &[Symbol]) -> TransitionMasks {
        let set = |holds: &dyn Fn(GlobToken) -> bool| {
            let mut set = vec![0u64; toks.len() / 64 + 1];
            for (position, _) in toks.iter().enumerate().filter(|(_, tok)| holds(**tok)) {
                set[position / 64] |= 1 << (position % 64);
            }
            set
        };
        let consuming = |symbol: Symbol| {
            set(&|tok| match tok {
                GlobToken::Literal(a) => a == symbol,
                GlobToken::EitherCase(a, b) => a == symbol || b == symbol,
                GlobToken::AnyOne(class) => class.contains(symbol),
                GlobToken::AnyRun(_) => false,
            })
        };
        let looping =
            |symbol: Symbol| set(&|tok| matches!(tok, GlobToken::AnyRun(class) if class.run_contains(symbol)));
        TransitionMasks {
            consuming: representatives.iter().map(|s| consuming(*s)).collect(),
            looping: representatives.iter().map(|s| looping(*s)).collect(),
            runs: set(&|tok| matches!(tok, GlobToken::AnyRun(_))),
            stars: set(&|tok| tok == GlobToken::AnyRun(SymbolClass::Any)),
        }
    }

    /// The positions after a symbol of a class, before closing over runs.
    fn advance(&self, from: &[u64], class: usize, to: &mut [u64]) {
        let mut carry = 0;
        for (word, bits) in from.iter().enumerate() {
            let done = bits & self.consuming[class][word];
            to[word] = done << 1 | carry | bits & self.looping[class][word];
            carry = done >> 63;
        }
    }

    /// Adds what runs may skip, and drops what the last reached `*` makes superfluous.
    fn close_over_runs(&self, set: &mut [u64]) {
        loop {
            let mut carry = 0;
            let mut changed = false;
            for (word, bits) in set.iter_mut().enumerate() {
                let runs = *bits & self.runs[word];
                let closed = *bits | runs << 1 | carry;
                carry = runs >> 63;
                changed |= closed != *bits;
                *bits = closed;
            }
            if !changed {
                break;
            }
        }
        if let Some(word) = (0..set.len()).rev().find(|word| set[*word] & self.stars[*word] != 0) {
            let star = (set[word] & self.stars[word]).ilog2();
            set[..word].fill(0);
            set[word] &= u64::MAX << star;
        }
    }
}

fn compute_distances(next: &[u16], classes: usize, accepts: &[bool]) -> Vec<u16> {
    let mut distance: Vec<u16> = accepts.iter().map(|a| if *a { 0 } else { u16::MAX }).collect();
    // States are numbered breadth first, so going backwards settles most of them in one pass.
    loop {
        let mut changed = false;
        for state in (1..accepts.len()).rev() {
            for target in &next[state * classes..(state + 1) * classes] {
                let through = distance[usize::from(*target)].saturating_add(1);
                if through < distance[state] {
                    distance[state] = through;
                    changed = true;
                }
            }
        }
        if !changed {
            return distance;
        }
    }
}
