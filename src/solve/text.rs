//! What is known of a text: it is matched by one of each of these lists, and by none of those patterns.

use std::sync::Arc;

use super::glob::Class;
use super::glob::{Glob, GlobRef, Interner, Tok};
use super::search::{Budget, Found};
use super::symbols::{Symbol, Unknown, is_without_colon};

/// A conjunction of unions of patterns, minus patterns.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// One of each must match.
    pub within: Vec<Arc<[GlobRef]>>,
    /// None may match.
    pub outside: Vec<GlobRef>,
}

/// Whether there is such a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sought {
    /// No.
    Nothing,
    /// Yes, this one.
    Text(Vec<Symbol>),
    /// It could not be found out.
    Unknown,
}

impl Text {
    /// Adds that the text is (or is not) matched by one of these.
    pub fn add(&mut self, globs: &Arc<[GlobRef]>, listed: bool) {
        if listed {
            if !self.within.iter().any(|w| w == globs) && !globs.iter().any(|g| g.is_everything()) {
                self.within.push(Arc::clone(globs));
            }
        } else {
            for glob in globs.iter() {
                if !self.outside.contains(glob) {
                    self.outside.push(Arc::clone(glob));
                }
            }
        }
    }

    /// Finds such a text.
    pub fn find(&self, interner: &Interner, budget: &Budget) -> Sought {
        let mut lists: Vec<&[GlobRef]> = self.within.iter().map(|w| &**w).collect();
        lists.sort_by_key(|list| list.len());
        let mut chosen: Vec<&Glob> = Vec::with_capacity(lists.len());
        self.choose(&lists, &mut chosen, interner, budget)
    }

    /// Chooses one pattern of each list in turn; a list that holds an already chosen pattern adds nothing.
    fn choose<'a>(
        &'a self,
        lists: &[&'a [GlobRef]],
        chosen: &mut Vec<&'a Glob>,
        interner: &Interner,
        budget: &Budget,
    ) -> Sought {
        let Some((list, rest)) = lists.split_first() else {
            return self.leaf(chosen, interner, budget);
        };
        if list.iter().any(|g| chosen.contains(&&**g)) {
            return self.choose(rest, chosen, interner, budget);
        }
        let mut unknown = false;
        for glob in *list {
            if chosen.iter().any(|c| c.ends_differ(glob)) {
                continue;
            }
            if !budget.spend(1) {
                return Sought::Unknown;
            }
            chosen.push(glob);
            let found = self.choose(rest, chosen, interner, budget);
            chosen.pop();
            match found {
                Sought::Nothing => {}
                Sought::Unknown => unknown = true,
                text => return text,
            }
        }
        if unknown { Sought::Unknown } else { Sought::Nothing }
    }

    fn leaf(&self, chosen: &[&Glob], interner: &Interner, budget: &Budget) -> Sought {
        let everything = interner.everything();
        let positive: Vec<&Glob> = if chosen.is_empty() { vec![&everything] } else { chosen.to_vec() };
        let negative: Vec<&Glob> = self.outside.iter().map(|g| &**g).collect();
        if positive.iter().chain(&negative).all(|g| !g.has_variable()) {
            return match interner.searches.find(&positive, &negative, false, budget) {
                Found::Nothing => Sought::Nothing,
                Found::Text(text) => Sought::Text(text),
                Found::GaveUp => Sought::Unknown,
            };
        }
        if without_variables(&positive, &negative, interner, budget)
            || with_variables(&positive, &negative, interner, budget)
        {
            Sought::Nothing
        } else {
            Sought::Unknown
        }
    }
}

/// Proves emptiness whatever the variables are, and whether they are missing or not: positives take any
/// text in a variable's place, and negatives that hold one are left out.
fn without_variables(positive: &[&Glob], negative: &[&Glob], interner: &Interner, budget: &Budget) -> bool {
    let widened: Vec<GlobRef> = positive.iter().map(|g| widened(g, interner, |_| true)).collect();
    let positive: Vec<&Glob> = widened.iter().map(|g| &**g).collect();
    let negative: Vec<&Glob> = negative.iter().copied().filter(|n| !n.has_variable()).collect();
    interner.searches.find(&positive, &negative, false, budget) == Found::Nothing
}

/// Proves emptiness with a variable's value as one symbol that only the same variable and `*` match: what
/// one positive matches is matched by the negatives in the same way, whatever text the symbol becomes.
///
/// That holds of one positive at a time: two could match the same text with the value in other places. A
/// positive matches only where none of its variables is missing, so negatives with these variables stand;
/// those with others might be missing.
fn with_variables(positive: &[&Glob], negative: &[&Glob], interner: &Interner, budget: &Budget) -> bool {
    positive.iter().filter(|p| p.has_variable()).any(|positive| {
        let stands = |n: &Glob| n.variables().all(|v| !Unknown::is_any_text(v) && positive.variables().any(|p| p == v));
        let negative: Vec<&Glob> = negative.iter().copied().filter(|n| stands(n)).collect();
        // Its stars stand for characters: what they match in any text that it matches.
        let toks: Vec<Tok> = widened(positive, interner, Unknown::is_any_text)
            .toks
            .iter()
            .map(|tok| if *tok == Tok::Run(Class::Any) { Tok::Run(Class::Character) } else { *tok })
            .collect();
        let widened = interner.glob(&toks);
        interner.searches.find(&[&*widened], &negative, true, budget) == Found::Nothing
    })
}

/// The pattern with any text in the place of some variables.
fn widened(glob: &Glob, interner: &Interner, which: impl Fn(Symbol) -> bool) -> GlobRef {
    let widen = |tok: &Tok| match tok {
        Tok::Sym(s) | Tok::Either(s, _) if tok.is_variable() && which(*s) => {
            Tok::Run(if is_without_colon(*s) { Class::NotColon } else { Class::Any })
        }
        _ => *tok,
    };
    let toks: Vec<Tok> = glob.toks.iter().map(widen).collect();
    interner.glob(&toks)
}
