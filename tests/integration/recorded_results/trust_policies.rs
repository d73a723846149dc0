//! Random trust policies: services, the account itself, other roles, identity providers, external accounts.

use serde_json::{Value, json};

use super::random::Random;
use super::statements::build_document;

const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const SAML: &str = "arn:aws:iam::111122223333:saml-provider/corp";

const SERVICES: [&str; 7] = [
    "lambda.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "codebuild.amazonaws.com",
    "cloudformation.amazonaws.com",
    "glue.amazonaws.com",
    "bedrock-agentcore.amazonaws.com",
];

/// Conditions on whoever assumes a role, as JSON.
const CONDITIONS: [&str; 8] = [
    r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
    r#"{"StringEquals":{"sts:ExternalId":"8f3a-2201"}}"#,
    r#"{"StringEquals":{"aws:PrincipalOrgID":"o-exampleorg1"}}"#,
    r#"{"StringEquals":{"aws:PrincipalTag/team":"billing"}}"#,
    r#"{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}"#,
    r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/operators/*"}}"#,
    r#"{"StringNotEquals":{"aws:RequestTag/change-approval":"CHG-1"}}"#,
    r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
];

fn build_trust(principal: Value, actions: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": actions })
}

/// Draws who may assume a role by AWS credentials.
fn draw_aws_principal(random: &mut Random, others: &[String]) -> Value {
    let external = json!({ "AWS": "arn:aws:iam::444455556666:root" });
    match random.draw_between(1, 100) {
        1..=39 => json!({ "AWS": "arn:aws:iam::111122223333:root" }),
        40..=74 if !others.is_empty() => json!({ "AWS": random.choose_some(others, 3) }),
        40..=74 => json!({ "AWS": "111122223333" }),
        75..=84 => external,
        85..=90 => json!({ "AWS": "arn:aws:iam::444455556666:role/partner" }),
        91..=95 => json!({ "AWS": "arn:aws:sts::111122223333:assumed-role/broker/session-1" }),
        96..=98 => json!("*"),
        _ => json!({ "AWS": "*" }),
    }
}

fn draw_aws_trust(random: &mut Random, others: &[String]) -> Value {
    let actions = match random.draw_between(1, 10) {
        1..=2 => json!(["sts:AssumeRole", "sts:TagSession"]),
        3 => json!(["sts:AssumeRole", "sts:SetSourceIdentity"]),
        4 => json!("sts:*"),
        _ => json!("sts:AssumeRole"),
    };
    let mut statement = build_trust(draw_aws_principal(random, others), actions);
    if random.draw_chance(45) {
        statement["Condition"] = random.choose_json(&CONDITIONS);
    }
    statement
}

fn draw_oidc_trust(random: &mut Random) -> Value {
    let subjects =
        ["repo:corp/app:*", "repo:corp*", "repo:corp/app:ref:refs/heads/main", "repo:corp/*:environment:prod"];
    let mut statement = build_trust(json!({ "Federated": GITHUB }), json!("sts:AssumeRoleWithWebIdentity"));
    let audience = json!({ "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" });
    statement["Condition"] = json!({ "StringEquals": audience });
    if random.draw_chance(75) {
        let subject = json!({ "token.actions.githubusercontent.com:sub": *random.choose(&subjects) });
        statement["Condition"]["StringLike"] = subject;
    }
    statement
}

fn draw_saml_trust(random: &mut Random) -> Value {
    let actions = match random.draw_chance(30) {
        true => json!(["sts:AssumeRoleWithSAML", "sts:TagSession"]),
        false => json!("sts:AssumeRoleWithSAML"),
    };
    let mut statement = build_trust(json!({ "Federated": SAML }), actions);
    statement["Condition"] = json!({ "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } });
    statement
}

fn draw_service_trust(random: &mut Random) -> Value {
    let services = random.choose_some(&SERVICES, 2);
    let mut statement = build_trust(json!({ "Service": services }), json!("sts:AssumeRole"));
    if random.draw_chance(20) {
        statement["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
    }
    statement
}

/// Draws a trust policy. `others` are ARNs of principals that it may name.
pub fn draw_trust_policy(random: &mut Random, others: &[String]) -> Value {
    let count = random.draw_between(1, 2);
    let mut statements = Vec::new();
    for _ in 0..count {
        statements.push(match random.draw_between(1, 100) {
            1..=40 => draw_service_trust(random),
            41..=49 => draw_oidc_trust(random),
            50..=59 => draw_saml_trust(random),
            _ => draw_aws_trust(random, others),
        });
    }
    if random.draw_chance(8) {
        let mut denial = build_trust(json!("*"), json!("sts:AssumeRole"));
        denial["Effect"] = json!("Deny");
        denial["Condition"] = random.choose_json(&CONDITIONS);
        statements.push(denial);
    }
    build_document(&statements)
}
