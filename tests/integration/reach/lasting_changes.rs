//! Changes that one session makes while a tag, a name or a boundary is changed for a while, and changes of a principal as which
//! nobody acts with all of its permissions. Each permission is needed.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::{Found, search};
use super::{arn, document, role, service, user};

fn on(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn when(mut statement: Value, operator: &str, key: &str, value: &str) -> Value {
    statement["Condition"] = json!({ operator: { key: value } });
    statement
}

fn managed(name: &str, versions: &[&Value]) -> Value {
    let version = |(at, statements): (usize, &&Value)| json!({ "VersionId": format!("v{}", at + 1), "IsDefaultVersion": at == 0, "Document": document(statements) });
    let versions: Vec<Value> = versions.iter().enumerate().map(version).collect();
    json!({ "Arn": arn("policy", name), "PolicyName": name, "DefaultVersionId": "v1", "PolicyVersionList": versions })
}

fn find(page: &Value, goal: &str) -> Found {
    let source = SourceFile::new("account.json", page.to_string());
    let snapshot = Snapshot::from_texts(Path::new("given"), &[source]).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    search(&snapshot, &arn("user", "a"), (goal, None))
}

/// Whether the goal is found with all statements, and not with one left out.
fn takes_each(statements: &[Value], account: impl Fn(&[Value]) -> Value, goal: &str) {
    let found = find(&account(statements), goal);
    assert!(matches!(found, Ok(Some(_))), "{found:?}");
    for left_out in 0..statements.len() {
        let mut fewer = statements.to_vec();
        let statement = fewer.remove(left_out);
        assert_eq!(find(&account(&fewer), goal), Ok(None), "without {statement}");
    }
}

#[test]
fn a_part_of_a_users_permissions_has_what_was_attached_to_the_user() {
    let bob = || user("bob", &json!([on("s3:ListAllMyBuckets", "*")]));
    let account = |statements: &[Value]| {
        json!({ "UserDetailList": [user("a", &json!(statements)), bob()], "RoleDetailList": [], "GroupDetailList": [],
                "Policies": [managed("models", &[&json!([on("bedrock:InvokeModel", "*")])])] })
    };
    let attach =
        when(on("iam:AttachUserPolicy", &arn("user", "bob")), "ArnEquals", "iam:PolicyARN", &arn("policy", "models"));
    let key = on("iam:CreateServiceSpecificCredential", &arn("user", "bob"));
    takes_each(&[attach, key.clone()], account, "bedrock:InvokeModel");
    takes_each(&[on("iam:PutUserPolicy", &arn("user", "bob")), key], account, "bedrock:InvokeModel");
}

#[test]
fn a_part_of_a_roles_permissions_has_what_was_written_into_the_role() {
    let account = |statements: &[Value]| {
        let x = role("x", &json!([on("s3:ListAllMyBuckets", "*")]), service("iot"));
        json!({ "UserDetailList": [user("a", &json!(statements))], "RoleDetailList": [x], "GroupDetailList": [],
                "Policies": [] })
    };
    let put = on("iam:PutRolePolicy", &arn("role", "x"));
    let rule = [on("iam:PassRole", &arn("role", "x")), on("iot:CreateTopicRule", "*")];
    takes_each(&[put, rule[0].clone(), rule[1].clone()], account, "sqs:SendMessage");
}

#[test]
fn a_version_stays_after_the_tag_is_changed_back() {
    // The version is set while the user has a tag, and allows something while the user has the old tag.
    let sends = json!([when(on("sqs:SendMessage", "*"), "StringEquals", "aws:PrincipalTag/team", "blue")]);
    let account = |statements: &[Value]| {
        let mut a = user("a", &json!(statements));
        a["Tags"] = json!([{ "Key": "team", "Value": "blue" }]);
        a["AttachedManagedPolicies"] = json!([{ "PolicyName": "p", "PolicyArn": arn("policy", "p") }]);
        json!({ "UserDetailList": [a], "RoleDetailList": [], "GroupDetailList": [],
                "Policies": [managed("p", &[&json!([on("s3:ListAllMyBuckets", "*")]), &sends])] })
    };
    let set = when(on("iam:SetDefaultPolicyVersion", "*"), "StringEquals", "aws:PrincipalTag/team", "red");
    takes_each(&[on("iam:TagUser", "*"), set], account, "sqs:SendMessage");
}

/// Whether it is undecided that user `a` finds the goal with a policy of two versions, of which the second one is set for a while.
/// Neither version alone is enough, and the first one must be set again.
fn needs_both_versions(first: &Value, second: &Value, account: impl Fn(&mut Value)) {
    let set = || on("iam:SetDefaultPolicyVersion", &arn("policy", "p"));
    let find_with = |first: &[Value], second: &[Value]| {
        let mut a = user("a", &json!([on("s3:ListAllMyBuckets", "*")]));
        a["AttachedManagedPolicies"] = json!([{ "PolicyName": "p", "PolicyArn": arn("policy", "p") }]);
        account(&mut a);
        let limits = ["iam:*", "*"].map(|action| managed_limit(action, &json!([on(action, "*")])));
        let mut policies = limits.to_vec();
        policies.push(managed("p", &[&json!(first), &json!(second)]));
        let page = json!({ "UserDetailList": [a], "RoleDetailList": [], "GroupDetailList": [], "Policies": policies });
        find(&page, "sqs:SendMessage")
    };
    let found = find_with(&[set(), first.clone()], &[set(), second.clone()]);
    assert!(found.as_ref().is_err_and(|reasons| reasons.iter().any(|why| why.contains("together"))), "{found:?}");
    assert_eq!(find_with(std::slice::from_ref(first), &[set(), second.clone()]), Ok(None), "cannot be set");
    assert_eq!(find_with(&[set(), first.clone()], &[set()]), Ok(None), "without the second");
    assert_eq!(find_with(&[set()], &[set(), second.clone()]), Ok(None), "without the first");
}

fn managed_limit(action: &str, statements: &Value) -> Value {
    managed(if action == "*" { "wide" } else { "narrow" }, &[statements])
}

#[test]
fn a_tag_that_another_version_sets_stays() {
    let sends = when(on("sqs:SendMessage", "*"), "StringEquals", "aws:PrincipalTag/team", "blue");
    needs_both_versions(&sends, &on("iam:TagUser", "*"), |_| {});
}

#[test]
fn a_name_that_another_version_sets_stays() {
    let sends = when(on("sqs:SendMessage", "*"), "StringEquals", "aws:username", "b");
    needs_both_versions(&sends, &on("iam:UpdateUser", "*"), |_| {});
}

#[test]
fn a_boundary_that_another_version_sets_stays() {
    let wide =
        when(on("iam:PutUserPermissionsBoundary", "*"), "ArnEquals", "iam:PermissionsBoundary", &arn("policy", "wide"));
    needs_both_versions(&on("sqs:SendMessage", "*"), &wide, |a| {
        let boundary = arn("policy", "narrow");
        a["PermissionsBoundary"] =
            json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary });
    });
}
