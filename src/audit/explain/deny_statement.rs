//! Statements that deny the access of a finding.

use serde_json::{Map, Value, json};

use super::excess_report::ExcessReport;
use crate::baseline::ConditionBlock;
use crate::iam::operator::OperatorFamily;
use crate::iam::{Condition, ConditionOperator, MissingKeyRule, Quantifier};

/// Statements that deny the excess under a condition block.
pub(crate) fn deny_where(report: &ExcessReport, condition: &Value) -> Vec<Value> {
    vec![build_deny_statement(report, condition.clone())]
}

/// Statements that deny actions under a condition block.
pub(crate) fn deny_actions<'a>(patterns: impl Iterator<Item = &'a str>, condition: &Value) -> Vec<Value> {
    vec![deny_patterns(patterns, condition.clone())]
}

/// Statements that deny the excess unless a condition block is met. None if a condition of the block has no simple negation.
pub(crate) fn deny_unless(report: &ExcessReport, block: &ConditionBlock) -> Option<Vec<Value>> {
    let negated_conditions: Option<Vec<Value>> =
        block.conditions.iter().map(|condition| negate_condition(condition, &block.json)).collect();
    Some(negated_conditions?.into_iter().map(|condition| build_deny_statement(report, condition)).collect())
}

fn build_deny_statement(report: &ExcessReport, condition: Value) -> Value {
    let actions = report.excess.iter().flat_map(|excess| excess.actions.iter());
    deny_patterns(actions.map(|action| action.pattern.as_str()), condition)
}

fn deny_patterns<'a>(patterns: impl Iterator<Item = &'a str>, condition: Value) -> Value {
    let mut actions: Vec<&str> = patterns.collect();
    actions.sort_unstable();
    actions.dedup();
    json!({ "Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition })
}

/// The negation of a condition. None if it has no simple form.
fn negate_condition(condition: &Condition, block: &Value) -> Option<Value> {
    if condition.quantifier != Quantifier::Plain {
        return None;
    }
    let name = condition.operator_name();
    let (_, keys) = block.as_object()?.iter().find(|(operator, _)| operator.eq_ignore_ascii_case(&name))?;
    let key = condition.key.as_written();
    let (_, values) = keys.as_object()?.iter().find(|(written, _)| written.eq_ignore_ascii_case(key))?;
    let if_exists = condition.when_missing == MissingKeyRule::Satisfied;
    let mut negated = Map::new();
    let mut add = |operator: &str, values: Value| negated.insert(operator.to_owned(), json!({ key: values }));
    match condition.operator.family() {
        OperatorFamily::Null => drop(add("Null", negate_boolean(values)?)),
        OperatorFamily::Bool => drop(add(if if_exists { "Bool" } else { "BoolIfExists" }, negate_boolean(values)?)),
        _ => {
            let negated_operator = negate_operator(condition.operator)?;
            // A negated operator is met if the key is missing, a positive one is not. The negation must do the opposite.
            let holds_on_missing = condition.operator.is_negated() || if_exists;
            match (holds_on_missing, negated_operator.is_negated()) {
                (false, true) | (true, false) => drop(add(negated_operator.name(), values.clone())),
                (false, false) => drop(add(&format!("{}IfExists", negated_operator.name()), values.clone())),
                (true, true) => {
                    add("Null", json!("false"));
                    add(negated_operator.name(), values.clone());
                }
            }
        }
    }
    Some(Value::Object(negated))
}

/// `false` for `true`, and the reverse. None if both are listed.
fn negate_boolean(values: &Value) -> Option<Value> {
    let value = match values {
        Value::Array(list) => match list.as_slice() {
            [single] => single,
            _ => return None,
        },
        single => single,
    };
    let truth = match value {
        Value::Bool(truth) => *truth,
        // Any other text: no statement is suggested.
        Value::String(text) => text.to_ascii_lowercase().parse().ok()?,
        _ => return None,
    };
    Some(json!(if truth { "false" } else { "true" }))
}

/// The operator that is met for exactly the other values. None if AWS has no such operator.
fn negate_operator(operator: ConditionOperator) -> Option<ConditionOperator> {
    use ConditionOperator::*;
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
