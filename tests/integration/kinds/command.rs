//! `iamdrift principals` as a user meets it.

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{lets, role, root, service, user};

/// Runs the command in the folder of the incident: exit status, standard output, standard error.
fn run(arguments: &[&str], columns: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/incident"))
        .env_remove("CLICOLOR_FORCE")
        .env("COLUMNS", columns)
        .arg("principals")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn listed(arguments: &[&str]) -> Value {
    let (status, out, err) = run(&[&["--format", "json"], arguments].concat(), "80");
    assert_eq!(status, 0, "{err}");
    let list: Value = serde_json::from_str(&out).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../../schemas/principals.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&list).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new());
    list
}

fn names(list: &Value) -> Vec<&str> {
    list["principals"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

/// A folder with an account and, where there is one, a manifest.
fn folder(roles: &[Value], users: &[Value], manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let page = json!({ "RoleDetailList": roles, "UserDetailList": users, "GroupDetailList": [], "Policies": [] });
    std::fs::write(folder.path().join("account.json"), page.to_string()).unwrap();
    std::fs::write(folder.path().join("baseline.toml"), manifest).unwrap();
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

#[test]
fn everyone_of_the_incident_is_listed_as_the_manifest_says() {
    let list = listed(&["--baseline", "baseline"]);
    assert_eq!(
        list["by_kind"],
        json!({ "agent": 2, "break-glass": 1, "operator": 5, "workload": 6, "service-linked": 2 })
    );
    assert_eq!(list["by_coverage"], json!({ "declared": 13, "undeclared": 1, "ignored": 2 }));
    let undeclared: Vec<&Value> =
        list["principals"].as_array().unwrap().iter().filter(|one| one["coverage"] == "undeclared").collect();
    assert_eq!(undeclared.len(), 1);
    assert_eq!(
        (undeclared[0]["name"].as_str(), undeclared[0]["basis"].as_str()),
        (Some("data-migration-2024"), Some("hint"))
    );
    let first = &list["principals"][0];
    assert_eq!(
        (&first["kind"], &first["basis"], &first["entries"], &first["owner"]),
        (&json!("agent"), &json!("manifest"), &json!(["lantern on cost explorer"]), &json!("cost-platform"))
    );
    assert!(list["principals"].as_array().unwrap().iter().all(|one| !one["reason"].as_str().unwrap().is_empty()));
}

/// The manifest of the incident was written by hand: hints alone come to the same.
#[test]
fn hints_alone_agree_with_what_was_declared_by_hand() {
    let (with, without) = (listed(&["--baseline", "baseline"]), listed(&[]));
    let kinds = |list: &Value| -> Vec<(String, String)> {
        let all = list["principals"].as_array().unwrap().iter();
        all.map(|one| (one["arn"].to_string(), one["kind"].to_string())).collect()
    };
    assert_eq!(kinds(&with), kinds(&without));
    // An index of a field that does not exist gives null, too.
    let coverage = without["principals"][0].get("coverage");
    assert_eq!((without.get("baseline"), coverage), (Some(&Value::Null), Some(&Value::Null)));
}

#[test]
fn filters_choose() {
    assert_eq!(names(&listed(&["--kind", "agent"])), ["lantern-cost-explorer", "lantern-observability"]);
    let some = listed(&["--kind", "Agent", "--kind", "break-glass", "--principal", "*e*r*"]);
    assert_eq!(names(&some), ["lantern-cost-explorer", "lantern-observability", "emergency"]);
    let undeclared = listed(&["--baseline", "baseline", "--declaration", "undeclared"]);
    assert_eq!(names(&undeclared), ["data-migration-2024"]);
    let mut texts = String::new();
    for arguments in [
        &["--kind", "human"][..],
        &["--declaration", "declared"],
        &["--principal", "nobody"],
        &["--snapshot", "nowhere"],
    ] {
        let (status, out, err) = run(arguments, "80");
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        texts += &format!("{}\n{err}\n", arguments.join(" "));
    }
    insta::assert_snapshot!("filters_that_are_refused", texts);
}

#[test]
fn a_table_fits_its_columns_and_tells_what_contradicts() {
    let (status, out, err) = run(&["--baseline", "baseline", "--all"], "80");
    assert_eq!((status, err.as_str()), (0, ""));
    // What can be searched for is whole; all else fits.
    let long = |line: &&str| {
        line.chars().count() > 80 && !line.contains("AWSReservedSSO_") && !line.contains("AWSServiceRole")
    };
    assert_eq!(out.lines().filter(long).collect::<Vec<_>>(), Vec::<&str>::new());
    let (_, brief, _) = run(&["--baseline", "baseline", "--principal", "emergency"], "200");
    insta::assert_snapshot!("a_principal_with_a_hint_that_contradicts", brief);
}

#[test]
fn the_page_shows_what_is_written() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/classification.md")).unwrap();
    let (command, shown) = page.split("```console\n$ iamdrift principals ").nth(1).unwrap().split_once('\n').unwrap();
    let arguments: Vec<&str> = command.split(' ').collect();
    assert_eq!(run(&arguments, "80").1, shown.split("```").next().unwrap());
}

#[test]
fn the_manifest_overrules_and_the_hint_is_still_told() {
    let agent = role("x", lets(service("bedrock-agentcore.amazonaws.com"), json!({})));
    let manifest =
        "version = 1\n[[principal]]\nname = \"e\"\nmatch = \"arn:*:iam::*:role/x\"\nkind = \"workload\"\nallow = []\n";
    let folder = folder(&[agent], &[], manifest);
    let (account, baseline) = (path(&folder, "account.json"), path(&folder, "baseline.toml"));
    let (status, out, _) = run(&["--snapshot", &account, "--baseline", &baseline], "200");
    assert_eq!(status, 0);
    insta::assert_snapshot!("a_manifest_that_overrules_a_hint", out);
    let list = listed(&["--snapshot", &account, "--baseline", &baseline]);
    let one = &list["principals"][0];
    assert_eq!((&one["kind"], &one["basis"], &one["entries"]), (&json!("workload"), &json!("manifest"), &json!(["e"])));
    assert!(
        one["hints"].as_array().unwrap().iter().any(|hint| hint["kind"] == "agent" && hint["strength"] == "strong"),
        "{one}"
    );
}

#[test]
fn entries_that_compete_are_named() {
    let manifest = "version = 1\n[[principal]]\nname = \"a\"\nmatch = \"*\"\nkind = \"agent\"\nallow = []\n\
                    [[principal]]\nname = \"b\"\nmatch = \"*\"\nkind = \"workload\"\nallow = []\n";
    let folder = folder(&[], &[user("j.verhoeven")], manifest);
    let (account, baseline) = (path(&folder, "account.json"), path(&folder, "baseline.toml"));
    let list = listed(&["--snapshot", &account, "--baseline", &baseline]);
    let one = &list["principals"][0];
    assert_eq!(
        (&one["coverage"], &one["entries"], &one["kind"]),
        (&json!("ambiguous"), &json!(["a", "b"]), &json!("operator"))
    );
}

#[test]
fn a_role_without_its_trust_policy_is_told_and_the_list_is_incomplete() {
    let mut lost = role("x", lets(root(), json!({})));
    lost.as_object_mut().unwrap().remove("AssumeRolePolicyDocument");
    let mut broken = role("kiro", lets(root(), json!({})));
    broken["AssumeRolePolicyDocument"] = json!({ "Statement": [{ "Efect": "Allow" }] });
    let folder = folder(&[lost, broken], &[], "version = 1\n");
    let (status, out, _) = run(&["--snapshot", &path(&folder, "account.json")], "100");
    assert_eq!(status, 3);
    insta::assert_snapshot!(
        "roles_without_their_trust_policies",
        out.replace(folder.path().to_str().unwrap(), "[folder]")
    );
    let (status, out, _) =
        run(&["--snapshot", &path(&folder, "account.json"), "--principal", "x", "--format", "json"], "80");
    let list: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &list["principals"][0]["trust_missing"]), (3, &json!(true)));
}

#[test]
fn hostile_names_are_shown_escaped_and_a_file_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let hostile = super::tagged(role("x", lets(root(), json!({}))), "agent", "\u{1b}[2Jkiro");
    let folder = folder(&[hostile], &[], "version = 1\n");
    let file = path(&folder, "list.txt");
    let (status, out, _) = run(&["--snapshot", &path(&folder, "account.json"), "-o", &file], "80");
    assert_eq!((status, out.as_str()), (0, ""));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("\\u{1b}[2Jkiro") && !written.contains('\u{1b}'), "{written}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
