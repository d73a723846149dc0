//! Users, roles, groups and policies that do not exist yet: who can create them gains what they can be given.

use serde_json::{Value, json};

use super::{ACCOUNT, admin, allow, arn, document, ids, path, role, service, shortest, snapshot, trusts, user};

/// An Allow statement, with a condition.
fn when(actions: Value, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition })
}

fn on(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// What role `r` takes, beside some roles.
fn taken_beside(statements: &[Value], others: &[Value]) -> Option<Vec<String>> {
    let own = role("r", &json!(statements), service("ec2"));
    let roles = [&[own], others].concat();
    shortest(&snapshot(&roles, &[], None), &arn("role", "r")).map(|links| ids(&links))
}

fn taken(statements: &[Value]) -> Option<Vec<String>> {
    taken_beside(statements, &[])
}

/// The requests of the path of `r`: actions and resources.
fn requests(statements: &[Value]) -> Vec<String> {
    let own = role("r", &json!(statements), service("ec2"));
    let links = shortest(&snapshot(&[own], &[], None), &arn("role", "r")).expect("a path");
    let asked = links.iter().flat_map(|link| &link.requests);
    asked.map(|asked| format!("{} {}", asked.request.action, asked.request.resource)).collect()
}

#[test]
fn a_new_role_has_what_can_be_written_or_attached() {
    let team = arn("role", "team/*");
    let create = || on(json!("iam:CreateRole"), &team);
    let attach =
        |policy: &str| when(json!("iam:AttachRolePolicy"), &team, json!({ "ArnLike": { "iam:PolicyARN": policy } }));
    assert_eq!(taken(&[create()]), None, "a role without policies");
    assert_eq!(taken(&[on(json!("iam:PutRolePolicy"), &team)]), None, "no such role exists");
    assert_eq!(taken(&[create(), on(json!("iam:PutRolePolicy"), &team)]), path(&["iam-new-role"]));
    assert_eq!(taken(&[create(), on(json!("iam:AttachRolePolicy"), &team)]), path(&["iam-new-role-attach"]));
    assert_eq!(taken(&[create(), on(json!("iam:PutRolePolicy"), &arn("role", "other/*"))]), None, "another path");
    assert_eq!(taken(&[create(), attach(&arn("policy", "b"))]), path(&["iam-new-role-attach"]), "the policy allows S3");
    assert_eq!(taken(&[create(), attach(&arn("policy", "none"))]), None);
    let policies = arn("policy", "team/*");
    assert_eq!(
        taken(&[create(), attach(&policies), on(json!("iam:CreatePolicy"), &policies)]),
        path(&["iam-new-role-policy"])
    );
    assert_eq!(
        taken(&[create(), attach(&policies), on(json!("iam:CreatePolicy"), &arn("policy", "other/*"))]),
        None,
        "a policy that cannot be attached"
    );
    // One name must fit all requests.
    let crossing =
        [on(json!("iam:CreateRole"), &arn("role", "a-*")), on(json!("iam:PutRolePolicy"), &arn("role", "*-b"))];
    assert_eq!(
        requests(&crossing)[0].split('/').next_back().map(|name| (&name[..2], &name[name.len() - 2..])),
        Some(("a-", "-b"))
    );
    let denied = json!({ "Effect": "Deny", "Action": "iam:PutRolePolicy", "Resource": arn("role", "team/*") });
    assert_eq!(taken(&[create(), on(json!("iam:PutRolePolicy"), &team), denied]), None);
}

#[test]
fn a_name_that_exists_cannot_be_created() {
    let named = [on(json!(["iam:CreateRole", "iam:PutRolePolicy"]), &arn("role", "taken"))];
    assert_eq!(taken(&named), path(&["iam-new-role"]));
    let harmless = role("taken", &allow(json!("iam:GetUser"), "*"), service("ec2"));
    assert_eq!(taken_beside(&named, &[harmless]), None, "it can be changed, and not assumed");
}

#[test]
fn a_required_boundary_limits_a_new_role() {
    let with = |boundary: &str| {
        when(
            json!(["iam:CreateRole", "iam:PutRolePolicy"]),
            "*",
            json!({ "StringEquals": { "iam:PermissionsBoundary": arn("policy", boundary) } }),
        )
    };
    // The boundary `b` allows S3 and IAM.
    assert_eq!(taken(&[with("b")]), path(&["iam-new-role"]));
    assert_eq!(taken(&[with("b"), on(json!(["s3:*", "iam:*"]), "*")]), path(&["iam-005"]), "it writes its own policy");
    let everything_of_b = [with("b"), on(json!("s3:*"), "*")];
    assert_eq!(taken(&everything_of_b), path(&["iam-new-role"]), "the new role may call IAM");
    let free = on(json!(["iam:CreateRole", "iam:PutRolePolicy"]), &arn("role", "team/*"));
    let forbids = json!({ "Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*",
        "Condition": { "StringNotEquals": { "iam:PermissionsBoundary": arn("policy", "b") } } });
    let found = requests(&[free, forbids]);
    assert!(found[0].starts_with("iam:CreateRole"), "{found:?}");
}

#[test]
fn a_new_role_is_passed_if_it_cannot_be_assumed() {
    let create = on(json!(["iam:CreateRole", "iam:PutRolePolicy"]), &arn("role", "team/*"));
    let no_session = json!({ "Effect": "Deny", "Action": "sts:*", "Resource": "*" });
    let outside = path(&["iam-create-role", "iam-create-role-outside", "iam-005"]);
    assert_eq!(taken(&[create.clone(), no_session.clone()]), outside, "its trust policy names another account");
    let pass = on(json!("iam:PassRole"), &arn("role", "team/*"));
    let run = on(json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), "*");
    let passing = [create.clone(), no_session.clone(), pass, run.clone()];
    assert_eq!(taken(&passing), path(&["iam-new-role-pass"]));
    let asked = requests(&passing);
    assert!(
        asked.contains(&"lambda:CreateFunction arn:aws:lambda:us-east-1:111122223333:function:example".to_owned()),
        "{asked:?}"
    );
    let elsewhere = on(json!("iam:PassRole"), &arn("role", "other/*"));
    let outside = path(&["iam-create-role", "iam-create-role-outside", "iam-005"]);
    assert_eq!(taken(&[create, no_session, elsewhere, run]), outside);
}

