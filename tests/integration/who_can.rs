//! `iamdrift who-can`: everyone who can do one thing, themselves or by becoming another.

use assert_cmd::Command;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

fn document(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn role(name: &str, statements: Value, trust: Value) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name, "Path": "/",
        "RoleId": format!("AROAEXAMPLE{name:0>9}"), "InstanceProfileList": [],
        "AssumeRolePolicyDocument": document(json!([
            { "Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole" }])),
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    })
}

fn allow(action: &str, resource: &str, condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition }])
}

fn run(roles: &[Value], args: &[&str]) -> (i32, String, String) {
    let directory = tempfile::tempdir().unwrap();
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
    std::fs::write(directory.path().join("account.json"), page.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
        .current_dir(directory.path())
        .arg("who-can")
        .args(args)
        .args(["--snapshot", "account.json"])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn asked(roles: &[Value], args: &[&str]) -> (i32, Value) {
    let (status, out, err) = run(roles, &[args, &["--format", "json"]].concat());
    assert_eq!(err, "", "{status}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../schemas/who-can.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let violations: Vec<String> = validator.iter_errors(&answer).map(|error| error.to_string()).collect();
    assert!(violations.is_empty(), "{violations:?}");
    (status, answer)
}

fn service(name: &str) -> Value {
    json!({ "Service": format!("{name}.amazonaws.com") })
}

fn roles() -> Vec<Value> {
    let with_tls = json!({ "Bool": { "aws:SecureTransport": "true" } });
    vec![
        role("always", allow("cloudformation:*", "*", json!({})), service("ec2")),
        role(
            "sometimes",
            allow("cloudformation:DeleteStack", "arn:aws:cloudformation:*:*:stack/dev-*", with_tls),
            service("ec2"),
        ),
        role("reads", allow("cloudformation:Describe*", "*", json!({})), service("ec2")),
        role(
            "hop",
            allow("s3:ListAllMyBuckets", "*", json!({})),
            json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:role/reads") }),
        ),
        role(
            "last",
            allow("cloudformation:DeleteStack", "*", json!({})),
            json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:role/hop") }),
        ),
    ]
}

/// Name, and how many steps it takes.
fn who(answer: &Value) -> Vec<(String, usize)> {
    let one = |who: &Value| {
        let name = who["arn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (name, who["path"].as_array().unwrap().len())
    };
    let rows = ["principals", "escalating"].map(|list| answer[list].as_array().unwrap());
    rows.into_iter().flatten().map(one).collect()
}

fn named(pairs: &[(&str, usize)]) -> Vec<(String, usize)> {
    pairs.iter().map(|(name, steps)| ((*name).to_owned(), *steps)).collect()
}

#[test]
fn everyone_who_can_with_conditions_and_by_which_way() {
    let (status, answer) = asked(&roles(), &["cloudformation:deletestack"]);
    assert_eq!(status, 0);
    assert_eq!(answer["action"], "cloudformation:DeleteStack");
    assert_eq!(who(&answer), named(&[("always", 0), ("last", 0), ("sometimes", 0), ("hop", 1), ("reads", 2)]));
    let sometimes = &answer["principals"][2];
    assert!(sometimes["allowed"][0]["conditions"][0].as_str().unwrap().contains("aws:SecureTransport"), "{sometimes}");
    assert!(sometimes["allowed"][0]["resources"][0].as_str().unwrap().contains("stack/dev-"), "{sometimes}");
    assert_eq!(sometimes["granted_by"][0]["policy"], "own");
    let always = &answer["principals"][0];
    let anywhere = json!([{ "actions": ["cloudformation:DeleteStack"], "resources": [], "conditions": [] }]);
    assert_eq!((&always["allowed"], &always["more"]), (&anywhere, &json!(false)));
    let path = answer["escalating"][1]["path"].as_array().unwrap();
    assert_eq!(path.iter().map(|step| step["paths"][0].as_str().unwrap()).collect::<Vec<_>>(), ["sts-001", "sts-001"]);
    let (_, direct) = asked(&roles(), &["cloudformation:DeleteStack", "--direct"]);
    assert_eq!(who(&direct), named(&[("always", 0), ("last", 0), ("sometimes", 0)]));
}

#[test]
fn a_resource_narrows_the_question() {
    let stack = |name: &str| format!("arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name}/1");
    let (_, dev) = asked(&roles(), &["cloudformation:DeleteStack", &stack("dev-a"), "--direct"]);
    assert_eq!(who(&dev), named(&[("always", 0), ("last", 0), ("sometimes", 0)]));
    let (_, prod) = asked(&roles(), &["cloudformation:DeleteStack", &stack("prod"), "--direct"]);
    assert_eq!(who(&prod), named(&[("always", 0), ("last", 0)]));
    assert_eq!(prod["principals"][0]["witness"]["resource"], stack("prod"));
    let (_, abroad) =
        asked(&roles(), &["cloudformation:DeleteStack", "arn:aws-cn:cloudformation:cn-north-1:1:stack/a/1"]);
    assert_eq!(who(&abroad), [], "another partition");
}

#[test]
fn assuming_a_role_is_decided_with_its_trust_policy() {
    let hop = format!("arn:aws:iam::{ACCOUNT}:role/hop");
    let (_, answer) = asked(&roles(), &["sts:AssumeRole", &hop, "--direct"]);
    assert_eq!(who(&answer), named(&[("reads", 0)]), "named by the role, without a policy of its own");
}

#[test]
fn what_is_missing_leaves_undecided_and_ends_with_3() {
    let mut gone = role("gone", json!([]), service("ec2"));
    gone["AttachedManagedPolicies"] =
        json!([{ "PolicyName": "etl", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/etl") }]);
    let (status, answer) = asked(&[gone], &["s3:GetObject"]);
    assert_eq!(status, 3);
    assert!(answer["undecided"][0]["why"][0].as_str().unwrap().contains("policy/etl"), "{answer}");
}

/// A policy that was not read could deny the action, whatever the others allow.
#[test]
fn a_principal_with_an_unread_policy_is_undecided_and_not_listed() {
    let mut bounded = role("bounded", allow("s3:*", "*", json!({})), service("ec2"));
    let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/limit");
    bounded["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary });
    let mut attached = role("attached", allow("s3:*", "*", json!({})), service("ec2"));
    attached["AttachedManagedPolicies"] =
        json!([{ "PolicyName": "etl", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/etl") }]);
    let caller = role("caller", json!([]), service("ec2"));
    bounded["AssumeRolePolicyDocument"] = document(json!([
        { "Effect": "Allow", "Principal": { "AWS": caller["Arn"] }, "Action": "sts:AssumeRole" }]));
    let (status, answer) = asked(&[bounded, attached, caller], &["s3:DeleteBucket"]);
    assert_eq!((status, who(&answer)), (3, vec![]));
    let undecided: Vec<(&str, bool)> = answer["undecided"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let name = row["arn"].as_str().unwrap().rsplit('/').next().unwrap();
            (name, row["allowed_by_read_policies"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(undecided, [("attached", true), ("bounded", true), ("caller", true)]);
    let why = answer["undecided"][2]["why"][0].as_str().unwrap();
    assert!(why.contains("role/bounded") && why.contains("policy/limit"), "{why}");
}

#[test]
fn assuming_a_role_whose_trust_policy_is_not_in_the_input_is_undecided() {
    let mut target = role("target", json!([]), service("ec2"));
    target.as_object_mut().unwrap().remove("AssumeRolePolicyDocument");
    let caller = role("caller", allow("sts:AssumeRole", "*", json!({})), service("ec2"));
    let arn = target["Arn"].as_str().unwrap().to_owned();
    let pattern = format!("arn:aws:iam::{ACCOUNT}:role/t*");
    for resource in [Some(arn.as_str()), Some(&pattern), None] {
        let args: Vec<&str> = ["sts:AssumeRole"].into_iter().chain(resource).chain(["--direct"]).collect();
        let (status, answer) = asked(&[target.clone(), caller.clone()], &args);
        assert_eq!((status, who(&answer)), (3, vec![]), "{resource:?}");
        let undecided = answer["undecided"].as_array().unwrap();
        assert!(undecided.iter().any(|row| row["arn"] == caller["Arn"]), "{resource:?}: {answer}");
    }
}

/// Each row has the conditions of its own actions and resources.
#[test]
fn actions_resources_and_conditions_stay_together() {
    let statements = json!([
        { "Effect": "Allow", "Action": ["s3:DeleteObject", "s3:GetObject"], "Resource": "arn:aws:s3:::ledger/*",
          "Condition": { "Bool": { "aws:SecureTransport": "true" } } },
        { "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::scratch/*" },
    ]);
    let keeper = [role("keeper", statements, service("ec2"))];
    let rows = |args: &[&str]| -> Vec<(Value, Value, usize)> {
        let (_, answer) = asked(&keeper, args);
        let rows = answer["principals"][0]["allowed"].as_array().unwrap().clone();
        let parts = |row: &Value| {
            (row["actions"].clone(), row["resources"].clone(), row["conditions"].as_array().unwrap().len())
        };
        rows.iter().map(parts).collect()
    };
    let (ledger, scratch) = (json!(["arn:aws:s3:::ledger/*"]), json!(["arn:aws:s3:::scratch/*"]));
    let delete = json!(["s3:DeleteObject"]);
    let expected = [(delete.clone(), ledger.clone(), 1), (delete.clone(), scratch.clone(), 0)];
    assert_eq!(rows(&["s3:DeleteObject"]), expected);
    assert_eq!(
        rows(&["s3:DeleteObject", "arn:aws:s3:::ledger/x"]),
        [(delete.clone(), json!(["arn:aws:s3:::ledger/x"]), 1)]
    );
    let both = json!(["s3:DeleteObject", "s3:GetObject"]);
    assert_eq!(rows(&["s3:*Object"]), [(both, ledger, 1), (delete, scratch, 0)]);
    insta::assert_snapshot!("conditions_of_each_resource", run(&keeper, &["s3:*Object"]).1);
}

/// AWS's pages disagree on MFA in role sessions: the reason names the key.
#[test]
fn a_role_that_needs_mfa_is_undecided() {
    let condition = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    let keeper = role("keeper", allow("s3:DeleteObject", "*", condition), json!({ "AWS": ACCOUNT }));
    let (status, answer) = asked(&[keeper], &["s3:DeleteObject", "--direct"]);
    assert_eq!((status, who(&answer)), (3, vec![]));
    assert!(answer["undecided"][0]["why"][0].as_str().unwrap().contains("aws:MultiFactorAuthPresent"), "{answer}");
}

#[test]
fn for_people_and_for_typos() {
    let (status, out, _) = run(&roles(), &["cloudformation:DeleteStack"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!("who_can_delete_a_stack", out);
    let (status, _, err) = run(&roles(), &["cloudformation:DeleteStak"]);
    assert_eq!(status, 2);
    assert!(err.contains("`cloudformation:DeleteStack`"), "{err}");
    assert_eq!(run(&roles(), &["s3:Xyz*"]).0, 2);
    assert_eq!(run(&roles(), &["*"]).0, 2);
    assert_eq!(run(&roles(), &["s3:GetObject", "bucket"]).0, 2);
    assert_eq!(run(&roles(), &["s3:GetObject", "--principal", "nobody"]).0, 2);
}

#[test]
fn patterns_of_actions_and_resources() {
    let reader = |name: &str, action: &str, key: &str| {
        role(name, allow(action, &format!("arn:aws:s3:::logs/{key}"), json!({})), service("ec2"))
    };
    let roles = [
        reader("gets", "s3:GetObject", "a/*"),
        reader("deletes", "s3:DeleteObject", "*"),
        reader("b", "s3:GetObject", "b/*"),
    ];
    let (_, some) = asked(&roles, &["s3:Get*"]);
    assert_eq!(who(&some), named(&[("b", 0), ("gets", 0)]));
    assert_eq!(some["principals"][0]["allowed"][0]["actions"], json!(["s3:GetObject"]));
    // Whoever may on some of what the pattern matches can, with what it may.
    let (_, bucket) = asked(&roles, &["s3:GetObject", "arn:aws:s3:::logs/*"]);
    assert_eq!(who(&bucket), named(&[("b", 0), ("gets", 0)]));
    assert_eq!(bucket["principals"][1]["allowed"][0]["resources"], json!(["arn:aws:s3:::logs/a/*"]));
    let (_, folder) = asked(&roles, &["s3:*", "arn:aws:s3:::logs/a/*"]);
    assert_eq!(who(&folder), named(&[("deletes", 0), ("gets", 0)]));
    let (_, one) = asked(&roles, &["s3:*", "arn:aws:s3:::logs/b/x"]);
    assert_eq!(who(&one), named(&[("b", 0), ("deletes", 0)]));
    let (status, none) = asked(&roles, &["s3:*", "arn:aws:s3:::other/*"]);
    assert_eq!((status, who(&none)), (0, vec![]));
    let (status, nobody) = asked(&roles, &["s3:Put*"]);
    assert_eq!((status, who(&nobody)), (0, vec![]));
    insta::assert_snapshot!("nobody_can", run(&roles, &["s3:Put*"]).1);
}

#[test]
fn whoever_a_role_names_can_assume_some_role() {
    let (_, answer) = asked(&roles(), &["sts:AssumeRole", "--direct"]);
    assert_eq!(who(&answer), named(&[("hop", 0), ("reads", 0)]));
    assert_eq!(
        answer["principals"][0]["allowed"][0]["resources"],
        json!([format!("arn:aws:iam::{ACCOUNT}:role/last")])
    );
    let (_, answer) = asked(&roles(), &["sts:AssumeRole", &format!("arn:aws:iam::{ACCOUNT}:role/l*"), "--direct"]);
    assert_eq!(who(&answer), named(&[("hop", 0)]));
}

#[test]
fn who_is_outside_the_snapshot_is_not_asked_and_named() {
    let mut all = roles();
    all.push(role("open", json!([]), json!({ "AWS": ["444455556666", format!("arn:aws:iam::{ACCOUNT}:root")] })));
    let open = format!("arn:aws:iam::{ACCOUNT}:role/open");
    let (_, answer) = asked(&all, &["sts:AssumeRole", &open]);
    let notes = answer["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap());
    let of_it: Vec<&str> = notes.filter(|note| note.contains("444455556666") && note.contains(&open)).collect();
    assert_eq!(of_it.len(), 1, "{answer}");
    insta::assert_snapshot!("an_account_outside_the_snapshot", of_it[0]);
    let (_, other) = asked(&all, &["sts:AssumeRole", &format!("arn:aws:iam::{ACCOUNT}:role/hop")]);
    let names_account = |answer: &Value| {
        answer["notes"].as_array().unwrap().iter().any(|note| note.to_string().contains("444455556666"))
    };
    assert!(names_account(&answer) && !names_account(&other), "{other}");
    let (_, stack) = asked(&all, &["cloudformation:DeleteStack"]);
    assert!(!names_account(&stack), "{stack}");
}

#[test]
fn the_conditions_of_a_step_are_told() {
    let with_tls = json!({ "Bool": { "aws:SecureTransport": "true" } });
    let roles = [
        role("r", allow("sts:AssumeRole", "*", with_tls), service("ec2")),
        role("last", allow("cloudformation:DeleteStack", "*", json!({})), json!({ "AWS": ACCOUNT })),
    ];
    let (_, answer) = asked(&roles, &["cloudformation:DeleteStack"]);
    assert_eq!(who(&answer), named(&[("last", 0), ("r", 1)]));
    let step = &answer["escalating"][0]["path"][0];
    assert!(step["conditions"][0].as_str().unwrap().contains("aws:SecureTransport"), "{step}");
    insta::assert_snapshot!("a_step_with_a_condition", run(&roles, &["cloudformation:DeleteStack"]).1);
}

#[test]
fn unread_policies_of_other_principals_concern_only_who_could_become_them() {
    let mut odd = role("odd", allow("sqs:*", "*", json!({})), service("ec2"));
    odd["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]["Condition"] = json!({ "Unknown": { "a": "b" } });
    let reader = role("reader", allow("s3:GetObject", "*", json!({})), service("ec2"));
    let caller = role("caller", allow("sts:AssumeRole", "*", json!({})), service("ec2"));
    odd["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = json!({ "AWS": ACCOUNT });
    let roles = [odd, reader, caller];
    let status = |args: &[&str]| {
        let (status, answer) = asked(&roles, &[&["s3:GetObject"], args].concat());
        (status, answer["unread"].as_array().unwrap().len())
    };
    assert_eq!(status(&[]), (3, 1));
    assert_eq!(status(&["--principal", "odd"]).0, 3);
    assert_eq!(status(&["--principal", "reader"]), (0, 0));
    assert_eq!(status(&["--principal", "caller"]).0, 3, "it can become the other role");
    assert_eq!(status(&["--principal", "caller", "--direct"]), (0, 0));
}
