//! `iamdrift simulate`: what goes in and what comes out.

use assert_cmd::Command;
use serde_json::{Value, json};

fn simulate(input: &str) -> (i32, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .args(["simulate", "--cli-input-json", "-"])
        .write_stdin(input)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), answer, String::from_utf8(output.stderr).unwrap())
}

fn decisions(input: Value) -> Vec<String> {
    let (status, answer, err) = simulate(&input.to_string());
    assert_eq!((status, err.as_str()), (0, ""));
    let results = answer["EvaluationResults"].as_array().unwrap();
    results.iter().map(|r| r["EvalDecision"].as_str().unwrap().to_owned()).collect()
}

fn allow(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } })
}

#[test]
fn every_action_on_every_resource_in_order() {
    let (_, answer, _) = simulate(
        &json!({
            "PolicyInputList": [allow("s3:*").to_string()],
            "ActionNames": ["s3:GetObject", "sqs:SendMessage"],
            "ResourceArns": ["arn:aws:s3:::b/1", "arn:aws:s3:::b/2"],
        })
        .to_string(),
    );
    let results = answer["EvaluationResults"].as_array().unwrap();
    let row = |r: &Value| {
        [&r["EvalActionName"], &r["EvalResourceName"], &r["EvalDecision"]].map(|v| v.as_str().unwrap().to_owned())
    };
    assert_eq!(
        results.iter().map(row).collect::<Vec<_>>(),
        [
            ["s3:GetObject", "arn:aws:s3:::b/1", "allowed"],
            ["s3:GetObject", "arn:aws:s3:::b/2", "allowed"],
            ["sqs:SendMessage", "arn:aws:s3:::b/1", "implicitDeny"],
            ["sqs:SendMessage", "arn:aws:s3:::b/2", "implicitDeny"],
        ]
    );
    let statement = &results[0]["MatchedStatements"][0];
    assert_eq!(statement["SourcePolicyId"], "PolicyInputList.1");
    assert_eq!(statement["StartPosition"], json!({ "Line": 1, "Column": 37 }));
    assert_eq!(answer["IsTruncated"], false);
}

#[test]
fn each_layer_is_read() {
    let base = json!({
        "PolicyInputList": [allow("*")], "ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/k"],
        "CallerArn": "arn:aws:iam::111122223333:role/app",
    });
    assert_eq!(decisions(base.clone()), ["allowed"]);
    let deny = json!({ "Statement": { "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" } });
    for (field, value, expected) in [
        ("PermissionsBoundaryPolicyInputList", json!([allow("sqs:*")]), "implicitDeny"),
        ("SessionPolicyInputList", json!([allow("sqs:*")]), "implicitDeny"),
        ("ServiceControlPolicyInputList", json!([[allow("*")], [allow("sqs:*")]]), "implicitDeny"),
        ("ServiceControlPolicyInputList", json!([[allow("*")], [allow("sqs:*"), allow("s3:*")]]), "allowed"),
        ("ResourceControlPolicyInputList", json!([[deny]]), "explicitDeny"),
        ("ResourcePolicy", deny.clone(), "explicitDeny"),
        ("ResourceOwner", json!("444455556666"), "implicitDeny"),
        ("ResourceOwner", json!("arn:aws:iam::111122223333:root"), "allowed"),
        ("CallerArn", json!("arn:aws-cn:iam::111122223333:role/app"), "implicitDeny"),
    ] {
        let mut input = base.clone();
        input[field] = value;
        assert_eq!(decisions(input), [expected], "{field}");
    }
}

#[test]
fn a_bad_input_of_a_list_is_answered_in_its_place() {
    let good = json!({ "PolicyInputList": [], "ActionNames": ["s3:GetObject"] });
    let bad = json!({ "PolicyInputLis": [], "ActionNames": ["s3:GetObject"] });
    let (status, answer, _) = simulate(&json!([bad, good]).to_string());
    assert_eq!(status, 0);
    insta::assert_snapshot!("a_mistyped_key_of_an_input", answer[0]["Error"]["Message"].as_str().unwrap());
    assert_eq!((&answer[0]["Error"]["Line"], &answer[0]["Error"]["Column"]), (&json!(1), &json!(3)));
    assert_eq!(answer[1]["EvaluationResults"][0]["EvalDecision"], "implicitDeny");
}

#[test]
fn what_cannot_be_read_ends_with_2_and_its_place() {
    let mut texts = String::new();
    for (input, column) in [
        ("{", 1),
        ("{}", 1),
        (r#"{"ActionNames":["s3:Get*"]}"#, 17),
        (r#"{"ActionNames":"s3:GetObject"}"#, 16),
        (r#"{"ActionNames":["a:B"],"PolicyInputList":["{"]}"#, 43),
        (r#"{"ActionNames":["a:B"],"CallerArn":"me"}"#, 36),
        (r#"{"ActionNames":["a:B"],"ResourcePolicy":{"Statement":[]}}"#, 41),
        (r#"{"ActionNames":["a:B"],"ContextEntries":[{"ContextKeyName":"k","ContextKeyType":"strin"}]}"#, 81),
    ] {
        let (status, answer, err) = simulate(input);
        assert_eq!((status, answer), (2, Value::Null), "{input}");
        let place = format!("<stdin>:1:{column}");
        assert!(err.split_whitespace().any(|word| word.trim_end_matches(':') == place), "{input}: {place}: {err}");
        texts += &err;
    }
    insta::assert_snapshot!("inputs_that_cannot_be_read", texts);
}

#[test]
fn a_missing_file_is_told_in_one_line_with_help() {
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .args(["simulate", "--cli-input-json", "file://no/such/file.json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8(output.stderr).unwrap();
    insta::assert_snapshot!("an_input_file_that_is_missing", err);
}

#[test]
fn a_federated_user_session_calls_nothing_of_sts_but_its_identity() {
    let decide = |caller: &str, action: &str| {
        decisions(json!({
            "CallerArn": caller, "ActionNames": [action], "ResourceArns": ["*"],
            "PolicyInputList": [allow("*").to_string()], "SessionPolicyInputList": [allow("*").to_string()],
        }))
    };
    let session = "arn:aws:sts::111122223333:federated-user/ann";
    assert_eq!(decide(session, "sts:GetSessionToken"), ["implicitDeny"]);
    assert_eq!(decide(session, "sts:DecodeAuthorizationMessage"), ["implicitDeny"]);
    assert_eq!(decide(session, "sts:GetCallerIdentity"), ["allowed"]);
    assert_eq!(decide(session, "ec2:DescribeInstances"), ["allowed"]);
    // A console session calls IAM.
    assert_eq!(decide(session, "iam:ListUsers"), ["allowed"]);
    assert_eq!(decide("arn:aws:iam::111122223333:user/ann", "sts:GetSessionToken"), ["allowed"]);
}
