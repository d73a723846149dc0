//! The published lists of escalation paths: each entry is covered by techniques that take no more, or argued away.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::catalog::Catalog;
use iamdrift::reach::techniques;

use super::each_technique::needs;

/// The two lists (`published.toml`).
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    pub id: BTreeMap<String, Coverage>,
    pub combination: BTreeMap<String, Coverage>,
}

/// Where an entry is covered.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The techniques. Empty if it is argued away.
    #[serde(default)]
    pub by: Vec<String>,
    pub argued: Option<String>,
    pub note: Option<String>,
}

pub fn read_published() -> Published {
    toml::from_str(include_str!("published.toml")).unwrap()
}

#[test]
fn each_entry_is_covered_by_techniques_that_exist_or_argued_away() {
    let published = read_published();
    for (name, coverage) in published.id.iter().chain(&published.combination) {
        assert!(coverage.by.is_empty() == coverage.argued.is_some(), "{name}: techniques, or an argument");
        for id in &coverage.by {
            assert!(techniques().iter().any(|technique| technique.id == *id), "{name}: no technique {id}");
        }
    }
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (the published escalation paths)"]
fn the_lists_are_complete() {
    let corpus = crate::needs::corpus().join("escalation");
    let published = read_published();
    let text = std::fs::read_to_string(corpus.join("pathfinding-ids.txt")).unwrap();
    let ids: BTreeSet<&str> = text.split_whitespace().collect();
    assert_eq!(ids.len(), 91);
    assert_eq!(published.id.keys().map(String::as_str).collect::<BTreeSet<_>>(), ids);
    let combinations = combinations();
    assert_eq!(combinations.len(), 101);
    assert_eq!(published.combination.keys().collect::<BTreeSet<_>>(), combinations.keys().collect());
}

fn combinations() -> BTreeMap<String, BTreeSet<String>> {
    let path = crate::needs::corpus().join("escalation/combinations.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Who is allowed the actions of a combination can use each technique that covers it.
#[test]
#[ignore = "needs IAMDRIFT_CORPUS (the published escalation paths)"]
fn techniques_take_no_more_than_the_combinations_that_they_cover() {
    let catalog = Catalog::embedded();
    let published = read_published();
    for (name, actions) in combinations() {
        let allows = |needed: &String| {
            let matches = |pattern: &String| match pattern.split_once('*') {
                Some((start, _)) => needed.starts_with(start),
                None => pattern == needed,
            };
            actions.iter().any(matches)
        };
        let coverage = &published.combination[&name];
        for id in &coverage.by {
            let technique = techniques().iter().find(|technique| technique.id == *id).unwrap();
            let more: Vec<String> = needs(technique).into_iter().filter(|needed| !allows(needed)).collect();
            assert!(more.is_empty(), "{name}: {id} also takes {more:?}");
        }
        // An argument about an action that does not exist is true as long as it does not.
        let exists = |action: &String| catalog.find_action(action).is_some();
        assert!(coverage.argued.is_none() || !actions.iter().all(exists), "{name}: its actions exist");
    }
}
