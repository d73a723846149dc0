//! `explain`, `who-can` and `audit` give one answer to the question whether a principal can assume a role of the snapshot.

use assert_cmd::Command;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const OTHER_ACCOUNT: &str = "444455556666";

fn role_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn document(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn role(account: &str, name: &str, trusted: Value, statements: Value) -> Value {
    let trust = json!([{ "Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole" }]);
    json!({
        "Arn": role_arn(account, name), "RoleName": name, "Path": "/",
        "RoleId": format!("AROAEXAMPLE{name:0>9}"), "InstanceProfileList": [],
        "AssumeRolePolicyDocument": document(trust),
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    })
}

fn run(folder: &std::path::Path, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift")).current_dir(folder).args(args).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
}

/// Whether `caller` can assume `target`, by each command.
fn answers(target_account: &str, trusted: Value, caller_statements: Value) -> [bool; 3] {
    let folder = tempfile::tempdir().unwrap();
    let service = json!({ "Service": "ec2.amazonaws.com" });
    let caller = role(ACCOUNT, "caller", service, caller_statements);
    let target = role(target_account, "target", trusted, json!([]));
    std::fs::create_dir(folder.path().join("s")).unwrap();
    let page = |roles: Vec<&Value>| {
        json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": [] }).to_string()
    };
    if target_account == ACCOUNT {
        std::fs::write(folder.path().join("s/one.json"), page(vec![&caller, &target])).unwrap();
    } else {
        std::fs::write(folder.path().join("s/one.json"), page(vec![&caller])).unwrap();
        std::fs::write(folder.path().join("s/two.json"), page(vec![&target])).unwrap();
    }
    std::fs::create_dir(folder.path().join("b")).unwrap();
    let manifest =
        "version = 1\n[[principal]]\nname = \"all\"\nmatch = \"*\"\nkind = \"workload\"\nallow = [\"none.json\"]\n";
    std::fs::write(folder.path().join("b/baseline.toml"), manifest).unwrap();
    let nothing = json!([{ "Effect": "Deny", "Action": "*", "Resource": "*" }]);
    std::fs::write(folder.path().join("b/none.json"), document(nothing).to_string()).unwrap();

    let arn = role_arn(target_account, "target");
    let caller_arn = role_arn(ACCOUNT, "caller");
    let inputs = ["--snapshot", "s", "--format", "json"];
    let explained = run(folder.path(), &[&["explain", &caller_arn, "sts:AssumeRole", &arn], &inputs[..]].concat());
    let who = run(folder.path(), &[&["who-can", "sts:AssumeRole", &arn, "--direct"], &inputs[..]].concat());
    let audit = run(folder.path(), &[&["audit", "--baseline", "b", "--rule", "IAM001"], &inputs[..]].concat());
    let findings = crate::split_findings::split_findings(&audit);
    [
        explained["decision"] == "allowed",
        who["principals"].as_array().unwrap().iter().any(|row| row["arn"] == json!(caller_arn)),
        findings.iter().any(|finding| finding["principals"][0]["arn"] == json!(caller_arn)),
    ]
}

/// AWS: "Cross-account policy evaluation logic", "How AWS enforcement code logic evaluates requests": a trust policy
/// that names a principal of the account suffices; one that names the account delegates to identity policies; across
/// accounts both must allow.
#[test]
fn all_commands_agree_about_each_trust_policy_and_identity_policy() {
    let caller = role_arn(ACCOUNT, "caller");
    let named_in = |account: &str| json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role_arn(account, "target") }]);
    let (named, named_abroad) = (named_in(ACCOUNT), named_in(OTHER_ACCOUNT));
    let denied = json!([{ "Effect": "Deny", "Action": "sts:*", "Resource": "*" }]);
    let nothing = json!([]);
    let service = json!({ "Service": "ec2.amazonaws.com" });
    let session = json!({ "AWS": format!("arn:aws:sts::{ACCOUNT}:assumed-role/caller/run") });
    for (target_account, trusted, statements, expected) in [
        (ACCOUNT, service.clone(), &named, false),
        (ACCOUNT, service.clone(), &nothing, false),
        (ACCOUNT, json!({ "AWS": ACCOUNT }), &named, true),
        (ACCOUNT, json!({ "AWS": ACCOUNT }), &nothing, false),
        (ACCOUNT, json!({ "AWS": caller }), &named, true),
        (ACCOUNT, json!({ "AWS": caller }), &nothing, true),
        (ACCOUNT, json!({ "AWS": caller }), &denied, false),
        (ACCOUNT, json!({ "AWS": OTHER_ACCOUNT }), &named, false),
        (OTHER_ACCOUNT, service, &named_abroad, false),
        (OTHER_ACCOUNT, json!({ "AWS": ACCOUNT }), &named_abroad, true),
        (OTHER_ACCOUNT, json!({ "AWS": ACCOUNT }), &nothing, false),
        (OTHER_ACCOUNT, json!({ "AWS": caller }), &named_abroad, true),
        (OTHER_ACCOUNT, json!({ "AWS": caller }), &nothing, false),
        (OTHER_ACCOUNT, json!({ "AWS": OTHER_ACCOUNT }), &named_abroad, false),
    ] {
        let found = answers(target_account, trusted.clone(), statements.clone());
        assert_eq!(found, [expected; 3], "role in {target_account} trusts {trusted}, caller holds {statements}");
    }
    let [_, can, exceeds] = answers(ACCOUNT, session, nothing.clone());
    assert!(can && exceeds, "a session that the trust policy names");
    // A grant to everyone is reported once, with the role (IAM006).
    assert_eq!(answers(ACCOUNT, json!("*"), nothing), [true, true, false]);
    assert_eq!(answers(ACCOUNT, json!("*"), named), [true, true, true]);
}
