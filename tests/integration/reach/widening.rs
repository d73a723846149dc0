//! What a principal can change of what decides over it, and over whom it becomes.

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{admin, allow, arn, document, ids, path, role, service, shortest, snapshot, trusts, user};

fn bounded(mut entity: Value) -> Value {
    entity["PermissionsBoundary"] =
        json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "b") });
    entity
}

fn from(roles: &[Value], users: &[Value], who: &str) -> Option<Vec<String>> {
    shortest(&snapshot(roles, users, None), who).map(|links| ids(&links))
}

/// What role `r` or user `u` takes in an account that is given whole.
fn in_account(page: Value, who: &str) -> Option<Vec<String>> {
    let mut whole = json!({ "RoleDetailList": [], "UserDetailList": [], "Policies": [], "GroupDetailList": [] });
    whole.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
    let source = SourceFile::new("account.json", whole.to_string());
    let snapshot = Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    sorted(shortest(&snapshot, who).map(|links| ids(&links)))
}

fn managed(name: &str, versions: &[&Value]) -> Value {
    let one = |(i, statements): (usize, &&Value)| json!({ "VersionId": format!("v{}", i + 1), "IsDefaultVersion": i == 0, "Document": document(statements) });
    let versions: Vec<Value> = versions.iter().enumerate().map(one).collect();
    json!({ "Arn": arn("policy", name), "PolicyName": name, "DefaultVersionId": "v1", "PolicyVersionList": versions })
}

fn attach(mut entity: Value, policies: &[&str]) -> Value {
    let one = |name: &&str| json!({ "PolicyName": name, "PolicyArn": arn("policy", name) });
    entity["AttachedManagedPolicies"] = policies.iter().map(one).collect();
    entity
}

fn deny(action: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": "*" })
}

fn sorted(found: Option<Vec<String>>) -> Option<Vec<String>> {
    found.map(|mut ids| {
        ids.sort();
        ids
    })
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
    assert_eq!(from(&roles(&barred), &[], &arn("role", "r")), path(&["iam-trust-outside"]), "no session of its own");
    // A user has no session, and its boundary limits which roles it assumes.
    let users = [bounded(user("u", &rewrites))];
    assert_eq!(from(&[admin(service("lambda"))], &users, &arn("user", "u")), path(&["iam-trust-outside"]));
}

#[test]
fn a_boundary_is_put_off_by_another_boundary_or_rewritten() {
    let own = |action: &str, on: &str| {
        json!([
            allow(json!(["s3:*", "iam:PutRolePolicy"]), "*")[0],
            allow(json!("ec2:*"), "*")[0],
            allow(json!(action), on)[0]
        ])
    };
    let of =
        |statements: &Value| sorted(from(&[bounded(role("r", statements, service("ec2")))], &[], &arn("role", "r")));
    let keep = own("s3:ListBucket", "*");
    assert_eq!(of(&json!([keep[1]])), None, "the boundary allows no EC2");
    let put = of(&json!([keep[1], allow(json!("iam:PutRolePermissionsBoundary"), &arn("role", "r"))[0]]));
    assert_eq!(put, path(&["iam-boundary-role-put"]));
    let version = of(&json!([keep[1], allow(json!("iam:CreatePolicyVersion"), &arn("policy", "b"))[0]]));
    assert_eq!(version, path(&["iam-boundary-version"]));
    let kept = json!([keep[1], { "Effect": "Allow", "Action": "iam:PutRolePermissionsBoundary", "Resource": "*",
        "Condition": { "StringEquals": { "iam:PermissionsBoundary": arn("policy", "b") } } }]);
    assert_eq!(of(&kept), None, "no other boundary than the one that it has");
}

#[test]
fn a_group_is_joined_and_widened() {
    let group = json!({ "Arn": arn("group", "g"), "GroupName": "g", "GroupId": "AGPAEXAMPLE000000001", "Path": "/",
                        "GroupPolicyList": [] });
    let of = |statements: &Value| {
        in_account(json!({ "UserDetailList": [user("u", statements)], "GroupDetailList": [group] }), &arn("user", "u"))
    };
    assert_eq!(of(&allow(json!("iam:PutGroupPolicy"), "*")), None, "it is not in the group");
    assert_eq!(of(&allow(json!("iam:AddUserToGroup"), "*")), None, "the group may do nothing");
    assert_eq!(of(&allow(json!(["iam:AddUserToGroup", "iam:PutGroupPolicy"]), "*")), path(&["iam-011", "iam-013"]));
}

