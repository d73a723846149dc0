//! SCPs and RCPs that a role of the management account can change, and accounts that it can remove.

use std::path::Path;

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, allow, arn, document, ids, path, role, shortest, trusts};

const MANAGEMENT: &str = "999900001111";
const UNIT: &str = "ou-abcd-11111111";

fn in_management(kind: &str, name: &str) -> String {
    format!("arn:aws:organizations::{MANAGEMENT}:{kind}/o-own1234567/{name}")
}

fn policy(name: &str) -> String {
    in_management("policy", &format!("service_control_policy/{name}"))
}

/// A policy of the organization: its id, its document and its targets.
type Control<'c> = (&'c str, Value, Value);

/// The paths of role `r` of a member account. It may do everything in S3, and act as role `x` of an account with some
/// permissions in the organization.
fn freed(account: &str, statements: &Value, controls: &[Control<'_>], kind: &str) -> Option<Vec<String>> {
    let manager = arn("role", "x").replace(ACCOUNT, account);
    let mut own = vec![allow(json!("s3:*"), "*")[0].clone(), allow(json!("sts:AssumeRole"), &manager)[0].clone()];
    // The manager has nothing that `r` lacks.
    own.extend(statements.as_array().unwrap().iter().cloned());
    let own = json!(own);
    let mut x = role("x", statements, trusts(json!({ "AWS": arn("role", "r") })));
    x["Arn"] = json!(manager);
    let page = json!({ "RoleDetailList": [role("r", &own, super::service("ec2")), x],
                       "UserDetailList": [], "Policies": [], "GroupDetailList": [] });
    let control = |(id, statements, targets): &Control<'_>| json!({ "Id": id, "Name": id, "Type": kind, "Content": document(statements), "Targets": targets });
    // An SCP that allows something replaces FullAWSAccess.
    let is_replaced = |target: &str| {
        let replaces = |(_, statements, targets): &Control<'_>| {
            statements[0]["Effect"] == "Allow" && targets.as_array().unwrap().contains(&json!(target))
        };
        controls.iter().any(replaces)
    };
    let mut targets = vec!["r-abcd", UNIT, ACCOUNT, MANAGEMENT, "222233334444"];
    targets.retain(|target| !is_replaced(target));
    let full = json!({ "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY",
                       "Content": document(&allow(json!("*"), "*")), "Targets": targets });
    let policies: Vec<Value> = [full].into_iter().chain(controls.iter().map(control)).collect();
    let organization = json!({
        "Organization": { "Id": "o-own1234567", "MasterAccountId": MANAGEMENT },
        "Roots": [{ "Id": "r-abcd", "Name": "Root", "PolicyTypes": [
            { "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" },
            { "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" },
        ] }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [{ "Id": UNIT, "Name": "unit", "ParentId": "r-abcd" }],
        "Accounts": [
            { "Id": ACCOUNT, "Name": "a", "ParentId": UNIT, "Status": "ACTIVE" },
            { "Id": "222233334444", "Name": "b", "ParentId": UNIT, "Status": "ACTIVE" },
            { "Id": MANAGEMENT, "Name": "m", "ParentId": "r-abcd", "Status": "ACTIVE" },
        ],
        "Policies": policies,
    });
    let sources = [("account.json", page), ("organization.json", organization)]
        .map(|(name, text)| SourceFile::new(name, text.to_string()));
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    shortest(&snapshot, &arn("role", "r")).map(|links| ids(&links))
}

fn deny(actions: &str) -> Value {
    json!([{ "Effect": "Deny", "Action": actions, "Resource": "*" }])
}

fn under_scp(statements: &Value, controls: &[Control<'_>]) -> Option<Vec<String>> {
    freed(MANAGEMENT, statements, controls, "SERVICE_CONTROL_POLICY")
}

#[test]
fn a_role_of_the_management_account_lifts_scps() {
    let at_account = [("p-deny1", deny("s3:Delete*"), json!([ACCOUNT]))];
    let by = |actions: &str| under_scp(&allow(json!(actions), "*"), &at_account);
    let found = |id: &str| path(&["sts-001", id]);
    assert_eq!(by("organizations:UpdatePolicy"), found("organizations-scp-update"));
    assert_eq!(by("organizations:DetachPolicy"), found("organizations-scp-detach"));
    assert_eq!(by("organizations:DisablePolicyType"), found("organizations-scp-disable"));
    assert_eq!(by("organizations:RemoveAccountFromOrganization"), found("organizations-remove"));
    assert_eq!(by("organizations:DeletePolicy"), None, "it must be detached first");
    assert_eq!(by("organizations:AttachPolicy"), None, "no SCP ends a Deny");
    assert_eq!(by("organizations:MoveAccount"), None, "the SCP is attached to the account");
    let harmless = [("p-deny1", deny("ec2:*"), json!([ACCOUNT]))];
    assert_eq!(under_scp(&allow(json!("organizations:*"), "*"), &harmless), None, "it may not use EC2 anyway");
    let changes = ["UpdatePolicy", "DetachPolicy", "DisablePolicyType", "RemoveAccountFromOrganization"];
    let changes = changes.map(|name| format!("organizations:{name}"));
    let of_member = freed("222233334444", &allow(json!(changes), "*"), &at_account, "SERVICE_CONTROL_POLICY");
    assert_eq!(of_member, None, "another member manages nothing");
}

#[test]
fn an_account_that_is_moved_leaves_the_scps_of_its_unit() {
    let at = |target: &str| {
        let moves = allow(json!("organizations:MoveAccount"), "*");
        under_scp(&moves, &[("p-deny1", deny("s3:Delete*"), json!([target]))])
    };
    assert_eq!(at(UNIT), path(&["sts-001", "organizations-move"]));
    assert_eq!(at("r-abcd"), None, "the root stays above it");
    let places = [in_management("account", ACCOUNT), in_management("ou", UNIT), in_management("root", "r-abcd")];
    for missing in 0..=places.len() {
        let resources: Vec<&String> =
            places.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, arn)| arn).collect();
        let moves = json!([{ "Effect": "Allow", "Action": "organizations:MoveAccount", "Resource": resources }]);
        let found = under_scp(&moves, &[("p-deny1", deny("s3:Delete*"), json!([UNIT]))]);
        assert_eq!(found.is_some(), missing == places.len(), "without place {missing}");
    }
}

