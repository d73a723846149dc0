//! A pattern as a deterministic finite automaton, for the product search.
//!
//! A state is a set of positions in the pattern. Once a position before a `*` is reached, earlier positions are
//! redundant: the star accepts every string that they accept. So a pattern without `?` has about as many states as
//! characters (`docs/engine.md`, "Globs").
#![allow(clippy::indexing_slicing, reason = "tables are indexed by the states and classes that this file numbers")]

use rustc_hash::FxHashMap;

use super::alphabet::{Symbol, UNNAMED};
use super::token::{GlobToken, SymbolClass};
use crate::solve::budget::LimitExceeded;

/// The state that accepts no string.
pub const DEAD: u16 = 0;
/// The largest number of states. A pattern that needs more makes the verdict undecided.
const MAX_STATES: usize = 20_000;
/// The distance of a state from which no accepting state can be reached.
const UNREACHABLE: u16 = u16::MAX;

/// A set of symbols.
pub type SymbolMask = [u64; 4];

/// A compiled pattern.
#[derive(Debug)]
pub struct Dfa {
    classes: usize,
    class_of: Box<[u8; 256]>,
    transitions: Vec<u16>,
    accepting: Vec<bool>,
    /// The smallest number of symbols to an accepting state, or [`UNREACHABLE`].
    distance: Vec<u16>,
    /// The symbols whose successor differs from the successor of [`UNNAMED`].
    distinguished_symbols: Vec<SymbolMask>,
    /// The state that accepts every string, or [`DEAD`] if no state does.
    universal_state: u16,
}

impl Dfa {
    /// The state before the first symbol.
    pub const START: u16 = 1;

    /// Builds the automaton of a pattern.
    ///
    /// # Errors
    /// If the automaton would have too many states.
    pub fn compile(toks: &[GlobToken]) -> Result<Dfa, LimitExceeded> {
        // Each token that matches one symbol needs a state.
        if toks.iter().filter(|tok| !matches!(tok, GlobToken::AnyRun(_))).count() >= MAX_STATES {
            return Err(LimitExceeded);
        }
        let (class_of, representatives) = partition_symbols(toks);
        let classes = representatives.len();
        let (states, transitions) = construct_subsets(toks, &representatives)?;
        let end = toks.len();
        let accepting: Vec<bool> =
            states.iter().map(|set| set.get(end / 64).is_some_and(|w| w >> (end % 64) & 1 == 1)).collect();
        let distance = compute_distances(&transitions, classes, &accepting);
        let distinguished_symbols = compute_distinguished_symbols(&transitions, &class_of, classes);
        let universal_state = find_universal_state(&transitions, classes, &accepting);
        Ok(Dfa { classes, class_of, transitions, accepting, distance, distinguished_symbols, universal_state })
    }

    /// The state after a symbol.
    pub fn step(&self, state: u16, symbol: Symbol) -> u16 {
        self.transitions[usize::from(state) * self.classes + usize::from(self.class_of[usize::from(symbol)])]
    }

    /// Whether the pattern matches a string.
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

    /// Whether the string may end in this state.
    pub fn accepts(&self, state: u16) -> bool {
        self.accepting[usize::from(state)]
    }

    /// The smallest number of symbols to acceptance. None if acceptance cannot be reached.
    pub fn distance(&self, state: u16) -> Option<u32> {
        Some(self.distance[usize::from(state)]).filter(|d| *d != UNREACHABLE).map(u32::from)
    }

    /// The symbols whose successor differs from the successor of a character that no pattern names.
    pub fn distinguished_symbols(&self, state: u16) -> &SymbolMask {
        &self.distinguished_symbols[usize::from(state)]
    }

    /// Whether the state accepts every string.
    pub fn is_universal(&self, state: u16) -> bool {
        state != DEAD && state == self.universal_state
    }

    /// The class of a symbol. The pattern does not distinguish symbols of one class.
    pub fn class_of(&self, symbol: Symbol) -> u8 {
        self.class_of[usize::from(symbol)]
    }
}

/// Partitions the symbols into classes that no token distinguishes. Returns the class of each symbol, and one symbol
/// of each class.
fn partition_symbols(toks: &[GlobToken]) -> (Box<[u8; 256]>, Vec<Symbol>) {
    let mut kinds: Vec<SymbolClass> = Vec::new();
    for tok in toks {
        if let GlobToken::AnyOne(class) | GlobToken::AnyRun(class) = tok
            && !kinds.contains(class)
        {
            kinds.push(*class);
        }
    }
    // The signature of a symbol: the number of the literal token that matches it, and its symbol classes.
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
            u8::try_from(representatives.len() - 1).expect("256 symbols have at most 256 classes")
        });
        class_of[usize::from(symbol)] = class;
    }
    (class_of, representatives)
}

