//! A pattern that is stored once per run, so that its automaton and its search results are reused.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::alphabet::{Symbol, is_variable};
use super::dfa::Dfa;
use super::token::{GlobToken, SymbolClass};
use crate::solve::budget::LimitExceeded;

/// A pattern. Two patterns with the same tokens are the same object.
#[derive(Debug)]
pub struct InternedGlob {
    /// Unique in its interner.
    pub(crate) id: usize,
    /// The tokens: no two equal runs in a row, `?` before `*`.
    pub(crate) toks: Box<[GlobToken]>,
    /// Number of leading literal tokens.
    prefix_len: usize,
    /// Number of trailing literal tokens.
    suffix_len: usize,
    /// Whether every run matches any string.
    has_only_any_runs: bool,
    /// Whether the pattern contains a variable.
    has_variable: bool,
    dfa: OnceLock<Result<Dfa, LimitExceeded>>,
}

impl InternedGlob {
    /// A pattern of normalized tokens. `id` is unique in the interner.
    pub(super) fn new(id: usize, toks: Box<[GlobToken]>) -> InternedGlob {
        InternedGlob {
            id,
            prefix_len: toks.iter().take_while(|t| t.literal_symbols().is_some()).count(),
            suffix_len: toks.iter().rev().take_while(|t| t.literal_symbols().is_some()).count(),
            has_only_any_runs: toks.iter().all(|t| !matches!(t, GlobToken::AnyRun(c) if *c != SymbolClass::Any)),
            has_variable: toks.iter().any(|t| t.is_variable()),
            toks,
            dfa: OnceLock::new(),
        }
    }

    /// Whether the pattern matches every string.
    pub fn is_everything(&self) -> bool {
        *self.toks == [GlobToken::AnyRun(SymbolClass::Any)]
    }

    /// The only string that the pattern matches. None if it contains a wildcard.
    pub fn as_exact(&self) -> Option<Vec<Symbol>> {
        self.toks.iter().map(|t| if let GlobToken::Literal(s) = t { Some(*s) } else { None }).collect()
    }

    /// Whether the pattern contains a variable.
    pub fn has_variable(&self) -> bool {
        self.has_variable
    }

