//! The paths against another's list of 65: all are there, with what they take.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::catalog::Catalog;
use iamdrift::reach::{Technique, TechniqueKind, techniques};
use serde_json::{Value, json};

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;

use super::{ACCOUNT, admin, allow, arn, document, ids, role, service, shortest, user};

fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(crate::needs::corpus().join("escalation/paths.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    let needs = |path: &Value| {
        let required = path["permissions"]["required"].as_array().unwrap();
        required.iter().map(|one| one["permission"].as_str().unwrap().to_owned()).collect()
    };
    all.iter().map(|path| (path["id"].as_str().unwrap().to_owned(), needs(path))).collect()
}

/// All that a path takes.
fn takes(path: &Technique) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = path.required_actions.iter().chain(path.not_needed.keys()).cloned().collect();
    if matches!(path.kind, TechniqueKind::NewPassRole | TechniqueKind::PassRoleThenAssume) {
        all.insert("iam:PassRole".to_owned());
    }
    for id in &path.combines {
        all.extend(takes(techniques().iter().find(|part| part.id == *id).unwrap()));
    }
    all
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

/// The paths that role `r` and user `u` take, who may do that much and no more, where there is all that a path leads to.
fn taken(path: &Technique, may: &BTreeSet<String>) -> Vec<String> {
    let may = allow(json!(may), "*");
    let mut principal = json!({ "AWS": [arn("role", "relay")] });
    if !path.services.is_empty() {
        principal["Service"] = json!(path.services);
    }
    if path.kind == TechniqueKind::Assume || path.kind == TechniqueKind::Combined {
        principal["AWS"] = json!(ACCOUNT);
    }
    let mut target = admin(json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }]));
    target["InstanceProfileList"] = json!([{ "InstanceProfileName": "p" }]);
    let own = json!([{ "PolicyName": "own", "PolicyArn": arn("policy", "own") }]);
    let (mut r, mut u) = (role("r", &may, service("none")), user("u", &may));
    r["AttachedManagedPolicies"] = own.clone();
    u["AttachedManagedPolicies"] = own;
    u["GroupList"] = json!(["g"]);
    let everything = document(&allow(json!("*"), "*"));
    let group = |name: &str, policies: Value| {
        json!({ "Arn": arn("group", name), "GroupName": name, "GroupId": format!("AGPAEXAMPLE{name:0>9}"), "Path": "/",
                "GroupPolicyList": policies })
    };
    let version =
        json!({ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(&allow(json!("iam:GetUser"), "*")) });
    let page = json!({
        "RoleDetailList": [r, target, role("relay", &json!([]), service("cloudformation"))],
        "UserDetailList": [u, user("chief", &allow(json!("*"), "*"))],
        "GroupDetailList": [group("g", json!([])), group("admins", json!([{ "PolicyName": "all", "PolicyDocument": everything }]))],
        "Policies": [{ "Arn": arn("policy", "own"), "PolicyName": "own", "DefaultVersionId": "v1", "PolicyVersionList": [version] }],
    });
    let source = SourceFile::new("account.json", page.to_string());
    let snapshot = Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
    let of = |who: &str| shortest(&snapshot, who).map(|links| ids(&links)).unwrap_or_default();
    [of(&arn("role", "r")), of(&arn("user", "u"))].concat()
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (the published escalation paths)"]
fn each_of_the_65_leads_somewhere_and_not_without_all_that_it_takes() {
    let listed = listed();
    for (id, needs) in listed {
        let path = techniques().iter().find(|path| path.id == id).unwrap();
        assert!(!taken(path, &needs).is_empty(), "{id} leads nowhere");
        for need in needs.iter().filter(|need| !path.not_needed.contains_key(*need)) {
            let mut less = needs.clone();
            less.remove(need);
            assert!(!taken(path, &less).contains(&id), "{id} without {need}");
        }
    }
}

#[test]
fn paths_are_whole() {
    let catalog = Catalog::embedded();
    let mut ids = BTreeSet::new();
    for path in techniques() {
        assert!(ids.insert(&path.id), "{} stands twice", path.id);
        for action in &path.required_actions {
            assert!(catalog.find_action(action).is_some(), "{}: no action {action}", path.id);
        }
        let by_service = matches!(
            path.kind,
            TechniqueKind::NewPassRole | TechniqueKind::PassRoleThenAssume | TechniqueKind::ExistingPassRole
        );
        assert_eq!(by_service, !path.services.is_empty(), "{}", path.id);
        assert_eq!(
            path.kind == TechniqueKind::ExistingPassRole,
            path.kind == TechniqueKind::ExistingPassRole && path.assumption.is_some(),
            "{}",
            path.id
        );
        assert_eq!(path.kind == TechniqueKind::Combined, !path.combines.is_empty(), "{}", path.id);
        assert_eq!(path.kind == TechniqueKind::Combined, path.required_actions.is_empty(), "{}", path.id);
    }
}

#[test]
fn the_documentation_lists_every_path() {
    let page = std::fs::read_to_string("docs/reach.md").unwrap();
    for path in techniques() {
        assert!(page.contains(&format!("`{}`", path.id)), "docs/reach.md lacks {}", path.id);
    }
}
