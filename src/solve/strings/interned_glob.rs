//! Patterns over texts, interned: the same pattern is one object, so that what was learnt of it is kept.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock};

use rustc_hash::FxHashMap;

use super::alphabet::{Alphabet, Symbol, is_colon_free, is_variable};
use super::dfa::Dfa;
use super::glob_search::SearchCache;
use crate::solve::LimitExceeded;

/// A set of symbols that a wildcard may stand for.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum SymbolClass {
    /// Any character; a run of them may also be a variable's value.
    Any,
    /// Any but this one.
    Not(Symbol),
    /// Any but a colon.
    NotColon,
    /// Any but a colon and a slash.
    NotColonOrSlash,
    /// Any character; a run of them holds no variable's value.
    Character,
    /// A decimal digit.
    Digit,
    /// What regions are written with: lower-case letters, digits, hyphens.
    Region,
    /// What names of actions are written with: letters and digits.
    ActionName,
}

impl SymbolClass {
    /// Whether one character may be this symbol.
    pub fn contains(self, s: Symbol) -> bool {
        if is_variable(s) {
            return false;
        }
        match self {
            SymbolClass::Any | SymbolClass::Character => true,
            SymbolClass::Not(other) => s != other,
            SymbolClass::NotColon => s != b':',
            SymbolClass::NotColonOrSlash => s != b':' && s != b'/',
            SymbolClass::Digit => s.is_ascii_digit(),
            SymbolClass::Region => s.is_ascii_lowercase() || s.is_ascii_digit() || s == b'-',
            SymbolClass::ActionName => s.is_ascii_alphanumeric(),
        }
    }

    /// Whether a run may hold this symbol.
    pub fn run_contains(self, s: Symbol) -> bool {
        self.contains(s)
            || match self {
                SymbolClass::Any => is_variable(s),
                SymbolClass::NotColon => is_colon_free(s),
                SymbolClass::Character
                | SymbolClass::Not(_)
                | SymbolClass::NotColonOrSlash
                | SymbolClass::Digit
                | SymbolClass::Region
                | SymbolClass::ActionName => false,
            }
    }
}

/// One step of a pattern.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum GlobToken {
    /// One symbol.
    Literal(Symbol),
    /// One of two symbols: a letter in either case.
    EitherCase(Symbol, Symbol),
    /// One symbol of a class.
    AnyOne(SymbolClass),
    /// Any number of symbols of a class.
    AnyRun(SymbolClass),
}

impl GlobToken {
    /// The characters that it may be; none where it may be others, as an unknown value may.
    fn literal_symbols(self) -> Option<(Symbol, Symbol)> {
        match self {
            _ if self.is_variable() => None,
            GlobToken::Literal(a) => Some((a, a)),
            GlobToken::EitherCase(a, b) => Some((a, b)),
            GlobToken::AnyOne(_) | GlobToken::AnyRun(_) => None,
        }
    }

    /// Whether it stands for a variable's unknown value.
    pub fn is_variable(self) -> bool {
        matches!(self, GlobToken::Literal(s) | GlobToken::EitherCase(s, _) if is_variable(s))
    }
}

/// An interned pattern.
#[derive(Debug)]
pub struct InternedGlob {
    /// Unique in its interner.
    pub id: u32,
    /// Its steps: no two equal runs in a row, `?` before `*`.
    pub toks: Box<[GlobToken]>,
    /// Number of leading literal steps.
    prefix_len: usize,
    /// Number of trailing literal steps.
    suffix_len: usize,
    /// Whether its runs, if any, match anything.
    has_only_any_runs: bool,
    /// Whether a variable's symbol stands in it.
    has_variable: bool,
    dfa: OnceLock<Result<Dfa, LimitExceeded>>,
}

impl InternedGlob {
    /// Whether it matches every text.
    pub fn is_everything(&self) -> bool {
        *self.toks == [GlobToken::AnyRun(SymbolClass::Any)]
    }

    /// The one text that it matches, if it is a literal.
    pub fn as_exact(&self) -> Option<Vec<Symbol>> {
        self.toks.iter().map(|t| if let GlobToken::Literal(s) = t { Some(*s) } else { None }).collect()
    }

    /// Whether a variable's symbol stands in it.
    pub fn has_variable(&self) -> bool {
        self.has_variable
    }

