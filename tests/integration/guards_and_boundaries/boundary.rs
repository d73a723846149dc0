//! IAM008: the declared boundary is there, and nobody gets past it.

use iamdrift::audit::{RuleId, Severity};
use serde_json::{Value, json};

use super::{Case, allow, arn, bounded, entry, managed, role, statement, user};

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
    within(statements).facts(RuleId::Boundary)
}

fn on(actions: Value, resource: &str, condition: Value) -> Value {
    statement("Allow", actions, json!(resource), condition)
}

#[test]
fn it_must_be_attached() {
    let bare = Case::new(&[role("bot", &[])], &manifest());
    assert_eq!(bare.facts(RuleId::Boundary), ["bot 0/0"]);
    assert_eq!(bare.findings(RuleId::Boundary)[0].severity, Severity::Critical, "high, one step up for an agent");
    let other = Case::new(&[bounded(role("bot", &[]), "other")], &manifest());
    let other = other.policies(&[managed("other", &[allow(json!("*"))])]);
    assert_eq!(other.facts(RuleId::Boundary), ["bot 0/0"]);
    insta::assert_snapshot!(
        "a_boundary_that_is_not_attached",
        bare.texts(RuleId::Boundary) + &other.texts(RuleId::Boundary)
    );
    assert_eq!(past(&[allow(json!("sqs:*"))]), NONE);
    // Nothing is asked where nothing is declared.
    assert_eq!(
        Case::new(&[role("bot", &[allow(json!("*"))])], &entry("bot", "agent", "allow = \"all.json\""))
            .facts(RuleId::Boundary),
        NONE
    );
    // The boundary is attached although its document was not collected.
    let lost = Case::new(&[bounded(role("bot", &[]), "limit")], &manifest());
    assert_eq!(lost.facts(RuleId::Boundary), NONE);
    assert_eq!(lost.findings(RuleId::Undecided).len(), 1);
}

#[test]
fn each_way_past_it_is_found() {
    let off = "bot 1/1 iam:DeleteRolePermissionsBoundary";
    assert_eq!(past(&[on(json!("iam:DeleteRolePermissionsBoundary"), "*", json!({}))]), [off]);
    assert_eq!(past(&[on(json!("iam:DeleteRolePermissionsBoundary"), &arn("role/made/*"), json!({}))]), [off]);
    let set = "bot 1/0 iam:PutUserPermissionsBoundary";
    assert_eq!(past(&[on(json!("iam:PutUserPermissionsBoundary"), "*", json!({}))]), [set]);
    assert_eq!(past(&[on(json!("iam:CreatePolicyVersion"), "*", json!({}))]), ["bot 1/0 iam:CreatePolicyVersion"]);
    let default = "bot 1/0 iam:SetDefaultPolicyVersion";
    assert_eq!(past(&[on(json!("iam:SetDefaultPolicyVersion"), &arn("policy/limit"), json!({}))]), [default]);
    assert_eq!(past(&[on(json!("iam:CreateRole"), "*", json!({}))]), ["bot 1/0 iam:CreateRole"]);
    let all = within(&[allow(json!("iam:*"))]);
    assert_eq!(all.findings(RuleId::Boundary)[0].action_count, 8);
    insta::assert_snapshot!("ways_past_a_boundary", all.texts(RuleId::Boundary));
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
fn service_control_policies_keep_the_boundary_in_place() {
    let of = |actions: Value| {
        let case = within(&[allow(json!("iam:*"))]).scp(&[statement("Deny", actions, json!("*"), json!({}))]);
        case.facts(RuleId::Boundary)
    };
    let all = json!(["iam:Delete*Boundary", "iam:Put*Boundary", "iam:Create*", "iam:SetDefaultPolicyVersion"]);
    assert_eq!(of(all), NONE);
    let but_users = json!(["iam:Delete*Boundary", "iam:Put*Boundary", "iam:CreateRole", "iam:*PolicyVersion"]);
    assert_eq!(of(but_users), ["bot 1/0 iam:CreateUser"]);
}

/// "Checks that the specified policy is attached as permissions boundary on the IAM principal resource": in a request
/// that takes a boundary off, `iam:PermissionsBoundary` is the one that is attached.
#[test]
fn taking_off_other_boundaries_is_no_way_past_this_one() {
    let where_it_is = |operator: &str| {
        let condition = json!({ operator: { "iam:PermissionsBoundary": arn("policy/limit") } });
        past(&[on(json!("iam:DeleteRolePermissionsBoundary"), "*", condition)])
    };
    assert_eq!(where_it_is("StringNotEquals"), NONE);
    assert_eq!(where_it_is("ArnEquals").len(), 1);
}

/// Where the glob leaves room, whoever sets a policy of its own making as boundary is not bound.
#[test]
fn a_glob_with_room_is_no_leave_to_write_a_boundary() {
    let manifest = manifest().replace("policy/limit", "policy/limit*");
    let of = |statements: &[Value]| {
        let case = Case::new(&[bounded(role("bot", &[allow(json!("*"))]), "limit")], &manifest);
        let policies = [managed("limit", statements), managed("limit-2", &[allow(json!("*"))]), managed("other", &[])];
        case.policies(&policies).facts(RuleId::Boundary)
    };
    let any = json!({ "ArnLike": { "iam:PermissionsBoundary": "arn:aws:iam::*:policy/limit*" } });
    // As a text, the pattern also matches a policy whose path contains `:policy/limit`.
    let text = json!({ "StringLike": { "iam:PermissionsBoundary": "arn:aws:iam::*:policy/limit*" } });
    let set_by_text = on(json!("iam:PutRolePermissionsBoundary"), "*", text);
    assert_eq!(of(&[set_by_text]), ["bot 1/0 iam:PutRolePermissionsBoundary"]);
    let set = || on(json!("iam:PutRolePermissionsBoundary"), "*", any.clone());
    let make = || on(json!("iam:CreatePolicy"), "*", json!({}));
    let write = |name: &str| on(json!("iam:CreatePolicyVersion"), &arn(&format!("policy/{name}")), json!({}));
    assert_eq!(of(&[set()]), NONE);
    assert_eq!(of(&[set(), make()]), ["bot 1/0 iam:CreatePolicy"]);
    assert_eq!(of(&[set(), write("limit-2")]), ["bot 1/0 iam:CreatePolicyVersion"]);
    assert_eq!(of(&[set(), write("other")]), NONE);
    let elsewhere = on(json!("iam:CreatePolicy"), &arn("policy/app-*"), json!({}));
    assert_eq!(of(&[set(), elsewhere]), NONE);
}

#[test]
fn users_have_boundaries_too() {
    let case = Case::new(&[], &manifest()).users(&[user("bot", &[allow(json!("iam:DeleteUserPermissionsBoundary"))])]);
    let mut found = case.facts(RuleId::Boundary);
    found.sort();
    assert_eq!(found, ["bot 0/0", "bot 1/1 iam:DeleteUserPermissionsBoundary"]);
}
