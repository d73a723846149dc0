//! What is known of a multi-valued key: which of missing, empty and filled it may be, and its values.

use std::sync::Arc;

use super::literal::{SetTest, SetValues};
use super::string_constraint::{StringConstraint, StringSearchResult};
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::glob_search::Budget;
use crate::solve::strings::interned_glob::{GlobInterner, GlobRef};

/// Constraints on a set of texts.
#[derive(Clone, Debug)]
pub struct StringSetConstraint {
    /// Whether it may be empty.
    pub may_be_empty: bool,
    /// Whether it may hold values.
    pub may_have_values: bool,
    /// What every value meets.
    pub every_value: StringConstraint,
    /// For each, some value is (`true`) or is not (`false`) matched.
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
    /// Adds what a test says.
    pub fn add(&mut self, test: &SetTest) {
        self.may_be_empty &= test.accepts_empty;
        match &test.values {
            SetValues::Always => {}
            SetValues::Never => self.may_have_values = false,
            SetValues::Some(globs, listed) => self.some_value.push((Arc::clone(globs), *listed)),
            SetValues::Every(globs, listed) => self.every_value.add(globs, *listed),
        }
    }

    /// Finds a set: at most one value for each existential.
    pub fn find_values(
        &self,
        interner: &GlobInterner,
        budget: &Budget,
    ) -> Option<Result<Vec<Vec<Symbol>>, UndecidedSetSearch>> {
        if self.may_be_empty {
            return Some(Ok(Vec::new()));
        }
        if !self.may_have_values {
            return None;
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
            return None;
        }
        for (globs, listed) in &self.some_value {
            let mut text = self.every_value.clone();
            text.add(globs, *listed);
            if !add_value(text.find_string(interner, budget)) {
                return None;
            }
        }
        Some(if unknown { Err(UndecidedSetSearch) } else { Ok(values) })
    }
}

/// Whether there is a value could not be found out.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct UndecidedSetSearch;
