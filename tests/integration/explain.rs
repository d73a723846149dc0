//! `iamdrift explain`, on the example incident.

use assert_cmd::Command;
use serde_json::{Value, json};

fn explain(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/incident"))
        .env("COLUMNS", "80")
        .env_remove("CLICOLOR_FORCE")
        .arg("explain")
        .args(arguments)
        .args(["--snapshot", "snapshot"])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn answer(arguments: &[&str]) -> Value {
    let (status, out, err) = explain(&[arguments, &["--format", "json"]].concat());
    assert_eq!((status, err.as_str()), (0, ""));
    serde_json::from_str(&out).unwrap()
}

#[test]
fn the_decision_comes_first_and_then_the_layers() {
    let (status, out, _) = explain(&["lantern-cost-explorer", "cloudformation:DeleteStack"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!("an_allowed_request", out);
    let (_, all, _) = explain(&["lantern-cost-explorer", "cloudformation:DeleteStack", "--all"]);
    assert!(all.lines().count() > out.lines().count(), "{all}");
    let answer = answer(&["lantern-cost-explorer", "cloudformation:DeleteStack"]);
    assert_eq!(answer["decision"], "allowed");
    let statements = answer["layers"][0]["statements"].as_array().unwrap();
    let matching: Vec<&Value> = statements.iter().filter(|statement| statement["matches"] == true).collect();
    let [deploy] = matching[..] else { panic!("{matching:?}") };
    assert_eq!(
        (&deploy["policy"], &deploy["sid"], &deploy["index"]),
        (&json!("OperatorPower"), &json!("Deploy"), &json!(1))
    );
}

#[test]
fn a_condition_that_fails_is_told_and_given_keys_count() {
    let question = ["export-backup", "s3:GetObject", "arn:aws-cn:s3:::example-cost-exports/x"];
    let denied = answer(&question);
    assert_eq!(denied["decision"], "implicit-deny");
    assert_eq!(denied["lacking"][0]["key"], "aws:SourceIp");
    let without = denied["layers"][0]["statements"][0]["fails"].as_str().unwrap();
    assert_eq!(denied["layers"][0]["statements"][0]["place"]["file"], "snapshot/account.json");
    let allowed = answer(&[&question[..], &["--context", "aws:SourceIp=198.51.100.7"]].concat());
    assert_eq!((&allowed["decision"], &allowed["lacking"]), (&json!("allowed"), &json!([])));
    let elsewhere = answer(&[&question[..], &["--context", "aws:SourceIp=203.0.113.7"]].concat());
    assert_eq!((&elsewhere["decision"], &elsewhere["lacking"]), (&json!("implicit-deny"), &json!([])));
    let other = elsewhere["layers"][0]["statements"][0]["fails"].as_str().unwrap();
    insta::assert_snapshot!("a_condition_that_fails", format!("{without}\n{other}"));
}

#[test]
fn principals_are_found_by_arn_name_end_or_session() {
    let arn = "arn:aws-cn:iam::111122223333:role/agents/lantern-cost-explorer";
    let session = "arn:aws-cn:sts::111122223333:assumed-role/lantern-cost-explorer/s1";
    for name in
        [arn, session, "lantern-cost-explorer", "role/agents/lantern-cost-explorer", "agents/lantern-cost-explorer"]
    {
        assert_eq!(answer(&[name, "ce:GetTags"])["principal"], arn, "{name}");
    }
    let (status, out, err) = explain(&["lantern-cost-exploer", "ce:GetTags"]);
    assert_eq!((status, out.as_str()), (2, ""));
    insta::assert_snapshot!("a_mistyped_principal", err);
}

#[test]
fn what_is_missing_ends_with_3() {
    let (status, out, _) = explain(&["etl-nightly", "s3:GetObjct", "arn:aws-cn:s3:::b/x"]);
    assert_eq!(status, 3);
    assert!(out.contains("arn:aws-cn:iam::111122223333:policy/etl-nightly"), "{out}");
    insta::assert_snapshot!("a_mistyped_action_and_a_missing_policy", out);
}

#[test]
fn bad_questions_are_refused_with_help() {
    let mut texts = String::new();
    for arguments in [
        &["lantern-cost-explorer", "s3:*"][..],
        &["lantern-cost-explorer", "s3"],
        &["lantern-cost-explorer", "s3:GetObject", "bucket"],
        &["lantern-cost-explorer", "s3:GetObject", "--context", "x"],
        &["lantern-cost-explorer", "s3:GetObject", "--context", "aws:SourceIp=1", "--context", "aws:sourceip=2"],
    ] {
        let (status, out, err) = explain(arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        texts += &format!("{}\n{err}\n", arguments[1..].join(" "));
    }
    insta::assert_snapshot!("questions_that_are_refused", texts);
    let several = answer(&[
        "lantern-cost-explorer",
        "ec2:CreateTags",
        "*",
        "--context",
        "aws:TagKeys=a",
        "--context",
        "aws:TagKeys=b",
    ]);
    assert_eq!(several["context"][0]["values"], json!(["a", "b"]));
}
