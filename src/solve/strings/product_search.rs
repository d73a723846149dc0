//! The walk over the product of the automata: positive patterns must accept, negative patterns must not.
//!
//! The state nearest to acceptance is expanded first. In each state only the symbols that some pattern distinguishes
//! are tried, and one symbol that no pattern distinguishes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::alphabet::{Symbol, UNNAMED, is_variable};
use super::dfa::{DEAD, Dfa, SymbolMask};
use super::interned_glob::InternedGlob;
use crate::solve::budget::Budget;

/// The result of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GlobSearchResult {
    /// No such string exists.
    NoMatch,
    /// This string satisfies the constraints.
    Match(Vec<Symbol>),
    /// The search reached a limit.
    GaveUp,
}

/// The symbols that a string may contain.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub enum SymbolRange {
    /// Characters only.
    Characters,
    /// Characters and the unknown values of variables.
    WithVariables,
}

/// Symbols in the order in which a found string prefers them, for readability.
const PREFERRED: &[u8] = b"xyzabcdefghijklmnopqrstuvw0123456789-_./XABCDEFGHIJKLMNOPQRSTUVWYZ+=@,:%~!#&()";

/// The states that one walk may visit.
const MAX_VISITS: usize = 50_000;

/// The memory of one walk, in states of single automata: 16 MB. Patterns such as `*a*b*` have products without end.
const MAX_CELLS: usize = 8_000_000;

/// One state of each automaton.
type ProductState = Box<[u16]>;

/// The walk and the states that it has reached.
pub(super) struct ProductSearch<'a> {
    automata: Vec<&'a Dfa>,
    /// The number of positive patterns. Their automata come first.
    positive_count: usize,
    /// The reached states. A state's number is its position.
    reached: IndexSet<ProductState, FxBuildHasher>,
    /// For each reached state, the state before it and the symbol between them. None for the start.
    parents: Vec<Option<(usize, Symbol)>>,
    /// The states to expand, by the lower bound of their distance to acceptance.
    queue: BinaryHeap<Reverse<(u32, usize)>>,
}

impl<'a> ProductSearch<'a> {
    /// Finds a string that all positive patterns match and no negative pattern matches.
    pub(super) fn run(
        positive: &[&'a InternedGlob],
        negative: &[&'a InternedGlob],
        symbols: SymbolRange,
        budget: &Budget,
    ) -> GlobSearchResult {
        let automata: Result<Vec<&Dfa>, _> = positive.iter().chain(negative).map(|glob| glob.dfa()).collect();
        let Ok(automata) = automata else { return GlobSearchResult::GaveUp };
        let representatives = choose_representatives(&automata, symbols);
        let mut search = ProductSearch {
            automata,
            positive_count: positive.len(),
            reached: IndexSet::default(),
            parents: Vec::new(),
            queue: BinaryHeap::new(),
        };
        let width = search.automata.len();
        search.reach(&vec![Dfa::START; width], None);
        let mut current = vec![DEAD; width];
        let mut next = vec![DEAD; width];
        let mut visits = 0;
        while let Some(Reverse((_, id))) = search.queue.pop() {
            visits += 1;
            if visits > MAX_VISITS || search.reached.len() * width > MAX_CELLS || !budget.spend(1) {
                return GlobSearchResult::GaveUp;
            }
            // INVARIANT: the queue holds numbers of reached states only.
            let Some(state) = search.reached.get_index(id) else { continue };
            current.copy_from_slice(state);
            if search.is_accepting(&current) {
                return GlobSearchResult::Match(search.string_to(id));
            }
            search.expand(id, &current, &representatives, &mut next);
        }
        GlobSearchResult::NoMatch
    }

    /// Reaches the successors of a state. `next` is a buffer.
    fn expand(&mut self, id: usize, current: &[u16], representatives: &[Symbol], next: &mut [u16]) {
        let distinguished = self.distinguished_symbols(current);
        let mut tried_other_symbol = false;
        for symbol in representatives {
            let is_distinguished =
                distinguished.get(usize::from(symbol >> 6)).is_some_and(|word| word >> (symbol & 63) & 1 == 1);
            if !is_distinguished {
                // All symbols that no pattern distinguishes lead to the same state.
                if tried_other_symbol {
                    continue;
                }
                tried_other_symbol = true;
            }
            for ((slot, dfa), state) in next.iter_mut().zip(&self.automata).zip(current) {
                *slot = dfa.step(*state, *symbol);
            }
            self.reach(next, Some((id, *symbol)));
        }
    }

    /// Adds a state to the queue, unless it is known or cannot lead to acceptance.
    fn reach(&mut self, state: &[u16], parent: Option<(usize, Symbol)>) {
        let Some(distance) = self.lower_bound(state) else { return };
        if self.reached.contains(state) {
            return;
        }
        self.queue.push(Reverse((distance, self.reached.len())));
        self.reached.insert(state.into());
        self.parents.push(parent);
    }

    /// At least this many symbols lead to acceptance. None if nothing does.
    fn lower_bound(&self, states: &[u16]) -> Option<u32> {
        let mut farthest = 0;
        for (i, (dfa, state)) in self.automata.iter().zip(states).enumerate() {
            if i < self.positive_count {
                farthest = farthest.max(dfa.distance(*state)?);
            } else if dfa.is_universal(*state) {
                return None;
            }
        }
        Some(farthest)
    }

    fn is_accepting(&self, states: &[u16]) -> bool {
        let mut pairs = self.automata.iter().zip(states).enumerate();
        pairs.all(|(i, (dfa, state))| dfa.accepts(*state) == (i < self.positive_count))
    }

    /// The symbols that some pattern distinguishes in this state.
    fn distinguished_symbols(&self, states: &[u16]) -> SymbolMask {
        let mut mask: SymbolMask = [0; 4];
        for (dfa, state) in self.automata.iter().zip(states) {
            for (word, bits) in mask.iter_mut().zip(dfa.distinguished_symbols(*state)) {
                *word |= bits;
            }
        }
        mask
    }

    /// The string that leads to a reached state.
    fn string_to(&self, id: usize) -> Vec<Symbol> {
        let mut text = Vec::new();
        let mut state = id;
        while let Some((parent, symbol)) = self.parents.get(state).copied().flatten() {
            text.push(symbol);
            state = parent;
        }
        text.reverse();
        text
    }
}

/// One symbol for each set of symbols that no pattern distinguishes, the most readable first.
fn choose_representatives(automata: &[&Dfa], symbols: SymbolRange) -> Vec<Symbol> {
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
        .filter(|s| symbols == SymbolRange::WithVariables || !is_variable(*s))
        .filter(|s| seen.insert(keys.get(usize::from(*s)).copied().unwrap_or(0)))
        .collect()
}
