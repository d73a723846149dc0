//! A set of actions, known to the catalog or not.

use std::collections::BTreeMap;
use std::ops::Range;

use fixedbitset::FixedBitSet;

use super::ranking::ActionRanking;
use crate::base::glob::Glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::ActionPattern;

/// A set of actions. Actions that the catalog does not know are kept by name.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct NamedActionSet {
    /// Ids of the catalog. INVARIANT: its length is the largest id and one, so that equal sets are equal and have one hash. A set of
    /// nearly everything takes 3 kB, and an audit keeps some for each role.
    known: FixedBitSet,
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
        self.known.grow_and_insert(action.0 as usize);
    }

    /// Adds the actions of another set.
    pub fn extend(&mut self, other: &NamedActionSet) {
        self.known.union_with(&other.known);
        self.unknown.extend(other.unknown.iter().map(|(lower, name)| (lower.clone(), name.clone())));
    }

    /// The number of actions.
    pub fn len(&self) -> usize {
        self.known.count_ones(..) + self.unknown.len()
    }

    /// The number of destructive actions.
    pub fn count_destructive(&self, ranking: &ActionRanking<'_>) -> usize {
        self.known_ids().filter(|id| ranking.rank_of(*id).is_destructive()).count()
    }

    /// The actions that the catalog knows, by id, ascending.
    pub fn known_ids(&self) -> impl Iterator<Item = ActionId> {
        self.known.ones().filter_map(|id| u32::try_from(id).ok()).map(ActionId)
    }

    /// Whether all actions of a range of ids are in the set.
    pub fn contains_all(&self, range: Range<u32>) -> bool {
        let (start, end) = (range.start as usize, range.end as usize);
        end <= self.known.len() && self.known.contains_all_in_range(start..end)
    }

    /// Whether an action of the catalog is in the set.
    pub fn contains(&self, action: ActionId) -> bool {
        self.known.contains(action.0 as usize)
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
            let mut known = catalog.actions_of(id).map(ActionId).filter(|action| self.contains(*action));
            known.any(|action| name.matches(catalog.action_lowercase_name(action)))
        };
        let matches_known = match pattern.service_has_wildcards() {
            true => catalog.services().filter(|id| service.matches(catalog.service_prefix(*id))).any(service_matches),
            false => catalog.find_service(pattern.service()).is_some_and(service_matches),
        };
        matches_known || self.unknown.keys().any(matches_unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> NamedActionSet {
        let mut set = NamedActionSet::default();
        ids.iter().for_each(|id| set.add(ActionId(*id)));
        set
    }

    #[test]
    fn sets_with_the_same_actions_are_equal() {
        let joined = |first: &[u32], second: &[u32]| {
            let mut joined = set(first);
            joined.extend(&set(second));
            joined
        };
        assert_eq!(joined(&[1, 3], &[4, 500]), set(&[500, 1, 3, 4]));
        assert_eq!(joined(&[1, 3, 9], &[0, 3, 4]), set(&[0, 1, 3, 4, 9]));
        assert_eq!(joined(&[400, 5], &[1, 3]), set(&[1, 3, 5, 400]));
        assert_eq!(joined(&[], &[4]), set(&[4]));
        assert_eq!(joined(&[4], &[]), set(&[4]));
        assert_eq!(joined(&[4], &[4]).len(), 1);
    }

    #[test]
    fn a_range_is_contained_up_to_its_end() {
        let ids: Vec<u32> = (10..200).collect();
        let set = set(&ids);
        assert!(set.contains_all(10..200) && set.contains_all(64..128));
        assert!(!set.contains_all(9..200) && !set.contains_all(10..201));
    }
}
