//! Services that use a role already: conditions that a new resource does not meet, roles that have a fixed name, and what only
//! the managing account of an organization can do.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, document, ids, path, role, service, shortest, snapshot, taken, trusts};

#[test]
fn a_new_trust_anchor_has_an_id_that_nobody_chose() {
    let anchor = |condition: Value| {
        let trust = json!([{ "Effect": "Allow", "Principal": { "Service": "rolesanywhere.amazonaws.com" },
                             "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": condition }]);
        taken(allow(json!("rolesanywhere:CreateTrustAnchor"), "*"), trust)
    };
    let source = |name: &str| {
        let arn = format!("arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:trust-anchor/{name}");
        json!({ "ArnEquals": { "aws:SourceArn": arn } })
    };
    assert_eq!(anchor(json!({})), path(&["rolesanywhere-anchor-new"]));
    assert_eq!(anchor(source("*")), path(&["rolesanywhere-anchor-new"]));
    assert_eq!(anchor(source("11111111-2222-3333-4444-555555555555")), None);
}

#[test]
fn a_certificate_is_issued_and_fetched() {
    let with = |actions: Value| taken(allow(actions, "*"), service("rolesanywhere"));
    let found = path(&["rolesanywhere-certificate"]);
    assert_eq!(with(json!(["acm-pca:IssueCertificate", "acm-pca:GetCertificate"])), found);
    assert_eq!(with(json!("acm-pca:IssueCertificate")), None, "the response has no certificate");
}

#[test]
fn stack_sets_use_the_role_with_their_name() {
    let stacks = allow(json!(["cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"]), "*");
    let by = |name: &str, trusted: &str| {
        let assume = allow(json!("sts:AssumeRole"), &arn("role", "target"));
        let target = role("target", &allow(json!("*"), "*"), trusts(json!({ "AWS": arn("role", name) })));
        let roles = [role("r", &stacks, service("ec2")), role(name, &assume, service(trusted)), target];
        shortest(&snapshot(&roles, &[], None), &arn("role", "r")).map(|links| ids(&links))
    };
    let name = "AWSCloudFormationStackSetAdministrationRole";
    assert_eq!(by(name, "cloudformation"), path(&["cloudformation-stackset"]));
    assert_eq!(by("other", "cloudformation"), None, "it must be passed");
    assert_eq!(by(name, "lambda"), None);
}

/// The paths of role `r` of an account in an organization with this management account and delegated administrators.
fn organized(statements: &Value, management: &str, delegated: &Value) -> Option<Vec<String>> {
    let page = json!({ "RoleDetailList": [role("r", statements, service("ec2"))], "UserDetailList": [],
                       "Policies": [], "GroupDetailList": [] });
    let full = json!({ "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY",
                       "Content": document(&allow(json!("*"), "*")), "Targets": ["r-abcd", ACCOUNT] });
    let organization = json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": management },
        "Roots": [{ "Id": "r-abcd", "Name": "Root",
                    "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "OrganizationalUnits": [],
        "Accounts": [{ "Id": ACCOUNT, "Name": "a", "ParentId": "r-abcd", "Status": "ACTIVE" }],
        "Policies": [full],
        "DelegatedAdministrators": delegated,
    });
    let sources = [("account.json", page), ("organization.json", organization)]
        .map(|(name, text)| SourceFile::new(name, text.to_string()));
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    shortest(&snapshot, &arn("role", "r")).map(|links| ids(&links))
}

#[test]
fn only_who_manages_an_organization_changes_its_members() {
    let other = "999900001111";
    let delegated = json!([{ "Id": ACCOUNT }]);
    for (actions, id) in [
        (json!(["account:StartPrimaryEmailUpdate", "account:AcceptPrimaryEmailUpdate"]), "account-root-mail"),
        (
            json!(["cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"]),
            "cloudformation-stackset-organization",
        ),
        (json!("cloudformation:UpdateStackSet"), "cloudformation-stackset-organization-update"),
    ] {
        let statements = allow(actions, "*");
        assert_eq!(organized(&statements, ACCOUNT, &json!([])), path(&[id]));
        assert_eq!(organized(&statements, other, &delegated), path(&[id]));
        assert_eq!(organized(&statements, other, &json!([])), None, "a member");
        let alone = snapshot(&[role("r", &statements, service("ec2"))], &[], None);
        assert!(shortest(&alone, &arn("role", "r")).is_none(), "no organization is known");
    }
}
