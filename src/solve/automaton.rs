//! A pattern as a deterministic automaton, for the product search.
//!
//! A state is a set of positions in the pattern. Once a position before a `*` is reached, every earlier
//! one is superfluous: whatever they would accept, the star accepts as well. So a pattern without `?`
//! has about as many states as characters (`docs/engine.md`, "Globs").
#![allow(clippy::indexing_slicing, reason = "tables are indexed by the states and classes that this file numbers")]

use rustc_hash::FxHashMap;

use super::TooBig;
use super::glob::{Class, Tok};
use super::symbols::{OTHER, Symbol};

/// The state from which nothing is accepted.
pub const DEAD: u16 = 0;
/// Beyond this many states a pattern is refused, and the verdict becomes undecided.
const MAX_STATES: usize = 20_000;

/// A set of symbols.
pub type Mask = [u64; 4];

/// A compiled pattern.
#[derive(Debug)]
pub struct Automaton {
    classes: usize,
    class_of: Box<[u8; 256]>,
    next: Vec<u16>,
    accepts: Vec<bool>,
    /// Least number of symbols to an accepting state; `u16::MAX` where there is none.
    distance: Vec<u16>,
    /// Symbols whose successor differs from that of [`OTHER`].
    interesting: Vec<Mask>,
    /// The state that accepts everything, or `DEAD` if there is none.
    everything: u16,
}

impl Automaton {
    /// The state before the first symbol.
    pub const START: u16 = 1;

