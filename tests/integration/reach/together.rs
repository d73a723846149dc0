//! What two sessions can do only together is undecided, and each permission is needed for that. What one session can do alone is
//! found as before.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::{Found, search};
use super::{allow, arn, document, role, service, trusts, user};

const GOAL: &str = "sqs:SendMessage";

fn on(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn on_policy(action: &str, resource: &str, policy: &str) -> Value {
    let mut statement = on(action, resource);
    statement["Condition"] = json!({ "ArnEquals": { "iam:PolicyARN": arn("policy", policy) } });
    statement
}

/// What role `a` finds, which can assume role `b`, in an account with an administrator, a user without permissions, and a policy that
/// nobody has.
fn find(of_a: &[Value], of_b: &[Value]) -> Found {
    let admin = |trust: Value| role("admin", &allow(json!("*"), "*"), trust);
    let roles = [
        role("a", &json!(of_a), service("ec2")),
        role("b", &json!(of_b), trusts(json!({ "AWS": arn("role", "a") }))),
        admin(service("states")),
    ];
    let group = json!({ "GroupName": "ops", "Arn": arn("group", "ops"),
        "GroupPolicyList": [{ "PolicyName": "p", "PolicyDocument": document(&allow(json!(GOAL), "*")) }] });
    let policy = json!({ "Arn": arn("policy", "p"), "PolicyName": "p", "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
            "Document": document(&allow(json!("s3:ListAllMyBuckets"), "*")) }] });
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [user("u", &allow(json!("s3:ListAllMyBuckets"), "*"))],
        "GroupDetailList": [group], "Policies": [policy] });
    let source = SourceFile::new("account.json", page.to_string());
    let snapshot = Snapshot::from_texts(Path::new("given"), &[source]).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    search(&snapshot, &arn("role", "a"), (GOAL, None))
}

/// Whether one session finds the goal with all statements, two sessions leave it undecided, and no session finds it with one
/// statement left out.
fn takes_both(of_a: &[Value], of_b: &[Value]) {
    let together = [of_a, of_b].concat();
    let alone = find(&together, &[]);
    assert!(matches!(alone, Ok(Some(_))), "{alone:?}");
    let split = find(of_a, of_b);
    assert!(split.as_ref().is_err_and(|reasons| reasons.iter().any(|why| why.contains("only together"))), "{split:?}");
    for (position, left_out) in together.iter().enumerate() {
        let kept = |from: &[Value], first: usize| -> Vec<Value> {
            let numbered = from.iter().enumerate().filter(|(at, _)| first + at != position);
            numbered.map(|(_, statement)| statement.clone()).collect()
        };
        assert_eq!(find(&kept(of_a, 0), &kept(of_b, of_a.len())), Ok(None), "without {left_out}");
    }
}

#[test]
fn one_session_passes_a_role_and_another_one_uses_it() {
    let pass = on("iam:PassRole", &arn("role", "admin"));
    takes_both(&[on("states:StartExecution", "*")], &[pass, on("states:CreateStateMachine", "*")]);
}

#[test]
fn one_session_renames_a_group_and_another_one_joins_it() {
    let rename = [on("iam:UpdateGroup", &arn("group", "ops")), on("iam:UpdateGroup", &arn("group", "open"))];
    let join = on("iam:AddUserToGroup", &arn("group", "open"));
    takes_both(&[join, on("iam:CreateAccessKey", &arn("user", "u"))], &rename);
}

#[test]
fn one_session_deletes_a_policy_and_another_one_creates_and_attaches_it() {
    let create = on("iam:CreatePolicy", &arn("policy", "p"));
    let attach = on_policy("iam:AttachRolePolicy", &arn("role", "a"), "p");
    takes_both(&[create, attach], &[on("iam:DeletePolicy", &arn("policy", "p"))]);
}

#[test]
fn sessions_that_have_nothing_to_do_with_a_step_change_nothing() {
    let pass = on("iam:PassRole", &arn("role", "a"));
    assert_eq!(find(&[on("states:StartExecution", "*")], &[pass]), Ok(None));
}
