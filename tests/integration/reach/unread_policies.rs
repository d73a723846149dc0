//! AWS managed policies that can be attached, and whose documents are not in the snapshot: the result is undecided.

use serde_json::{Value, json};

use super::paths::search;
use super::{arn, role, service, snapshot, trusts};

const GAIN: &str = "sqs:SendMessage";

fn on(actions: &str, resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition })
}

fn of_aws(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

/// The policies that leave the search of role `r` undecided.
fn unread(statements: &[Value]) -> Vec<String> {
    let own = role("r", &json!(statements), service("ec2"));
    let other = role("team", &json!([]), trusts(json!({ "AWS": arn("role", "r") })));
    match search(&snapshot(&[own, other], &[], None), &arn("role", "r"), (GAIN, None)) {
        Ok(found) => {
            assert_eq!(found, None);
            Vec::new()
        }
        Err(reasons) => reasons.into_iter().collect(),
    }
}

#[test]
fn policies_of_aws_that_are_not_in_the_snapshot_are_undecided() {
    let create = || on("iam:CreateRole", &arn("role", "app/*"), json!({}));
    for (operator, values, pattern) in [
        ("ArnLike", vec![of_aws("AWS*")], "policy/AWS*"),
        ("ArnLike", vec![of_aws("job-function/*")], "policy/job-function/*"),
        ("ArnEquals", vec![of_aws("AmazonSQSFullAccess")], "policy/AmazonSQSFullAccess"),
        (
            "ArnNotEquals",
            vec![of_aws("AdministratorAccess"), of_aws("IAMFullAccess"), of_aws("PowerUserAccess"), arn("policy", "b")],
            "policy/*",
        ),
    ] {
        let limit = json!({ operator: { "iam:PolicyARN": values } });
        let attach = |resource: &str| on("iam:AttachRolePolicy", resource, limit.clone());
        let names_it = |statements: &[Value]| {
            let reasons = unread(statements);
            !reasons.is_empty() && reasons.iter().all(|reason| reason.contains(pattern))
        };
        assert!(names_it(&[create(), attach(&arn("role", "app/*"))]), "{operator}: a new role");
        assert!(names_it(&[attach(&arn("role", "team"))]), "{operator}: an existing role");
        assert_eq!(unread(&[attach(&arn("role", "app/*"))]), Vec::<String>::new(), "{operator}: no role");
        assert_eq!(
            unread(&[create(), attach(&arn("role", "dev/*"))]),
            Vec::<String>::new(),
            "{operator}: another role"
        );
    }
    let own = json!({ "ArnLike": { "iam:PolicyARN": arn("policy", "none*") } });
    let attach = on("iam:AttachRolePolicy", &arn("role", "app/*"), own);
    assert_eq!(unread(&[create(), attach]), Vec::<String>::new(), "policies of the account are in the snapshot");
}
