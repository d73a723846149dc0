//! Random organizations and policies of resources.

use serde_json::{Value, json};

use super::conditions::draw_conditions;
use super::random::Dice;
use super::services::{ACTIONS, MANAGEMENT, MEMBER, OUTSIDE, OWN, Shape, draw_resource};
use super::statements::{Topic, allow_all};

const UNITS: [&str; 2] = ["ou-ab12-11111111", "ou-ab12-22222222"];

fn control(id: &str, kind: &str, statements: &[Value], targets: &[&str]) -> Value {
    let content = json!({ "Version": "2012-10-17", "Statement": statements });
    json!({ "Id": id, "Name": id, "Type": kind, "Content": content, "Targets": targets })
}

/// Draws an organization: one unit or two nested ones, an account outside of them, SCPs on several levels, and RCPs.
pub fn draw_organization(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let is_nested = dice.percent(50);
    let own_unit = if is_nested { UNITS[1] } else { UNITS[0] };
    let member_parent = *dice.pick(&["r-ab12", UNITS[0], UNITS[1]]);
    let nodes = ["r-ab12", UNITS[0], UNITS[1], OWN, MEMBER, MANAGEMENT];
    let mut policies = Vec::new();
    let mut open: Vec<&str> = nodes.to_vec();
    // A node whose only SCPs are narrow.
    if dice.percent(35) {
        let narrow = *dice.pick(&["r-ab12", own_unit, OWN]);
        open.retain(|node| *node != narrow);
        let mut statements = vec![topic.draw_statement(dice, "Allow"), topic.draw_statement(dice, "Allow")];
        if dice.percent(60) {
            statements.push(json!({
                "Effect": "Allow", "Action": topic.services.iter().map(|s| format!("{s}:*")).collect::<Vec<_>>(),
                "Resource": "*",
            }));
        }
        policies.push(control("p-narrow", "SERVICE_CONTROL_POLICY", &statements, &[narrow]));
    }
    policies.push(control("p-FullAWSAccess", "SERVICE_CONTROL_POLICY", &[allow_all()], &open));
    for number in 0..dice.below(3) {
        let target = *dice.pick(&nodes);
        let denial = topic.draw_statement(dice, "Deny");
        policies.push(control(&format!("p-deny{number}"), "SERVICE_CONTROL_POLICY", &[denial], &[target]));
    }
    let mut types = vec![json!({ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" })];
    if (topic.areas)("rcp") && dice.percent(50) {
        types.push(json!({ "Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED" }));
        let everyone = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
        policies.push(control("p-RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", &[everyone], &nodes));
        for number in 0..1 + dice.below(2) {
            let denial = draw_resource_control(topic, dice);
            let target = *dice.pick(&nodes);
            policies.push(control(&format!("p-rcp{number}"), "RESOURCE_CONTROL_POLICY", &[denial], &[target]));
        }
    }
    json!({
        "Organization": { "Id": "o-exampleorg1", "MasterAccountId": MANAGEMENT },
        "Roots": [{ "Id": "r-ab12", "Name": "Root", "PolicyTypes": types }],
        "DelegatedAdministrators": [],
        "OrganizationalUnits": [
            { "Id": UNITS[0], "Name": "production", "ParentId": "r-ab12" },
            { "Id": UNITS[1], "Name": "team", "ParentId": if is_nested { UNITS[0] } else { "r-ab12" } },
        ],
        "Accounts": [
            { "Id": OWN, "ParentId": own_unit, "Status": "ACTIVE" },
            { "Id": MEMBER, "ParentId": member_parent, "Status": "ACTIVE" },
            { "Id": MANAGEMENT, "ParentId": "r-ab12", "Status": "ACTIVE" },
        ],
        "Policies": policies,
    })
}

fn draw_resource_control(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let services = ["s3:*", "sqs:*", "kms:*", "secretsmanager:*", "sts:AssumeRole"];
    let mut denial = json!({
        "Effect": "Deny", "Principal": "*", "Action": dice.pick_some(&services, 3), "Resource": "*",
    });
    if dice.percent(80) {
        denial["Condition"] = draw_conditions(dice, None, topic.areas);
    }
    denial
}

fn draw_principal_element(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let arn = dice.pick(&topic.arns).clone();
    let session = match arn.contains(":role/") {
        true => {
            let account = arn.split(':').nth(4).unwrap();
            let name = arn.rsplit('/').next().unwrap();
            format!("arn:aws:sts::{account}:assumed-role/{name}/ci")
        }
        false => arn.clone(),
    };
    match dice.below(10) {
        0 => json!("*"),
        1 => json!({ "AWS": "*" }),
        2 => json!({ "AWS": *dice.pick(&[OWN, MEMBER, OUTSIDE]) }),
        3 => json!({ "AWS": format!("arn:aws:iam::{OWN}:root") }),
        4 => json!({ "AWS": session }),
        5 => json!({ "Service": "sns.amazonaws.com" }),
        6 => json!({ "AWS": [arn, OWN] }),
        _ => json!({ "AWS": arn }),
    }
}

/// Draws policies of one to three resources.
pub fn draw_resource_policies(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let mut entries: Vec<Value> = Vec::new();
    let shapes = [Shape::Bucket, Shape::Queue, Shape::Key, Shape::Secret];
    for _ in 0..1 + dice.below(3) {
        let shape = *dice.pick(&shapes);
        let arn = draw_resource(dice, shape, &topic.arns);
        if entries.iter().any(|entry| entry["ResourceArn"] == arn) {
            continue;
        }
        let account = arn.split(':').nth(4).unwrap();
        let owner = if account.is_empty() { *dice.pick(&[OWN, OWN, OWN, MEMBER, OUTSIDE]) } else { account };
        let mut statements = Vec::new();
        for _ in 0..1 + dice.below(2) {
            statements.push(draw_resource_statement(topic, dice, shape, &arn, "Allow"));
        }
        if dice.percent(40) {
            statements.push(draw_resource_statement(topic, dice, shape, &arn, "Deny"));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let mut entry = json!({ "ResourceArn": arn, "OwnerAccount": owner, "Policy": policy });
        if shape == Shape::Bucket && dice.percent(50) {
            entry["ObjectOwnership"] =
                json!(*dice.pick(&["BucketOwnerEnforced", "BucketOwnerEnforced", "ObjectWriter"]));
        }
        entries.push(entry);
    }
    json!(entries)
}

fn draw_resource_statement(topic: &Topic<'_>, dice: &mut Dice, shape: Shape, arn: &str, effect: &str) -> Value {
    let is_bucket = shape == Shape::Bucket;
    let takes = |other: Shape| other == shape || (is_bucket && other == Shape::Object);
    let names: Vec<&str> = ACTIONS.iter().filter(|action| takes(action.shape)).map(|action| action.name).collect();
    let service = names[0].split(':').next().unwrap();
    let actions = match dice.percent(30) {
        true => json!(format!("{service}:*")),
        false => json!(dice.pick_some(&names, 3)),
    };
    let resource = match (is_bucket, dice.percent(30)) {
        (true, _) => json!([arn, format!("{arn}/*")]),
        (false, true) => json!("*"),
        (false, false) => json!(arn),
    };
    let mut statement = json!({ "Effect": effect, "Action": actions, "Resource": resource });
    statement["Principal"] = draw_principal_element(topic, dice);
    if dice.percent(if effect == "Deny" { 70 } else { 40 }) {
        statement["Condition"] = draw_conditions(dice, Some(service), topic.areas);
    }
    statement
}
