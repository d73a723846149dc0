//! The walk over the catalog: every action that takes a role, or may run something with one, has a verdict.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::catalog::{AccessLevel, Catalog};
use iamdrift::reach::techniques;

/// The verdicts (`role_actions.toml`).
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    pub verdict: Vec<Verdict>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    pub verdict: String,
    /// The technique that has the same effect. None if there is none.
    pub like: Option<String>,
    /// Why no technique requires the actions. None for those that are like a technique.
    pub reason: Option<String>,
    /// A service, and names of its actions.
    actions: Vec<String>,
}

impl Verdict {
    pub fn actions(&self) -> impl Iterator<Item = String> {
        self.actions.iter().flat_map(|line| full_names(line))
    }
}

pub fn read_walk() -> Walk {
    toml::from_str(include_str!("role_actions.toml")).unwrap()
}

/// `s3: CreateJob PutObject` as `s3:CreateJob` and `s3:PutObject`.
fn full_names(line: &str) -> Vec<String> {
    let (service, names) = line.split_once(':').unwrap_or_else(|| panic!("no service: {line}"));
    names.split_whitespace().map(|name| format!("{service}:{name}")).collect()
}

fn listed(text: &str) -> BTreeSet<String> {
    text.lines().filter(|line| !line.starts_with('#')).flat_map(full_names).collect()
}

/// The actions that techniques require.
pub fn required() -> BTreeSet<String> {
    let required = techniques().iter().flat_map(|technique| technique.required_actions.iter().cloned());
    required.chain(["iam:PassRole".to_owned()]).collect()
}

/// Names of actions that end something, or change what is said about it.
const ENDS: [&str; 20] = [
    "Describe",
    "List",
    "Delete",
    "Stop",
    "Cancel",
    "Terminate",
    "Tag",
    "Untag",
    "Search",
    "BatchGet",
    "BatchDelete",
    "BatchDescribe",
    "Deregister",
    "Disassociate",
    "Detach",
    "Remove",
    "Disable",
    "Reject",
    "Revoke",
    "Expire",
];

/// Names of actions that make or change something.
const MAKES: [&str; 22] = [
    "Create",
    "Update",
    "Put",
    "Modify",
    "Register",
    "Associate",
    "Add",
    "Set",
    "Attach",
    "Enable",
    "Import",
    "Restore",
    "Launch",
    "Deploy",
    "Submit",
    "Schedule",
    "Request",
    "Replace",
    "Configure",
    "Activate",
    "Issue",
    "Generate",
];

/// Names of actions that run something, also if the reference calls them reads.
const RUNS: [&str; 8] = ["Invoke", "Run", "Start", "Execut", "Send", "Connect", "Open", "Assume"];

/// Parts of such names.
const RUNS_ANYWHERE: [&str; 10] = [
    "Invoke",
    "Start",
    "Execut",
    "Command",
    "Session",
    "Access",
    "Assume",
    "Credential",
    "PresignedUrl",
    "StreamingURL",
];

/// Whether the name and the access level of an action say that it may run something with a role.
fn is_candidate(name: &str, level: AccessLevel) -> bool {
    let starts = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if starts(&ENDS) {
        return false;
    }
    let runs = starts(&RUNS) && !name.starts_with("Runtime");
    match level {
        AccessLevel::List | AccessLevel::Read => {
            runs || ["Credentials", "PresignedUrl", "StreamingURL", "AuthToken"].iter().any(|end| name.ends_with(end))
        }
        AccessLevel::Tagging => runs,
        _ => runs || starts(&MAKES) || RUNS_ANYWHERE.iter().any(|part| name.contains(part)),
    }
}

#[test]
fn every_action_that_may_run_something_with_a_role_has_a_verdict() {
    let catalog = Catalog::embedded();
    let required = required();
    let verdicts: BTreeSet<String> = read_walk().verdict.iter().flat_map(Verdict::actions).collect();
    let no_role = listed(include_str!("no_role_actions.txt"));
    let pass_role = listed(include_str!("pass_role_actions.txt"));
    let is_reviewed = |action: &str| required.contains(action) || verdicts.contains(action) || no_role.contains(action);
    let candidates = catalog.actions().filter_map(|id| {
        let action = catalog.full_name(id);
        let name = action.split_once(':')?.1;
        (is_candidate(name, catalog.access_level(id)) || pass_role.contains(&action)).then_some(action)
    });
    let unreviewed: Vec<String> = candidates.filter(|action| !is_reviewed(action)).collect();
    assert!(
        unreviewed.is_empty(),
        "the catalog has {} actions without a verdict; read what they do, and add a technique, or a line to \
         `role_actions.toml` or `no_role_actions.txt`:\n{}",
        unreviewed.len(),
        unreviewed.join("\n")
    );
}

#[test]
fn verdicts_are_about_actions_that_exist_and_are_given_once() {
    let catalog = Catalog::embedded();
    let required = required();
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for verdict in &read_walk().verdict {
        let like = verdict.like.as_ref().is_none_or(|id| techniques().iter().any(|technique| technique.id == *id));
        assert!(like, "no technique {:?}", verdict.like);
        assert!(verdict.like.is_some() != verdict.reason.is_some(), "{}: a technique or a reason", verdict.verdict);
        for action in verdict.actions() {
            if let Some(other) = given.insert(action.clone(), verdict.verdict.clone()) {
                wrong.push(format!("{action}: {other} and {}", verdict.verdict));
            }
        }
    }
    let no_role = listed(include_str!("no_role_actions.txt"));
    for action in given.keys().chain(&no_role) {
        if catalog.find_action(action).is_none_or(|id| catalog.full_name(id) != *action) {
            wrong.push(format!("{action}: the catalog lacks it"));
        }
        if required.contains(action) {
            wrong.push(format!("{action}: a technique requires it"));
        }
        if given.contains_key(action) && no_role.contains(action) {
            wrong.push(format!("{action}: a verdict, and in `no_role_actions.txt`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
