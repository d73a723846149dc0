//! A set of actions, told in the patterns that a person would write.
//!
//! `svc:*` where the set holds all of a service, `svc:Delete*` where it holds all that begins so, else names.
//! A pattern never covers an action that is not in the set; two actions at least make a pattern.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::action_list::{ActionList, ActionPattern, Level};
use super::rank::{Rank, Ranks};
use super::severity::Severity;
use crate::baseline::Glob;
use crate::catalog::{ActionId, Catalog};

/// A set of actions with what a finding says of them.
#[derive(Clone)]
pub(super) struct ActionSummary {
    /// The patterns, the most alarming first.
    pub patterns: ActionList,
    /// How many actions there are.
    pub count: usize,
    /// How many of them destroy.
    pub destructive: usize,
    /// How many there are of each level.
    pub levels: BTreeMap<Level, usize>,
    /// How bad the worst of them is.
    pub severity: Severity,
}

/// A set of actions.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct ActionSet {
    known: BTreeSet<u32>,
    /// Names that the catalog does not know, by their lower case.
    unknown: BTreeMap<String, String>,
}

impl ActionSet {
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
    pub fn extend(&mut self, other: &ActionSet) {
        self.known.extend(&other.known);
        self.unknown.extend(other.unknown.iter().map(|(lower, name)| (lower.clone(), name.clone())));
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// How many of them destroy.
    pub fn destructive(&self, ranks: &Ranks<'_>) -> usize {
        self.known.iter().filter(|id| ranks.of(ActionId(**id)).destroys()).count()
    }

    /// Whether a pattern covers one of them.
    pub fn meets(&self, catalog: &Catalog, pattern: &crate::iam::ActionPattern) -> bool {
        let (service, name) = (Glob::new(pattern.service()), Glob::new(pattern.name()));
        let unknown =
            |lower: &String| lower.split_once(':').is_some_and(|(s, n)| service.matches(s) && name.matches(n));
        let of_service = |id| {
            let range = catalog.actions_of(id);
            self.known.range(range).any(|action| name.matches(catalog.action_lowercase_name(ActionId(*action))))
        };
        let known = match pattern.service_has_wildcards() {
            true => catalog.services().filter(|id| service.matches(catalog.service_prefix(*id))).any(of_service),
            false => catalog.find_service(pattern.service()).is_some_and(of_service),
        };
        known || self.unknown.keys().any(unknown)
    }
}

/// Actions of the catalog in patterns, the most alarming first; the patterns are disjoint.
pub fn patterns(ranks: &Ranks<'_>, actions: impl IntoIterator<Item = ActionId>) -> Vec<ActionPattern> {
    let mut set = ActionSet::default();
    actions.into_iter().for_each(|action| set.add(action));
    summarise(ranks, &set).patterns.to_vec()
}

/// So many actions are worth to be told once for all of whom they are found.
const MANY: usize = 200;

/// What was told of large sets.
#[derive(Default)]
pub(super) struct Summaries(Mutex<FxHashMap<ActionSet, ActionSummary>>);

impl Summaries {
    /// Tells a set of actions, a large one once.
    pub fn of(&self, ranks: &Ranks<'_>, set: &ActionSet) -> ActionSummary {
        if set.len() < MANY {
            return summarise(ranks, set);
        }
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(set) {
            return known.clone();
        }
        let summary = summarise(ranks, set);
        lock().insert(set.clone(), summary.clone());
        summary
    }
}

/// Tells a set of actions.
pub(super) fn summarise(ranks: &Ranks<'_>, set: &ActionSet) -> ActionSummary {
    let catalog = ranks.catalog;
    let ActionSet { known, unknown } = set;
    let mut rows: Vec<(Rank, ActionPattern)> = Vec::new();
    for (pattern, ids) in groups(catalog, known) {
        let worst = ids.iter().map(|id| ranks.of(*id)).max().unwrap_or_else(|| ranks.of_name(&pattern));
        rows.push((worst, ActionPattern { pattern, count: ids.len(), levels: levels(catalog, &ids) }));
    }
    for name in unknown.values() {
        let levels = BTreeMap::from([(Level::Unknown, 1)]);
        rows.push((ranks.of_name(name), ActionPattern { pattern: name.clone(), count: 1, levels }));
    }
    let severity = rows.iter().map(|row| row.0.severity()).max().unwrap_or(Severity::Low);
    rows.sort_by(|a, b| (b.0, b.1.count).cmp(&(a.0, a.1.count)).then_with(|| a.1.pattern.cmp(&b.1.pattern)));
    let ids: Vec<ActionId> = known.iter().copied().map(ActionId).collect();
    let mut levels = levels(catalog, &ids);
    if !unknown.is_empty() {
        levels.insert(Level::Unknown, unknown.len());
    }
    ActionSummary {
        count: ids.len() + unknown.len(),
        destructive: ids.iter().filter(|id| ranks.of(**id).destroys()).count(),
        levels,
        severity,
        patterns: rows.into_iter().map(|row| row.1).collect::<Vec<ActionPattern>>().into(),
    }
}

fn levels(catalog: &Catalog, actions: &[ActionId]) -> BTreeMap<Level, usize> {
    let mut levels = BTreeMap::new();
    for action in actions {
        *levels.entry(Level::from(catalog.access_level(*action))).or_insert(0) += 1;
    }
    levels
}

/// The patterns and what each stands for, disjoint.
fn groups(catalog: &Catalog, set: &BTreeSet<u32>) -> Vec<(String, Vec<ActionId>)> {
    if set.len() > 1 && set.len() == catalog.action_count() {
        return vec![("*".to_owned(), catalog.actions().collect())];
    }
    let mut groups = Vec::new();
    let mut next = set.first().copied();
    while let Some(id) = next {
        let (pattern, end) = widest(catalog, set, id);
        groups.push((pattern, (id..end).map(ActionId).collect()));
        next = set.range(end..).next().copied();
    }
    groups
}

/// The widest pattern that begins with this action and stays in the set, and the id after its last.
/// Actions that a prefix matches have neighbouring ids.
fn widest(catalog: &Catalog, set: &BTreeSet<u32>, id: u32) -> (String, u32) {
    let action = ActionId(id);
    let service = catalog.action_service(action);
    let prefix = catalog.service_prefix(service);
    let all = catalog.actions_of(service);
    let holds = |start: u32, end: u32| set.range(start..end).count() == (end - start) as usize;
    if all.start == id && all.len() > 1 && holds(all.start, all.end) {
        return (format!("{prefix}:*"), all.end);
    }
    let name = catalog.action_name(action);
    for end in word_ends(name) {
        let Some(words) = name.get(..end) else { continue };
        let lower = words.to_ascii_lowercase();
        let begins = |other: &u32| catalog.action_lowercase_name(ActionId(*other)).starts_with(&lower);
        let first = (all.start..id).rev().take_while(begins).last().unwrap_or(id);
        let last = (id..all.end).take_while(begins).last().unwrap_or(id) + 1;
        if first == id && last - first > 1 && holds(first, last) {
            return (format!("{prefix}:{words}*"), last);
        }
    }
    (format!("{prefix}:{name}"), id + 1)
}

/// Where the words of a name end, the last one left out: `Delete|DB|Cluster`.
fn word_ends(name: &str) -> Vec<usize> {
    let letters: Vec<(usize, char)> = name.char_indices().collect();
    letters
        .windows(3)
        .filter_map(|window| match window {
            [(_, a), (at, b), (_, c)] => {
                let begins = b.is_ascii_uppercase() && (!a.is_ascii_uppercase() || c.is_ascii_lowercase());
                begins.then_some(*at)
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

    fn summary<'a>(names: impl IntoIterator<Item = &'a str>) -> ActionSummary {
        let mut set = ActionSet::default();
        names.into_iter().for_each(|name| set.add_name(Catalog::embedded(), name));
        summarise(&Ranks::new(Catalog::embedded()), &set)
    }

    fn patterns(names: &[&str]) -> Vec<String> {
        let summary = summary(names.iter().copied());
        summary.patterns.iter().map(|p| p.pattern.clone()).collect()
    }

    #[test]
    fn names_and_services_and_verbs() {
        let catalog = Catalog::embedded();
        let of = |service: &str, verb: &str| -> Vec<String> {
            let ids = catalog.actions_of(catalog.find_service(service).unwrap()).map(ActionId);
            ids.filter(|id| catalog.action_name(*id).starts_with(verb)).map(|id| catalog.full_name(id)).collect()
        };
        let sqs = of("sqs", "");
        assert_eq!(patterns(&sqs.iter().map(String::as_str).collect::<Vec<_>>()), ["sqs:*"]);
        let mut ec2 = of("ec2", "Delete");
        let count = ec2.len();
        ec2.push("ec2:DescribeVpcs".to_owned());
        let summary = summary(ec2.iter().map(String::as_str));
        assert_eq!((summary.patterns[0].pattern.as_str(), summary.patterns[0].count), ("ec2:Delete*", count));
        assert_eq!(summary.patterns[1].pattern, "ec2:DescribeVpcs");
        assert_eq!(summary.count, count + 1);
        assert_eq!(patterns(&["s3:GetObject", "unknown:Thing", "S3:getobject"]), ["s3:GetObject", "unknown:Thing"]);
        assert_eq!(word_ends("DeleteDBClusterV2"), [6, 8, 15]);
        let all: Vec<String> = catalog.actions().map(|id| catalog.full_name(id)).collect();
        assert_eq!(patterns(&all.iter().map(String::as_str).collect::<Vec<_>>()), ["*"]);
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
            let summary = summary(set.iter().copied());
            let covered: Vec<(&str, usize)> = all
                .iter()
                .map(|name| {
                    let lower = name.to_ascii_lowercase();
                    let by = |p: &&ActionPattern| Glob::new(&p.pattern.to_ascii_lowercase()).matches(&lower);
                    (name.as_str(), summary.patterns.iter().filter(by).count())
                })
                .collect();
            for (name, times) in covered {
                prop_assert_eq!(times, usize::from(set.contains(name)), "{}", name);
            }
            prop_assert_eq!(summary.patterns.iter().map(|p| p.count).sum::<usize>(), set.len());
        }
    }
}
