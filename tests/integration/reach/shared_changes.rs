//! What several sessions make together: one creates something, others change it, attach it or act as it. Each permission is
//! needed.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::search;
use super::{allow, arn, document, role, service, trusts, user};

const GOAL: &str = "sqs:SendMessage";

/// A permission of role `a`, or of role `b`, which `a` can assume.
type Permission = (&'static str, Value);

/// What an account has besides `a` and `b`.
#[derive(Default)]
struct Others {
    roles: Vec<Value>,
    users: Vec<Value>,
    groups: Vec<Value>,
    policies: Vec<Value>,
}

fn on(holder: &'static str, action: &str, resource: &str) -> Permission {
    (holder, allow(json!(action), resource)[0].clone())
}

fn when((holder, mut statement): Permission, operator: &str, key: &str, value: &str) -> Permission {
    statement["Condition"] = json!({ operator: { key: value } });
    (holder, statement)
}

/// A permission to attach policies that a pattern matches.
fn attach(holder: &'static str, action: &str, resource: &str, policy: &str) -> Permission {
    when(on(holder, action, resource), "ArnLike", "iam:PolicyARN", policy)
}

fn reads() -> Value {
    allow(json!("s3:ListAllMyBuckets"), "*")[0].clone()
}

/// A role that trusts `a` alone.
fn from_a(name: &str, statements: &Value) -> Value {
    role(name, statements, trusts(json!({ "AWS": arn("role", "a") })))
}

fn group(name: &str, statements: &Value, attached: &[&str]) -> Value {
    let attached: Vec<Value> =
        attached.iter().map(|policy| json!({ "PolicyName": policy, "PolicyArn": arn("policy", policy) })).collect();
    json!({ "Arn": arn("group", name), "GroupName": name, "GroupId": format!("AGPAEXAMPLE{name:0>9}"), "Path": "/",
            "GroupPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
            "AttachedManagedPolicies": attached })
}

/// A managed policy: the first document is the default version.
fn managed(name: &str, versions: &[Value]) -> Value {
    let version = |(at, statements): (usize, &Value)| json!({ "VersionId": format!("v{}", at + 1), "IsDefaultVersion": at == 0, "Document": document(statements) });
    let versions: Vec<Value> = versions.iter().enumerate().map(version).collect();
    json!({ "Arn": arn("policy", name), "PolicyName": name, "DefaultVersionId": "v1", "PolicyVersionList": versions })
}

fn holding(mut entity: Value, policy: &str) -> Value {
    entity["AttachedManagedPolicies"] = json!([{ "PolicyName": policy, "PolicyArn": arn("policy", policy) }]);
    entity
}

fn snapshot(permissions: &[Permission], others: &Others) -> Snapshot {
    let of = |holder: &str| {
        let held = permissions.iter().filter(|(name, _)| *name == holder).map(|(_, statement)| statement.clone());
        json!(held.chain([reads()]).collect::<Vec<Value>>())
    };
    let roles: Vec<Value> =
        [role("a", &of("a"), service("ec2")), from_a("b", &of("b"))].into_iter().chain(others.roles.clone()).collect();
    let page = json!({ "RoleDetailList": roles, "UserDetailList": others.users, "GroupDetailList": others.groups,
                       "Policies": others.policies });
    let source = SourceFile::new("account.json", page.to_string());
    let snapshot = Snapshot::from_texts(Path::new("given"), &[source]).expect("a snapshot");
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    snapshot
}

/// The steps of `a` to the goal with all permissions. There are none if one permission is missing.
fn steps_with_all(permissions: &[Permission], others: &Others) -> String {
    let found = |permissions: &[Permission]| search(&snapshot(permissions, others), &arn("role", "a"), (GOAL, None));
    for left_out in 0..permissions.len() {
        let mut fewer = permissions.to_vec();
        let (holder, statement) = fewer.remove(left_out);
        assert_eq!(found(&fewer), Ok(None), "without {statement} of {holder}");
    }
    found(permissions).expect("decided").expect("a path").join("; ")
}

fn from_new_roles() -> String {
    arn("role", "t/*")
}

#[test]
fn one_session_creates_a_role_and_another_writes_its_policy() {
    let team = from_new_roles();
    let found =
        steps_with_all(&[on("a", "iam:CreateRole", &team), on("b", "iam:PutRolePolicy", &team)], &Others::default());
    assert!(found.contains("a → example: iam-create-role, iam-create-role-assume"), "{found}");
    assert!(found.ends_with("example → example: iam-005 of b"), "{found}");
}

#[test]
fn a_new_role_trusts_another_session() {
    let team = from_new_roles();
    let denied = ("a", json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": team }));
    let permissions = [on("a", "iam:CreateRole", &team), on("a", "iam:PutRolePolicy", &team)];
    let found =
        search(&snapshot(&[&permissions[..], &[denied]].concat(), &Others::default()), &arn("role", "a"), (GOAL, None));
    let found = found.expect("decided").expect("a path").join("; ");
    assert!(found.contains("b → example: iam-create-role of a, iam-create-role-assume"), "{found}");
}

#[test]
fn sessions_create_a_user_and_its_key_and_its_policies() {
    let team = arn("user", "t/*");
    let created = || [on("a", "iam:CreateUser", &team), on("b", "iam:CreateAccessKey", &team)];
    let with = |more: Permission, others: &Others| steps_with_all(&[&created()[..], &[more]].concat(), others);
    let found = with(on("a", "iam:PutUserPolicy", &team), &Others::default());
    assert!(found.contains("b → example: iam-create-user of a, iam-002"), "{found}");
    let everything = allow(json!("*"), "*");
    let others = Others { groups: vec![group("g", &everything, &[])], ..Others::default() };
    let found = with(on("b", "iam:AddUserToGroup", &arn("group", "g")), &others);
    assert!(found.ends_with("iam-013 of b"), "{found}");
}

#[test]
fn a_boundary_that_a_new_role_must_have_is_taken_off() {
    let team = from_new_roles();
    let with_boundary =
        |permission| when(permission, "StringEquals", "iam:PermissionsBoundary", &arn("policy", "limit"));
    let create =
        || [with_boundary(on("a", "iam:CreateRole", &team)), with_boundary(on("a", "iam:PutRolePolicy", &team))];
    let narrow = || allow(json!("s3:*"), "*");
    let others = |versions: &[Value]| Others { policies: vec![managed("limit", versions)], ..Others::default() };
    let with = |more: Permission, others: &Others| steps_with_all(&[&create()[..], &[more]].concat(), others);
    let found = with(on("b", "iam:DeleteRolePermissionsBoundary", &team), &others(&[narrow()]));
    assert!(found.ends_with("iam-boundary-role of b"), "{found}");
    let limit = arn("policy", "limit");
    let found = with(on("b", "iam:CreatePolicyVersion", &limit), &others(&[narrow()]));
    assert!(found.ends_with("iam-boundary-version of b"), "{found}");
    let found = with(on("b", "iam:SetDefaultPolicyVersion", &limit), &others(&[narrow(), allow(json!("*"), "*")]));
    assert!(found.ends_with("iam-version-default of b"), "{found}");
}

#[test]
fn an_attached_policy_is_changed_by_another_session() {
    let (x, base) = (arn("role", "x"), arn("policy", "base"));
    let others = |versions: &[Value]| Others {
        roles: vec![from_a("x", &json!([reads()]))],
        policies: vec![managed("base", versions)],
        ..Others::default()
    };
    let narrow = || json!([reads()]);
    let attached = || attach("a", "iam:AttachRolePolicy", &x, &base);
    let found = steps_with_all(&[attached(), on("b", "iam:CreatePolicyVersion", &base)], &others(&[narrow()]));
    assert!(found.ends_with("x → x: iam-001 of b"), "{found}");
    let two = others(&[narrow(), allow(json!("sqs:*"), "*")]);
    let found = steps_with_all(&[attached(), on("b", "iam:SetDefaultPolicyVersion", &base)], &two);
    assert!(found.ends_with("x → x: iam-version-default of b"), "{found}");
    // It is deleted and created again.
    let recreates = [on("b", "iam:DeletePolicy", &base), on("b", "iam:CreatePolicy", &base)];
    let found = steps_with_all(&[&[attached()], &recreates[..]].concat(), &others(&[narrow()]));
    assert!(found.contains("iam-recreate-policy of b"), "{found}");
    let held = Others { roles: vec![holding(from_a("x", &json!([reads()])), "base")], ..others(&[narrow()]) };
    let detaches = on("b", "iam:DetachRolePolicy", &x);
    let found = steps_with_all(&[&[attached(), detaches], &recreates[..]].concat(), &held);
    assert!(found.contains("iam-recreate-policy of b"), "{found}");
}

#[test]
fn a_policy_that_one_session_creates_is_used_by_another() {
    let (x, team) = (arn("role", "x"), arn("policy", "t/*"));
    let create = || on("a", "iam:CreatePolicy", &team);
    let others = Others { roles: vec![from_a("x", &json!([reads()]))], ..Others::default() };
    let found = steps_with_all(&[create(), attach("b", "iam:AttachRolePolicy", &x, &team)], &others);
    assert!(found.contains("iam-create-policy"), "{found}");
    let mut bounded = from_a("x", &allow(json!("sqs:*"), "*"));
    bounded["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "limit") });
    let policies = vec![managed("limit", &[json!([reads()])])];
    let others = Others { roles: vec![bounded], policies, ..Others::default() };
    let set = when(on("b", "iam:PutRolePermissionsBoundary", &x), "ArnLike", "iam:PermissionsBoundary", &team);
    let found = steps_with_all(&[create(), set], &others);
    assert!(found.contains("iam-create-policy"), "{found}");
}

#[test]
fn a_group_is_changed_for_who_joins_it() {
    let (devs, base) = (arn("group", "devs"), arn("policy", "base"));
    let joins = || [on("a", "iam:CreateAccessKey", &arn("user", "u")), on("b", "iam:AddUserToGroup", &devs)];
    let others = |versions: &[Value], attached: &[&str]| Others {
        users: vec![user("u", &json!([reads()]))],
        groups: vec![group("devs", &json!([reads()]), attached)],
        policies: vec![managed("base", versions)],
        ..Others::default()
    };
    let with = |more: Permission, others: &Others| steps_with_all(&[&joins()[..], &[more]].concat(), others);
    let (narrow, wide) = (json!([reads()]), allow(json!("sqs:*"), "*"));
    let found = with(on("a", "iam:PutGroupPolicy", &devs), &others(std::slice::from_ref(&narrow), &[]));
    assert!(found.contains("iam-011"), "{found}");
    let found = with(on("a", "iam:AttachGroupPolicy", &devs), &others(std::slice::from_ref(&narrow), &[]));
    assert!(found.contains("iam-010"), "{found}");
    let found = with(attach("a", "iam:AttachGroupPolicy", &devs, &base), &others(std::slice::from_ref(&wide), &[]));
    assert!(found.contains("iam-010"), "{found}");
    let found = with(on("a", "iam:CreatePolicyVersion", &base), &others(std::slice::from_ref(&narrow), &["base"]));
    assert!(found.contains("iam-001"), "{found}");
    let found = with(on("a", "iam:SetDefaultPolicyVersion", &base), &others(&[narrow, wide], &["base"]));
    assert!(found.contains("iam-version-default"), "{found}");
}

#[test]
fn a_policy_is_written_and_a_denying_one_gets_another_version() {
    let versions = [
        json!([{ "Effect": "Deny", "Action": "*", "Resource": "*" }]),
        json!([{ "Effect": "Deny", "Action": "s3:*", "Resource": "*" }]),
    ];
    let others = Others {
        roles: vec![holding(from_a("x", &json!([reads()])), "denies")],
        policies: vec![managed("denies", &versions)],
        ..Others::default()
    };
    let permissions = [
        on("a", "iam:PutRolePolicy", &arn("role", "x")),
        on("b", "iam:SetDefaultPolicyVersion", &arn("policy", "denies")),
    ];
    let found = steps_with_all(&permissions, &others);
    assert!(found.contains("iam-version-default of b"), "{found}");
}

#[test]
fn groups_are_joined_together() {
    let adds = |name: &str, action: &str, resource: &str| group(name, &allow(json!(action), resource), &[]);
    let target = role("target", &allow(json!("sqs:*"), "*"), service("states"));
    let pass = || adds("p", "iam:PassRole", &arn("role", "target"));
    let keys = || on("a", "iam:CreateAccessKey", &arn("user", "u"));
    let joins = |holder, name: &str| on(holder, "iam:AddUserToGroup", &arn("group", name));
    let others = |groups: Vec<Value>| Others {
        roles: vec![target.clone()],
        users: vec![user("u", &json!([reads()]))],
        groups,
        ..Others::default()
    };
    let run = group("r", &allow(json!(["states:CreateStateMachine", "states:StartExecution"]), "*"), &[]);
    let found = steps_with_all(&[keys(), joins("a", "p"), joins("b", "r")], &others(vec![pass(), run]));
    assert!(found.ends_with("u → target: states-machine"), "{found}");
    let three = vec![pass(), adds("c", "states:CreateStateMachine", "*"), adds("i", "states:StartExecution", "*")];
    let found = steps_with_all(&[keys(), joins("a", "p"), joins("b", "c"), joins("b", "i")], &others(three));
    assert!(found.ends_with("u → target: states-machine"), "{found}");
}
