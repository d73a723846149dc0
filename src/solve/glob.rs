//! Patterns over texts, interned: the same pattern is one object, so that what was learnt of it is kept.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock};

use rustc_hash::FxHashMap;

use super::TooBig;
use super::automaton::Automaton;
use super::search::Searches;
use super::symbols::{Symbol, Symbols, is_variable, is_without_colon};

/// A set of symbols that a wildcard may stand for.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Class {
    /// Any character; a run of them may also be a variable's value.
    Any,
    /// Any but this one.
    Not(Symbol),
    /// Any but a colon.
    NotColon,
    /// Any but a colon and a slash.
    Plain,
    /// Any character; a run of them holds no variable's value.
    Character,
    /// A decimal digit.
    Digit,
    /// What regions are written with: lower-case letters, digits, hyphens.
    Region,
    /// What names of actions are written with: letters and digits.
    ActionName,
}

impl Class {
    /// Whether one character may be this symbol.
    pub fn has(self, s: Symbol) -> bool {
        if is_variable(s) {
            return false;
        }
        match self {
            Class::Any | Class::Character => true,
            Class::Not(other) => s != other,
            Class::NotColon => s != b':',
            Class::Plain => s != b':' && s != b'/',
            Class::Digit => s.is_ascii_digit(),
            Class::Region => s.is_ascii_lowercase() || s.is_ascii_digit() || s == b'-',
            Class::ActionName => s.is_ascii_alphanumeric(),
        }
    }

    /// Whether a run may hold this symbol.
    pub fn run_has(self, s: Symbol) -> bool {
        self.has(s)
            || match self {
                Class::Any => is_variable(s),
                Class::NotColon => is_without_colon(s),
                Class::Character | Class::Not(_) | Class::Plain | Class::Digit | Class::Region | Class::ActionName => {
                    false
                }
            }
    }
}

/// One step of a pattern.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Tok {
    /// One symbol.
    Sym(Symbol),
    /// One of two symbols: a letter in either case.
    Either(Symbol, Symbol),
    /// One symbol of a class.
    One(Class),
    /// Any number of symbols of a class.
    Run(Class),
}

impl Tok {
    /// The characters that it may be; none where it may be others, as an unknown value may.
    fn literal(self) -> Option<(Symbol, Symbol)> {
        match self {
            _ if self.is_variable() => None,
            Tok::Sym(a) => Some((a, a)),
            Tok::Either(a, b) => Some((a, b)),
            Tok::One(_) | Tok::Run(_) => None,
        }
    }

    /// Whether it stands for a variable's unknown value.
    pub fn is_variable(self) -> bool {
        matches!(self, Tok::Sym(s) | Tok::Either(s, _) if is_variable(s))
    }
}

/// An interned pattern.
#[derive(Debug)]
pub struct Glob {
    /// Unique in its interner.
    pub id: u32,
    /// Its steps: no two equal runs in a row, `?` before `*`.
    pub toks: Box<[Tok]>,
    /// Number of leading literal steps.
    prefix: usize,
    /// Number of trailing literal steps.
    suffix: usize,
    /// Whether its runs, if any, match anything.
    plain: bool,
    /// Whether a variable's symbol stands in it.
    variable: bool,
    automaton: OnceLock<Result<Automaton, TooBig>>,
}

impl Glob {
    /// Whether it matches every text.
    pub fn is_everything(&self) -> bool {
        *self.toks == [Tok::Run(Class::Any)]
    }

    /// The one text that it matches, if it is a literal.
    pub fn as_exact(&self) -> Option<Vec<Symbol>> {
        self.toks.iter().map(|t| if let Tok::Sym(s) = t { Some(*s) } else { None }).collect()
    }

    /// Whether a variable's symbol stands in it.
    pub fn has_variable(&self) -> bool {
        self.variable
    }

