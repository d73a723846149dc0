//! Statements to deny what a duty does not want, as advice that can be copied.

use serde_json::{Map, Value, json};

use super::excess::Told;
use super::json_text;
use crate::baseline::ConditionBlock;
use crate::iam::condition::Family;
use crate::iam::{Condition, Operator, Quantifier, WhenMissing};

/// A statement that denies what was found, under a condition block.
pub(super) fn where_it_holds(told: &Told, condition: &Value) -> String {
    text(&[statement(told, condition.clone())])
}

/// Statements that deny what was found wherever a block does not hold; none where that has no plain form.
pub(super) fn where_it_fails(told: &Told, block: &ConditionBlock) -> Option<String> {
    let fails: Option<Vec<Value>> = block.conditions.iter().map(|condition| failing(condition, &block.json)).collect();
    Some(text(&fails?.into_iter().map(|condition| statement(told, condition)).collect::<Vec<_>>()))
}

fn statement(told: &Told, condition: Value) -> Value {
    let mut actions: Vec<&str> =
        told.excess.iter().flat_map(|excess| excess.actions.iter()).map(|action| action.pattern.as_str()).collect();
    actions.sort_unstable();
    actions.dedup();
    json!({ "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition })
}

fn text(statements: &[Value]) -> String {
    json_text::to_copy(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// The condition under which another does not hold.
fn failing(condition: &Condition, block: &Value) -> Option<Value> {
    if condition.quantifier != Quantifier::Plain {
        return None;
    }
    let name = condition.operator_name();
    let (_, keys) = block.as_object()?.iter().find(|(operator, _)| operator.eq_ignore_ascii_case(&name))?;
    let key = condition.key.as_written();
    let (_, values) = keys.as_object()?.iter().find(|(written, _)| written.eq_ignore_ascii_case(key))?;
    let if_exists = condition.when_missing == WhenMissing::Holds;
    let mut failing = Map::new();
    let mut add = |operator: &str, values: Value| failing.insert(operator.to_owned(), json!({ key: values }));
    match condition.operator.family() {
        Family::Null => drop(add("Null", opposite(values)?)),
        Family::Bool => drop(add(if if_exists { "Bool" } else { "BoolIfExists" }, opposite(values)?)),
        _ => {
            let other = contrary(condition.operator)?;
            // A negated operator holds where the key is missing, a positive one does not: the contrary must be
            // as the condition is not.
            let holds_on_missing = condition.operator.is_negated() || if_exists;
            match (holds_on_missing, other.is_negated()) {
                (false, true) | (true, false) => drop(add(other.name(), values.clone())),
                (false, false) => drop(add(&format!("{}IfExists", other.name()), values.clone())),
                (true, true) => {
                    add("Null", json!("false"));
                    add(other.name(), values.clone());
                }
            }
        }
    }
    Some(Value::Object(failing))
}

/// `false` for `true`, and the other way round; none where both are listed.
fn opposite(values: &Value) -> Option<Value> {
    let value = match values {
        Value::Array(list) => match list.as_slice() {
            [one] => one,
            _ => return None,
        },
        one => one,
    };
    let truth = match value {
        Value::Bool(truth) => *truth,
        Value::String(text) => text.to_ascii_lowercase().parse().ok()?,
        _ => return None,
    };
    Some(json!(if truth { "false" } else { "true" }))
}

/// The operator that holds of exactly the other values.
fn contrary(operator: Operator) -> Option<Operator> {
    use Operator::*;
    Some(match operator {
        StringEquals => StringNotEquals,
        StringNotEquals => StringEquals,
        StringEqualsIgnoreCase => StringNotEqualsIgnoreCase,
        StringNotEqualsIgnoreCase => StringEqualsIgnoreCase,
        StringLike => StringNotLike,
        StringNotLike => StringLike,
        NumericEquals => NumericNotEquals,
        NumericNotEquals => NumericEquals,
        NumericLessThan => NumericGreaterThanEquals,
        NumericLessThanEquals => NumericGreaterThan,
        NumericGreaterThan => NumericLessThanEquals,
        NumericGreaterThanEquals => NumericLessThan,
        DateEquals => DateNotEquals,
        DateNotEquals => DateEquals,
        DateLessThan => DateGreaterThanEquals,
        DateLessThanEquals => DateGreaterThan,
        DateGreaterThan => DateLessThanEquals,
        DateGreaterThanEquals => DateLessThan,
        IpAddress => NotIpAddress,
        NotIpAddress => IpAddress,
        ArnEquals => ArnNotEquals,
        ArnNotEquals => ArnEquals,
        ArnLike => ArnNotLike,
        ArnNotLike => ArnLike,
        Bool | BinaryEquals | Null => return None,
    })
}
