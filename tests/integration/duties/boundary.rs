//! IAM008: the declared boundary is there, and nobody gets past it.

use iamdrift::audit::{RuleId, Severity};
use serde_json::{Value, json};

use super::{ACCOUNT, Case, allow, arn, bounded, entry, managed, role, statement, user};

const NONE: [&str; 0] = [];

fn manifest() -> String {
    entry("bot", "agent", "allow = \"all.json\"\nboundary = \"arn:*:iam::*:policy/limit\"")
}

/// A role that may do all that its boundary allows.
fn within(boundary: &[Value]) -> Case {
    let case = Case::new(&[bounded(role("bot", &[allow(json!("*"))]), "limit")], &manifest());
    case.policies(&[managed("limit", boundary), managed("other", &[allow(json!("*"))])])
}

fn past(statements: &[Value]) -> Vec<String> {
    within(statements).titles(RuleId::Boundary)
}

fn on(actions: Value, resource: &str, condition: Value) -> Value {
    statement("Allow", actions, json!(resource), condition)
}

#[test]
fn it_must_be_attached() {
    let bare = Case::new(&[role("bot", &[])], &manifest());
    let expected = ["bot: its declared boundary arn:*:iam::*:policy/limit is not attached"];
    assert_eq!(bare.titles(RuleId::Boundary), expected);
    assert_eq!(bare.findings(RuleId::Boundary)[0].severity, Severity::Critical, "high, one step up for an agent");
    let other = Case::new(&[bounded(role("bot", &[]), "other")], &manifest());
    let other = other.policies(&[managed("other", &[allow(json!("*"))])]);
    let expected =
        format!("bot: its boundary is arn:aws:iam::{ACCOUNT}:policy/other, and not arn:*:iam::*:policy/limit");
    assert_eq!(other.titles(RuleId::Boundary), [expected]);
    assert_eq!(past(&[allow(json!("sqs:*"))]), NONE);
    // Nothing is asked where nothing is declared.
    assert_eq!(
        Case::new(&[role("bot", &[allow(json!("*"))])], &entry("bot", "agent", "allow = \"all.json\""))
            .titles(RuleId::Boundary),
        NONE
    );
    // The boundary is attached although its document was not collected.
    let lost = Case::new(&[bounded(role("bot", &[]), "limit")], &manifest());
    assert_eq!(lost.titles(RuleId::Boundary), NONE);
    assert_eq!(lost.findings(RuleId::Undecided).len(), 1);
}

#[test]
fn each_way_past_it_is_found() {
    let off = "bot: can get past its boundary: it may take a boundary off";
    assert_eq!(past(&[on(json!("iam:DeleteRolePermissionsBoundary"), "*", json!({}))]), [off]);
    assert_eq!(past(&[on(json!("iam:DeleteRolePermissionsBoundary"), &arn("role/made/*"), json!({}))]), [off]);
    let set = "bot: can get past its boundary: it may set another one";
    assert_eq!(past(&[on(json!("iam:PutUserPermissionsBoundary"), "*", json!({}))]), [set]);
    let rewrite = "bot: can get past its boundary: it may rewrite it";
    assert_eq!(past(&[on(json!("iam:CreatePolicyVersion"), "*", json!({}))]), [rewrite]);
    assert_eq!(past(&[on(json!("iam:SetDefaultPolicyVersion"), &arn("policy/limit"), json!({}))]), [rewrite]);
    let make = "bot: can get past its boundary: it may make a principal without it";
    assert_eq!(past(&[on(json!("iam:CreateRole"), "*", json!({}))]), [make]);
    let all = "bot: can get past its boundary: it may take a boundary off, set another one, rewrite it, make a principal without it";
    assert_eq!(past(&[allow(json!("iam:*"))]), [all]);
    let finding = &within(&[on(json!("iam:CreateRole"), "*", json!({}))]).findings(RuleId::Boundary)[0];
    let witness = &finding.excess[0].witness;
    assert_eq!(witness.action, "iam:CreateRole");
    assert!(!witness.context.contains_key("iam:PermissionsBoundary"), "{witness:?}");
    assert_eq!(finding.excess[0].granted_by.policy, "inline");
}

#[test]
fn what_keeps_the_boundary_in_place_is_no_way_past_it() {
    let bounded_by =
        |policy: &str| json!({ "StringEquals": { "iam:PermissionsBoundary": arn(&format!("policy/{policy}")) } });
    let making = json!(["iam:CreateRole", "iam:CreateUser", "iam:PutRolePermissionsBoundary"]);
    assert_eq!(past(&[on(making.clone(), "*", bounded_by("limit"))]), NONE);
    assert_eq!(past(&[on(making, "*", bounded_by("other"))]).len(), 1);
    // Other policies; actions that change no boundary.
    assert_eq!(
        past(&[on(json!(["iam:CreatePolicyVersion", "iam:CreatePolicy"]), &arn("policy/app-*"), json!({}))]),
        NONE
    );
    assert_eq!(past(&[on(json!(["iam:AttachRolePolicy", "iam:Get*", "iam:List*"]), "*", json!({}))]), NONE);
    // The way that the rule's page tells.
    let denies = [
        statement(
            "Deny",
            json!(["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"]),
            json!("*"),
            json!({}),
        ),
        statement(
            "Deny",
            json!(["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"]),
            json!(arn("policy/limit")),
            json!({}),
        ),
        statement(
            "Deny",
            json!([
                "iam:PutRolePermissionsBoundary",
                "iam:PutUserPermissionsBoundary",
                "iam:CreateRole",
                "iam:CreateUser"
            ]),
            json!("*"),
            json!({ "StringNotEquals": { "iam:PermissionsBoundary": arn("policy/limit") } }),
        ),
    ];
    assert_eq!(past(&[&[allow(json!("*"))], denies.as_slice()].concat()), NONE);
}

#[test]
fn users_have_boundaries_too() {
    let case = Case::new(&[], &manifest()).users(&[user("bot", &[allow(json!("iam:DeleteUserPermissionsBoundary"))])]);
    let expected = [
        "bot: its declared boundary arn:*:iam::*:policy/limit is not attached",
        "bot: can get past its boundary: it may take a boundary off",
    ];
    let mut found = case.titles(RuleId::Boundary);
    found.sort_by_key(|title| title.contains("get past"));
    assert_eq!(found, expected);
}
