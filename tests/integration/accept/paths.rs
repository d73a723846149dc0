//! Accepting one gain of an escalation accepts no other.

use serde_json::{Value, json};

use super::{Workspace, account, allow, document, list_keys, manifest, role, trust_ec2};

fn trusts(name: &str) -> Value {
    let arn = format!("arn:aws:iam::111122223333:role/{name}");
    json!({ "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "sts:AssumeRole" })
}

fn to(end: &str) -> String {
    format!("iam005/111122223333/role/r:to/111122223333/role/{end}")
}

/// Role `r` can assume `near`, and `near` can assume `far`.
fn chain(near: &Value, far: &Value) -> Value {
    let roles = [
        role("r", &[], &[trust_ec2()]),
        role("near", std::slice::from_ref(near), &[trusts("r")]),
        role("far", std::slice::from_ref(far), &[trusts("near")]),
    ];
    account(&roles, &[], &[])
}

fn workspace(near: &Value, far: &Value) -> Workspace {
    let ignored = "[[ignore]]\nmatch = [\"arn:*:iam::*:role/near\", \"arn:*:iam::*:role/far\"]\nreason = \"others\"\n";
    let ceiling = document(&[allow(json!("sts:AssumeRole"), json!("*"))]);
    Workspace::new(&chain(near, far), &[manifest(ignored), ("c.json", ceiling)])
}

fn accept(workspace: &Workspace, arguments: &[&str]) {
    let output = workspace.accept(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_accepted_near_gain_does_not_accept_an_administrator_behind_it() {
    let (queue, everything) = (allow(json!("sqs:*"), json!("*")), allow(json!("*"), json!("*")));
    let workspace = workspace(&queue, &everything);
    let (_, report) = workspace.audit();
    // The far end has all access of the near one, which is listed with it.
    assert_eq!(list_keys(&report, |_| true), [to("far")]);
    assert_eq!(report["findings"][0]["severity"], "critical");
    assert_eq!(report["findings"][0]["also_reaches"], json!(["arn:aws:iam::111122223333:role/near"]));
    accept(&workspace, &[&to("near")]);
    let (status, report) = workspace.audit();
    assert_eq!(status, 1);
    assert_eq!(list_keys(&report, |finding| finding["accepted"].is_null()), [to("far")]);
    assert_eq!(list_keys(&report, |finding| !finding["accepted"].is_null()), [to("near")]);
    assert_eq!(report["findings"][0]["severity"], "critical", "the severity of what is open");
    accept(&workspace, &[&to("far")]);
    assert_eq!(workspace.audit().0, 0);
}

#[test]
fn an_accepted_far_gain_does_not_accept_a_near_one() {
    let (queue, everything) = (allow(json!("sqs:*"), json!("*")), allow(json!("*"), json!("*")));
    let workspace = workspace(&queue, &everything);
    accept(&workspace, &[&to("far")]);
    assert_eq!(workspace.open_keys(), [to("near")]);
}

#[test]
fn accepted_gains_stay_accepted_when_they_shrink_and_are_not_stale() {
    let (queue, everything) = (allow(json!("sqs:*"), json!("*")), allow(json!("*"), json!("*")));
    let workspace = workspace(&queue, &everything);
    accept(&workspace, &["--all"]);
    assert_eq!(workspace.audit().0, 0);
    // The far role becomes as small as the near one: another path could be the shortest to this access.
    workspace.set_account(&chain(&queue, &queue));
    let (status, report) = workspace.audit();
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(list_keys(&report, |_| true).len(), 2);
    // It grows to something else.
    workspace.set_account(&chain(&allow(json!(["sqs:*", "rds:*"]), json!("*")), &queue));
    assert_eq!(workspace.open_keys(), [to("near")]);
}