#[test]
fn a_new_user_needs_credentials() {
    let users = arn("user", "team/*");
    let with = |more: &[&str]| {
        let actions = [&["iam:CreateUser"], more].concat();
        taken(&[on(json!(actions), &users)])
    };
    assert_eq!(with(&["iam:PutUserPolicy"]), None);
    assert_eq!(with(&["iam:PutUserPolicy", "iam:CreateAccessKey"]), path(&["iam-new-user"]));
    assert_eq!(with(&["iam:PutUserPolicy", "iam:CreateLoginProfile"]), path(&["iam-new-user-console"]));
    assert_eq!(with(&["iam:AttachUserPolicy", "iam:CreateAccessKey"]), path(&["iam-new-user-attach"]));
    assert_eq!(with(&["iam:CreateAccessKey"]), None);
}

#[test]
fn new_policies_and_groups_widen_what_exists() {
    let policies = arn("policy", "team/*");
    let attach = |action: &str, resource: &str| {
        when(json!(action), resource, json!({ "ArnLike": { "iam:PolicyARN": policies } }))
    };
    let create = || on(json!("iam:CreatePolicy"), &policies);
    let own = arn("role", "r");
    assert_eq!(taken(&[attach("iam:AttachRolePolicy", &own)]), None);
    assert_eq!(taken(&[attach("iam:AttachRolePolicy", &own), create()]), path(&["iam-new-policy-role"]));
    let groups = arn("group", "team/*");
    let of_user = |statements: &[Value]| {
        let users = [user("u", &json!(statements))];
        shortest(&snapshot(&[], &users, None), &arn("user", "u")).map(|links| ids(&links))
    };
    let fill = ["iam:CreateGroup", "iam:AddUserToGroup"];
    assert_eq!(of_user(&[on(json!(fill), &groups)]), None, "a group without policies");
    assert_eq!(of_user(&[on(json!([fill[0], fill[1], "iam:PutGroupPolicy"]), &groups)]), path(&["iam-new-group"]));
    assert_eq!(
        of_user(&[on(json!(fill), &groups), attach("iam:AttachGroupPolicy", &groups), create()]),
        path(&["iam-new-group-policy"])
    );
}

#[test]
fn policies_admit_new_roles_by_their_names_and_tags() {
    let team = arn("role", "team/*");
    let create = || on(json!("iam:CreateRole"), &team);
    let by_name = |pattern: &str| {
        json!([{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:AssumeRole",
                 "Condition": { "ArnLike": { "aws:PrincipalArn": pattern } } }])
    };
    let both = path(&["iam-new-role-name", "sts-001"]);
    assert_eq!(taken_beside(&[create()], &[admin(by_name(&team))]), both);
    assert_eq!(taken_beside(&[create()], &[admin(by_name(&arn("role", "*-ops")))]), both);
    assert_eq!(taken_beside(&[create()], &[admin(by_name(&arn("role", "ops/*")))]), None, "another path");
    assert_eq!(taken_beside(&[create()], &[admin(trusts(json!({ "AWS": arn("role", "r") })))]), path(&["sts-001"]));
    // The creator chooses the tags of its sessions.
    let by_tag = json!([{ "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole",
                          "Condition": { "StringEquals": { "aws:PrincipalTag/team": "ops" } } }]);
    let only_assumes = json!({ "Arn": arn("policy", "assume"), "PolicyName": "assume", "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true,
                                "Document": document(&allow(json!("sts:AssumeRole"), "*")) }] });
    let attach = when(
        json!("iam:AttachRolePolicy"),
        &team,
        json!({ "ArnEquals": { "iam:PolicyARN": arn("policy", "assume") } }),
    );
    let r = role("r", &json!([create(), attach, on(json!("sts:AssumeRole"), "*")]), service("ec2"));
    let page = json!({ "RoleDetailList": [r, admin(by_tag)], "UserDetailList": [], "GroupDetailList": [],
                       "Policies": [only_assumes] });
    let source = iamdrift::source::SourceFile::new("account.json", page.to_string());
    let given = iamdrift::snapshot::Snapshot::from_texts(std::path::Path::new("given"), &[source]).unwrap();
    let found = shortest(&given, &arn("role", "r")).map(|links| ids(&links));
    assert_eq!(found, path(&["iam-new-role-attach", "sts-001"]));
}
