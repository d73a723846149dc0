//! A permissions boundary that new roles must have: the principal takes it from who has it, deletes its policy, and creates it
//! again so that it limits nothing.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::{Found, search};
use super::{allow, arn, document, role, service, user};

const GOAL: &str = "sqs:SendMessage";

fn find(statements: &[Value]) -> Found {
    let mut old = role("old", &json!([allow(json!("s3:*"), "*")[0]]), service("ec2"));
    old["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "limit") });
    let limit = json!({ "Arn": arn("policy", "limit"), "PolicyName": "limit", "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document(&allow(json!("s3:*"), "*")) }] });
    let page = json!({ "UserDetailList": [user("a", &json!(statements))], "RoleDetailList": [old], "GroupDetailList": [],
                       "Policies": [limit] });
    let source = SourceFile::new("account.json", page.to_string());
    let snapshot = Snapshot::from_texts(Path::new("given"), &[source]).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    search(&snapshot, &arn("user", "a"), (GOAL, None))
}

fn takes_each(statements: &[Value]) {
    let found = find(statements);
    assert!(matches!(found, Ok(Some(_))), "{found:?}");
    for left_out in 0..statements.len() {
        let mut fewer = statements.to_vec();
        let statement = fewer.remove(left_out);
        assert_eq!(find(&fewer), Ok(None), "without {statement}");
    }
}

#[test]
fn a_boundary_in_use_is_freed_and_created_again() {
    let on = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let with_boundary = |action: &str| {
        let mut statement = on(action, &arn("role", "new"));
        statement["Condition"] = json!({ "StringEquals": { "iam:PermissionsBoundary": arn("policy", "limit") } });
        statement
    };
    let common = [
        with_boundary("iam:CreateRole"),
        with_boundary("iam:PutRolePolicy"),
        on("iam:DeletePolicy", &arn("policy", "limit")),
        on("iam:CreatePolicy", &arn("policy", "limit")),
    ];
    let with = |more: &[Value]| [&common[..], more].concat();
    takes_each(&with(&[on("iam:DeleteRolePermissionsBoundary", &arn("role", "old"))]));
    takes_each(&with(&[on("iam:DeleteRole", &arn("role", "old")), on("iam:DeleteRolePolicy", &arn("role", "old"))]));
}
