//! Trust policies that a principal can rewrite: for an account outside, for a service to which it passes the role, and so that
//! the tags of sessions can be chosen.

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::paths::search;
use super::{ACCOUNT, admin, arn, document, ids, path, role, service, shortest, trusts};

pub fn on(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

pub fn deny(actions: Value, condition: Value) -> Value {
    json!({ "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition })
}

/// An account with roles, with statements of an SCP and of an RCP.
pub fn organized(roles: &[Value], scp: &[Value], rcp: &[Value]) -> Snapshot {
    let scp: Vec<Value> = [vec![on(json!("*"), "*")], scp.to_vec()].concat();
    let policy = |id: &str, kind: &str, content: Value| json!({ "Id": id, "Name": id, "Type": kind, "Content": content, "Targets": [ACCOUNT] });
    let of_all = |mut statement: Value| {
        statement["Principal"] = json!("*");
        statement
    };
    let full = json!({ "Id": "p-full", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY",
                       "Content": document(&json!([on(json!("*"), "*")])), "Targets": ["r-abcd", "999900001111"] });
    let mut policies = vec![full, policy("p-scp", "SERVICE_CONTROL_POLICY", document(&json!(scp)))];
    if !rcp.is_empty() {
        let statements: Vec<Value> = rcp.iter().cloned().map(of_all).collect();
        policies.push(policy("p-rcp", "RESOURCE_CONTROL_POLICY", document(&json!(statements))));
    }
    let organization = json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": "999900001111" },
        "Roots": [{ "Id": "r-abcd", "Name": "Root",
                    "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
                                    { "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [],
        "Accounts": [{ "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" },
                     { "Id": "999900001111", "Name": "m", "ParentId": "r-abcd", "Status": "ACTIVE" }],
        "Policies": policies,
    });
    let page = json!({ "RoleDetailList": roles, "UserDetailList": [], "Policies": [], "GroupDetailList": [] });
    let sources = [("account.json", page), ("organization.json", organization)];
    let sources: Vec<_> = sources.iter().map(|(name, text)| SourceFile::new(*name, text.to_string())).collect();
    let given = Snapshot::from_texts(std::path::Path::new("given"), &sources).expect("a snapshot");
    assert!(given.problems.is_empty(), "{:?}", given.problems);
    given
}

fn taken(r: &[Value], others: &[Value], scp: &[Value], rcp: &[Value]) -> Option<Vec<String>> {
    let own = role("r", &json!(r), service("ec2"));
    let roles = [&[own], others].concat();
    shortest(&organized(&roles, scp, rcp), &arn("role", "r")).map(|links| ids(&links))
}

fn rewrite() -> Value {
    on(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "admin"))
}

/// The perimeter of an organization.
pub fn perimeter(actions: Value) -> Value {
    deny(
        actions,
        json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-own1234567" },
                "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } }),
    )
}

#[test]
fn a_rewritten_trust_policy_lets_an_account_outside_in() {
    let others = [admin(service("ec2"))];
    let no_session = [deny(json!("sts:AssumeRole"), json!({}))];
    let outside = path(&["iam-trust-outside"]);
    assert_eq!(taken(&[rewrite()], &others, &[], &[]), path(&["iam-012"]), "it can assume the role itself");
    assert_eq!(taken(&[rewrite()], &others, &no_session, &[]), outside, "the SCP does not bind the account outside");
    let own_deny = json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*" });
    assert_eq!(taken(&[rewrite(), own_deny], &others, &[], &[]), outside);
    assert_eq!(taken(&[rewrite()], &others, &no_session, &[perimeter(json!("sts:*"))]), None);
    assert_eq!(taken(&[rewrite()], &others, &no_session, &[perimeter(json!("s3:*"))]), outside, "not for roles");
    let partner = deny(
        json!("sts:AssumeRole"),
        json!({ "StringNotEquals": { "aws:PrincipalOrgID": ["o-own1234567", "o-partner1234"] } }),
    );
    assert_eq!(taken(&[rewrite()], &others, &no_session, &[partner]), None, "someone else owns that organization");
    assert_eq!(taken(&[on(json!("s3:GetObject"), "*")], &others, &no_session, &[]), None);
    let links = shortest(
        &organized(&[role("r", &json!([rewrite()]), service("ec2")), others[0].clone()], &no_session, &[]),
        &arn("role", "r"),
    );
    let [link] = links.as_deref().unwrap() else { panic!("one step") };
    assert_eq!(link.assumptions, ["the principal controls an AWS account outside"]);
    assert_eq!(
        link.requests.iter().map(|asked| &*asked.request.action).collect::<Vec<_>>(),
        ["iam:UpdateAssumeRolePolicy"]
    );
}

#[test]
fn a_role_is_passed_after_its_trust_policy_names_a_service() {
    let others = [admin(trusts(json!({ "AWS": arn("role", "admin") })))];
    let no_session = [deny(json!("sts:AssumeRole"), json!({}))];
    let closed = [perimeter(json!("sts:AssumeRole"))];
    let run = on(json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), "*");
    let pass = |resource: &str| on(json!("iam:PassRole"), resource);
    let admins = arn("role", "admin");
    let passed = path(&["iam-trust-pass"]);
    assert_eq!(taken(&[rewrite(), pass(&admins), run.clone()], &others, &no_session, &closed), passed);
    assert_eq!(taken(&[rewrite(), pass(&arn("role", "x")), run.clone()], &others, &no_session, &closed), None);
    assert_eq!(taken(&[rewrite(), pass(&admins)], &others, &no_session, &closed), None, "nothing runs it");
    assert_eq!(taken(&[pass(&admins), run.clone()], &others, &no_session, &closed), None, "it trusts no service");
    let for_ec2 = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                          "Condition": { "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } } });
    assert_eq!(taken(&[rewrite(), for_ec2, run.clone()], &others, &no_session, &closed), None, "to another service");
    let no_service =
        [deny(json!("sts:AssumeRole"), json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-own1234567" } }))];
    assert_eq!(taken(&[rewrite(), pass(&admins), run.clone()], &others, &no_session, &no_service), None);
    // One session rewrites, another one passes.
    let helper = role("helper", &json!([rewrite()]), trusts(json!({ "AWS": arn("role", "r") })));
    let assumed = [
        deny(json!("sts:AssumeRole"), json!({ "ArnNotLike": { "aws:PrincipalArn": arn("role", "r") } })),
        json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": admins }),
    ];
    let found = taken(&[pass(&admins), run], &[others[0].clone(), helper], &assumed, &closed);
    assert!(found.is_some_and(|found| found.contains(&"iam-trust-pass".to_owned()) || found == ["sts-001"]));
}

#[test]
fn sessions_have_tags_after_the_trust_policy_admits_them() {
    let by_tag = json!({ "Effect": "Allow", "Action": "ec2:*", "Resource": "*",
                         "Condition": { "StringEquals": { "aws:PrincipalTag/approved": "yes" } } });
    let own = on(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "r"));
    let no_tags = [deny(json!("sts:TagSession"), json!({}))];
    let closed = [perimeter(json!("sts:*"))];
    let steps_to = |action: &str, roles: &[Value], scp: &[Value], rcp: &[Value]| {
        let found = search(&organized(roles, scp, rcp), &arn("role", "r"), (action, None));
        found.expect("decided").map(|steps| steps.join(", "))
    };
    let of = |r: &[&Value], scp: &[Value], rcp: &[Value]| {
        steps_to("ec2:RunInstances", &[role("r", &json!(r), service("ec2"))], scp, rcp)
    };
    let tagged = Some("r → r: iam-trust-tags".to_owned());
    assert_eq!(of(&[&by_tag, &own], &[], &[]), tagged);
    assert_eq!(of(&[&by_tag, &own], &[], &closed), tagged);
    assert_eq!(of(&[&by_tag], &[], &[]), None);
    assert_eq!(of(&[&by_tag, &own], &no_tags, &closed), None);
    assert_eq!(of(&[&by_tag, &own], &no_tags, &[]), Some("r → r: iam-trust-outside".to_owned()));
    // Another role, which it can assume already.
    let target = role("t", &json!([by_tag]), trusts(json!({ "AWS": ACCOUNT })));
    let assume = on(json!("sts:AssumeRole"), &arn("role", "t"));
    let rewrite = on(json!("iam:UpdateAssumeRolePolicy"), &arn("role", "t"));
    let with = |r: &[&Value]| {
        let roles = [role("r", &json!(r), service("ec2")), target.clone()];
        steps_to("ec2:RunInstances", &roles, &[], &[])
    };
    assert_eq!(with(&[&assume]), None, "without the tag");
    assert_eq!(with(&[&assume, &rewrite]), Some("r → t: iam-trust-tags".to_owned()));
}
