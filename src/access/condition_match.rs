//! Whether a condition entry holds in a request context (`docs/semantics.md` §2).

use std::cmp::Ordering;
use std::net::IpAddr;

use super::matching;
use super::request::{Context, ContextValue};
use crate::iam::condition::{Comparison, ConditionValue, Family};
use crate::iam::value::{self, Typed};
use crate::iam::{Arn, Choice, Condition, Quantifier, Readings, WhenMissing};

/// How one value of the request stands to the values of the policy, negation aside.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Compared {
    /// One of them matches.
    Matches,
    /// None does.
    Differs,
    /// The request's value is not of the operator's kind.
    Unparsable,
}

/// Whether one entry holds.
pub(super) fn holds(condition: &Condition, context: &Context, readings: Readings) -> bool {
    let found = context.get(&condition.key).filter(|value| is_present(value, readings));
    if condition.operator.family() == Family::Null {
        return condition.values.contains(&ConditionValue::Typed(Typed::Bool(found.is_none())));
    }
    let Some(found) = found else { return holds_on_missing(condition, readings) };
    let negated = condition.operator.is_negated();
    let value_holds = |value: &String| match compare(condition, value, context) {
        Compared::Matches => !negated,
        Compared::Differs => negated,
        Compared::Unparsable => negated && !readings.is_other(Choice::UnparsableValue),
    };
    let mut values = found.values().iter();
    match condition.quantifier {
        Quantifier::ForAllValues => values.all(value_holds),
        Quantifier::ForAnyValue => values.any(value_holds),
        // A plain operator on a set: any value matches; negated: none does.
        Quantifier::Plain if negated => values.all(value_holds),
        Quantifier::Plain => values.any(value_holds),
    }
}

fn holds_on_missing(condition: &Condition, readings: Readings) -> bool {
    match (condition.quantifier, condition.when_missing) {
        (Quantifier::ForAnyValue, WhenMissing::Holds) => readings.is_other(Choice::ForAnyValueIfExists),
        (Quantifier::ForAnyValue, WhenMissing::ByOperator) => false,
        (Quantifier::ForAllValues, _) | (Quantifier::Plain, WhenMissing::Holds) => true,
        (Quantifier::Plain, WhenMissing::ByOperator) => condition.operator.is_negated(),
    }
}

/// An empty set is present; under the other reading it is missing, and so is an empty string, which AWS
/// names as its example of a null data set.
fn is_present(value: &ContextValue, readings: Readings) -> bool {
    !readings.is_other(Choice::EmptySetNull) || value.values().iter().any(|v| !v.is_empty())
}

fn compare(condition: &Condition, value: &str, context: &Context) -> Compared {
    let operator = condition.operator;
    let matched = match operator.family() {
        Family::String => condition.values.iter().any(|expected| match expected {
            ConditionValue::Text(t) => matching::text(t, value, context, operator.ignores_case()).is_ok(),
            ConditionValue::Typed(_) => false,
        }),
        Family::Arn => {
            let Some(arn) = Arn::parse(value) else { return Compared::Unparsable };
            condition.values.iter().any(|expected| match expected {
                ConditionValue::Text(t) => matching::arn(t, &arn, context).is_ok(),
                ConditionValue::Typed(_) => false,
            })
        }
        Family::Ip => {
            let Ok(address) = value.parse::<IpAddr>() else { return Compared::Unparsable };
            condition.values.iter().any(
                |expected| matches!(expected, ConditionValue::Typed(Typed::Network(range)) if range.contains(&address)),
            )
        }
        Family::Numeric => {
            let Some(number) = value::number(value) else { return Compared::Unparsable };
            any_ordered(condition, |expected| match expected {
                Typed::Number(n) => Some(number.cmp(n)),
                _ => None,
            })
        }
        Family::Date => {
            let Some(instant) = value::instant(value) else { return Compared::Unparsable };
            any_ordered(condition, |expected| match expected {
                Typed::Instant(i) => Some(instant.cmp(i)),
                _ => None,
            })
        }
        Family::Bool => {
            let Some(truth) = value::truth(value) else { return Compared::Unparsable };
            condition.values.contains(&ConditionValue::Typed(Typed::Bool(truth)))
        }
        Family::Binary => {
            let Some(bytes) = value::binary(value) else { return Compared::Unparsable };
            condition.values.contains(&ConditionValue::Typed(Typed::Binary(bytes)))
        }
        // Decided before any value is looked at.
        Family::Null => false,
    };
    if matched { Compared::Matches } else { Compared::Differs }
}

/// Whether the request's value stands to one of the policy's as the operator asks.
fn any_ordered(condition: &Condition, order: impl Fn(&Typed) -> Option<Ordering>) -> bool {
    condition.values.iter().any(|expected| {
        let ConditionValue::Typed(expected) = expected else { return false };
        order(expected).is_some_and(|ordering| match condition.operator.comparison() {
            Comparison::Equals => ordering.is_eq(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        })
    })
}
