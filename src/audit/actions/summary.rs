//! Summarizes a set of actions as the patterns that a person would write.
//!
//! A pattern is `svc:*` if the set contains all actions of the service, `svc:Delete*` if it contains all actions with
//! that prefix, and a name otherwise. A pattern never matches an action outside the set. A pattern with a wildcard
//! matches at least two actions.

use std::collections::BTreeMap;

use super::named_action_set::NamedActionSet;
use super::ranking::{ActionRank, ActionRanking};
use crate::access::ALWAYS_ALLOWED_ACTION;
use crate::audit::model::action_list::{ActionAccessLevel, ActionList, PatternCount};
use crate::audit::model::severity::Severity;
use crate::base::cache::Cache;
use crate::catalog::LONG_TERM_CREDENTIAL_ACTIONS;
use crate::catalog::{ActionId, Catalog};

/// A summary of a set of actions.
#[derive(Clone)]
pub(crate) struct ActionSummary {
    /// The patterns, most alarming first. They are disjoint.
    pub patterns: ActionList,
    /// The number of actions.
    pub action_count: usize,
    /// The number of destructive actions.
    pub destructive_count: usize,
    /// The number of actions of each access level.
    pub levels: BTreeMap<ActionAccessLevel, usize>,
    /// The severity of the worst action.
    pub severity: Severity,
}

/// Actions of the catalog as disjoint patterns, most alarming first.
pub fn summarize_as_patterns(
    ranking: &ActionRanking<'_>,
    actions: impl IntoIterator<Item = ActionId>,
) -> Vec<PatternCount> {
    let mut set = NamedActionSet::default();
    actions.into_iter().for_each(|action| set.add(action));
    summarize_actions(ranking, &set).patterns.to_vec()
}

/// Summaries of sets with at least this many actions are cached: many principals share them.
const CACHE_THRESHOLD: usize = 200;

/// Summaries of large sets of actions.
#[derive(Default)]
pub(crate) struct SummaryCache(Cache<NamedActionSet, ActionSummary>);

impl SummaryCache {
    /// The summary of a set of actions.
    pub fn get_or_summarize(&self, ranking: &ActionRanking<'_>, set: &NamedActionSet) -> ActionSummary {
        if set.len() < CACHE_THRESHOLD {
            return summarize_actions(ranking, set);
        }
        self.0.get_or_compute_borrowed(set, || summarize_actions(ranking, set))
    }
}

/// Summarizes a set of actions.
pub(crate) fn summarize_actions(ranking: &ActionRanking<'_>, set: &NamedActionSet) -> ActionSummary {
    let catalog = ranking.catalog;
    let mut rows: Vec<(ActionRank, PatternCount)> = Vec::new();
    for (pattern, ids) in group_into_patterns(catalog, set) {
        // INVARIANT: `group_into_patterns` returns no empty group.
        let worst = ids.iter().map(|id| ranking.rank_of(*id)).max().expect("a pattern matches at least one action");
        rows.push((worst, PatternCount { pattern, count: ids.len(), levels: count_by_access_level(catalog, &ids) }));
    }
    for name in set.unknown_names() {
        let levels = BTreeMap::from([(ActionAccessLevel::Unknown, 1)]);
        rows.push((ranking.rank_of_name(name), PatternCount { pattern: name.clone(), count: 1, levels }));
    }
    // A finding has an action. Without one, the severity does not matter.
    let severity = rows.iter().map(|row| row.0.severity()).max().unwrap_or(Severity::Low);
    rows.sort_by(|a, b| (b.0, b.1.count).cmp(&(a.0, a.1.count)).then_with(|| a.1.pattern.cmp(&b.1.pattern)));
    let ids: Vec<ActionId> = set.known_ids().collect();
    let mut levels = count_by_access_level(catalog, &ids);
    let unknown_count = set.unknown_names().len();
    if unknown_count > 0 {
        levels.insert(ActionAccessLevel::Unknown, unknown_count);
    }
    ActionSummary {
        action_count: set.len(),
        destructive_count: ids.iter().filter(|id| ranking.rank_of(**id).is_destructive()).count(),
        levels,
        severity,
        patterns: {
            let patterns: Vec<PatternCount> = rows.into_iter().map(|row| row.1).collect();
            let all_but = find_exceptions(catalog, set, patterns.len());
            ActionList::from(patterns).with_all_but(all_but)
        },
    }
}

/// A list of more patterns than this is written as its complement, if that is much shorter.
const MIN_PATTERNS_OF_COMPLEMENT: usize = 20;

