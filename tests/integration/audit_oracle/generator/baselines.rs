//! Random baselines: a manifest as JSON, which is written as TOML, and its documents.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::accounts::PrincipalName;
use super::conditions::draw_conditions;
use super::random::Dice;
use super::services::{ACTIONS, MEMBER, OUTSIDE, OWN};
use super::statements::{Topic, allow_all, draw_ceiling};

/// Draws a manifest and its documents.
pub fn draw_baseline(
    topic: &Topic<'_>,
    dice: &mut Dice,
    names: &[PrincipalName],
    held: &[(String, Vec<Value>)],
) -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    let mut entries = Vec::new();
    let (mut personas, mut exceptions) = (Vec::new(), Vec::new());
    let guards = draw_guards(topic, dice);
    for (index, name) in names.iter().enumerate() {
        if dice.percent(7) {
            continue;
        }
        let held = &held.iter().find(|(arn, _)| *arn == name.arn).unwrap().1;
        let mut entry = json!({ "name": format!("entry {index}"), "kind": "workload" });
        entry["match"] = match dice.below(4) {
            0 => json!([name.arn]),
            1 => json!(name.arn.replacen("arn:aws:", "arn:*:", 1)),
            // No other generated name ends in the same way.
            2 => json!(format!("{}*", &name.arn[..name.arn.len() - 1])),
            _ => json!(name.arn),
        };
        if name.arn.ends_with("/app") && dice.percent(100) {
            // `app*` would also match `app2`.
            entry["match"] = json!(name.arn);
        }
        let document = format!("ceilings/{index}.json");
        let mut statements = draw_ceiling(topic, dice, held);
        if dice.percent(6) {
            statements.push(allow_all());
        }
        files.insert(document.clone(), json!({ "Version": "2012-10-17", "Statement": statements }));
        entry["allow"] = json!([document]);
        if dice.percent(15) {
            entry["levels"] = draw_levels(topic, dice);
            entry["resources"] = json!([*dice.pick(&["*", "arn:*:s3:::reports*", "arn:aws:sqs:*:*:jobs"])]);
        }
        if !guards.is_empty() && dice.percent(40) {
            entry["guards"] = json!([dice.pick(&guards)["name"]]);
        }
        if !name.is_user && dice.percent(35) {
            entry["assumable_by"] = draw_assumers(topic, dice);
        }
        if dice.percent(12) {
            let document = format!("accepted/{index}.json");
            let statements = draw_ceiling(topic, dice, held);
            files.insert(document.clone(), json!({ "Version": "2012-10-17", "Statement": statements }));
            exceptions.push(draw_exception(name, &document));
        }
        if dice.percent(8) {
            entries.push(draw_second_entry(topic, dice, (name, index), held, &mut files));
        }
        if dice.percent(25) {
            let document = format!("personas/{index}.json");
            let statements = draw_ceiling(topic, dice, held);
            files.insert(document.clone(), json!({ "Version": "2012-10-17", "Statement": statements }));
            personas.push(json!({
                "name": format!("persona {index}"), "of": entry["name"], "kind": "workload",
                "when": draw_conditions(dice, None, topic.areas), "allow": [document],
            }));
        }
        entries.push(entry);
    }
    let mut manifest = json!({
        "version": 1, "settings": { "agent_hints": false, "through_agents": false }, "principal": entries,
        "guard": guards, "persona": personas, "exception": exceptions,
    });
    if dice.percent(10) {
        manifest["ignore"] =
            json!([{ "match": format!("arn:aws:iam::{OWN}:role/ops"), "reason": "audited elsewhere" }]);
    }
    files.insert("baseline.json".to_owned(), manifest);
    files
}

/// Accepts what a document allows beyond the ceiling of a principal.
fn draw_exception(name: &PrincipalName, document: &str) -> Value {
    let resource = name.arn.splitn(6, ':').nth(5).unwrap();
    json!({
        "finding": format!("iam001/{}/{resource}", name.account), "accepts": document, "reason": "until the migration",
        "requested_by": "Ann", "approved_by": "Bob", "expires": "2027-01-31",
    })
}

/// A second entry that matches the same principal: both ceilings apply.
fn draw_second_entry(
    topic: &Topic<'_>,
    dice: &mut Dice,
    (name, index): (&PrincipalName, usize),
    held: &[Value],
    files: &mut BTreeMap<String, Value>,
) -> Value {
    let document = format!("ceilings/{index}-second.json");
    let statements = draw_ceiling(topic, dice, held);
    files.insert(document.clone(), json!({ "Version": "2012-10-17", "Statement": statements }));
    let mut entry =
        json!({ "name": format!("second {index}"), "kind": "workload", "match": name.arn, "allow": [document] });
    if !name.is_user && dice.percent(35) {
        entry["assumable_by"] = draw_assumers(topic, dice);
    }
    entry
}

fn draw_levels(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let service = *dice.pick(&topic.services);
    let levels: Vec<&str> =
        ACTIONS.iter().filter(|action| action.service() == service).map(|action| action.level).collect();
    json!({ service: dice.pick_some(&levels, 1) })
}

fn draw_guards(topic: &Topic<'_>, dice: &mut Dice) -> Vec<Value> {
    let names: Vec<&str> =
        ACTIONS.iter().filter(|action| topic.services.contains(&action.service())).map(|action| action.name).collect();
    let draw = |dice: &mut Dice, number: usize| {
        json!({
            "name": format!("guard {number}"), "actions": dice.pick_some(&names, 4), "severity": "high",
            "unless": draw_conditions(dice, None, topic.areas),
        })
    };
    (0..dice.below(3)).map(|number| draw(dice, number)).collect()
}

fn draw_assumers(topic: &Topic<'_>, dice: &mut Dice) -> Value {
    let mut assumers = Vec::new();
    for _ in 0..dice.below(4) {
        let pattern = match dice.below(8) {
            0 => (*dice.pick(&[OWN, MEMBER, OUTSIDE])).to_owned(),
            1 => (*dice.pick(&["ec2.amazonaws.com", "lambda.amazonaws.com"])).to_owned(),
            2 => format!("arn:aws:iam::{OWN}:role/agents/*"),
            3 => format!("arn:aws:iam::{OWN}:root"),
            4 => (*dice.pick(&["arn:aws:iam::*:role/agents/*", "arn:aws:iam::*:*", "arn:*:iam::*6777:role/*"]))
                .to_owned(),
            5 => (*dice.pick(&["*", "arn:aws:iam::*:role/visitor"])).to_owned(),
            _ => dice.pick(&topic.arns).clone(),
        };
        let is_wide = pattern.contains("::*");
        assumers.push(match dice.below(10) {
            0 | 1 => json!({ "principal": pattern, "when": draw_conditions(dice, Some("sts"), topic.areas) }),
            2..5 if is_wide => json!({ "principal": pattern, "when": draw_caller_conditions(dice) }),
            _ => json!(pattern),
        });
    }
    json!(assumers)
}

/// Draws a condition on the account or the organization of the caller.
fn draw_caller_conditions(dice: &mut Dice) -> Value {
    let operator = *dice.pick(&["StringEquals", "StringLike", "StringEqualsIfExists", "StringNotEquals"]);
    match dice.below(3) {
        0 => json!({ operator: { "aws:PrincipalAccount": dice.pick_some(&[OWN, MEMBER, OUTSIDE], 2) } }),
        1 => json!({ operator: { "aws:PrincipalOrgID": dice.pick_some(&["o-exampleorg1", "o-otherorg22"], 2) } }),
        _ => json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": *dice.pick(&["o-otherorg22/*", "o-*"]) } }),
    }
}