    /// The variables' symbols that stand in it; of a variable in any letter case the first.
    pub fn variable_symbols(&self) -> impl Iterator<Item = Symbol> {
        self.toks.iter().filter_map(|t| match t {
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _) if is_variable(*s) => Some(*s),
            _ => None,
        })
    }

    /// How many of its steps are literal: the fewer, the broader it tends to be.
    pub fn literal_count(&self) -> usize {
        self.toks.iter().filter(|t| t.literal_symbols().is_some()).count()
    }

    /// Its automaton, built on first use.
    pub fn dfa(&self) -> Result<&Dfa, LimitExceeded> {
        self.dfa.get_or_init(|| Dfa::compile(&self.toks)).as_ref().map_err(|e| *e)
    }

    /// Whether the two can be told apart by how they begin or end.
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

    /// Whether it matches a text.
    pub fn matches(&self, text: &[Symbol]) -> bool {
        if self.has_only_any_runs {
            return self.matches_by_backtracking(text, token_matches);
        }
        // An automaton is built for searches: for single texts it would not pay.
        match self.dfa.get() {
            Some(Ok(automaton)) => automaton.matches(text),
            _ => self.matches_by_positions(text),
        }
    }

    /// Only the last star need be reconsidered, as long as stars match anything.
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

    /// Whether it plainly matches all that another pattern does, found step by step. "No" only says that it
    /// is not plain.
    pub fn covers(&self, other: &InternedGlob) -> bool {
        let token_covers = |mine: GlobToken, other: GlobToken| match (mine, other) {
            (GlobToken::Literal(a), GlobToken::Literal(b)) => a == b,
            (GlobToken::EitherCase(a, b), GlobToken::Literal(s)) => a == s || b == s,
            (GlobToken::AnyOne(class), GlobToken::Literal(s)) => class.contains(s),
            (GlobToken::AnyOne(SymbolClass::Any), GlobToken::EitherCase(..)) => !other.is_variable(),
            (GlobToken::AnyOne(SymbolClass::Any), GlobToken::AnyOne(_)) => true,
            (mine, other) => mine == other && !matches!(mine, GlobToken::AnyRun(_)),
        };
        // What its end asks for settles most.
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
                    tok if token_matches(*tok, *s) => i + 1,
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

fn token_matches(tok: GlobToken, s: Symbol) -> bool {
    match tok {
        GlobToken::Literal(a) => a == s,
        GlobToken::EitherCase(a, b) => a == s || b == s,
        GlobToken::AnyOne(c) => c.contains(s),
        GlobToken::AnyRun(_) => false,
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

/// A pattern shared by all who hold it.
pub type GlobRef = Arc<InternedGlob>;

/// The patterns of a run.
#[derive(Debug, Default)]
pub struct GlobInterner {
    /// The alphabet.
    pub alphabet: Alphabet,
    /// What was searched for with them.
    pub search_cache: SearchCache,
    globs: Mutex<FxHashMap<Box<[GlobToken]>, GlobRef>>,
}

impl GlobInterner {
    /// The one object for these steps, brought into normal form.
    pub fn intern(&self, toks: &[GlobToken]) -> GlobRef {
        let toks = normalize_tokens(toks);
        let mut globs = self.globs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(glob) = globs.get(&toks) {
            return Arc::clone(glob);
        }
        let id = u32::try_from(globs.len()).unwrap_or(u32::MAX);
        let prefix = toks.iter().take_while(|t| t.literal_symbols().is_some()).count();
        let suffix = toks.iter().rev().take_while(|t| t.literal_symbols().is_some()).count();
        let glob = Arc::new(InternedGlob {
            id,
            has_only_any_runs: toks.iter().all(|t| !matches!(t, GlobToken::AnyRun(c) if *c != SymbolClass::Any)),
            toks: toks.clone(),
            has_variable: toks.iter().any(|t| t.is_variable()),
            prefix_len: prefix,
            suffix_len: suffix,
            dfa: OnceLock::new(),
        });
        globs.insert(toks, Arc::clone(&glob));
        glob
    }

    /// The pattern that matches one text alone.
    pub fn intern_exact(&self, text: &str) -> Result<GlobRef, LimitExceeded> {
        Ok(self.intern(&self.tokenize_literal(text, false)?))
    }

    /// The steps of a literal text, in either case where case does not matter.
    pub fn tokenize_literal(&self, text: &str, ignore_case: bool) -> Result<Vec<GlobToken>, LimitExceeded> {
        text.chars()
            .map(|c| {
                if !ignore_case {
                    return Ok(GlobToken::Literal(self.alphabet.intern_char(c)?));
                }
                let single = |mut all: Box<dyn Iterator<Item = char>>| match (all.next(), all.next()) {
                    (Some(mapped), None) => mapped,
                    _ => c,
                };
                let lower = self.alphabet.intern_char(single(Box::new(c.to_lowercase())))?;
                let upper = self.alphabet.intern_char(single(Box::new(c.to_uppercase())))?;
                let symbol = self.alphabet.intern_char(c)?;
                Ok(match lower == upper || (symbol != lower && symbol != upper) {
                    true => GlobToken::Literal(symbol),
                    false => GlobToken::EitherCase(lower, upper),
                })
            })
            .collect()
    }

    /// The pattern that matches every text.
    pub fn intern_match_all(&self) -> GlobRef {
        self.intern(&[GlobToken::AnyRun(SymbolClass::Any)])
    }
}

/// Drops a run beside an equal or wider one and moves `?` before `*`, so that equal patterns tend to look
/// equal and the automaton stays small.
fn normalize_tokens(toks: &[GlobToken]) -> Box<[GlobToken]> {
    let mut out: Vec<GlobToken> = Vec::with_capacity(toks.len());
    for tok in toks {
        match (out.last().copied(), *tok) {
            (Some(GlobToken::AnyRun(a)), GlobToken::AnyRun(b)) if a == b => {}
            (Some(GlobToken::AnyRun(a)), GlobToken::AnyOne(b)) if a == b => {
                out.pop();
                out.push(GlobToken::AnyOne(b));
                out.push(GlobToken::AnyRun(a));
            }
            (_, tok) => out.push(tok),
        }
    }
    out.into()
}
