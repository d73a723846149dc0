//! All patterns of a run.

use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use super::alphabet::Alphabet;
use super::interned_glob::{GlobRef, InternedGlob};
use super::search_cache::SearchCache;
use super::token::{GlobToken, SymbolClass};
use crate::solve::budget::LimitExceeded;

/// How letters are compared.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum LetterCase {
    /// Upper and lower case differ.
    Exact,
    /// Upper and lower case are equal.
    Ignore,
}

/// The patterns of a run, each stored once.
#[derive(Debug, Default)]
pub struct GlobInterner {
    /// The alphabet.
    pub alphabet: Alphabet,
    /// Earlier results of searches with these patterns.
    pub(crate) search_cache: SearchCache,
    globs: Mutex<FxHashMap<Box<[GlobToken]>, GlobRef>>,
}

impl GlobInterner {
    /// The pattern of these tokens, normalized.
    pub fn intern(&self, toks: &[GlobToken]) -> GlobRef {
        let toks = normalize_tokens(toks);
        let mut globs = self.globs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(glob) = globs.get(&toks) {
            return Arc::clone(glob);
        }
        let glob = Arc::new(InternedGlob::new(globs.len(), toks.clone()));
        globs.insert(toks, Arc::clone(&glob));
        glob
    }

    /// The pattern that matches this string only.
    ///
    /// # Errors
    /// If the documents of the run name too many different characters outside ASCII.
    pub fn intern_exact(&self, text: &str) -> Result<GlobRef, LimitExceeded> {
        Ok(self.intern(&self.tokenize_literal(text, LetterCase::Exact)?))
    }

    /// The tokens of a literal string.
    ///
    /// # Errors
    /// If the documents of the run name too many different characters outside ASCII.
    pub fn tokenize_literal(&self, text: &str, letter_case: LetterCase) -> Result<Vec<GlobToken>, LimitExceeded> {
        text.chars()
            .map(|c| {
                if letter_case == LetterCase::Exact {
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

    /// The pattern that matches every string.
    pub fn intern_match_all(&self) -> GlobRef {
        self.intern(&[GlobToken::AnyRun(SymbolClass::Any)])
    }
}

/// Merges adjacent equal runs and moves `?` before `*`. Patterns that match the same strings then mostly have the
/// same tokens, and automata stay small.
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
