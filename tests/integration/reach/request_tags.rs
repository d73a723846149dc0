//! Tags in requests: those that a creation must have, sets of keys, their spelling, and tags that decide about other changes.

use serde_json::{Value, json};

use super::paths::{Found, search};
use super::{allow, arn, document, role, service, snapshot_with};

const GOAL: &str = "sqs:SendMessage";

fn when(actions: Value, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition })
}

fn on(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn equals(key: &str, value: &str) -> Value {
    json!({ "StringEquals": { key: value } })
}

/// What role `a` finds, beside other roles, with SCP statements and managed policies.
fn find_with(of_a: &[Value], others: &[Value], scp: Option<Value>, policies: &[Value]) -> Found {
    let roles = [&[role("a", &json!(of_a), service("ec2"))], others].concat();
    search(&snapshot_with(&roles, &[], scp, policies), &arn("role", "a"), (GOAL, None))
}

fn find(of_a: &[Value]) -> Found {
    find_with(of_a, &[], None, &[])
}

fn is_found(found: &Found) -> bool {
    matches!(found, Ok(Some(_)))
}

fn new_roles() -> String {
    arn("role", "new-*")
}

fn managed(name: &str, statements: &Value) -> Value {
    json!({ "Arn": arn("policy", name), "PolicyName": name, "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements) }] })
}

/// A permission to create roles with the boundary `limit`, which allows nothing that is asked for.
fn create_limited() -> Value {
    when(json!("iam:CreateRole"), &new_roles(), equals("iam:PermissionsBoundary", &arn("policy", "limit")))
}

fn limit() -> Value {
    managed("limit", &allow(json!("s3:*"), "*"))
}

#[test]
fn a_creation_has_the_tags_that_it_must_have() {
    let create = |condition: Value| when(json!("iam:CreateRole"), &new_roles(), condition);
    let rest = on(json!(["iam:PutRolePolicy", "iam:TagRole"]), &new_roles());
    let tagged = create(equals("aws:RequestTag/owner", "me"));
    assert!(is_found(&find(&[tagged.clone(), rest])));
    assert_eq!(find(&[tagged, on(json!("iam:PutRolePolicy"), &new_roles())]), Ok(None), "it cannot tag");
    let scp = json!([allow(json!("*"), "*")[0], { "Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*",
        "Condition": { "Null": { "aws:RequestTag/cost-center": "true" } } }]);
    let all = [on(json!(["iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole"]), &new_roles())];
    assert!(is_found(&find_with(&all, &[], Some(scp.clone()), &[])));
    let untagged = [on(json!(["iam:CreateRole", "iam:PutRolePolicy"]), &new_roles())];
    assert_eq!(find_with(&untagged, &[], Some(scp), &[]), Ok(None));
}

#[test]
fn a_request_has_further_keys_that_a_condition_on_the_set_needs() {
    let gain = || when(json!("sqs:*"), "*", equals("aws:PrincipalTag/p", "1"));
    let tag = |condition: Value| when(json!("iam:TagRole"), &arn("role", "a"), condition);
    let keys =
        |quantifier: &str, keys: &[&str]| json!({ format!("{quantifier}:StringEquals"): { "aws:TagKeys": keys } });
    assert!(is_found(&find(&[gain(), tag(keys("ForAnyValue", &["team"]))])), "team and p together");
    assert_eq!(find(&[gain(), tag(keys("ForAllValues", &["team"]))]), Ok(None));
    let unless = |condition: Value| json!({ "Effect": "Deny", "Action": "iam:TagRole", "Resource": "*", "Condition": condition });
    assert!(
        is_found(&find(&[gain(), tag(json!({})), unless(keys("ForAllValues", &["team", "p", "P"]))])),
        "a key beside"
    );
    // The keys of the tags of roles ignore case, and the condition does not.
    assert!(is_found(&find(&[gain(), tag(json!({})), unless(keys("ForAnyValue", &["p"]))])), "P");
    let ignoring = json!({ "ForAnyValue:StringEqualsIgnoreCase": { "aws:TagKeys": "p" } });
    assert_eq!(find(&[gain(), tag(json!({})), unless(ignoring)]), Ok(None));
}

#[test]
fn whether_a_role_that_is_passed_has_its_tags_is_undecided() {
    let admin = |tags: Value| {
        let mut admin = role("admin", &allow(json!("*"), "*"), service("lambda"));
        admin["Tags"] = tags;
        admin
    };
    let run = on(json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), "*");
    let pass = when(json!("iam:PassRole"), "*", equals("iam:ResourceTag/env", "prod"));
    let tags = json!([{ "Key": "env", "Value": "prod" }]);
    let found = find_with(&[pass.clone(), run.clone()], &[admin(tags)], None, &[]);
    assert!(
        found.as_ref().is_err_and(|reasons| reasons.iter().any(|reason| reason.contains("pass-role-tags"))),
        "{found:?}"
    );
    assert_eq!(find_with(&[pass, run], &[admin(json!([]))], None, &[]), Ok(None), "it has no such tag");
}

#[test]
fn one_tag_allows_the_next_on_a_role_that_is_not_reached_yet() {
    let target = || role("target", &allow(json!("sqs:*"), "*"), service("ec2"));
    let chain = [
        when(
            json!("iam:TagRole"),
            &arn("role", "target"),
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "one" } }),
        ),
        when(json!("iam:TagRole"), &arn("role", "target"), equals("iam:ResourceTag/one", "1")),
        when(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "target"), equals("iam:ResourceTag/two", "1")),
    ];
    assert_ne!(find_with(&chain, &[target()], None, &[]), Ok(None));
    assert_eq!(find_with(&[chain[0].clone(), chain[2].clone()], &[target()], None, &[]), Ok(None));
}