/// The effect of each class of symbols on a set of positions, as sets of positions.
struct TransitionMasks {
    /// For each class: the positions whose token matches the symbol and ends.
    consuming: Vec<Vec<u64>>,
    /// For each class: the runs that match the symbol and continue.
    looping: Vec<Vec<u64>>,
    /// The runs. They may match the empty string.
    runs: Vec<u64>,
    /// The runs that match any string.
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
        let consuming = |symbol: Symbol| set(&|tok| tok.matches_one(symbol));
        let looping =
            |symbol: Symbol| set(&|tok| matches!(tok, GlobToken::AnyRun(class) if class.run_contains(symbol)));
        TransitionMasks {
            consuming: representatives.iter().map(|s| consuming(*s)).collect(),
            looping: representatives.iter().map(|s| looping(*s)).collect(),
            runs: set(&|tok| matches!(tok, GlobToken::AnyRun(_))),
            stars: set(&|tok| tok == GlobToken::AnyRun(SymbolClass::Any)),
        }
    }

    /// The positions after a symbol of a class, before [`Self::close_over_runs`].
    fn advance(&self, from: &[u64], class: usize, to: &mut [u64]) {
        let mut carry = 0;
        for (word, bits) in from.iter().enumerate() {
            let done = bits & self.consuming[class][word];
            to[word] = done << 1 | carry | bits & self.looping[class][word];
            carry = done >> 63;
        }
    }

    /// Adds the positions after runs, and removes the positions before the last reached `*`, which are redundant.
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

/// The sets of positions that are the states, and the transitions between them: for each state, one per class.
type Subsets = (Vec<Box<[u64]>>, Vec<u16>);

/// The subset construction.
fn construct_subsets(toks: &[GlobToken], representatives: &[Symbol]) -> Result<Subsets, LimitExceeded> {
    let classes = representatives.len();
    let moves = TransitionMasks::from_tokens(toks, representatives);
    let mut set = vec![0u64; toks.len() / 64 + 1];
    set[0] = 1;
    moves.close_over_runs(&mut set);
    let mut ids: FxHashMap<Box<[u64]>, u16> = FxHashMap::default();
    let mut states: Vec<Box<[u64]>> = vec![Box::default(), set.as_slice().into()];
    ids.insert(set.as_slice().into(), Dfa::START);
    let mut transitions = vec![DEAD; classes];
    let mut id = 1;
    while id < states.len() {
        for class in 0..classes {
            moves.advance(&states[id], class, &mut set);
            if set.iter().all(|word| *word == 0) {
                transitions.push(DEAD);
                continue;
            }
            moves.close_over_runs(&mut set);
            if let Some(known) = ids.get(set.as_slice()) {
                transitions.push(*known);
                continue;
            }
            if states.len() >= MAX_STATES {
                return Err(LimitExceeded);
            }
            let new = u16::try_from(states.len()).map_err(|_| LimitExceeded)?;
            ids.insert(set.as_slice().into(), new);
            states.push(set.as_slice().into());
            transitions.push(new);
        }
        id += 1;
    }
    Ok((states, transitions))
}

/// For each state, the symbols whose successor differs from the successor of [`UNNAMED`].
fn compute_distinguished_symbols(transitions: &[u16], class_of: &[u8; 256], classes: usize) -> Vec<SymbolMask> {
    let mut masks = vec![[0u64; 4]; classes];
    for symbol in 0..=255u8 {
        masks[usize::from(class_of[usize::from(symbol)])][usize::from(symbol >> 6)] |= 1 << (symbol & 63);
    }
    let unnamed = usize::from(class_of[usize::from(UNNAMED)]);
    let distinguished = |row: &[u16]| {
        let mut mask = [0u64; 4];
        for (class, _) in row.iter().enumerate().filter(|(_, target)| **target != row[unnamed]) {
            for (word, bits) in mask.iter_mut().zip(masks[class]) {
                *word |= bits;
            }
        }
        mask
    };
    transitions.chunks_exact(classes).map(distinguished).collect()
}

/// The state that accepts every string, or [`DEAD`] if no state does.
fn find_universal_state(transitions: &[u16], classes: usize, accepting: &[bool]) -> u16 {
    // INVARIANT: the construction numbers states by `u16`.
    let numbered = (0..=u16::MAX).zip(transitions.chunks_exact(classes).zip(accepting)).skip(1);
    let mut universal = numbered.filter(|(state, (row, accepts))| **accepts && row.iter().all(|t| t == state));
    universal.next().map_or(DEAD, |(state, _)| state)
}

/// For each state, the smallest number of symbols to an accepting state, or [`UNREACHABLE`].
fn compute_distances(next: &[u16], classes: usize, accepts: &[bool]) -> Vec<u16> {
    let mut distance: Vec<u16> = accepts.iter().map(|a| if *a { 0 } else { UNREACHABLE }).collect();
    // States are numbered breadth first, so a backward pass settles most of them.
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
