//! Techniques that give a part of a role's permissions, with a role that trusts the service only once the principal says so.

use serde_json::{Value, json};

use super::paths::{search, steps_to};
use super::rewritten_trust::{deny, on, organized, perimeter};
use super::{allow, arn, role, service, trusts};

const GAIN: &str = "sqs:SendMessage";

/// No session in the account begins by a request, and nobody outside assumes a role.
fn found(statements: &[Value], others: &[Value]) -> Option<Vec<String>> {
    let roles = [&[role("r", &json!(statements), service("ec2"))], others].concat();
    let no_session = [deny(json!("sts:AssumeRole"), json!({}))];
    let given = organized(&roles, &no_session, &[perimeter(json!("sts:*"))]);
    steps_to(&given, &arn("role", "r"), GAIN)
}

fn rule() -> Value {
    on(json!(["events:PutRule", "events:PutTargets"]), "*")
}

fn pass(resource: &str) -> Value {
    on(json!("iam:PassRole"), resource)
}

#[test]
fn a_new_role_is_passed_to_a_service_that_acts_with_a_part_of_it() {
    let team = arn("role", "team/*");
    let create = || on(json!("iam:CreateRole"), &team);
    let put = || on(json!("iam:PutRolePolicy"), &team);
    let steps = found(&[create(), put(), pass(&team), rule()], &[]).expect("a path");
    assert!(steps.iter().any(|step| step.contains("events")), "{steps:?}");
    assert_eq!(found(&[put(), pass(&team), rule()], &[]), None, "it creates no role");
    assert_eq!(found(&[create(), pass(&team), rule()], &[]), None, "the role has no policy");
    assert_eq!(found(&[create(), put(), rule()], &[]), None, "it passes no role");
    assert_eq!(found(&[create(), put(), pass(&arn("role", "x/*")), rule()], &[]), None, "it passes others");
    assert_eq!(found(&[create(), put(), pass(&team)], &[]), None, "no service uses it");
    assert_eq!(found(&[create(), put(), pass(&team), on(json!("events:PutRule"), "*")], &[]), None);
    let to_lambda = json!({ "Effect": "Allow", "Action": "iam:PassRole", "Resource": team,
                            "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } } });
    assert_eq!(found(&[create(), put(), to_lambda, rule()], &[]), None, "to another service");
    // What the service does not do.
    let all = [create(), put(), pass(&team), rule()];
    let roles = [role("r", &json!(all), service("ec2"))];
    let no_session = deny(json!("sts:AssumeRole"), json!({}));
    let only_r_passes = deny(json!("iam:PassRole"), json!({ "ArnNotLike": { "aws:PrincipalArn": arn("role", "r") } }));
    let reads = |scp: &[Value]| {
        let given = organized(&roles, scp, &[perimeter(json!("sts:*"))]);
        search(&given, &arn("role", "r"), ("s3:GetObject", None)).map(|steps| steps.is_some())
    };
    assert_eq!(reads(&[no_session.clone(), only_r_passes]), Ok(false));
    assert_eq!(reads(&[no_session]), Ok(true), "the rule starts a task with a role that it passes");
    // A managed policy is attached.
    let attach = json!({ "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": team });
    assert!(found(&[create(), attach, pass(&team), rule()], &[]).is_some());
}

#[test]
fn a_role_with_another_trust_policy_is_passed_to_such_a_service() {
    let sender = || role("sender", &allow(json!("sqs:*"), "*"), trusts(json!({ "AWS": arn("role", "sender") })));
    let own = arn("role", "sender");
    let rewrite = || on(json!("iam:UpdateAssumeRolePolicy"), &own);
    let steps = found(&[rewrite(), pass(&own), rule()], &[sender()]).expect("a path");
    assert_eq!(steps, ["r → sender: iam-trust-pass, events-rule"]);
    assert_eq!(found(&[pass(&own), rule()], &[sender()]), None);
    assert_eq!(found(&[rewrite(), rule()], &[sender()]), None);
    assert_eq!(found(&[rewrite(), pass(&own)], &[sender()]), None);
    // One session rewrites the trust policy, another one passes the role.
    let helper = role("helper", &json!([rewrite()]), trusts(json!({ "AWS": arn("role", "r") })));
    let roles = [role("r", &json!([pass(&own), rule()]), service("ec2")), sender(), helper];
    let only_helper = [
        deny(json!("sts:AssumeRole"), json!({ "ArnNotLike": { "aws:PrincipalArn": arn("role", "r") } })),
        json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": own }),
    ];
    let given = organized(&roles, &only_helper, &[perimeter(json!("sts:*"))]);
    let steps = steps_to(&given, &arn("role", "r"), GAIN).expect("a path");
    assert_eq!(steps.len(), 2, "{steps:?}");
}
