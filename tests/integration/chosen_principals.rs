//! Documents that concern a chosen principal because a trust policy lets it act as another one.

use serde_json::{Value, json};

use crate::accept::{Workspace, account, allow, ceiling, manifest, role};

const CALLER: &str = "arn:aws:iam::111122223333:role/r1";

fn trust(principal: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" })
}

fn unread(mut statement: Value) -> Value {
    statement["Condition"] = json!({ "StringLikes": { "aws:x": "y" } });
    statement
}

fn read() -> Value {
    allow(json!("s3:GetObject"), json!("arn:aws:s3:::pub/*"))
}

/// The exit status of an audit of the first of two roles.
fn status_beside(other: Value) -> i32 {
    let caller = role("r1", &[read()], &[trust(json!({ "Service": "ec2.amazonaws.com" }))]);
    let workspace = Workspace::new(&account(&[caller, other], &[], &[]), &[manifest(""), ceiling()]);
    workspace.run(&["audit", "--principal", "r1"]).status.code().unwrap()
}

#[test]
fn an_unread_document_of_a_role_that_trusts_the_principal_concerns_it() {
    let broken = |principal: Value| role("r2", &[unread(read())], &[trust(principal)]);
    assert_eq!(status_beside(broken(json!({ "Service": "ec2.amazonaws.com" }))), 0);
    assert_eq!(status_beside(broken(json!({ "AWS": "111122223333" }))), 0, "needs a policy of its own");
    assert_eq!(status_beside(broken(json!({ "AWS": "arn:aws:iam::111122223333:role/r3" }))), 0);
    assert_eq!(status_beside(broken(json!({ "AWS": CALLER }))), 3);
    assert_eq!(status_beside(broken(json!({ "AWS": "AROAr1" }))), 3, "the unique id");
    assert_eq!(status_beside(broken(json!({ "AWS": "arn:aws:sts::111122223333:assumed-role/r1/s" }))), 3);
    assert_eq!(status_beside(broken(json!("*"))), 3);
    // A policy that was not collected.
    let mut incomplete = role("r2", &[], &[trust(json!({ "AWS": CALLER }))]);
    incomplete["AttachedManagedPolicies"] =
        json!([{ "PolicyName": "x", "PolicyArn": "arn:aws:iam::111122223333:policy/x" }]);
    assert_eq!(status_beside(incomplete), 3);
}

#[test]
fn an_unread_trust_policy_that_might_name_the_principal_concerns_it() {
    assert_eq!(status_beside(role("r2", &[read()], &[unread(trust(json!({ "AWS": CALLER })))])), 3);
}
