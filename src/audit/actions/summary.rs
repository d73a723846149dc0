//! A set of actions, told in the patterns that a person would write.
//!
//! `svc:*` where the set holds all of a service, `svc:Delete*` where it holds all that begins so, else names.
//! A pattern never covers an action that is not in the set; two actions at least make a pattern.

use std::collections::{BTreeMap, BTreeSet};

use super::ranking::{ActionRank, ActionRanking};
use crate::audit::model::action_list::{ActionAccessLevel, ActionList, PatternCount};
use crate::audit::model::severity::Severity;
use crate::base::cache::Cache;
use crate::base::glob::Glob;
use crate::catalog::{ActionId, Catalog};

/// A set of actions with what a finding says of them.
#[derive(Clone)]
pub(crate) struct ActionSummary {
    /// The patterns, the most alarming first.
    pub patterns: ActionList,
    /// How many actions there are.
    pub action_count: usize,
    /// How many of them destroy.
    pub destructive_count: usize,
    /// How many there are of each level.
    pub levels: BTreeMap<ActionAccessLevel, usize>,
    /// How bad the worst of them is.
    pub severity: Severity,
}

/// A set of actions.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct NamedActionSet {
    known: BTreeSet<u32>,
    /// Names that the catalog does not know, by their lower case.
    unknown: BTreeMap<String, String>,
}

impl NamedActionSet {
    /// Adds an action by its name.
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
        self.known.insert(action.0);
    }

    /// Adds those of another set.
    pub fn extend(&mut self, other: &NamedActionSet) {
        self.known.extend(&other.known);
        self.unknown.extend(other.unknown.iter().map(|(lower, name)| (lower.clone(), name.clone())));
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// How many of them destroy.
    pub fn count_destructive(&self, ranking: &ActionRanking<'_>) -> usize {
        self.known.iter().filter(|id| ranking.rank_of(ActionId(**id)).is_destructive()).count()
    }

    /// Whether a pattern covers one of them.
    pub fn matches_pattern(&self, catalog: &Catalog, pattern: &crate::iam::ActionPattern) -> bool {
        let (service, name) = (Glob::new(pattern.service()), Glob::new(pattern.name()));
        let matches_unknown =
            |lower: &String| lower.split_once(':').is_some_and(|(s, n)| service.matches(s) && name.matches(n));
        let service_matches = |id| {
            let range = catalog.actions_of(id);
            self.known.range(range).any(|action| name.matches(catalog.action_lowercase_name(ActionId(*action))))
        };
        let matches_known = match pattern.service_has_wildcards() {
            true => catalog.services().filter(|id| service.matches(catalog.service_prefix(*id))).any(service_matches),
            false => catalog.find_service(pattern.service()).is_some_and(service_matches),
        };
        matches_known || self.unknown.keys().any(matches_unknown)
    }
}

/// Actions of the catalog in patterns, the most alarming first; the patterns are disjoint.
pub fn summarize_as_patterns(
    ranking: &ActionRanking<'_>,
    actions: impl IntoIterator<Item = ActionId>,
) -> Vec<PatternCount> {
    let mut set = NamedActionSet::default();
    actions.into_iter().for_each(|action| set.add(action));
    summarize_actions(ranking, &set).patterns.to_vec()
}

/// So many actions are worth to be told once for all of whom they are found.
const CACHE_THRESHOLD: usize = 200;

/// What was told of large sets.
#[derive(Default)]
pub(crate) struct SummaryCache(Cache<NamedActionSet, ActionSummary>);

impl SummaryCache {
    /// Tells a set of actions, a large one once.
    pub fn get_or_summarize(&self, ranking: &ActionRanking<'_>, set: &NamedActionSet) -> ActionSummary {
        if set.len() < CACHE_THRESHOLD {
            return summarize_actions(ranking, set);
        }
        self.0.get_or_compute_borrowed(set, || summarize_actions(ranking, set))
    }
}

