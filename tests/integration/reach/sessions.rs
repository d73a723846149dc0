//! What a principal has obtained in one session serves all of its sessions.

use serde_json::{Value, json};

use super::paths::steps_to;
use super::{allow, arn, role, service, snapshot, trusts, user};

/// The steps of role `a` to the action.
fn steps_of_a(roles: &[Value], users: &[Value], action: &str) -> Option<Vec<String>> {
    steps_to(&snapshot(roles, users, None), &arn("role", "a"), action)
}

fn reads() -> Value {
    allow(json!("s3:ListAllMyBuckets"), "*")
}

fn bounded(mut entity: Value) -> Value {
    entity["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "b") });
    entity
}

/// A role that trusts `a` alone.
fn from_a(name: &str, statements: &Value) -> Value {
    role(name, statements, trusts(json!({ "AWS": arn("role", "a") })))
}

fn a(statements: &Value) -> Value {
    role("a", statements, service("ec2"))
}

#[test]
fn a_policy_that_a_sibling_session_writes_serves() {
    let writes = |target: &str| allow(json!("iam:PutRolePolicy"), &arn("role", target));
    let found = |b: &Value, x: Value| steps_of_a(&[a(&reads()), from_a("b", b), x], &[], "sqs:SendMessage");
    assert_eq!(
        found(&writes("x"), from_a("x", &reads())),
        Some(vec!["a → b: sts-001".into(), "a → x: iam-005 of b, sts-001".into()])
    );
    assert_eq!(found(&reads(), from_a("x", &reads())), None, "nobody writes into x");
    assert_eq!(found(&writes("x"), role("x", &reads(), service("ec2"))), None, "nobody acts as x");
    assert_eq!(found(&writes("y"), from_a("x", &reads())), None, "another role");
}

#[test]
fn a_sibling_session_writes_into_the_role_that_began() {
    let writes = allow(json!("iam:PutRolePolicy"), &arn("role", "a"));
    let found = |b: &Value| steps_of_a(&[a(&reads()), from_a("b", b)], &[], "sqs:SendMessage");
    assert_eq!(found(&writes), Some(vec!["a → b: sts-001".into(), "a → a: iam-005 of b".into()]));
    assert_eq!(found(&reads()), None);
}

#[test]
fn a_sibling_session_takes_a_boundary_off() {
    let removes = allow(json!("iam:DeleteRolePermissionsBoundary"), &arn("role", "x"));
    let wide = || bounded(from_a("x", &allow(json!("sqs:*"), "*")));
    let found = |b: &Value, x: Value| steps_of_a(&[a(&reads()), from_a("b", b), x], &[], "sqs:SendMessage");
    let steps = Some(vec!["a → b: sts-001".into(), "a → x: iam-boundary-role of b, sts-001".into()]);
    assert_eq!(found(&removes, wide()), steps);
    assert_eq!(found(&reads(), wide()), None);
    assert_eq!(found(&removes, bounded(from_a("x", &reads()))), None, "x has nothing more without it");
}

#[test]
fn sibling_sessions_take_a_boundary_off_and_write_a_policy() {
    let on_x = |action: &str| allow(json!(action), &arn("role", "x"));
    let found = |b: &Value, c: &Value| {
        let roles = [a(&reads()), from_a("b", b), from_a("c", c), bounded(from_a("x", &reads()))];
        let itself = json!({ "ArnLike": { "aws:PrincipalArn": arn("role", "x") } });
        let deny = json!({ "Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": itself });
        let scp = json!([allow(json!("*"), "*")[0], deny]);
        steps_to(&snapshot(&roles, &[], Some(scp)), &arn("role", "a"), "sqs:SendMessage")
    };
    let (removes, writes) = (on_x("iam:DeleteRolePermissionsBoundary"), on_x("iam:PutRolePolicy"));
    let steps = found(&removes, &writes).expect("both together");
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert_eq!(found(&removes, &reads()), None);
    assert_eq!(found(&reads(), &writes), None, "the boundary limits the policy");
}

#[test]
fn a_sibling_session_denies_no_more() {
    let detaches = allow(json!("iam:DeleteRolePolicy"), &arn("role", "x"));
    let mut x = from_a("x", &allow(json!("sqs:*"), "*"));
    let deny = json!({ "PolicyName": "guard", "PolicyDocument": { "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Action": "sqs:*", "Resource": "*" }] } });
    x["RolePolicyList"].as_array_mut().unwrap().push(deny);
    let found = |b: &Value| steps_of_a(&[a(&reads()), from_a("b", b), x.clone()], &[], "sqs:SendMessage");
    let steps = Some(vec!["a → b: sts-001".into(), "a → x: iam-deny-role-delete of b, sts-001".into()]);
    assert_eq!(found(&detaches), steps);
    assert_eq!(found(&reads()), None);
}

#[test]
fn a_sibling_session_widens_a_user_whose_keys_another_makes() {
    let on_u = |action: &str| allow(json!(action), &arn("user", "u"));
    let found =
        |first: &Value, b: &Value| steps_of_a(&[a(first), from_a("b", b)], &[user("u", &reads())], "sqs:SendMessage");
    let (keys, writes) = (on_u("iam:CreateAccessKey"), on_u("iam:PutUserPolicy"));
    let steps = Some(vec!["a → b: sts-001".into(), "a → u: iam-007 of b, iam-002".into()]);
    assert_eq!(found(&keys, &writes), steps);
    assert_eq!(found(&keys, &reads()), None);
    assert_eq!(found(&reads(), &writes), None);
}

#[test]
fn a_sibling_session_rewrites_a_trust_policy() {
    let rewrites = allow(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "x"));
    let barred = json!([rewrites[0], { "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*" }]);
    let x = role("x", &allow(json!("sqs:*"), "*"), service("ec2"));
    let found = |b: &Value, a: &Value| {
        let roles = [role("a", a, service("ec2")), from_a("b", b), x.clone()];
        steps_of_a(&roles, &[], "sqs:SendMessage")
    };
    assert_eq!(found(&barred, &reads()), Some(vec!["a → b: sts-001".into(), "a → x: iam-012 of b".into()]));
    assert_eq!(found(&reads(), &reads()), None);
    let except_x = json!([reads()[0], { "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": arn("role", "x") }]);
    let from_outside = Some(vec!["a → b: sts-001".into(), "b → x: iam-trust-outside".into()]);
    assert_eq!(found(&barred, &except_x), from_outside, "neither session may assume it");
}
