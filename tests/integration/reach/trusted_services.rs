//! Services that a trust policy admits without their common name.

use iamdrift::audit::RuleId;
use serde_json::{Value, json};

use super::audited::{ADMIN, audited, entry};
use super::{admin, allow, arn, role, service};

/// Whether a role that may pass the administrator to a service is found to become it.
fn reaches_admin(trust: Value, actions: &[&str]) -> bool {
    let declared = json!([allow(json!("iam:PassRole"), &arn("role", "admin"))[0], allow(json!(actions), "*")[0]]);
    let roles = [role("r", &declared, service("ec2")), admin(trust)];
    let audit = audited(&roles, &format!("{}{ADMIN}", entry("r", "workload", "")), &declared);
    audit.findings.iter().any(|finding| finding.rule == RuleId::Escalation)
}

fn anyone_if(condition: &Value) -> Value {
    json!([{ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": condition }])
}

#[test]
fn a_star_admits_services() {
    let lambda = ["lambda:CreateFunction", "lambda:InvokeFunction"];
    let is_service = json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } });
    assert!(reaches_admin(anyone_if(&is_service), &lambda));
    let named = |name: &str| json!({ "StringEquals": { "aws:PrincipalServiceName": name } });
    assert!(reaches_admin(anyone_if(&named("lambda.amazonaws.com")), &lambda));
    assert!(!reaches_admin(anyone_if(&named("ec2.amazonaws.com")), &lambda));
    let is_none = json!({ "Bool": { "aws:PrincipalIsAWSService": "false" }, "StringEquals": { "aws:PrincipalAccount": "444455556666" } });
    assert!(!reaches_admin(anyone_if(&is_none), &lambda));
}

#[test]
fn the_name_of_a_service_can_have_a_region() {
    let step_functions = ["states:CreateStateMachine", "states:StartExecution"];
    let trust =
        |name: &str| json!([{ "Effect": "Allow", "Principal": { "Service": name }, "Action": "sts:AssumeRole" }]);
    assert!(reaches_admin(trust("states.amazonaws.com"), &step_functions));
    assert!(reaches_admin(trust("states.eu-west-1.amazonaws.com"), &step_functions));
    assert!(!reaches_admin(trust("states.example.amazonaws.com"), &step_functions));
}
