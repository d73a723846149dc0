//! What a principal can change of what decides over it, and over whom it becomes.

use serde_json::{Value, json};

use super::{admin, allow, arn, ids, path, role, service, shortest, snapshot, trusts, user};

fn bounded(mut entity: Value) -> Value {
    entity["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "b") });
    entity
}

fn from(roles: &[Value], users: &[Value], who: &str) -> Option<Vec<String>> {
    shortest(&snapshot(roles, users, None), who).map(|links| ids(&links))
}

#[test]
fn a_session_that_a_role_names_is_not_bound_by_the_implicit_deny_of_a_boundary() {
    let session = "arn:aws:sts::111122223333:assumed-role/r/work";
    let roles =
        |trust: Value| [bounded(role("r", &allow(json!("s3:ListAllMyBuckets"), "*"), service("ec2"))), admin(trust)];
    let of = |trust: Value| from(&roles(trust), &[], &arn("role", "r"));
    assert_eq!(of(trusts(json!({ "AWS": session }))), path(&["sts-001"]));
    assert_eq!(of(trusts(json!({ "AWS": arn("role", "r") }))), None);
    assert_eq!(of(trusts(json!("*"))), path(&["sts-001"]), "anyone of the account, its sessions as well");
    let roles = |statements: &Value| [bounded(role("r", statements, service("ec2"))), admin(service("lambda"))];
    let rewrites = allow(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "admin"));
    assert_eq!(
        from(&roles(&rewrites), &[], &arn("role", "r")),
        path(&["iam-012"]),
        "it lets the role name its session"
    );
    let barred = json!([rewrites[0], { "Effect": "Deny", "Action": "sts:*", "Resource": "*" }]);
    assert_eq!(from(&roles(&barred), &[], &arn("role", "r")), None);
    // A user has no session, and its boundary limits which roles it assumes.
    let users = [bounded(user("u", &rewrites))];
    assert_eq!(from(&[admin(service("lambda"))], &users, &arn("user", "u")), None);
}
