//! Random statements and documents.

use serde_json::{Value, json};

use super::conditions::{Areas, draw_conditions};
use super::random::Dice;
use super::services::{ACTIONS, Action, Shape, draw_resource_pattern};

/// What statements are about: the services of one account, so that policies meet, and the principals of the snapshot.
pub struct Topic<'a> {
    pub services: Vec<&'static str>,
    pub arns: Vec<String>,
    pub areas: Areas<'a>,
}

impl Topic<'_> {
    fn list_actions(&self) -> Vec<&'static Action> {
        ACTIONS.iter().filter(|action| self.services.contains(&action.service())).collect()
    }

    /// Draws the actions of a statement, and one action that they match.
    fn draw_actions(&self, dice: &mut Dice) -> (Value, &'static Action) {
        let actions = self.list_actions();
        let action = *dice.pick(&actions);
        let (service, name) = action.name.split_once(':').unwrap();
        let same_service: Vec<&str> =
            actions.iter().filter(|other| other.service() == service).map(|other| other.name).collect();
        let patterns = match dice.below(10) {
            0 => json!("*"),
            1 | 2 => json!(format!("{service}:*")),
            3 => json!(format!("{service}:{}*", &name[..3])),
            4 => json!([format!("{service}:*{}", &name[name.len() - 4..]), *dice.pick(&same_service)]),
            5 => json!(action.name.to_lowercase().replacen('e', "?", 1)),
            _ => {
                let mut names = dice.pick_some(&same_service, 3);
                names.push(action.name);
                json!(names)
            }
        };
        (patterns, action)
    }

    /// Draws a statement of an identity policy, a ceiling or an SCP.
    pub fn draw_statement(&self, dice: &mut Dice, effect: &str) -> Value {
        let (patterns, action) = self.draw_actions(dice);
        let mut statement = json!({ "Effect": effect });
        let not_action = dice.percent(6);
        statement[if not_action { "NotAction" } else { "Action" }] = patterns;
        let count = 1 + usize::from(dice.percent(25));
        let resources: Vec<String> = (0..count).map(|_| draw_resource_pattern(dice, action, &self.arns)).collect();
        let not_resource = dice.percent(6) && action.shape != Shape::Nothing && !resources.contains(&"*".to_owned());
        statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
        if dice.percent(if effect == "Deny" { 65 } else { 40 }) {
            let service = if not_action { None } else { Some(action.service()) };
            statement["Condition"] = draw_conditions(dice, service, self.areas);
        }
        statement
    }

    /// Draws statements, most of which allow something.
    pub fn draw_statements(&self, dice: &mut Dice, most: usize) -> Vec<Value> {
        let draw = |dice: &mut Dice| {
            let effect = if dice.percent(18) { "Deny" } else { "Allow" };
            self.draw_statement(dice, effect)
        };
        (0..1 + dice.below(most)).map(|_| draw(dice)).collect()
    }
}

/// Puts statements into a document. Seldom one of the old version, which has no variables.
pub fn build_document(dice: &mut Dice, statements: &[Value]) -> Value {
    let version = if dice.percent(4) { "2008-10-17" } else { "2012-10-17" };
    json!({ "Version": version, "Statement": statements })
}

/// A document in one of the forms in which snapshots have them: an object, a text, or a percent-encoded text.
pub fn encode_document(dice: &mut Dice, document: Value) -> Value {
    match dice.below(12) {
        0 => json!(document.to_string()),
        1 => json!(document.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()),
        _ => document,
    }
}

/// Grants everything.
pub fn allow_all() -> Value {
    json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })
}

/// Draws a ceiling: what a principal holds, changed so that it often still contains that.
pub fn draw_ceiling(topic: &Topic<'_>, dice: &mut Dice, held: &[Value]) -> Vec<Value> {
    let widens_only = dice.percent(60);
    let mut statements = Vec::new();
    for original in held {
        let mut statement = original.clone();
        if statement["Effect"] == "Deny" && dice.percent(50) {
            continue;
        }
        match dice.below(if widens_only { 5 } else { 9 }) {
            0 if statement["Effect"] == "Allow" => {
                statement.as_object_mut().unwrap().shift_remove("Condition");
            }
            1 if statement["Effect"] == "Allow" && statement.get("Resource").is_some() => {
                statement["Resource"] = json!("*");
            }
            5 => statement["Condition"] = draw_conditions(dice, None, topic.areas),
            6 => continue,
            7 if statement.get("Action").is_some() => statement["Action"] = topic.draw_actions(dice).0,
            8 if statement.get("Resource").is_some() => {
                let (_, action) = topic.draw_actions(dice);
                statement["Resource"] = json!(draw_resource_pattern(dice, action, &topic.arns));
            }
            _ => {}
        }
        statements.push(statement);
    }
    if dice.percent(30) || statements.is_empty() {
        statements.push(topic.draw_statement(dice, "Allow"));
    }
    if !widens_only && dice.percent(20) {
        statements.push(topic.draw_statement(dice, "Deny"));
    }
    statements
}
