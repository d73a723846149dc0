//! What is known of a text: it is matched by one of each of these lists, and by none of those patterns.

use std::sync::Arc;

use crate::solve::strings::alphabet::{Symbol, VariableSymbols, is_colon_free};
use crate::solve::strings::glob_search::{Budget, GlobSearchResult};
use crate::solve::strings::interned_glob::SymbolClass;
use crate::solve::strings::interned_glob::{GlobInterner, GlobRef, GlobToken, InternedGlob};

/// A conjunction of unions of patterns, minus patterns.
#[derive(Clone, Debug, Default)]
pub struct StringConstraint {
    /// One of each must match.
    pub matches_any_of: Vec<Arc<[GlobRef]>>,
    /// None may match.
    pub matches_none_of: Vec<GlobRef>,
}

/// Whether there is such a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StringSearchResult {
    /// No.
    NoMatch,
    /// Yes, this one.
    Match(Vec<Symbol>),
    /// It could not be found out.
    Unknown,
}

impl StringConstraint {
    /// Adds that the text is (or is not) matched by one of these.
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

    /// Finds such a text.
    pub fn find_string(&self, interner: &GlobInterner, budget: &Budget) -> StringSearchResult {
        let mut lists: Vec<&[GlobRef]> = self.matches_any_of.iter().map(|w| &**w).collect();
        lists.sort_by_key(|list| list.len());
        let mut chosen: Vec<&InternedGlob> = Vec::with_capacity(lists.len());
        self.choose_patterns(&lists, &mut chosen, interner, budget)
    }

    /// Chooses one pattern of each list in turn; a list that holds an already chosen pattern adds nothing.
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
            return match interner.search_cache.find_cached(&positive, &negative, false, budget) {
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

/// Proves emptiness whatever the variables are, and whether they are missing or not: positives take any
/// text in a variable's place, and negatives that hold one are left out.
fn is_empty_for_all_values(
    positive: &[&InternedGlob],
    negative: &[&InternedGlob],
    interner: &GlobInterner,
    budget: &Budget,
) -> bool {
    let widened: Vec<GlobRef> = positive.iter().map(|g| widen(g, interner, |_| true)).collect();
    let positive: Vec<&InternedGlob> = widened.iter().map(|g| &**g).collect();
    let negative: Vec<&InternedGlob> = negative.iter().copied().filter(|n| !n.has_variable()).collect();
    interner.search_cache.find_cached(&positive, &negative, false, budget) == GlobSearchResult::NoMatch
}

/// Proves emptiness with a variable's value as one symbol that only the same variable and `*` match: what
/// one positive matches is matched by the negatives in the same way, whatever text the symbol becomes.
///
/// That holds of one positive at a time: two could match the same text with the value in other places. A
/// positive matches only where none of its variables is missing, so negatives with these variables stand;
/// those with others might be missing.
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
        // Its stars stand for characters: what they match in any text that it matches.
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
        interner.search_cache.find_cached(&[&*widened], &negative, true, budget) == GlobSearchResult::NoMatch
    })
}

/// The pattern with any text in the place of some variables.
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
