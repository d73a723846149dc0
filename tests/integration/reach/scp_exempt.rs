//! What SCPs do not restrict.

use iamdrift::catalog::Catalog;
use iamdrift::reach::{Graph, NodeState, WhoCanQuery};
use iamdrift::solve::Solver;
use serde_json::{Value, json};

use super::{allow, arn, role, service, snapshot};

/// Whether role `r` is allowed an action by itself, with an SCP that denies nearly everything.
fn is_allowed_despite_scp(action: &str, statements: &Value) -> bool {
    let scp = json!([allow(json!("*"), "*")[0], { "Effect": "Deny", "NotAction": "s3:*", "Resource": "*" }]);
    let snapshot = snapshot(&[role("r", statements, service("ec2"))], &[], Some(scp));
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, &snapshot, jiff::civil::date(2026, 11, 20));
    let from = graph.find(&arn("role", "r")).unwrap();
    let query = WhoCanQuery::new(catalog, action, None);
    graph.answer_who_can(&NodeState::unchanged(from), &query).unwrap().is_some()
}

#[test]
fn scps_do_not_restrict_mechanical_turk() {
    let everything = allow(json!("*"), "*");
    assert!(is_allowed_despite_scp("mechanicalturk:CreateHIT", &everything));
    assert!(is_allowed_despite_scp("s3:GetObject", &everything));
    assert!(!is_allowed_despite_scp("sqs:SendMessage", &everything));
    assert!(!is_allowed_despite_scp("mechanicalturk:CreateHIT", &allow(json!("s3:*"), "*")), "no permission");
    let denied = json!([everything[0], { "Effect": "Deny", "Action": "mechanicalturk:*", "Resource": "*" }]);
    assert!(!is_allowed_despite_scp("mechanicalturk:CreateHIT", &denied), "its own policy denies it");
}
