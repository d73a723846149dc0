//! An audit and `who-can` decide about requests of today and later, `explain` about one of now: `aws:CurrentTime` and
//! `aws:EpochTime` are one clock.

use assert_cmd::Command;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
/// In seconds since 1970: 2020 and 2200.
const PAST: [&str; 2] = ["2020-01-01T00:00:00Z", "1577836800"];
const FUTURE: [&str; 2] = ["2200-01-01T00:00:00Z", "7258118400"];

fn document(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A condition on the time.
fn when(operator: &str, key: &str, time: &str) -> Value {
    json!({ operator: { key: time } })
}

fn role(name: &str, condition: &Value, trust: Value) -> Value {
    let statement = json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition }]);
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name, "Path": "/",
        "RoleId": format!("AROAEXAMPLE{name:0>9}"), "InstanceProfileList": [],
        "AssumeRolePolicyDocument": document(json!([trust])),
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statement) }],
    })
}

/// What each command says about a role whose only permission, and whose trust in everyone, have a condition: audit, who-can,
/// explain, trust.
fn answers(condition: &Value) -> [bool; 4] {
    let folder = tempfile::tempdir().unwrap();
    let service =
        json!({ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" });
    let open = json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition });
    let roles =
        [role("timed", condition, service), role("open", &json!({ "Null": { "aws:PrincipalArn": "true" } }), open)];
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
    std::fs::write(folder.path().join("account.json"), page.to_string()).unwrap();
    let manifest = "version = 1\n[[principal]]\nname = \"all\"\nmatch = \"*\"\nkind = \"workload\"\nallow = []\n";
    std::fs::write(folder.path().join("baseline.toml"), manifest).unwrap();
    let run = |args: &[&str]| -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir(folder.path())
            .args(args)
            .args(["--snapshot", "account.json", "--format", "json"])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {output:?}"))
    };
    let audit = run(&["audit", "--baseline", "baseline.toml", "--rule", "IAM001", "--rule", "IAM006"]);
    let has = |rule: &str| audit["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == rule);
    let who = run(&["who-can", "s3:GetObject", "arn:aws:s3:::b/k", "--direct"]);
    let explained = run(&["explain", "timed", "s3:GetObject", "arn:aws:s3:::b/k"]);
    [has("IAM001"), who["principals"].as_array().unwrap().len() == 1, explained["decision"] == "allowed", has("IAM006")]
}

#[test]
fn what_expired_is_gone_and_what_begins_later_counts() {
    for (index, key) in ["aws:CurrentTime", "aws:EpochTime"].into_iter().enumerate() {
        assert_eq!(answers(&when("DateLessThan", key, PAST[index])), [false; 4], "{key}: expired");
        assert_eq!(answers(&when("DateGreaterThan", key, FUTURE[index])), [true, true, false, true], "{key}: later");
        assert_eq!(answers(&when("DateLessThan", key, FUTURE[index])), [true; 4], "{key}: in force");
    }
    assert_eq!(answers(&when("NumericLessThan", "aws:EpochTime", PAST[1])), [false; 4]);
    let both =
        json!({ "DateGreaterThan": { "aws:CurrentTime": PAST[0] }, "NumericLessThan": { "aws:EpochTime": PAST[1] } });
    assert_eq!(answers(&both), [false; 4], "one clock");
}

#[test]
fn a_simulation_has_one_clock() {
    let condition = json!({ "DateLessThan": { "aws:CurrentTime": FUTURE[0] } });
    let statement = json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition }]);
    let decide = |seconds: &str| {
        let input = json!({
            "ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/k"],
            "PolicyInputList": [document(statement.clone()).to_string()],
            "ContextEntries": [{ "ContextKeyName": "aws:EpochTime", "ContextKeyType": "numeric", "ContextKeyValues": [seconds] }],
        });
        let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .args(["simulate", "--cli-input-json", "-"])
            .write_stdin(input.to_string())
            .output()
            .unwrap();
        let answer: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        answer["EvaluationResults"][0]["EvalDecision"].as_str().unwrap().to_owned()
    };
    assert_eq!(decide(PAST[1]), "allowed");
    assert_eq!(decide("7258118401"), "implicitDeny");
}