#[test]
fn a_tag_that_allows_the_removal_of_the_boundary_of_a_new_role_is_undecided() {
    let write = on(json!("iam:PutRolePolicy"), &new_roles());
    let by_tag = when(json!("iam:DeleteRolePermissionsBoundary"), &new_roles(), equals("iam:ResourceTag/free", "1"));
    let tag = on(json!("iam:TagRole"), &new_roles());
    let with = |statements: &[Value]| find_with(statements, &[], None, &[limit()]);
    assert!(with(&[create_limited(), write.clone(), by_tag.clone(), tag]).is_err());
    assert_eq!(with(&[create_limited(), write, by_tag]), Ok(None));
}

#[test]
fn the_permission_to_create_a_role_with_a_boundary_is_attached_first() {
    let attach = when(
        json!("iam:AttachRolePolicy"),
        &arn("role", "a"),
        json!({ "ArnEquals": { "iam:PolicyARN": arn("policy", "create") } }),
    );
    let rest = on(json!(["iam:PutRolePolicy", "iam:DeleteRolePermissionsBoundary"]), &new_roles());
    let with = |statements: Value| {
        find_with(std::slice::from_ref(&attach), &[], None, &[limit(), managed("create", &statements)])
    };
    assert_ne!(with(json!([create_limited(), rest])), Ok(None));
    assert_eq!(with(json!([create_limited()])), Ok(None));
}

#[test]
fn the_name_of_a_policy_in_use_is_freed() {
    let free = arn("policy", "teams/free");
    let attach =
        when(json!("iam:AttachRolePolicy"), &arn("role", "a"), json!({ "ArnEquals": { "iam:PolicyARN": free } }));
    let create = on(json!("iam:CreatePolicy"), &arn("policy", "teams/*"));
    let delete = on(json!("iam:DeletePolicy"), &arn("policy", "prod/free"));
    let mut holder = managed("prod/free", &allow(json!("s3:*"), "*"));
    holder["PolicyName"] = json!("free");
    let with = |statements: &[Value]| find_with(statements, &[], None, std::slice::from_ref(&holder));
    assert!(with(&[attach.clone(), create.clone(), delete]).is_err());
    assert_eq!(with(&[attach, create]), Ok(None));
}