    /// Builds the automaton of a pattern.
    pub fn compile(toks: &[Tok]) -> Result<Automaton, TooBig> {
        // Each step that takes a character needs a state of its own.
        if toks.iter().filter(|tok| !matches!(tok, Tok::Run(_))).count() >= MAX_STATES {
            return Err(TooBig);
        }
        let (class_of, representatives) = classes(toks);
        let classes = representatives.len();
        let moves = Moves::of(toks, &representatives);
        let mut set = vec![0u64; toks.len() / 64 + 1];
        set[0] = 1;
        moves.close(&mut set);
        let mut ids: FxHashMap<Box<[u64]>, u16> = FxHashMap::default();
        let mut states: Vec<Box<[u64]>> = vec![Box::default(), set.as_slice().into()];
        ids.insert(set.as_slice().into(), 1);
        let mut next = vec![DEAD; classes];
        let mut id = 1;
        while id < states.len() {
            for class in 0..classes {
                moves.advance(&states[id], class, &mut set);
                let target = if set.iter().all(|word| *word == 0) {
                    DEAD
                } else {
                    moves.close(&mut set);
                    match ids.get(set.as_slice()) {
                        Some(known) => *known,
                        None => {
                            if states.len() >= MAX_STATES {
                                return Err(TooBig);
                            }
                            let new = u16::try_from(states.len()).map_err(|_| TooBig)?;
                            ids.insert(set.as_slice().into(), new);
                            states.push(set.as_slice().into());
                            new
                        }
                    }
                };
                next.push(target);
            }
            id += 1;
        }
        let end = toks.len();
        let accepts: Vec<bool> =
            states.iter().map(|set| set.get(end / 64).is_some_and(|w| w >> (end % 64) & 1 == 1)).collect();
        let distance = distances(&next, classes, &accepts);
        let mut masks = vec![[0u64; 4]; classes];
        for symbol in 0..=255u8 {
            masks[usize::from(class_of[usize::from(symbol)])][usize::from(symbol >> 6)] |= 1 << (symbol & 63);
        }
        let other = usize::from(class_of[usize::from(OTHER)]);
        let interesting = (0..states.len())
            .map(|s| {
                let row = &next[s * classes..(s + 1) * classes];
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
        let everything = (1..states.len())
            .find(|s| accepts[*s] && next[s * classes..(s + 1) * classes].iter().all(|t| usize::from(*t) == *s))
            .and_then(|s| u16::try_from(s).ok())
            .unwrap_or(DEAD);
        Ok(Automaton { classes, class_of, next, accepts, distance, interesting, everything })
    }

    /// The state after a symbol.
    pub fn step(&self, state: u16, symbol: Symbol) -> u16 {
        self.next[usize::from(state) * self.classes + usize::from(self.class_of[usize::from(symbol)])]
    }

    /// Whether it matches a text.
    pub fn matches(&self, text: &[Symbol]) -> bool {
        let mut state = Automaton::START;
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
        self.accepts[usize::from(state)]
    }

    /// Least number of symbols to acceptance.
    pub fn distance(&self, state: u16) -> Option<u32> {
        Some(self.distance[usize::from(state)]).filter(|d| *d != u16::MAX).map(u32::from)
    }

    /// The symbols whose successor differs from that of a character that no pattern names.
    pub fn interesting(&self, state: u16) -> &Mask {
        &self.interesting[usize::from(state)]
    }

    /// Whether everything is accepted from here on.
    pub fn is_everything(&self, state: u16) -> bool {
        state != DEAD && state == self.everything
    }

    /// Which symbols the pattern treats alike: the class of each.
    pub fn class_of(&self, symbol: Symbol) -> u8 {
        self.class_of[usize::from(symbol)]
    }
}

/// Groups the symbols that every step of the pattern treats alike.
fn classes(toks: &[Tok]) -> (Box<[u8; 256]>, Vec<Symbol>) {
    let mut kinds: Vec<Class> = Vec::new();
    for tok in toks {
        if let Tok::One(class) | Tok::Run(class) = tok
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
            Tok::Sym(a) if literal[usize::from(*a)] == 0 => {
                count += 1;
                literal[usize::from(*a)] = count;
            }
            Tok::Either(a, b) => {
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
    let mut of = Box::new([0u8; 256]);
    let mut known: FxHashMap<(u32, u32), u8> = FxHashMap::default();
    let mut representatives = Vec::new();
    for symbol in 0..=255u8 {
        let membership = kinds.iter().enumerate().fold(0u32, |bits, (i, class)| {
            bits | u32::from(class.has(symbol)) << (2 * i) | u32::from(class.run_has(symbol)) << (2 * i + 1)
        });
        let class = *known.entry((literal[usize::from(symbol)], membership)).or_insert_with(|| {
            representatives.push(symbol);
            u8::try_from(representatives.len() - 1).unwrap_or(u8::MAX)
        });
        of[usize::from(symbol)] = class;
    }
    (of, representatives)
}

/// What each class of symbols does to a set of positions, as sets of positions.
struct Moves {
    /// For each class: the positions whose step takes the symbol and is done with it.
    done: Vec<Vec<u64>>,
    /// For each class: the runs that take the symbol and go on.
    stay: Vec<Vec<u64>>,
    /// The runs: they may be skipped.
    runs: Vec<u64>,
    /// The runs that match anything.
    stars: Vec<u64>,
}

impl Moves {
    fn of(toks: &[Tok], representatives: &[Symbol]) -> Moves {
        let set = |holds: &dyn Fn(Tok) -> bool| {
            let mut set = vec![0u64; toks.len() / 64 + 1];
            for (position, _) in toks.iter().enumerate().filter(|(_, tok)| holds(**tok)) {
                set[position / 64] |= 1 << (position % 64);
            }
            set
        };
        let done = |symbol: Symbol| {
            set(&|tok| match tok {
                Tok::Sym(a) => a == symbol,
                Tok::Either(a, b) => a == symbol || b == symbol,
                Tok::One(class) => class.has(symbol),
                Tok::Run(_) => false,
            })
        };
        let stay = |symbol: Symbol| set(&|tok| matches!(tok, Tok::Run(class) if class.run_has(symbol)));
        Moves {
            done: representatives.iter().map(|s| done(*s)).collect(),
            stay: representatives.iter().map(|s| stay(*s)).collect(),
            runs: set(&|tok| matches!(tok, Tok::Run(_))),
            stars: set(&|tok| tok == Tok::Run(Class::Any)),
        }
    }

    /// The positions after a symbol of a class, before closing over runs.
    fn advance(&self, from: &[u64], class: usize, to: &mut [u64]) {
        let mut carry = 0;
        for (word, bits) in from.iter().enumerate() {
            let done = bits & self.done[class][word];
            to[word] = done << 1 | carry | bits & self.stay[class][word];
            carry = done >> 63;
        }
    }

    /// Adds what runs may skip, and drops what the last reached `*` makes superfluous.
    fn close(&self, set: &mut [u64]) {
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

fn distances(next: &[u16], classes: usize, accepts: &[bool]) -> Vec<u16> {
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
