//! Constraints on the value of a multi-valued key: a set of strings.

use std::sync::Arc;

use super::literal::{SetTest, SetValues};
use super::string_constraint::{StringConstraint, StringSearchResult};
use crate::solve::budget::Budget;
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::GlobInterner;

/// Constraints on a set of strings.
#[derive(Clone, Debug)]
pub struct StringSetConstraint {
    /// Whether the set may be empty.
    pub may_be_empty: bool,
    /// Whether the set may have values.
    pub may_have_values: bool,
    /// The constraints on every value.
    pub every_value: StringConstraint,
    /// For each entry, some value matches a pattern (`true`) or matches no pattern (`false`).
    pub some_value: Vec<(Arc<[GlobRef]>, bool)>,
}

impl Default for StringSetConstraint {
    fn default() -> StringSetConstraint {
        StringSetConstraint {
            may_be_empty: true,
            may_have_values: true,
            every_value: StringConstraint::default(),
            some_value: Vec::new(),
        }
    }
}

impl StringSetConstraint {
    /// Adds that a test accepts the set.
    pub fn add(&mut self, test: &SetTest) {
        self.may_be_empty &= test.accepts_empty;
        match &test.values {
            SetValues::Always => {}
            SetValues::Never => self.may_have_values = false,
            SetValues::Some(globs, listed) => self.some_value.push((Arc::clone(globs), *listed)),
            SetValues::Every(globs, listed) => self.every_value.add(globs, *listed),
        }
    }

    /// Finds a set that satisfies the constraints, with at most one value for each entry of `some_value`. The empty set, which
    /// may count as a missing key, only if no other set does.
    pub fn find_values(&self, interner: &GlobInterner, budget: &Budget) -> SetSearchResult {
        match self.find_some_values(interner, budget) {
            SetSearchResult::NoMatch | SetSearchResult::Unknown if self.may_be_empty => {
                SetSearchResult::Match(Vec::new())
            }
            result => result,
        }
    }

    /// Finds a set with values that satisfies the constraints.
    fn find_some_values(&self, interner: &GlobInterner, budget: &Budget) -> SetSearchResult {
        if !self.may_have_values {
            return SetSearchResult::NoMatch;
        }
        let mut values: Vec<Vec<Symbol>> = Vec::new();
        let mut unknown = false;
        let mut add_value = |sought: StringSearchResult| match sought {
            StringSearchResult::NoMatch => false,
            StringSearchResult::Match(text) => {
                if !values.contains(&text) {
                    values.push(text);
                }
                true
            }
            StringSearchResult::Unknown => {
                unknown = true;
                true
            }
        };
        if self.some_value.is_empty() && !add_value(self.every_value.find_string(interner, budget)) {
            return SetSearchResult::NoMatch;
        }
        for (globs, listed) in &self.some_value {
            let mut text = self.every_value.clone();
            text.add(globs, *listed);
            if !add_value(text.find_string(interner, budget)) {
                return SetSearchResult::NoMatch;
            }
        }
        if unknown { SetSearchResult::Unknown } else { SetSearchResult::Match(values) }
    }
}

/// The result of a search for a set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SetSearchResult {
    /// No such set exists.
    NoMatch,
    /// This set satisfies the constraints.
    Match(Vec<Vec<Symbol>>),
    /// Undecided.
    Unknown,
}