#[test]
fn a_role_lets_a_user_join_and_becomes_that() {
    let admins = json!({ "Arn": arn("group", "admins"), "GroupName": "admins", "GroupId": "AGPAEXAMPLE000000001",
        "Path": "/", "GroupPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(&allow(json!("*"), "*")) }] });
    let of = |actions: Value| {
        let r = role("r", &allow(actions, "*"), service("ec2"));
        let page = json!({ "RoleDetailList": [r], "UserDetailList": [user("u", &allow(json!("iam:GetUser"), "*"))],
                           "GroupDetailList": [admins] });
        in_account(page, &arn("role", "r"))
    };
    assert_eq!(of(json!(["iam:AddUserToGroup", "iam:GetUser"])), None, "a role is in no group");
    assert_eq!(of(json!(["iam:CreateAccessKey", "iam:GetUser"])), None, "the user may do nothing more");
    assert_eq!(of(json!(["iam:AddUserToGroup", "iam:CreateAccessKey", "iam:GetUser"])), path(&["iam-002", "iam-013"]));
}

#[test]
fn whom_it_widens_it_may_become_later() {
    let small = |name: &str, from: &str| {
        role(name, &allow(json!("s3:ListAllMyBuckets"), "*"), trusts(json!({ "AWS": arn("role", from) })))
    };
    let r = role(
        "r",
        &json!([allow(json!("s3:ListAllMyBuckets"), "*")[0], allow(json!("iam:PutRolePolicy"), &arn("role", "c"))[0]]),
        service("ec2"),
    );
    let found = from(&[r, small("b", "r"), small("c", "b")], &[], &arn("role", "r"));
    assert_eq!(sorted(found), path(&["iam-005", "sts-001", "sts-001"]));
}

#[test]
fn a_deny_that_it_can_take_away_is_none() {
    let r = |inline: Value, attached: &[&str], policies: &[Value]| {
        let mut r = attach(role("r", &json!([]), service("ec2")), attached);
        let one = |(i, statements): (usize, &Value)| json!({ "PolicyName": format!("p{i}"), "PolicyDocument": document(statements) });
        r["RolePolicyList"] = inline.as_array().unwrap().iter().enumerate().map(one).collect();
        in_account(json!({ "RoleDetailList": [r], "Policies": policies }), &arn("role", "r"))
    };
    let may = |actions: Value| json!([allow(actions, "*")[0]]);
    let most = json!({ "Effect": "Allow", "NotAction": ["iam:*", "sso:*", "sts:*"], "Resource": "*" });
    let with = |action: &str| json!([most, allow(json!(action), &arn("role", "r"))[0]]);
    let s3 = json!([deny("s3:*")]);
    assert_eq!(r(json!([with("iam:DeleteRolePolicy"), s3]), &[], &[]), path(&["iam-deny-role-delete"]));
    assert_eq!(r(json!([with("iam:GetRole"), s3]), &[], &[]), None);
    let both = json!([deny("s3:*"), deny("iam:*")]);
    assert_eq!(r(json!([with("iam:DeleteRolePolicy"), both]), &[], &[]), None, "the Deny keeps itself");
    // A second one keeps the first, and goes first.
    let keeps = json!([{ "Effect": "Deny", "Action": "iam:DetachRolePolicy", "Resource": "*" }]);
    let policies = [managed("d", &[&s3])];
    let detach = json!([most, allow(json!(["iam:DetachRolePolicy", "iam:DeleteRolePolicy"]), "*")[0]]);
    assert_eq!(r(json!([detach]), &["d"], &policies), path(&["iam-deny-role-detach"]));
    // What goes first lets it detach, which is broader than it was; and then the rest goes.
    assert!(r(json!([detach, keeps]), &["d"], &policies).is_some());
    assert_eq!(r(json!([with("iam:DetachRolePolicy"), keeps]), &["d"], &policies), None);
    let version = json!([most, allow(json!("iam:CreatePolicyVersion"), &arn("policy", "d"))[0]]);
    assert!(r(json!([version]), &["d"], &policies).is_some());
    // What allows goes with what denies.
    let mixed = json!([allow(json!("ec2:*"), "*")[0], { "Effect": "Deny", "Action": "ec2:TerminateInstances", "Resource": "*" }]);
    assert_eq!(r(json!([may(json!("iam:DeleteRolePolicy")), mixed]), &[], &[]), None);
    assert_eq!(
        r(json!([may(json!(["iam:DeleteRolePolicy", "ec2:*"])), mixed]), &[], &[]),
        path(&["iam-deny-role-delete"])
    );
}

#[test]
fn another_version_of_a_policy_speaks_again() {
    let own = || allow(json!("iam:SetDefaultPolicyVersion"), "*");
    let of = |versions: &[&Value], statements: &Value| {
        let r = attach(role("r", statements, service("ec2")), &["p"]);
        in_account(json!({ "RoleDetailList": [r], "Policies": [managed("p", versions)] }), &arn("role", "r"))
    };
    let (small, all) = (allow(json!("s3:ListAllMyBuckets"), "*"), allow(json!("*"), "*"));
    assert_eq!(of(&[&small, &all], &own()), path(&["iam-version-default"]));
    assert_eq!(of(&[&small], &own()), None, "there is no other");
    assert_eq!(of(&[&small, &small], &own()), None, "it says the same");
    assert_eq!(of(&[&small, &all], &allow(json!("iam:SetDefaultPolicyVersion"), &arn("policy", "q"))), None);
}

#[test]
fn a_limited_attachment_gives_what_may_be_attached() {
    let only = |policies: Value| {
        json!([{ "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": arn("role", "r"),
                 "Condition": { "ArnLike": { "iam:PolicyARN": policies } } }])
    };
    let of = |statements: &Value| {
        let r = role("r", statements, service("ec2"));
        let policies = [managed("app", &[&allow(json!("ec2:*"), "*")]), managed("idle", &[&json!([deny("*")])])];
        in_account(json!({ "RoleDetailList": [r], "Policies": policies }), &arn("role", "r"))
    };
    assert_eq!(of(&only(json!(arn("policy", "a*")))), path(&["iam-009"]));
    assert_eq!(of(&only(json!(arn("policy", "idle")))), None, "it only denies");
    assert_eq!(of(&only(json!(arn("policy", "x*")))), None, "there is none");
    assert_eq!(of(&only(json!("arn:aws:iam::aws:policy/IAMFull*"))), path(&["iam-009"]), "in use or not");
}
