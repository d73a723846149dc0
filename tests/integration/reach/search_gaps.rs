//! What a search leaves out makes its result undecided by name: too many values, policies or classes of names, and changes that
//! it does not combine.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::{Found, search};
use super::{allow, arn, document, role, service, trusts};

const GOAL: &str = "sqs:SendMessage";

fn on(action: &str, resource: &str, conditions: Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": conditions })
}

fn deny(action: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": "*" })
}

fn managed(name: &str, statements: &Value) -> Value {
    json!({ "Arn": arn("policy", name), "PolicyName": name, "DefaultVersionId": "v1",
            "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements) }] })
}

/// What role `a` finds, with these policies in the account. It can assume role `b`.
fn find(of_a: &[Value], of_b: &[Value], policies: &[Value]) -> Found {
    let roles =
        [role("a", &json!(of_a), service("ec2")), role("b", &json!(of_b), trusts(json!({ "AWS": arn("role", "a") })))];
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [], "GroupDetailList": [], "Policies": policies });
    let snapshot =
        Snapshot::from_texts(Path::new("given"), &[SourceFile::new("account.json", page.to_string())]).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    search(&snapshot, &arn("role", "a"), (GOAL, None))
}

fn is_undecided(found: &Found, reason: &str) -> bool {
    found.as_ref().is_err_and(|reasons| reasons.iter().any(|found| found.contains(reason)))
}

/// A permission of `a` to attach to itself the policies of the account that a pattern matches.
fn attach(pattern: &str) -> Value {
    on("iam:AttachRolePolicy", &arn("role", "a"), json!({ "ArnLike": { "iam:PolicyARN": arn("policy", pattern) } }))
}

#[test]
fn more_values_than_are_tried_are_undecided() {
    let values = |count: usize| -> Value { (0..count).map(|n| arn("policy", &format!("none{n}"))).collect() };
    let limited = |count| on("iam:AttachRolePolicy", "*", json!({ "ArnEquals": { "iam:PolicyARN": values(count) } }));
    assert_eq!(find(&[limited(64)], &[], &[]), Ok(None));
    assert!(
        is_undecided(&find(&[limited(65)], &[], &[]), "more than 64 values"),
        "{:?}",
        find(&[limited(65)], &[], &[])
    );
}

#[test]
fn more_classes_of_new_policies_than_are_tried_are_undecided() {
    let with_classes = |count: usize| {
        let create = on("iam:CreatePolicy", &arn("policy", "team*"), json!({}));
        let patterns: Value = (0..count).map(|n| arn("policy", &format!("team*-{n}"))).collect();
        let attach = on("iam:AttachRolePolicy", &arn("role", "c"), json!({ "ArnLike": { "iam:PolicyARN": patterns } }));
        find(&[create], &[attach], &[])
    };
    assert_eq!(with_classes(2), Ok(None));
    assert!(is_undecided(&with_classes(40), "more than 16 classes"), "{:?}", with_classes(40));
}

#[test]
fn policies_that_deny_are_combined_with_all_others() {
    let step =
        |name: &str, allows: &str, denies: &str| managed(name, &json!([allow(json!(allows), "*")[0], deny(denies)]));
    let sends =
        || managed("x-goal", &json!([on(GOAL, "*", json!({ "StringEquals": { "aws:PrincipalTag/x": "never" } }))]));
    let count = |denying: usize| {
        let mut policies: Vec<Value> =
            (0..denying).map(|n| step(&format!("x{n}"), "s3:ListAllMyBuckets", "s3:GetObject")).collect();
        policies.push(sends());
        find(&[attach("x*")], &[], &policies)
    };
    assert_eq!(count(2), Ok(None), "all are tried");
    assert!(is_undecided(&count(5), "combine"), "{:?}", count(5));
    // Three of which each allows one part: the goal needs a user that is created, changed and used.
    let parts = ["iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey"];
    let of_parts = |parts: &[&str]| {
        let policies: Vec<Value> =
            parts.iter().enumerate().map(|(n, part)| step(&format!("y{n}"), part, "s3:*")).collect();
        find(&[attach("y*")], &[], &policies)
    };
    assert!(matches!(of_parts(&parts), Ok(Some(_))), "{:?}", of_parts(&parts));
    assert_eq!(of_parts(&parts[..2]), Ok(None));
}

#[test]
fn more_policies_than_a_role_can_have_are_undecided() {
    let count = |count: usize| {
        let policies: Vec<Value> =
            (0..count).map(|n| managed(&format!("x{n}"), &allow(json!("s3:ListAllMyBuckets"), "*"))).collect();
        find(&[attach("x*")], &[], &policies)
    };
    assert_eq!(count(10), Ok(None));
    assert!(is_undecided(&count(11), "combine"), "{:?}", count(11));
}

#[test]
fn a_new_role_that_must_have_tags_is_undecided_for_several_sessions() {
    let tagged = json!({ "StringEquals": { "aws:RequestTag/team": "a" } });
    let create = [on("iam:CreateRole", &arn("role", "new-*"), tagged.clone()), on("iam:TagRole", "*", tagged)];
    let put = on("iam:PutRolePolicy", &arn("role", "new-*"), json!({}));
    let found = find(&create, std::slice::from_ref(&put), &[]);
    assert!(is_undecided(&found, "must have tags"), "{found:?}");
    assert_eq!(find(&create[..1], &[put], &[]), Ok(None), "without iam:TagRole");
}

#[test]
fn a_boundary_that_another_session_writes_is_undecided() {
    let bounded = json!({ "ArnLike": { "iam:PermissionsBoundary": arn("policy", "limit-*") } });
    let create = on("iam:CreateRole", &arn("role", "new-*"), bounded.clone());
    let put = on("iam:PutRolePolicy", &arn("role", "new-*"), bounded);
    let write = on("iam:CreatePolicy", &arn("policy", "limit-*"), json!({}));
    let found = find(&[create.clone(), put.clone()], &[write], &[]);
    assert!(is_undecided(&found, "boundary that another session writes"), "{found:?}");
    assert_eq!(find(&[create, put], &[], &[]), Ok(None), "nobody writes it");
}