/// The patterns of the actions that are not in a set, if there are at most a quarter as many as of the set. `None` for sets with
/// actions that the catalog does not know.
fn find_exceptions(catalog: &Catalog, set: &NamedActionSet, pattern_count: usize) -> Option<Vec<PatternCount>> {
    if pattern_count < MIN_PATTERNS_OF_COMPLEMENT || set.unknown_names().len() > 0 {
        return None;
    }
    let mut complement = NamedActionSet::default();
    let unavailable: Vec<ActionId> = list_unavailable_actions(catalog, set).collect();
    let is_outside = |action: &ActionId| !set.contains(*action) && !unavailable.contains(action);
    catalog.actions().filter(is_outside).for_each(|action| complement.add(action));
    let groups = group_into_patterns(catalog, &complement);
    let to_pattern_count = |(pattern, ids): (String, Vec<ActionId>)| PatternCount {
        pattern,
        count: ids.len(),
        levels: count_by_access_level(catalog, &ids),
    };
    (groups.len() * 4 <= pattern_count).then(|| groups.into_iter().map(to_pattern_count).collect())
}

fn count_by_access_level(catalog: &Catalog, actions: &[ActionId]) -> BTreeMap<ActionAccessLevel, usize> {
    let mut levels = BTreeMap::new();
    for action in actions {
        *levels.entry(ActionAccessLevel::from(catalog.access_level(*action))).or_insert(0) += 1;
    }
    levels
}

/// Disjoint patterns, each with the actions that it matches: at least one.
fn group_into_patterns(catalog: &Catalog, set: &NamedActionSet) -> Vec<(String, Vec<ActionId>)> {
    let known: Vec<ActionId> = set.known_ids().collect();
    if known.len() > 1 && known.len() + list_unavailable_actions(catalog, set).count() == catalog.action_count() {
        return vec![("*".to_owned(), known)];
    }
    let mut groups = Vec::new();
    let mut end = 0;
    for ActionId(id) in known {
        if id < end {
            continue;
        }
        let pattern;
        (pattern, end) = find_widest_pattern(catalog, set, id);
        groups.push((pattern, (id..end).map(ActionId).collect()));
    }
    groups
}

/// The actions outside of a set that no policy decides, or that sessions of roles cannot perform. `*` means the others.
fn list_unavailable_actions(catalog: &Catalog, set: &NamedActionSet) -> impl Iterator<Item = ActionId> {
    let names = [ALWAYS_ALLOWED_ACTION].into_iter().chain(LONG_TERM_CREDENTIAL_ACTIONS);
    let actions = names.filter_map(|name| catalog.find_action(name));
    actions.filter(|action| !set.contains(*action))
}

/// The widest pattern whose first action is `id` and whose actions are all in the set, and the id after its last action.
/// The actions of a prefix have consecutive ids.
fn find_widest_pattern(catalog: &Catalog, set: &NamedActionSet, id: u32) -> (String, u32) {
    let action = ActionId(id);
    let service = catalog.action_service(action);
    let prefix = catalog.service_prefix(service);
    let all = catalog.actions_of(service);
    if all.start == id && all.len() > 1 && set.contains_all(all.clone()) {
        return (format!("{prefix}:*"), all.end);
    }
    let name = catalog.action_name(action);
    for end in find_word_ends(name) {
        // INVARIANT: `find_word_ends` returns character boundaries.
        let words = name.get(..end).expect("a word ends at a character boundary");
        let lower = words.to_ascii_lowercase();
        let has_prefix = |other: &u32| catalog.action_lowercase_name(ActionId(*other)).starts_with(&lower);
        let first = (all.start..id).rev().take_while(has_prefix).last().unwrap_or(id);
        let last = (id..all.end).take_while(has_prefix).last().unwrap_or(id) + 1;
        if first == id && last - first > 1 && set.contains_all(first..last) {
            return (format!("{prefix}:{words}*"), last);
        }
    }
    (format!("{prefix}:{name}"), id + 1)
}

/// The byte offsets at which the words of a name end, except for the last word: `Delete|DB|Cluster`.
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
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::base::glob::Glob;

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

    #[test]
    fn a_list_of_almost_everything_has_its_exceptions() {
        let catalog = Catalog::embedded();
        let is_kept = |name: &String| !name.starts_with("s3:Get") && name != "ec2:RunInstances";
        let names: Vec<String> = catalog.actions().map(|id| catalog.full_name(id)).filter(is_kept).collect();
        let summary = summarize_names(names.iter().map(String::as_str));
        let exceptions: Vec<&str> = summary.patterns.all_but().unwrap().iter().map(|p| p.pattern.as_str()).collect();
        assert_eq!(exceptions, ["ec2:RunInstances", "s3:Get*"]);
        assert!(summary.patterns.len() > 400);
        let some = summarize_names(names.iter().map(String::as_str).take(3_000));
        assert_eq!(some.patterns.all_but(), None);
        let with_unknown = summarize_names(names.iter().map(String::as_str).chain(["x:Unknown"]));
        assert_eq!(with_unknown.patterns.all_but(), None);
    }

    proptest! {
        #[test]
        fn patterns_match_the_set_and_nothing_else(
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
