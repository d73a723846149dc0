//! Random accounts with operators, agents, a workload, a user in a group and an undeclared role, which share policies.

use serde_json::{Value, json};

use super::{Case, account, allow, arn, attach, document, entry, managed, role};
use crate::recorded_results::random::Random;

const ACTIONS: [&str; 11] = [
    "s3:GetObject",
    "s3:*",
    "s3:Delete*",
    "sqs:SendMessage",
    "sqs:*",
    "sqs:Delete*",
    "sns:Publish",
    "iam:AttachRolePolicy",
    "iam:PassRole",
    "sts:AssumeRole",
    "ec2:Describe*",
];
const RESOURCES: [&str; 4] = ["*", "*", "arn:aws:s3:::a/*", "arn:aws:iam::111122223333:role/*"];
const CONDITIONS: [&str; 3] = [
    r#"{ "Bool": { "aws:SecureTransport": "true" } }"#,
    r#"{ "StringEquals": { "aws:RequestedRegion": ["eu-west-1", "eu-central-1"] } }"#,
    r#"{ "StringLike": { "aws:PrincipalTag/change-approval": "CHG-*" } }"#,
];
const SHARED: [&str; 3] =
    ["arn:aws:iam::111122223333:policy/one", "arn:aws:iam::111122223333:policy/two", "arn:aws:iam::aws:policy/Power"];

fn draw_statement(random: &mut Random) -> Value {
    let mut statement = allow(json!(random.choose_some(&ACTIONS, 3)), random.choose::<&str>(&RESOURCES));
    if random.draw_chance(25) {
        statement["Condition"] = random.choose_json(&CONDITIONS);
    }
    if random.draw_chance(10) {
        statement["Effect"] = json!("Deny");
    }
    statement
}

fn draw_statements(random: &mut Random) -> Vec<Value> {
    (0..random.draw_between(1, 3)).map(|_| draw_statement(random)).collect()
}

fn draw_trust(random: &mut Random) -> Value {
    let trusted = match random.draw_between(1, 5) {
        1 => json!({ "Service": "lambda.amazonaws.com" }),
        2 => json!({ "AWS": "arn:aws:iam::444455556666:root" }),
        3 => json!({ "AWS": ["arn:aws:iam::444455556666:role/ci", arn("role/op1")] }),
        4 => json!({ "AWS": arn("root") }),
        _ => json!({ "Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"] }),
    };
    json!({ "Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole" })
}

fn draw_attached(random: &mut Random) -> Vec<&'static str> {
    if random.draw_chance(30) { Vec::new() } else { random.choose_some(&SHARED, 2) }
}

fn draw_role(random: &mut Random, name: &str) -> Value {
    let statements = if random.draw_chance(50) { draw_statements(random) } else { Vec::new() };
    let mut drawn = role(name, &statements, &draw_attached(random));
    let trust: Vec<Value> = (0..random.draw_between(1, 2)).map(|_| draw_trust(random)).collect();
    drawn["AssumeRolePolicyDocument"] = document(&trust);
    drawn
}

fn draw_user(random: &mut Random) -> Value {
    let statements = draw_statements(random);
    json!({
        "Arn": arn("user/ann"), "UserName": "ann", "UserId": "AIDAANN", "Path": "/", "GroupList": ["helpers"],
        "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(&statements) }],
        "AttachedManagedPolicies": attach(&draw_attached(random)),
    })
}

fn draw_group(random: &mut Random) -> Value {
    let statements = draw_statements(random);
    json!({
        "Arn": arn("group/helpers"), "GroupName": "helpers", "GroupId": "AGPAHELPERS", "Path": "/",
        "GroupPolicyList": [{ "PolicyName": "ofgroup", "PolicyDocument": document(&statements) }],
        "AttachedManagedPolicies": attach(&draw_attached(random)),
    })
}

/// Draws an account with its baseline.
pub fn draw_case(random: &mut Random) -> Case {
    let roles: Vec<Value> = ["op1", "op2", "ag1", "ag2", "work", "stranger"].map(|name| draw_role(random, name)).into();
    let policies: Vec<Value> = SHARED
        .iter()
        .map(|arn| {
            let statements: Vec<Value> = draw_statements(random);
            managed(arn, &statements, 0)
        })
        .collect();
    let mut account = account(&roles, &policies);
    account["UserDetailList"] = json!([draw_user(random)]);
    account["GroupDetailList"] = json!([draw_group(random)]);
    let assumable = if random.draw_chance(50) {
        format!("\nassumable_by = [\"ec2.amazonaws.com\", \"{}\"]", arn("role/op1"))
    } else {
        String::new()
    };
    let guards = if random.draw_chance(50) { "\nguards = [\"second person\"]" } else { "" };
    let manifest = [
        entry("op", "operator", &format!("allow = [\"op.json\"]{guards}")),
        entry("ag", "agent", &format!("allow = [\"ag.json\"]\nnarrower_than = \"op\"{assumable}")),
        entry("work", "workload", &format!("allow = [\"work.json\"]{assumable}")),
        entry("ann", "operator", "allow = [\"op.json\", \"work.json\"]"),
        "[[guard]]\nname = \"second person\"\nactions = [\"s3:Delete*\", \"sqs:Delete*\"]\nseverity = \"high\"\n"
            .to_owned()
            + "unless = { StringLike = { \"aws:PrincipalTag/change-approval\" = \"CHG-*\" } }\n",
    ];
    let manifest = match guards {
        "" => manifest[..4].concat(),
        _ => manifest.concat(),
    };
    let ceilings: Vec<(&str, Value)> = ["op.json", "ag.json", "work.json"]
        .into_iter()
        .map(|name| {
            let mut statements = draw_statements(random);
            statements.iter_mut().for_each(|statement| statement["Effect"] = json!("Allow"));
            (name, document(&statements))
        })
        .collect();
    Case::new(&account, &manifest, &ceilings)
}
