//! A set of actions, known to the catalog or not.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ranking::ActionRanking;
use crate::base::glob::Glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::ActionPattern;

/// A set of actions. Actions that the catalog does not know are kept by name.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct NamedActionSet {
    /// Ids of the catalog. INVARIANT: ascending, each once. Answers list actions in this order, so that most are appended.
    known: Vec<u32>,
    /// Names that the catalog does not know, by lower-case name.
    unknown: BTreeMap<String, String>,
}

impl NamedActionSet {
    /// Adds an action by its name, in any case.
    pub fn add_name(&mut self, catalog: &Catalog, name: &str) {
        match catalog.find_action(name) {
            Some(action) => self.add(action),
            None => {
                self.unknown.entry(name.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
            }
        }
    }

    /// Adds an action of the catalog.
    pub fn add(&mut self, action: ActionId) {
        if self.known.last().is_none_or(|last| *last < action.0) {
            self.known.push(action.0);
        } else if let Err(position) = self.known.binary_search(&action.0) {
            self.known.insert(position, action.0);
        }
    }

    /// Adds the actions of another set.
    pub fn extend(&mut self, other: &NamedActionSet) {
        match (self.known.last(), other.known.first()) {
            (Some(last), Some(first)) if first <= last => self.known = merge(&self.known, &other.known),
            _ => self.known.extend(&other.known),
        }
        self.unknown.extend(other.unknown.iter().map(|(lower, name)| (lower.clone(), name.clone())));
    }

    /// The number of actions.
    pub fn len(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// The number of destructive actions.
    pub fn count_destructive(&self, ranking: &ActionRanking<'_>) -> usize {
        self.known.iter().filter(|id| ranking.rank_of(ActionId(**id)).is_destructive()).count()
    }

    /// The actions that the catalog knows, by id, ascending.
    pub fn known_ids(&self) -> &[u32] {
        &self.known
    }

    /// The same, of a range of ids.
    pub fn known_ids_in(&self, range: Range<u32>) -> &[u32] {
        let [start, end] = [range.start, range.end].map(|id| self.known.partition_point(|known| *known < id));
        self.known.get(start..end).unwrap_or_default()
    }

    /// Whether an action of the catalog is in the set.
    pub fn contains(&self, action: ActionId) -> bool {
        self.known.binary_search(&action.0).is_ok()
    }

    /// The names that the catalog does not know, as written.
    pub fn unknown_names(&self) -> impl ExactSizeIterator<Item = &String> {
        self.unknown.values()
    }

    /// Whether a pattern matches one of the actions.
    pub fn matches_pattern(&self, catalog: &Catalog, pattern: &ActionPattern) -> bool {
        let (service, name) = (Glob::new(pattern.service()), Glob::new(pattern.name()));
        let matches_unknown =
            |lower: &String| lower.split_once(':').is_some_and(|(s, n)| service.matches(s) && name.matches(n));
        let service_matches = |id| {
            let range = catalog.actions_of(id);
            self.known_ids_in(range).iter().any(|action| name.matches(catalog.action_lowercase_name(ActionId(*action))))
        };
        let matches_known = match pattern.service_has_wildcards() {
            true => catalog.services().filter(|id| service.matches(catalog.service_prefix(*id))).any(service_matches),
            false => catalog.find_service(pattern.service()).is_some_and(service_matches),
        };
        matches_known || self.unknown.keys().any(matches_unknown)
    }
}

/// The numbers of both lists. All are ascending, each number once.
fn merge(first: &[u32], second: &[u32]) -> Vec<u32> {
    let mut merged = Vec::with_capacity(first.len().max(second.len()));
    let (mut first, mut second) = (first.iter().copied().peekable(), second.iter().copied().peekable());
    while let (Some(one), Some(other)) = (first.peek().copied(), second.peek().copied()) {
        merged.push(one.min(other));
        first.next_if_eq(&one.min(other));
        second.next_if_eq(&one.min(other));
    }
    merged.extend(first.chain(second));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_merged_in_order() {
        let set = |ids: &[u32]| NamedActionSet { known: ids.to_vec(), unknown: BTreeMap::new() };
        let joined = |first: &[u32], second: &[u32]| {
            let mut joined = set(first);
            joined.extend(&set(second));
            joined
        };
        assert_eq!(joined(&[1, 3], &[4, 5]), set(&[1, 3, 4, 5]));
        assert_eq!(joined(&[1, 3, 9], &[0, 3, 4]), set(&[0, 1, 3, 4, 9]));
        assert_eq!(joined(&[4, 5], &[1, 3]), set(&[1, 3, 4, 5]));
        assert_eq!(joined(&[4], &[4]), set(&[4]));
        assert_eq!(joined(&[], &[4]), set(&[4]));
        assert_eq!(joined(&[4], &[]), set(&[4]));
    }
}
