//! Whether a condition entry holds in a request context (`docs/semantics.md` §2).

use std::cmp::Ordering;
use std::net::IpAddr;

use super::pattern_match;
use super::request::{Context, ContextValue};
use crate::iam::condition::ConditionValue;
use crate::iam::operator::{OperatorFamily, ValueComparison};
use crate::iam::value::{self, TypedValue};
use crate::iam::{Ambiguity, Arn, Condition, Interpretation, MissingKeyRule, Quantifier};

/// How one value of the request stands to the values of the policy, negation aside.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum ValueMatch {
    /// One of them matches.
    Matches,
    /// None does.
    Differs,
    /// The request's value is not of the operator's kind.
    Unparsable,
}

/// Whether one entry holds.
pub(super) fn is_satisfied(condition: &Condition, context: &Context, interpretation: Interpretation) -> bool {
    let context_value = context.get(&condition.key).filter(|value| is_present(value, interpretation));
    if condition.operator.family() == OperatorFamily::Null {
        return condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(context_value.is_none())));
    }
    let Some(context_value) = context_value else { return is_satisfied_when_missing(condition, interpretation) };
    let negated = condition.operator.is_negated();
    let value_satisfies = |value: &String| match compare_value(condition, value, context) {
        ValueMatch::Matches => !negated,
        ValueMatch::Differs => negated,
        ValueMatch::Unparsable => negated && !interpretation.is_alternative(Ambiguity::UnparsableValue),
    };
    let mut values = context_value.values().iter();
    match condition.quantifier {
        Quantifier::ForAllValues => values.all(value_satisfies),
        Quantifier::ForAnyValue => values.any(value_satisfies),
        // A plain operator on a set: any value matches; negated: none does.
        Quantifier::Plain if negated => values.all(value_satisfies),
        Quantifier::Plain => values.any(value_satisfies),
    }
}

fn is_satisfied_when_missing(condition: &Condition, interpretation: Interpretation) -> bool {
    match (condition.quantifier, condition.when_missing) {
        (Quantifier::ForAnyValue, MissingKeyRule::Satisfied) => {
            interpretation.is_alternative(Ambiguity::ForAnyValueIfExists)
        }
        (Quantifier::ForAnyValue, MissingKeyRule::OperatorDefault) => false,
        (Quantifier::ForAllValues, _) | (Quantifier::Plain, MissingKeyRule::Satisfied) => true,
        (Quantifier::Plain, MissingKeyRule::OperatorDefault) => condition.operator.is_negated(),
    }
}

/// An empty set is present; under the other reading it is missing, and so is an empty string, which AWS
/// names as its example of a null data set.
fn is_present(value: &ContextValue, interpretation: Interpretation) -> bool {
    !interpretation.is_alternative(Ambiguity::EmptySetNull) || value.values().iter().any(|v| !v.is_empty())
}

fn compare_value(condition: &Condition, value: &str, context: &Context) -> ValueMatch {
    let operator = condition.operator;
    let matched = match operator.family() {
        OperatorFamily::String => condition.values.iter().any(|expected| match expected {
            ConditionValue::Text(t) => pattern_match::match_text(t, value, context, operator.ignores_case()).is_ok(),
            ConditionValue::Typed(_) => false,
        }),
        OperatorFamily::Arn => {
            let Some(arn) = Arn::parse(value) else { return ValueMatch::Unparsable };
            condition.values.iter().any(|expected| match expected {
                ConditionValue::Text(t) => pattern_match::match_arn(t, &arn, context).is_ok(),
                ConditionValue::Typed(_) => false,
            })
        }
        OperatorFamily::Ip => {
            let Ok(address) = value.parse::<IpAddr>() else { return ValueMatch::Unparsable };
            condition.values.iter().any(
                |expected| matches!(expected, ConditionValue::Typed(TypedValue::Network(range)) if range.contains(&address)),
            )
        }
        OperatorFamily::Numeric => {
            let Some(number) = value::parse_number(value) else { return ValueMatch::Unparsable };
            has_ordered_match(condition, |expected| match expected {
                TypedValue::Number(n) => Some(number.cmp(n)),
                _ => None,
            })
        }
        OperatorFamily::Date => {
            let Some(instant) = value::parse_instant(value) else { return ValueMatch::Unparsable };
            has_ordered_match(condition, |expected| match expected {
                TypedValue::Instant(i) => Some(instant.cmp(i)),
                _ => None,
            })
        }
        OperatorFamily::Bool => {
            let Some(truth) = value::parse_bool(value) else { return ValueMatch::Unparsable };
            condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(truth)))
        }
        OperatorFamily::Binary => {
            let Some(bytes) = value::parse_binary(value) else { return ValueMatch::Unparsable };
            condition.values.contains(&ConditionValue::Typed(TypedValue::Binary(bytes)))
        }
        // Decided before any value is looked at.
        OperatorFamily::Null => false,
    };
    if matched { ValueMatch::Matches } else { ValueMatch::Differs }
}

/// Whether the request's value stands to one of the policy's as the operator asks.
fn has_ordered_match(condition: &Condition, compare: impl Fn(&TypedValue) -> Option<Ordering>) -> bool {
    condition.values.iter().any(|expected| {
        let ConditionValue::Typed(expected) = expected else { return false };
        compare(expected).is_some_and(|ordering| match condition.operator.comparison() {
            ValueComparison::Equals => ordering.is_eq(),
            ValueComparison::Less => ordering.is_lt(),
            ValueComparison::LessOrEqual => ordering.is_le(),
            ValueComparison::Greater => ordering.is_gt(),
            ValueComparison::GreaterOrEqual => ordering.is_ge(),
        })
    })
}