/// Tells a set of actions.
pub(crate) fn summarize_actions(ranking: &ActionRanking<'_>, set: &NamedActionSet) -> ActionSummary {
    let catalog = ranking.catalog;
    let NamedActionSet { known, unknown } = set;
    let mut rows: Vec<(ActionRank, PatternCount)> = Vec::new();
    for (pattern, ids) in group_into_patterns(catalog, known) {
        let worst = ids.iter().map(|id| ranking.rank_of(*id)).max().unwrap_or_else(|| ranking.rank_of_name(&pattern));
        rows.push((worst, PatternCount { pattern, count: ids.len(), levels: count_by_access_level(catalog, &ids) }));
    }
    for name in unknown.values() {
        let levels = BTreeMap::from([(ActionAccessLevel::Unknown, 1)]);
        rows.push((ranking.rank_of_name(name), PatternCount { pattern: name.clone(), count: 1, levels }));
    }
    let severity = rows.iter().map(|row| row.0.severity()).max().unwrap_or(Severity::Low);
    rows.sort_by(|a, b| (b.0, b.1.count).cmp(&(a.0, a.1.count)).then_with(|| a.1.pattern.cmp(&b.1.pattern)));
    let ids: Vec<ActionId> = known.iter().copied().map(ActionId).collect();
    let mut levels = count_by_access_level(catalog, &ids);
    if !unknown.is_empty() {
        levels.insert(ActionAccessLevel::Unknown, unknown.len());
    }
    ActionSummary {
        action_count: ids.len() + unknown.len(),
        destructive_count: ids.iter().filter(|id| ranking.rank_of(**id).is_destructive()).count(),
        levels,
        severity,
        patterns: rows.into_iter().map(|row| row.1).collect::<Vec<PatternCount>>().into(),
    }
}

fn count_by_access_level(catalog: &Catalog, actions: &[ActionId]) -> BTreeMap<ActionAccessLevel, usize> {
    let mut levels = BTreeMap::new();
    for action in actions {
        *levels.entry(ActionAccessLevel::from(catalog.access_level(*action))).or_insert(0) += 1;
    }
    levels
}

/// The patterns and what each stands for, disjoint.
fn group_into_patterns(catalog: &Catalog, set: &BTreeSet<u32>) -> Vec<(String, Vec<ActionId>)> {
    if set.len() > 1 && set.len() == catalog.action_count() {
        return vec![("*".to_owned(), catalog.actions().collect())];
    }
    let mut groups = Vec::new();
    let mut next = set.first().copied();
    while let Some(id) = next {
        let (pattern, end) = find_widest_pattern(catalog, set, id);
        groups.push((pattern, (id..end).map(ActionId).collect()));
        next = set.range(end..).next().copied();
    }
    groups
}

/// The widest pattern that begins with this action and stays in the set, and the id after its last.
/// Actions that a prefix matches have neighbouring ids.
fn find_widest_pattern(catalog: &Catalog, set: &BTreeSet<u32>, id: u32) -> (String, u32) {
    let action = ActionId(id);
    let service = catalog.action_service(action);
    let prefix = catalog.service_prefix(service);
    let all = catalog.actions_of(service);
    let contains_all = |start: u32, end: u32| set.range(start..end).count() == (end - start) as usize;
    if all.start == id && all.len() > 1 && contains_all(all.start, all.end) {
        return (format!("{prefix}:*"), all.end);
    }
    let name = catalog.action_name(action);
    for end in find_word_ends(name) {
        let Some(words) = name.get(..end) else { continue };
        let lower = words.to_ascii_lowercase();
        let has_prefix = |other: &u32| catalog.action_lowercase_name(ActionId(*other)).starts_with(&lower);
        let first = (all.start..id).rev().take_while(has_prefix).last().unwrap_or(id);
        let last = (id..all.end).take_while(has_prefix).last().unwrap_or(id) + 1;
        if first == id && last - first > 1 && contains_all(first, last) {
            return (format!("{prefix}:{words}*"), last);
        }
    }
    (format!("{prefix}:{name}"), id + 1)
}