#[test]
fn each_policy_and_target_needs_permission() {
    let both = [("p-deny1", deny("s3:Delete*"), json!([ACCOUNT])), ("p-deny2", deny("s3:*"), json!([UNIT]))];
    let update = |name: &str| allow(json!("organizations:UpdatePolicy"), &policy(name));
    assert_eq!(under_scp(&update("p-other"), &both), None);
    assert_eq!(under_scp(&update("p-deny1"), &both), None, "the other one denies the same");
    assert_eq!(under_scp(&update("p-deny2"), &both), path(&["sts-001", "organizations-scp-update"]));
    let one = &both[..1];
    let detach = |resources: Value| {
        under_scp(&json!([{ "Effect": "Allow", "Action": "organizations:DetachPolicy", "Resource": resources }]), one)
    };
    let account = in_management("account", ACCOUNT);
    assert_eq!(detach(json!([policy("p-deny1"), account])), path(&["sts-001", "organizations-scp-detach"]));
    assert_eq!(detach(json!([policy("p-deny1")])), None, "not from this target");
    assert_eq!(detach(json!([account])), None);
    let of_type = |name: &str| {
        json!([{ "Effect": "Allow", "Action": "organizations:UpdatePolicy", "Resource": "*",
                 "Condition": { "StringEquals": { "organizations:PolicyType": name } } }])
    };
    assert_eq!(under_scp(&of_type("SERVICE_CONTROL_POLICY"), one), path(&["sts-001", "organizations-scp-update"]));
    assert_eq!(under_scp(&of_type("TAG_POLICY"), one), None);
}

#[test]
fn a_list_of_allowed_services_is_widened() {
    let attach = allow(json!("organizations:AttachPolicy"), "*");
    let detach = allow(json!("organizations:DetachPolicy"), "*");
    let list = json!([allow(json!(["s3:Get*", "sts:*", "organizations:*"]), "*")[0]]);
    let limited = |statements: &Value| under_scp(statements, &[("p-list1", list.clone(), json!([ACCOUNT]))]);
    assert_eq!(limited(&attach), path(&["sts-001", "organizations-scp-attach"]));
    assert_eq!(limited(&detach), None, "the last SCP cannot be detached");
}

#[test]
fn rcps_are_lifted_by_their_own_type() {
    let control = json!([{ "Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "*" }]);
    let controls = [("p-rcp1", control, json!([ACCOUNT]))];
    let by = |statements: Value| freed(MANAGEMENT, &statements, &controls, "RESOURCE_CONTROL_POLICY");
    assert_eq!(by(allow(json!("organizations:UpdatePolicy"), "*")), path(&["sts-001", "organizations-rcp-update"]));
    assert_eq!(by(allow(json!("organizations:DetachPolicy"), "*")), path(&["sts-001", "organizations-rcp-detach"]));
    let of_scps = json!([{ "Effect": "Allow", "Action": "organizations:UpdatePolicy", "Resource": "*",
                           "Condition": { "StringEquals": { "organizations:PolicyType": "SERVICE_CONTROL_POLICY" } } }]);
    assert_eq!(by(of_scps), None);
}
