//! Roles of other accounts: both sides must agree, and the organization's policies of either account close the path.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, document, ids, path, role, service, shortest, trusts};

const OTHER: &str = "222233334444";

fn abroad(mut role: Value) -> Value {
    let text = role.to_string().replace(ACCOUNT, OTHER).replace("AROAEXAMPLE", "AROAABROAD0");
    role = serde_json::from_str(&text).unwrap();
    role
}

/// Role `r` here and role `admin` of another account of the organization, with a policy of it on one account.
fn taken(statements: &Value, trust: Value, policy: Option<(&str, Value, &str)>) -> Option<Vec<String>> {
    let here = vec![role("r", statements, service("ec2"))];
    shortest(&two_accounts(here, trust, policy), &arn("role", "r")).map(|links| ids(&links))
}

/// Roles here and role `admin` of another account.
fn two_accounts(here: Vec<Value>, trust: Value, policy: Option<(&str, Value, &str)>) -> Snapshot {
    let page = |roles: Vec<Value>| {
        json!({ "RoleDetailList": roles, "UserDetailList": [], "Policies": [], "GroupDetailList": [] }).to_string()
    };
    // The trust policy names this account as it is written: only the role's own ARN moves.
    let mut admin = abroad(role("admin", &allow(json!("*"), "*"), service("ec2")));
    admin["AssumeRolePolicyDocument"] = document(&trust);
    let full = |id: &str, kind: &str| {
        json!({ "Id": id, "Name": id, "Type": kind, "Content": document(&allow(json!("*"), "*")),
                "Targets": ["r-abcd", ACCOUNT, OTHER] })
    };
    let mut rcp_full = full("p-RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY");
    rcp_full["Content"] = document(&json!([{ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }]));
    let mut policies = vec![full("p-full", "SERVICE_CONTROL_POLICY"), rcp_full];
    if let Some((kind, statements, target)) = policy {
        policies.push(json!({ "Id": "p-own", "Name": "own", "Type": kind, "Content": document(&statements), "Targets": [target] }));
    }
    let organization = json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": "999900001111" },
        "Roots": [{ "Id": "r-abcd", "Name": "Root",
                    "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
                                    { "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [],
        "Accounts": [{ "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" },
                     { "Id": OTHER, "Name": "b", "ParentId": "r-abcd", "Status": "ACTIVE" }],
        "Policies": policies,
    });
    let sources = [
        SourceFile::new("here.json", page(here)),
        SourceFile::new("there.json", page(vec![admin])),
        SourceFile::new("organization.json", organization.to_string()),
    ];
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).expect("a snapshot");
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    snapshot
}

fn assume() -> Value {
    allow(json!("sts:AssumeRole"), "*")
}

fn nothing() -> Value {
    allow(json!("s3:ListAllMyBuckets"), "*")
}

#[test]
fn both_sides_must_agree() {
    let account = || trusts(json!({ "AWS": ACCOUNT }));
    let me = || trusts(json!({ "AWS": arn("role", "r") }));
    assert_eq!(taken(&assume(), account(), None), path(&["sts-001"]));
    assert_eq!(taken(&assume(), me(), None), path(&["sts-001"]));
    assert_eq!(taken(&nothing(), account(), None), None);
    assert_eq!(taken(&nothing(), me(), None), None, "named from another account, it needs a policy of its own");
    assert_eq!(taken(&nothing(), trusts(json!("*")), None), None, "anyone may come in who may ask");
    assert_eq!(taken(&assume(), trusts(json!("*")), None), path(&["sts-001"]));
    assert_eq!(taken(&assume(), trusts(json!({ "AWS": OTHER })), None), None, "its own account alone");
    let when = |condition: Value| json!([{ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition }]);
    let org = |id: &str| when(json!({ "StringEquals": { "aws:PrincipalOrgID": id } }));
    assert_eq!(taken(&assume(), org("o-own1234567"), None), path(&["sts-001"]));
    assert_eq!(taken(&assume(), org("o-another123"), None), None);
    let id = |id: &str| when(json!({ "StringEquals": { "sts:ExternalId": id } }));
    assert_eq!(taken(&assume(), id("0815"), None), path(&["sts-001"]));
}

#[test]
fn policies_of_the_organization_bind_where_they_are() {
    let account = || trusts(json!({ "AWS": ACCOUNT }));
    let scp = |on: &'static str| {
        let deny = json!([{ "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*" }]);
        Some(("SERVICE_CONTROL_POLICY", deny, on))
    };
    assert_eq!(taken(&assume(), account(), scp(ACCOUNT)), None, "an SCP binds the principals of its account");
    assert_eq!(taken(&assume(), account(), scp(OTHER)), path(&["sts-001"]), "and not who comes from another");
    let rcp = |on: &'static str| {
        let deny = json!([{ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*" }]);
        Some(("RESOURCE_CONTROL_POLICY", deny, on))
    };
    assert_eq!(taken(&assume(), account(), rcp(OTHER)), None, "an RCP binds the roles of its account");
    assert_eq!(taken(&assume(), account(), rcp(ACCOUNT)), path(&["sts-001"]), "and not those of another");
}

#[test]
fn an_rcp_of_another_account_tells_apart_who_is_alike_here() {
    let deny = json!([{ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*",
                        "Condition": { "ArnLike": { "aws:PrincipalArn": arn("role", "barred") } } }]);
    let here = ["barred", "free"].map(|name| role(name, &assume(), service("ec2")));
    let policy = Some(("RESOURCE_CONTROL_POLICY", deny, OTHER));
    let snapshot = two_accounts(here.to_vec(), trusts(json!({ "AWS": ACCOUNT })), policy);
    super::same_answers::hold_steps(&snapshot);
}
