//! Audits whose clean verdict would rest on something that AWS's documentation leaves open, or that the snapshot does not say.

use assert_cmd::Command;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/r";
const BUCKET: &str = "arn:aws:s3:::b";

/// An account of one principal, with resource policies.
#[derive(Default)]
struct TestAccount {
    roles: Vec<Value>,
    users: Vec<Value>,
    resource_policies: Vec<Value>,
}

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn role(statements: &Value, tags: Value) -> TestAccount {
    let trust =
        json!([{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }]);
    let role = json!({
        "Arn": ROLE, "RoleName": "r", "Path": "/", "RoleId": "AROAEXAMPLE00000000R", "InstanceProfileList": [],
        "AssumeRolePolicyDocument": document(&trust), "Tags": tags,
        "RolePolicyList": [{ "PolicyName": "p", "PolicyDocument": document(statements) }],
    });
    TestAccount { roles: vec![role], ..TestAccount::default() }
}

impl TestAccount {
    fn with_resource_policy(mut self, arn: &str, statements: &Value) -> TestAccount {
        let policy = json!({ "ResourceArn": arn, "OwnerAccount": ACCOUNT, "Policy": document(statements) });
        self.resource_policies.push(policy);
        self
    }

    /// The exit status of an audit, and its report. The baseline allows some statements.
    fn audit(&self, declared: &Value) -> (i32, String) {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = folder.path().join("snapshot");
        std::fs::create_dir(&snapshot).unwrap();
        let page = json!({ "RoleDetailList": self.roles, "UserDetailList": self.users, "GroupDetailList": [], "Policies": [] });
        std::fs::write(snapshot.join("account.json"), page.to_string()).unwrap();
        if !self.resource_policies.is_empty() {
            let policies = Value::from(self.resource_policies.clone());
            std::fs::write(snapshot.join("resource-policies.json"), policies.to_string()).unwrap();
        }
        let manifest = "version = 1\n[[principal]]\nname = \"all\"\nmatch = \"*\"\nkind = \"workload\"\nallow = [\"ceiling.json\"]\n";
        std::fs::write(folder.path().join("baseline.toml"), manifest).unwrap();
        std::fs::write(folder.path().join("ceiling.json"), document(declared).to_string()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_iamdrift"))
            .current_dir(folder.path())
            .args(["audit", "--snapshot", "snapshot", "--baseline", "baseline.toml"])
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    /// Asserts that the verdict is undecided because of an ambiguity.
    fn assert_undecided(&self, declared: &Value, ambiguity: &str) {
        let (status, report) = self.audit(declared);
        assert_eq!(status, 3, "{ambiguity}: {report}");
        assert!(report.contains(ambiguity), "{ambiguity}: {report}");
    }
}

fn read_public() -> Value {
    json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pub/*" }])
}

#[test]
fn no_clean_verdict_rests_on_a_deny_of_undocumented_form() {
    let everything = json!("*");
    for (action, resource, condition, ambiguity) in [
        (" s3:*", &everything, json!({}), "action-white-space"),
        ("\u{a0}s3:*", &everything, json!({}), "action-white-space"),
        ("s3:*", &json!("arn:aws:*:::b*"), json!({}), "service-wildcard"),
        ("s3:*", &everything, json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam:*" } }), "short-arn-pattern"),
    ] {
        let account = role(
            &json!([
                { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*" },
                { "Effect": "Deny", "Action": action, "Resource": resource, "Condition": condition },
            ]),
            json!([]),
        );
        account.assert_undecided(&read_public(), ambiguity);
    }
}

#[test]
fn the_documented_forms_of_these_denies_are_clean() {
    for (resource, condition) in [
        (json!("*"), json!({})),
        (json!("arn:aws:s3:::b*"), json!({})),
        (json!("*"), json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::444455556666:*" } })),
    ] {
        let statements = json!([
            { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*" },
            { "Effect": "Deny", "Action": "s3:*", "Resource": resource, "Condition": condition },
        ]);
        let (status, report) = role(&statements, json!([])).audit(&read_public());
        assert_eq!(status, 0, "{report}");
    }
}

#[test]
fn no_clean_verdict_rests_on_a_not_principal_without_the_account() {
    let objects = json!([BUCKET, format!("{BUCKET}/*")]);
    let deny = |names: Value| json!([{ "Effect": "Deny", "NotPrincipal": { "AWS": names }, "Action": "s3:*", "Resource": objects }]);
    let account = |names| {
        role(&json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": objects }]), json!([]))
            .with_resource_policy(BUCKET, &deny(names))
    };
    account(json!(ROLE)).assert_undecided(&read_public(), "partial-not-principal");
    account(json!(format!("arn:aws:iam::{ACCOUNT}:root"))).assert_undecided(&read_public(), "partial-not-principal");
    assert_eq!(account(json!("arn:aws:iam::444455556666:role/r")).audit(&read_public()).0, 0);
    assert_eq!(account(json!([ROLE, format!("arn:aws:iam::{ACCOUNT}:root")])).audit(&read_public()).0, 1);
}

#[test]
fn an_empty_tag_may_count_as_missing() {
    let statements = json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": { "Null": { "aws:PrincipalTag/x": "true" } } }]);
    let tags = |value: &str| json!([{ "Key": "x", "Value": value }]);
    role(&statements, tags("")).assert_undecided(&read_public(), "empty-set-null");
    assert_eq!(role(&statements, tags("y")).audit(&read_public()).0, 0);
}

#[test]
fn short_names_in_the_policy_of_an_api_are_completed() {
    let api = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:abc");
    let grant = |resource: &str| json!([{ "Effect": "Allow", "Principal": { "AWS": ROLE }, "Action": "execute-api:Invoke", "Resource": resource }]);
    let audit = |arn: &str, resource: &str, declared: &str| {
        let declared = json!([{ "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": declared }]);
        role(&json!([]), json!([])).with_resource_policy(arn, &grant(resource)).audit(&declared)
    };
    for arn in [api.as_str(), "arn:aws:apigateway:us-east-1::/restapis/abc"] {
        let (status, report) = audit(arn, "execute-api:/*", &format!("{api}/prod/GET/*"));
        assert_eq!(status, 1, "{report}");
        assert!(report.contains("IAM001"), "{report}");
        let (status, report) = audit(arn, "execute-api:/prod/GET/*", &format!("{api}/prod/GET/*"));
        assert_eq!(status, 0, "{report}");
    }
    let (status, report) = audit(&api, "prod/GET/*", "*");
    assert_eq!(status, 3, "a name of an undocumented form: {report}");
}

fn user(statements: &Value) -> TestAccount {
    let user = json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:user/u"), "UserName": "u", "Path": "/", "UserId": "AIDAEXAMPLE00000000U",
        "GroupList": [], "UserPolicyList": [{ "PolicyName": "p", "PolicyDocument": document(statements) }],
    });
    TestAccount { users: vec![user], ..TestAccount::default() }
}

fn federate() -> Value {
    json!({ "Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*" })
}

#[test]
fn a_user_may_act_in_a_federated_session() {
    let allow =
        |condition: Value| json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition });
    let deny = json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": { "StringEquals": { "aws:username": "u" } } });
    for statements in [
        vec![allow(json!({ "StringEquals": { "aws:PrincipalType": "FederatedUser" } }))],
        vec![allow(json!({ "ArnLike": { "aws:PrincipalArn": format!("arn:aws:sts::{ACCOUNT}:federated-user/*") } }))],
        vec![allow(json!({ "StringLike": { "aws:userid": format!("{ACCOUNT}:*") } }))],
        vec![allow(json!({ "Null": { "aws:username": "true" } }))],
        vec![allow(json!({})), deny],
    ] {
        let declared = json!([federate()]);
        let with_federation: Vec<Value> = statements.iter().cloned().chain([federate()]).collect();
        user(&json!(with_federation)).assert_undecided(&declared, "federated-session");
        let (status, report) = user(&json!(statements)).audit(&declared);
        assert_eq!(status, 0, "without sts:GetFederationToken: {report}");
    }
    let excess = json!([federate(), allow(json!({ "StringEquals": { "aws:username": "u" } }))]);
    assert_eq!(user(&excess).audit(&json!([federate()])).0, 1, "its own credentials suffice");
}

#[test]
fn a_resource_policy_may_name_a_federated_session() {
    let bucket = |account: &str| {
        let principal = json!({ "AWS": format!("arn:aws:sts::{account}:federated-user/bob") });
        json!([{ "Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": format!("{BUCKET}/*") }])
    };
    let audit = |statements: Value, account: &str| user(&statements).with_resource_policy(BUCKET, &bucket(account));
    let declared = json!([federate()]);
    audit(declared.clone(), ACCOUNT).assert_undecided(&declared, "federated-session");
    assert_eq!(audit(declared.clone(), "444455556666").audit(&declared).0, 0, "a session of another account");
    assert_eq!(audit(json!([]), ACCOUNT).audit(&declared).0, 0, "without sts:GetFederationToken");
}

#[test]
fn no_clean_verdict_rests_on_a_variable_for_a_whole_arn() {
    for resource in ["${aws:PrincipalTag/x}", "${aws:PrincipalTag/x, 'arn:aws:s3:::secret/a'}"] {
        let statements = json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource }]);
        let tags = json!([{ "Key": "x", "Value": "arn:aws:s3:::secret/a" }]);
        role(&statements, tags).assert_undecided(&read_public(), "early-variable");
    }
}

#[test]
fn no_clean_verdict_rests_on_a_wildcard_in_a_default_value() {
    let read = |resource: &str| json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource }]);
    let user = |statements: &Value| {
        let user = json!({
            "Arn": "arn:aws:iam::111122223333:user/u", "UserName": "u", "UserId": "AIDAEXAMPLE00000000U", "Path": "/",
            "UserPolicyList": [{ "PolicyName": "p", "PolicyDocument": document(statements) }],
        });
        TestAccount { users: vec![user], ..TestAccount::default() }
    };
    let account = user(&read("arn:aws:s3:::b/${aws:PrincipalTag/x, '*'}"));
    account.assert_undecided(&read("arn:aws:s3:::b/${*}"), "default-wildcard");
    assert_eq!(account.audit(&read("arn:aws:s3:::b/*")).0, 0, "both readings");
    assert_eq!(user(&read("arn:aws:s3:::b/${aws:PrincipalTag/x, 'a'}")).audit(&read("arn:aws:s3:::b/a")).0, 0);
    let like = |value: &str| {
        json!([{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
                 "Condition": { "StringLike": { "aws:UserAgent": value } } }])
    };
    user(&like("${aws:PrincipalTag/x, 'a*'}")).assert_undecided(&like("a${*}"), "default-wildcard");
}

#[test]
fn no_clean_verdict_rests_on_the_case_of_letters_outside_of_ascii() {
    let account = |tag: &str, key: &str| {
        let statements = json!([{ "Effect": "Allow", "Action": "s3:*", "Resource": "*",
                                  "Condition": { "StringEquals": { format!("aws:PrincipalTag/{key}"): "v" } } }]);
        let user = json!({
            "Arn": "arn:aws:iam::111122223333:user/u", "UserName": "u", "UserId": "AIDAEXAMPLE00000000U", "Path": "/",
            "UserPolicyList": [{ "PolicyName": "p", "PolicyDocument": document(&statements) }],
            "Tags": [{ "Key": tag, "Value": "v" }],
        });
        TestAccount { users: vec![user], ..TestAccount::default() }
    };
    for (tag, key) in [("\u{212a}ey", "key"), ("key", "\u{212a}EY"), ("\u{c4}rzte", "\u{e4}rzte")] {
        account(tag, key).assert_undecided(&read_public(), "tag-key-case");
    }
    assert_eq!(account("Key", "kEY").audit(&read_public()).0, 1, "the same key");
    assert_eq!(account("\u{212a}ey", "other").audit(&read_public()).0, 0);
}
