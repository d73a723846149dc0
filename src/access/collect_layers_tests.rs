//! Layers and context of the principals of a small organization.

use super::*;
use crate::iam::{AccountId, ContextKey, Template};
use crate::snapshot::{Account, LayerKind, MissingReason, Principal, Snapshot};

const ORGANIZATION: &str = r#"{
  "Organization": {"Id": "o-x", "MasterAccountId": "999988887777"},
  "Roots": [{"Id": "r-1", "PolicyTypes": [
    {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}, {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"}]}],
  "OrganizationalUnits": [{"Id": "ou-1", "Name": "prod", "ParentId": "r-1"}],
  "Accounts": [{"Id": "111122223333", "ParentId": "ou-1"}, {"Id": "999988887777", "ParentId": "r-1"}],
  "Policies": [
    {"Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "Targets": ["r-1", "ou-1", "111122223333", "999988887777"],
     "Content": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
    {"Id": "p-bad", "Name": "bad", "Type": "SERVICE_CONTROL_POLICY", "Targets": ["ou-1"], "Content": {"Statement": 1}},
    {"Id": "p-rcp", "Name": "rcp", "Type": "RESOURCE_CONTROL_POLICY", "Targets": ["r-1"],
     "Content": {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}}]}"#;

fn role(account: &str, path: &str, name: &str, action: &str) -> String {
    format!(
        r#"{{"Arn": "arn:aws:iam::{account}:role/{path}{name}", "RoleId": "AROA{name}", "RolePolicyList": [], "Tags": [{{"Key": "team", "Value": "a"}}],
        "AssumeRolePolicyDocument": {{"Statement": {{"Effect": "Allow", "Action": {action}, "Principal": {{"AWS": "{account}"}}}}}}}}"#
    )
}

fn snapshot(organization: bool) -> Snapshot {
    let directory = tempfile::tempdir().unwrap();
    let roles = [
        role("111122223333", "", "plain", r#""sts:AssumeRole""#),
        role("111122223333", "", "tagged", r#"["sts:AssumeRole", "sts:Tag*"]"#),
        role("111122223333", "aws-service-role/ecs.amazonaws.com/", "linked", r#""sts:AssumeRole""#)
            .replace(r#"{"AWS": "111122223333"}"#, r#"{"Service": "ecs.amazonaws.com"}"#),
        role("999988887777", "", "management", r#""sts:AssumeRole""#),
        role("444455556666", "", "elsewhere", r#""sts:AssumeRole""#),
    ];
    let page = format!(
        r#"{{"RoleDetailList": [{}], "UserDetailList": [{{"Arn": "arn:aws:iam::111122223333:user/u", "UserId": "AIDA1", "GroupList": [],
        "Tags": [{{"Key": "Team", "Value": "b"}}],
        "PermissionsBoundary": {{"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/gone"}}}}]}}"#,
        roles.join(",")
    );
    std::fs::write(directory.path().join("1.json"), page).unwrap();
    if organization {
        std::fs::write(directory.path().join("organization.json"), ORGANIZATION).unwrap();
    }
    let resources = r#"[{"ResourceArn": "arn:aws:s3:::b", "OwnerAccount": "111122223333", "Policy": {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}}]"#;
    std::fs::write(directory.path().join("resource-policies.json"), resources).unwrap();
    Snapshot::load(directory.path()).unwrap_or_else(|error| panic!("{error}"))
}

fn find<'s>(snapshot: &'s Snapshot, name: &str) -> (&'s Account, &'s Principal) {
    snapshot.principals().find(|(_, principal)| principal.name == name).unwrap()
}

fn layers(snapshot: &Snapshot, name: &str) -> Layers {
    let (account, principal) = find(snapshot, name);
    collect_layers(snapshot, account, principal)
}

#[test]
fn organization_policies_apply_by_level_with_exemptions() {
    let snapshot = snapshot(true);
    let plain = layers(&snapshot, "plain");
    let names: Vec<_> = plain.scps.as_ref().unwrap().iter().map(|level| level.name.as_str()).collect();
    assert_eq!(names, ["r-1", "ou-1 (prod)", "111122223333"]);
    let own = AccountId::parse("111122223333").unwrap();
    let controls = plain.rcps.as_ref().unwrap();
    let rcps: Vec<_> = controls.levels_of("arn:aws:s3:::b/k", None).map(|level| level.policies.len()).collect();
    assert_eq!(rcps, [1, 0, 0]);
    for (resource, levels) in [
        ("arn:aws:sqs:us-east-1:111122223333:q", 3),
        ("arn:aws:sqs:us-east-1:999988887777:q", 0),
        ("arn:aws:sqs:us-east-1:444455556666:q", 0),
        ("arn:aws:iam::aws:policy/p", 0),
        ("arn:aws:s3:::unknown", 0),
    ] {
        assert_eq!(controls.levels_of(resource, None).count(), levels, "{resource}");
    }
    assert_eq!(controls.levels_of("arn:aws:s3:::unknown", Some(&own)).count(), 3);
    assert_eq!(controls.levels_of("*", Some(&own)).count(), 3);
    assert_eq!(controls.of_account(&own).denying_levels().count(), 1);
    for exempt in ["linked", "management", "elsewhere"] {
        let layers = layers(&snapshot, exempt);
        assert!(layers.scps.is_none(), "{exempt}");
    }
    assert_eq!(layers(&snapshot, "linked").principal.principal_type, PrincipalType::ServiceLinkedRole);
    assert!(layers(&super::collect_layers_tests::snapshot(false), "plain").scps.is_none());
}

#[test]
fn missing_documents_on_the_path_are_reported() {
    let snapshot = snapshot(true);
    let names = |name: &str| {
        let (account, principal) = find(&snapshot, name);
        find_missing_documents(&snapshot, account, principal)
            .into_iter()
            .map(|m| {
                let named = ["p-bad", "arn:aws:iam::aws:policy/gone"].into_iter().find(|name| m.name.contains(name));
                (m.layer, named.unwrap(), matches!(m.reason, MissingReason::NotCollected))
            })
            .collect::<Vec<_>>()
    };
    let scp = (LayerKind::ServiceControl, "p-bad", false);
    assert_eq!(names("plain"), [scp]);
    assert_eq!(names("linked"), []);
    assert_eq!(names("u"), [(LayerKind::Boundary, "arn:aws:iam::aws:policy/gone", true), scp]);
    assert!(layers(&snapshot, "u").boundary.is_none());
}

#[test]
fn a_bucket_policy_covers_its_objects() {
    let layers = layers(&snapshot(false), "plain");
    let patterns: Vec<_> = layers.resource_policies[0].resources.alone.iter().map(Template::as_written).collect();
    assert_eq!(patterns, ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]);
    assert_eq!(layers.resource_policies[0].owner, AccountId::parse("111122223333").unwrap());
}

#[test]
fn known_context_of_a_principal() {
    let snapshot = snapshot(true);
    let fact =
        |name: &str, key: &str| build_known_context(&snapshot, find(&snapshot, name).1).fact(&ContextKey::new(key));
    let value = |text: &str| KeyFact::Value(text.to_owned());
    assert_eq!(fact("u", "aws:username"), value("u"));
    assert_eq!(fact("u", "aws:userid"), value("AIDA1"));
    assert_eq!(fact("u", "aws:PrincipalType"), value("User"));
    assert_eq!(fact("u", "aws:PrincipalTag/team"), value("b"));
    assert_eq!(fact("u", "aws:PrincipalTag/other"), KeyFact::Missing);
    assert_eq!(fact("plain", "aws:username"), KeyFact::Missing);
    assert_eq!(fact("plain", "aws:userid"), KeyFact::StartsWith("AROAplain:".to_owned()));
    assert_eq!(fact("plain", "aws:PrincipalArn"), value("arn:aws:iam::111122223333:role/plain"));
    assert_eq!(fact("plain", "aws:PrincipalTag/Team"), value("a"));
    assert_eq!(fact("tagged", "aws:PrincipalTag/Team"), KeyFact::Free);
    assert_eq!(fact("plain", "aws:PrincipalOrgID"), value("o-x"));
    assert_eq!(fact("plain", "aws:PrincipalOrgPaths"), KeyFact::Set(vec!["o-x/r-1/ou-1/".to_owned()]));
    // The organization has no other account.
    assert_eq!(fact("elsewhere", "aws:PrincipalOrgID"), KeyFact::NoneLike("o-x".to_owned()));
    assert_eq!(fact("elsewhere", "aws:PrincipalOrgPaths"), KeyFact::NoneLike("o-x/*".to_owned()));
    assert_eq!(fact("plain", "aws:SourceIp"), KeyFact::Free);
    assert_eq!(fact("plain", "aws:SourceArn"), KeyFact::Missing);
}
