//! Constraints on a string: it matches one pattern of each list, and no pattern of another list.

use std::sync::Arc;

use crate::solve::budget::Budget;
use crate::solve::strings::alphabet::{Symbol, VariableSymbols, is_colon_free};
use crate::solve::strings::interned_glob::{GlobRef, InternedGlob};
use crate::solve::strings::interner::GlobInterner;
use crate::solve::strings::product_search::{GlobSearchResult, SymbolRange};
use crate::solve::strings::token::{GlobToken, SymbolClass};

/// A conjunction of constraints on a string.
#[derive(Clone, Debug, Default)]
pub struct StringConstraint {
    /// In each list, one pattern must match.
    pub matches_any_of: Vec<Arc<[GlobRef]>>,
    /// No pattern may match.
    pub matches_none_of: Vec<GlobRef>,
}

/// The result of a search for a string.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StringSearchResult {
    /// No such string exists.
    NoMatch,
    /// This string satisfies the constraints.
    Match(Vec<Symbol>),
    /// Undecided.
    Unknown,
}

impl StringConstraint {
    /// Adds that the string matches one of these patterns (`listed`), or none of them.
    pub fn add(&mut self, globs: &Arc<[GlobRef]>, listed: bool) {
        if listed {
            if !self.matches_any_of.iter().any(|w| w == globs) && !globs.iter().any(|g| g.is_everything()) {
                self.matches_any_of.push(Arc::clone(globs));
            }
        } else {
            for glob in globs.iter() {
                if !self.matches_none_of.contains(glob) {
                    self.matches_none_of.push(Arc::clone(glob));
                }
            }
        }
    }

    /// Finds a string that satisfies the constraints.
    pub fn find_string(&self, interner: &GlobInterner, budget: &Budget) -> StringSearchResult {
        let mut lists: Vec<&[GlobRef]> = self.matches_any_of.iter().map(|w| &**w).collect();
        lists.sort_by_key(|list| list.len());
        let mut chosen: Vec<&InternedGlob> = Vec::with_capacity(lists.len());
        self.choose_patterns(&lists, &mut chosen, interner, budget)
    }

    /// Chooses one pattern of each list. A list that contains a chosen pattern adds no constraint.
    fn choose_patterns<'a>(
        &'a self,
        lists: &[&'a [GlobRef]],
        chosen: &mut Vec<&'a InternedGlob>,
        interner: &GlobInterner,
        budget: &Budget,
    ) -> StringSearchResult {
        let Some((list, rest)) = lists.split_first() else {
            return self.search_chosen(chosen, interner, budget);
        };
        if list.iter().any(|g| chosen.contains(&&**g)) {
            return self.choose_patterns(rest, chosen, interner, budget);
        }
        let mut unknown = false;
        for glob in *list {
            if chosen.iter().any(|c| c.has_conflicting_ends(glob)) {
                continue;
            }
            if !budget.spend(1) {
                return StringSearchResult::Unknown;
            }
            chosen.push(glob);
            let found = self.choose_patterns(rest, chosen, interner, budget);
            chosen.pop();
            match found {
                StringSearchResult::NoMatch => {}
                StringSearchResult::Unknown => unknown = true,
                text => return text,
            }
        }
        if unknown { StringSearchResult::Unknown } else { StringSearchResult::NoMatch }
    }

    fn search_chosen(&self, chosen: &[&InternedGlob], interner: &GlobInterner, budget: &Budget) -> StringSearchResult {
        let everything = interner.intern_match_all();
        let positive: Vec<&InternedGlob> = if chosen.is_empty() { vec![&everything] } else { chosen.to_vec() };
        let negative: Vec<&InternedGlob> = self.matches_none_of.iter().map(|g| &**g).collect();
        if positive.iter().chain(&negative).all(|g| !g.has_variable()) {
            return match interner.search_cache.find_cached(&positive, &negative, SymbolRange::Characters, budget) {
                GlobSearchResult::NoMatch => StringSearchResult::NoMatch,
                GlobSearchResult::Match(text) => StringSearchResult::Match(text),
                GlobSearchResult::GaveUp => StringSearchResult::Unknown,
            };
        }
        if is_empty_for_all_values(&positive, &negative, interner, budget)
            || is_empty_with_symbols(&positive, &negative, interner, budget)
        {
            StringSearchResult::NoMatch
        } else {
            StringSearchResult::Unknown
        }
    }
}

/// Proves that no string exists for any values of the variables, missing or present. Positive patterns match any string
/// in place of a variable. Negative patterns with variables are ignored.
fn is_empty_for_all_values(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    interner: &GlobInterner,
    budget: &Budget,
) -> bool {
    let widened: Vec<GlobRef> = positive.iter().map(|g| widen(g, interner, |_| true)).collect();
    let positive: Vec<&InternedGlob> = widened.iter().map(|g| &**g).collect();
    let negative: Vec<&InternedGlob> = negative.iter().copied().filter(|n| !n.has_variable()).collect();
    interner.search_cache.find_cached(&positive, &negative, SymbolRange::Characters, budget)
        == GlobSearchResult::NoMatch
}

/// Proves that no string exists, with the value of a variable as one symbol that only the same variable and `*` match.
/// The negative patterns then match the strings of one positive pattern for every value of the variable.
///
/// The proof is valid for one positive pattern at a time: two patterns could match the same string with the value in
/// different positions. A positive pattern matches only if none of its variables is missing. So negative patterns with
/// the same variables apply. Those with other variables do not, because these may be missing.
fn is_empty_with_symbols(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    interner: &GlobInterner,
    budget: &Budget,
) -> bool {
    positive.iter().filter(|p| p.has_variable()).any(|positive| {
        let is_applicable = |n: &InternedGlob| {
            n.variable_symbols()
                .all(|v| !VariableSymbols::is_any_text(v) && positive.variable_symbols().any(|p| p == v))
        };
        let negative: Vec<&InternedGlob> = negative.iter().copied().filter(|n| is_applicable(n)).collect();
        // In a string that the positive pattern matches, its stars match characters.
        let toks: Vec<GlobToken> = widen(positive, interner, VariableSymbols::is_any_text)
            .toks
            .iter()
            .map(|tok| {
                if *tok == GlobToken::AnyRun(SymbolClass::Any) {
                    GlobToken::AnyRun(SymbolClass::Character)
                } else {
                    *tok
                }
            })
            .collect();
        let widened = interner.intern(&toks);
        interner.search_cache.find_cached(&[&*widened], &negative, SymbolRange::WithVariables, budget)
            == GlobSearchResult::NoMatch
    })
}

/// The pattern with `*` in place of some variables.
fn widen(glob: &InternedGlob, interner: &GlobInterner, is_selected: impl Fn(Symbol) -> bool) -> GlobRef {
    let widen_token = |tok: &GlobToken| match tok {
        GlobToken::Literal(s) | GlobToken::EitherCase(s, _) if tok.is_variable() && is_selected(*s) => {
            GlobToken::AnyRun(if is_colon_free(*s) { SymbolClass::NotColon } else { SymbolClass::Any })
        }
        _ => *tok,
    };
    let toks: Vec<GlobToken> = glob.toks.iter().map(widen_token).collect();
    interner.intern(&toks)
}
