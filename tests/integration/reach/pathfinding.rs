//! The paths against another's list of 65: all are there, with what they take.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::reach::{Technique, techniques};
use serde_json::Value;

use super::each_technique::needs;

fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(crate::needs::corpus().join("escalation/paths.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let needs = |path: &Value| {
        let required = path["permissions"]["required"].as_array().unwrap();
        required.iter().map(|one| one["permission"].as_str().unwrap().to_owned()).collect()
    };
    all.iter().map(|path| (path["id"].as_str().unwrap().to_owned(), needs(path))).collect()
}

/// All that a path takes, with what others also list.
fn takes(path: &Technique) -> BTreeSet<String> {
    needs(path).into_iter().chain(path.not_needed.keys().cloned()).collect()
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (the published escalation paths)"]
fn each_of_the_65_is_covered_and_takes_the_same() {
    let listed = listed();
    assert_eq!(listed.len(), 65);
    let mut differ = Vec::new();
    for (id, needs) in listed {
        match techniques().iter().find(|path| path.id == id) {
            None => differ.push(format!("{id} is not covered")),
            Some(path) if takes(path) != needs => differ.push(format!("{id} takes {needs:?}, not {:?}", takes(path))),
            Some(_) => {}
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