/// Where the words of a name end, the last one left out: `Delete|DB|Cluster`.
fn find_word_ends(name: &str) -> Vec<usize> {
    let letters: Vec<(usize, char)> = name.char_indices().collect();
    letters
        .windows(3)
        .filter_map(|window| match window {
            [(_, a), (at, b), (_, c)] => {
                let is_word_start = b.is_ascii_uppercase() && (!a.is_ascii_uppercase() || c.is_ascii_lowercase());
                is_word_start.then_some(*at)
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn summarize_names<'a>(names: impl IntoIterator<Item = &'a str>) -> ActionSummary {
        let mut set = NamedActionSet::default();
        names.into_iter().for_each(|name| set.add_name(Catalog::embedded(), name));
        summarize_actions(&ActionRanking::new(Catalog::embedded()), &set)
    }

    fn summarize_to_patterns(names: &[&str]) -> Vec<String> {
        let summary = summarize_names(names.iter().copied());
        summary.patterns.iter().map(|p| p.pattern.clone()).collect()
    }

    #[test]
    fn patterns_are_names_services_or_verb_prefixes() {
        let catalog = Catalog::embedded();
        let actions_with_prefix = |service: &str, verb: &str| -> Vec<String> {
            let ids = catalog.actions_of(catalog.find_service(service).unwrap()).map(ActionId);
            ids.filter(|id| catalog.action_name(*id).starts_with(verb)).map(|id| catalog.full_name(id)).collect()
        };
        let sqs = actions_with_prefix("sqs", "");
        assert_eq!(summarize_to_patterns(&sqs.iter().map(String::as_str).collect::<Vec<_>>()), ["sqs:*"]);
        let mut ec2 = actions_with_prefix("ec2", "Delete");
        let count = ec2.len();
        ec2.push("ec2:DescribeVpcs".to_owned());
        let summary = summarize_names(ec2.iter().map(String::as_str));
        assert_eq!((summary.patterns[0].pattern.as_str(), summary.patterns[0].count), ("ec2:Delete*", count));
        assert_eq!(summary.patterns[1].pattern, "ec2:DescribeVpcs");
        assert_eq!(summary.action_count, count + 1);
        assert_eq!(
            summarize_to_patterns(&["s3:GetObject", "unknown:Thing", "S3:getobject"]),
            ["s3:GetObject", "unknown:Thing"]
        );
        assert_eq!(find_word_ends("DeleteDBClusterV2"), [6, 8, 15]);
        let all: Vec<String> = catalog.actions().map(|id| catalog.full_name(id)).collect();
        assert_eq!(summarize_to_patterns(&all.iter().map(String::as_str).collect::<Vec<_>>()), ["*"]);
    }

    proptest! {
        #[test]
        fn patterns_cover_the_set_and_nothing_else(
            service in 0u16..400, keep in proptest::collection::vec(0u8..8, 1..900)
        ) {
            let catalog = Catalog::embedded();
            let service = catalog.services().nth(usize::from(service)).unwrap();
            let all: Vec<String> = catalog.actions_of(service).map(|id| catalog.full_name(ActionId(id))).collect();
            let set: BTreeSet<&str> =
                all.iter().zip(keep.iter().cycle()).filter(|(_, k)| **k > 0).map(|(name, _)| name.as_str()).collect();
            let summary = summarize_names(set.iter().copied());
            let covered: Vec<(&str, usize)> = all
                .iter()
                .map(|name| {
                    let lower = name.to_ascii_lowercase();
                    let covers_name = |p: &&PatternCount| Glob::new(&p.pattern.to_ascii_lowercase()).matches(&lower);
                    (name.as_str(), summary.patterns.iter().filter(covers_name).count())
                })
                .collect();
            for (name, times) in covered {
                prop_assert_eq!(times, usize::from(set.contains(name)), "{}", name);
            }
            prop_assert_eq!(summary.patterns.iter().map(|p| p.count).sum::<usize>(), set.len());
        }
    }
}
