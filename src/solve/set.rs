//! What is known of a multi-valued key: which of missing, empty and filled it may be, and its values.

use std::sync::Arc;

use super::glob::{GlobRef, Interner};
use super::literal::{SetTest, SetValues};
use super::search::Budget;
use super::symbols::Symbol;
use super::text::{Sought, Text};

/// Constraints on a set of texts.
#[derive(Clone, Debug)]
pub struct TextSet {
    /// Whether it may be empty.
    pub empty: bool,
    /// Whether it may hold values.
    pub filled: bool,
    /// What every value meets.
    pub every: Text,
    /// For each, some value is (`true`) or is not (`false`) matched.
    pub some: Vec<(Arc<[GlobRef]>, bool)>,
}

impl Default for TextSet {
    fn default() -> TextSet {
        TextSet { empty: true, filled: true, every: Text::default(), some: Vec::new() }
    }
}

impl TextSet {
    /// Adds what a test says.
    pub fn add(&mut self, test: &SetTest) {
        self.empty &= test.empty;
        match &test.values {
            SetValues::Always => {}
            SetValues::Never => self.filled = false,
            SetValues::Some(globs, listed) => self.some.push((Arc::clone(globs), *listed)),
            SetValues::Every(globs, listed) => self.every.add(globs, *listed),
        }
    }

    /// Finds a set: at most one value for each existential.
    pub fn find(&self, interner: &Interner, budget: &Budget) -> Option<Result<Vec<Vec<Symbol>>, Unknown>> {
        if self.empty {
            return Some(Ok(Vec::new()));
        }
        if !self.filled {
            return None;
        }
        let mut values: Vec<Vec<Symbol>> = Vec::new();
        let mut unknown = false;
        let mut take = |sought: Sought| match sought {
            Sought::Nothing => false,
            Sought::Text(text) => {
                if !values.contains(&text) {
                    values.push(text);
                }
                true
            }
            Sought::Unknown => {
                unknown = true;
                true
            }
        };
        if self.some.is_empty() && !take(self.every.find(interner, budget)) {
            return None;
        }
        for (globs, listed) in &self.some {
            let mut text = self.every.clone();
            text.add(globs, *listed);
            if !take(text.find(interner, budget)) {
                return None;
            }
        }
        Some(if unknown { Err(Unknown) } else { Ok(values) })
    }
}

/// Whether there is a value could not be found out.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Unknown;
