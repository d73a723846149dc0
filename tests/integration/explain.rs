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
    assert!(out.starts_with("Allowed by statement 2 \"Deploy\" of OperatorPower (attached)\n"), "{out}");
    for part in [
        "\nidentity policies allow it\n",
        "    matches   Allow OperatorPower (attached), statement 2 \"Deploy\"\n",
        "service control policies at r-ab12 (Root) allow it\n",
        "note: cloudformation:DeleteStack was evaluated on `*`, but it takes a resource:",
        "for other services omitted (--all)",
    ] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    let (_, all, _) = explain(&["lantern-cost-explorer", "cloudformation:DeleteStack", "--all"]);
    assert!(!all.contains("for other services omitted (--all)") && all.len() > out.len(), "{all}");
}

#[test]
fn a_condition_that_fails_is_told_and_given_keys_count() {
    let question = ["export-backup", "s3:GetObject", "arn:aws-cn:s3:::example-cost-exports/x"];
    let denied = answer(&question);
    assert_eq!(denied["decision"], "implicit-deny");
    assert_eq!(denied["lacking"][0]["key"], "aws:SourceIp");
    let fails = denied["layers"][0]["statements"][0]["fails"].as_str().unwrap();
    assert!(fails.contains("IpAddress aws:SourceIp 198.51.100.0/25") && fails.contains("lacks the key"), "{fails}");
    assert_eq!(denied["layers"][0]["statements"][0]["place"]["file"], "snapshot/account.json");
    let allowed = answer(&[&question[..], &["--context", "aws:SourceIp=198.51.100.7"]].concat());
    assert_eq!((&allowed["decision"], &allowed["lacking"]), (&json!("allowed"), &json!([])));
    let elsewhere = answer(&[&question[..], &["--context", "aws:SourceIp=203.0.113.7"]].concat());
    let fails = elsewhere["layers"][0]["statements"][0]["fails"].as_str().unwrap();
    assert!(fails.contains("the request has 203.0.113.7"), "{fails}");
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
    assert!(err.contains("help: did you mean `lantern-cost-explorer`?"), "{err}");
}

#[test]
fn what_is_missing_ends_with_3() {
    let (status, out, _) = explain(&["etl-nightly", "s3:GetObjct", "arn:aws-cn:s3:::b/x"]);
    assert_eq!(status, 3);
    assert!(out.contains("did you mean\n      `s3:GetObject`?"), "{out}");
    let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("warning: attached policy arn:aws-cn:iam::111122223333:policy/etl-nightly is not in"),
        "{out}"
    );
}

#[test]
fn bad_questions_are_refused_with_help() {
    for (arguments, message) in [
        (&["lantern-cost-explorer", "s3:*"][..], "`s3:*` is not an action"),
        (&["lantern-cost-explorer", "s3"], "`s3` is not an action"),
        (&["lantern-cost-explorer", "s3:GetObject", "bucket"], "`bucket` is not a resource"),
        (&["lantern-cost-explorer", "s3:GetObject", "--context", "x"], "`x` is not KEY=VALUE"),
        (
            &["lantern-cost-explorer", "s3:GetObject", "--context", "aws:SourceIp=1", "--context", "aws:sourceip=2"],
            "aws:SourceIp takes one value",
        ),
    ] {
        let (status, _, err) = explain(arguments);
        assert_eq!(status, 2);
        assert!(err.starts_with(&format!("error: {message}")) && err.contains("\nhelp: "), "{err}");
    }
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