    /// The variables' symbols that stand in it; of a variable in any letter case the first.
    pub fn variables(&self) -> impl Iterator<Item = Symbol> {
        self.toks.iter().filter_map(|t| match t {
            Tok::Sym(s) | Tok::Either(s, _) if is_variable(*s) => Some(*s),
            _ => None,
        })
    }

    /// How many of its steps are literal: the fewer, the broader it tends to be.
    pub fn literals(&self) -> usize {
        self.toks.iter().filter(|t| t.literal().is_some()).count()
    }

    /// Its automaton, built on first use.
    pub fn automaton(&self) -> Result<&Automaton, TooBig> {
        self.automaton.get_or_init(|| Automaton::compile(&self.toks)).as_ref().map_err(|e| *e)
    }

    /// Whether the two can be told apart by how they begin or end.
    pub fn ends_differ(&self, other: &Glob) -> bool {
        fn meet((a, b): (Symbol, Symbol), (c, d): (Symbol, Symbol)) -> bool {
            a == c || a == d || b == c || b == d
        }
        let differ = |(x, y): (&Tok, &Tok)| match (x.literal(), y.literal()) {
            (Some(x), Some(y)) => !meet(x, y),
            _ => false,
        };
        let starts = self.prefix.min(other.prefix);
        let ends = self.suffix.min(other.suffix);
        if self.toks.iter().zip(other.toks.iter()).take(starts).any(differ)
            || self.toks.iter().rev().zip(other.toks.iter().rev()).take(ends).any(differ)
        {
            return true;
        }
        let shorter = |a: &Glob, b: &Glob| a.prefix == a.toks.len() && b.prefix > a.prefix;
        shorter(self, other) || shorter(other, self)
    }

    /// Whether it matches a text.
    pub fn matches(&self, text: &[Symbol]) -> bool {
        if self.plain {
            return self.matches_by_backtracking(text, step);
        }
        // An automaton is built for searches: for single texts it would not pay.
        match self.automaton.get() {
            Some(Ok(automaton)) => automaton.matches(text),
            _ => self.matches_by_positions(text),
        }
    }