    /// The symbols of the variables in the pattern. If letter case is ignored, only the first symbol of each variable.
    pub fn variable_symbols(&self) -> impl Iterator<Item = Symbol> {
        self.toks.iter().filter_map(|t| match t {
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _) if is_variable(*s) => Some(*s),
            _ => None,
        })
    }

    /// The number of literal tokens. A pattern with fewer of them tends to be broader.
    pub fn literal_count(&self) -> usize {
        self.toks.iter().filter(|t| t.literal_symbols().is_some()).count()
    }

    /// The automaton, built on first use.
    pub fn dfa(&self) -> Result<&Dfa, LimitExceeded> {
        self.dfa.get_or_init(|| Dfa::compile(&self.toks)).as_ref().map_err(|e| *e)
    }

    /// Whether the literal tokens at the start or end of the two patterns differ. They then share no string.
    pub fn has_conflicting_ends(&self, other: &InternedGlob) -> bool {
        fn overlaps((a, b): (Symbol, Symbol), (c, d): (Symbol, Symbol)) -> bool {
            a == c || a == d || b == c || b == d
        }
        let differ = |(x, y): (&GlobToken, &GlobToken)| match (x.literal_symbols(), y.literal_symbols()) {
            (Some(x), Some(y)) => !overlaps(x, y),
            _ => false,
        };
        let starts = self.prefix_len.min(other.prefix_len);
        let ends = self.suffix_len.min(other.suffix_len);
        if self.toks.iter().zip(other.toks.iter()).take(starts).any(differ)
            || self.toks.iter().rev().zip(other.toks.iter().rev()).take(ends).any(differ)
        {
            return true;
        }
        let shorter = |a: &InternedGlob, b: &InternedGlob| a.prefix_len == a.toks.len() && b.prefix_len > a.prefix_len;
        shorter(self, other) || shorter(other, self)
    }

    /// Whether the pattern matches a string.
    pub fn matches(&self, text: &[Symbol]) -> bool {
        if self.has_only_any_runs {
            return self.matches_by_backtracking(text, GlobToken::matches_one);
        }
        // To build an automaton costs more than to match a single string.
        match self.dfa.get() {
            Some(Ok(automaton)) => automaton.matches(text),
            _ => self.matches_by_positions(text),
        }
    }

    /// Matches with backtracking to the last star only. This is complete if every star matches any string.
    fn matches_by_backtracking<T: Copy>(&self, text: &[T], step: impl Fn(GlobToken, T) -> bool) -> bool {
        let (mut i, mut j) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (self.toks.get(i), text.get(j)) {
                (Some(GlobToken::AnyRun(_)), _) => {
                    star = Some((i + 1, j));
                    i += 1;
                    continue;
                }
                (Some(tok), Some(s)) if step(*tok, *s) => {
                    i += 1;
                    j += 1;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            match star {
                Some((after, from)) if from < text.len() => {
                    star = Some((after, from + 1));
                    i = after;
                    j = from + 1;
                }
                _ => return false,
            }
        }
    }

    /// Whether a comparison of tokens proves that this pattern matches every string that the other one matches.
    /// False if that is not proven.
    pub fn covers(&self, other: &InternedGlob) -> bool {
        let token_covers = |mine: GlobToken, other: GlobToken| match (mine, other) {
            (GlobToken::Literal(a), GlobToken::Literal(b)) => a == b,
            (GlobToken::EitherCase(a, b), GlobToken::Literal(s)) => a == s || b == s,
            (GlobToken::AnyOne(class), GlobToken::Literal(s)) => class.contains(s),
            (GlobToken::AnyOne(SymbolClass::Any), GlobToken::EitherCase(..)) => !other.is_variable(),
            (GlobToken::AnyOne(SymbolClass::Any), GlobToken::AnyOne(_)) => true,
            (mine, other) => mine == other && !matches!(mine, GlobToken::AnyRun(_)),
        };
        // The ends of the patterns decide most cases.
        let mut ends = self.toks.iter().rev().zip(other.toks.iter().rev()).take(self.suffix_len);
        self == other
            || (self.has_only_any_runs
                && ends.all(|(mine, other)| token_covers(*mine, *other))
                && self.matches_by_backtracking(&other.toks, token_covers))
    }

    fn matches_by_positions(&self, text: &[Symbol]) -> bool {
        let n = self.toks.len();
        let mut current = vec![false; n + 1];
        let mut next = vec![false; n + 1];
        let close = |set: &mut Vec<bool>| {
            for (i, tok) in self.toks.iter().enumerate() {
                if matches!(tok, GlobToken::AnyRun(_))
                    && set.get(i) == Some(&true)
                    && let Some(slot) = set.get_mut(i + 1)
                {
                    *slot = true;
                }
            }
        };
        if let Some(first) = current.first_mut() {
            *first = true;
        }
        close(&mut current);
        for s in text {
            next.fill(false);
            for (i, tok) in self.toks.iter().enumerate() {
                if current.get(i) != Some(&true) {
                    continue;
                }
                let target = match tok {
                    GlobToken::AnyRun(c) if c.run_contains(*s) => i,
                    GlobToken::AnyRun(_) => continue,
                    tok if tok.matches_one(*s) => i + 1,
                    _ => continue,
                };
                if let Some(slot) = next.get_mut(target) {
                    *slot = true;
                }
            }
            if !next.contains(&true) {
                return false;
            }
            close(&mut next);
            std::mem::swap(&mut current, &mut next);
        }
        current.last() == Some(&true)
    }
}

impl PartialEq for InternedGlob {
    fn eq(&self, other: &InternedGlob) -> bool {
        self.id == other.id
    }
}

impl Eq for InternedGlob {}

impl Hash for InternedGlob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// A shared reference to a pattern.
pub type GlobRef = Arc<InternedGlob>;
