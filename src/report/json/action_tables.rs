//! The tables of a report: each action pattern and each list of actions once, referred to by position.

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::audit::{ActionList, PatternCount};

/// A list of actions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ActionList")]
pub struct ActionListJson {
    /// Whether it has all actions but those that the patterns match.
    pub all_but: bool,
    /// The patterns, as positions in `action_patterns`, from 0. Without `all_but`, the most severe come first.
    pub patterns: Vec<usize>,
}

/// The tables, filled while findings are written.
#[derive(Debug, Default)]
pub(super) struct ActionTables {
    lists: Vec<ActionListJson>,
    list_positions: FxHashMap<String, usize>,
    patterns: Vec<PatternCount>,
    pattern_positions: FxHashMap<(String, usize), usize>,
}

impl ActionTables {
    /// The position of a list, which is added if it is new.
    pub fn add_list(&mut self, list: &ActionList) -> usize {
        if let Some(position) = self.list_positions.get(list.id()) {
            return *position;
        }
        let (all_but, patterns) = match list.all_but() {
            Some(exceptions) => (true, exceptions),
            None => (false, &**list),
        };
        let patterns = patterns.iter().map(|pattern| self.add_pattern(pattern)).collect();
        self.lists.push(ActionListJson { all_but, patterns });
        self.list_positions.insert(list.id().to_owned(), self.lists.len() - 1);
        self.lists.len() - 1
    }

    fn add_pattern(&mut self, pattern: &PatternCount) -> usize {
        // `*` can mean different numbers of actions.
        let key = (pattern.pattern.clone(), pattern.count);
        *self.pattern_positions.entry(key).or_insert_with(|| {
            self.patterns.push(pattern.clone());
            self.patterns.len() - 1
        })
    }

    /// The lists, in the order in which findings refer to them.
    pub fn lists(&self) -> &[ActionListJson] {
        &self.lists
    }

    /// The patterns, in the order in which lists refer to them.
    pub fn patterns(&self) -> &[PatternCount] {
        &self.patterns
    }
}