    /// Only the last star need be reconsidered, as long as stars match anything.
    fn matches_by_backtracking<T: Copy>(&self, text: &[T], step: impl Fn(Tok, T) -> bool) -> bool {
        let (mut i, mut j) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (self.toks.get(i), text.get(j)) {
                (Some(Tok::Run(_)), _) => {
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
    pub fn covers(&self, other: &Glob) -> bool {
        let wider = |mine: Tok, other: Tok| match (mine, other) {
            (Tok::Sym(a), Tok::Sym(b)) => a == b,
            (Tok::Either(a, b), Tok::Sym(s)) => a == s || b == s,
            (Tok::One(class), Tok::Sym(s)) => class.has(s),
            (Tok::One(Class::Any), Tok::Either(..)) => !other.is_variable(),
            (Tok::One(Class::Any), Tok::One(_)) => true,
            (mine, other) => mine == other && !matches!(mine, Tok::Run(_)),
        };
        // What its end asks for settles most.
        let mut ends = self.toks.iter().rev().zip(other.toks.iter().rev()).take(self.suffix);
        self == other
            || (self.plain
                && ends.all(|(mine, other)| wider(*mine, *other))
                && self.matches_by_backtracking(&other.toks, wider))
    }

    fn matches_by_positions(&self, text: &[Symbol]) -> bool {
        let n = self.toks.len();
        let mut now = vec![false; n + 1];
        let mut next = vec![false; n + 1];
        let close = |set: &mut Vec<bool>| {
            for (i, tok) in self.toks.iter().enumerate() {
                if matches!(tok, Tok::Run(_))
                    && set.get(i) == Some(&true)
                    && let Some(slot) = set.get_mut(i + 1)
                {
                    *slot = true;
                }
            }
        };
        if let Some(first) = now.first_mut() {
            *first = true;
        }
        close(&mut now);
        for s in text {
            next.fill(false);
            for (i, tok) in self.toks.iter().enumerate() {
                if now.get(i) != Some(&true) {
                    continue;
                }
                let target = match tok {
                    Tok::Run(c) if c.run_has(*s) => i,
                    Tok::Run(_) => continue,
                    tok if step(*tok, *s) => i + 1,
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
            std::mem::swap(&mut now, &mut next);
        }
        now.last() == Some(&true)
    }
}

fn step(tok: Tok, s: Symbol) -> bool {
    match tok {
        Tok::Sym(a) => a == s,
        Tok::Either(a, b) => a == s || b == s,
        Tok::One(c) => c.has(s),
        Tok::Run(_) => false,
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Glob) -> bool {
        self.id == other.id
    }
}

impl Eq for Glob {}

impl Hash for Glob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// A pattern shared by all who hold it.
pub type GlobRef = Arc<Glob>;

/// The patterns of a run.
#[derive(Debug, Default)]
pub struct Interner {
    /// The alphabet.
    pub symbols: Symbols,
    /// What was searched for with them.
    pub searches: Searches,
    known: Mutex<FxHashMap<Box<[Tok]>, GlobRef>>,
}

impl Interner {
    /// The one object for these steps, brought into normal form.
    pub fn glob(&self, toks: &[Tok]) -> GlobRef {
        let toks = normal_form(toks);
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(glob) = known.get(&toks) {
            return Arc::clone(glob);
        }
        let id = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let prefix = toks.iter().take_while(|t| t.literal().is_some()).count();
        let suffix = toks.iter().rev().take_while(|t| t.literal().is_some()).count();
        let glob = Arc::new(Glob {
            id,
            plain: toks.iter().all(|t| !matches!(t, Tok::Run(c) if *c != Class::Any)),
            toks: toks.clone(),
            variable: toks.iter().any(|t| t.is_variable()),
            prefix,
            suffix,
            automaton: OnceLock::new(),
        });
        known.insert(toks, Arc::clone(&glob));
        glob
    }

    /// The pattern that matches one text alone.
    pub fn exact(&self, text: &str) -> Result<GlobRef, TooBig> {
        Ok(self.glob(&self.literal(text, false)?))
    }

    /// The steps of a literal text, in either case where case does not matter.
    pub fn literal(&self, text: &str, ignore_case: bool) -> Result<Vec<Tok>, TooBig> {
        text.chars()
            .map(|c| {
                if !ignore_case {
                    return Ok(Tok::Sym(self.symbols.name(c)?));
                }
                let single = |mut all: Box<dyn Iterator<Item = char>>| match (all.next(), all.next()) {
                    (Some(one), None) => one,
                    _ => c,
                };
                let lower = self.symbols.name(single(Box::new(c.to_lowercase())))?;
                let upper = self.symbols.name(single(Box::new(c.to_uppercase())))?;
                let own = self.symbols.name(c)?;
                Ok(match lower == upper || (own != lower && own != upper) {
                    true => Tok::Sym(own),
                    false => Tok::Either(lower, upper),
                })
            })
            .collect()
    }

    /// The pattern that matches every text.
    pub fn everything(&self) -> GlobRef {
        self.glob(&[Tok::Run(Class::Any)])
    }
}

/// Drops a run beside an equal or wider one and moves `?` before `*`, so that equal patterns tend to look
/// equal and the automaton stays small.
fn normal_form(toks: &[Tok]) -> Box<[Tok]> {
    let mut out: Vec<Tok> = Vec::with_capacity(toks.len());
    for tok in toks {
        match (out.last().copied(), *tok) {
            (Some(Tok::Run(a)), Tok::Run(b)) if a == b => {}
            (Some(Tok::Run(a)), Tok::One(b)) if a == b => {
                out.pop();
                out.push(Tok::One(b));
                out.push(Tok::Run(a));
            }
            (_, tok) => out.push(tok),
        }
    }
    out.into()
}
