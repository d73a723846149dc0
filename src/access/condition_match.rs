//! Whether a condition holds in a request context (`docs/semantics.md` §2).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use super::pattern_match::{self, CaseSensitivity, ShortArnPattern};
use super::request::{Context, ContextValue};
use crate::iam::condition::ConditionValue;
use crate::iam::operator::{OperatorFamily, ValueComparison};
use crate::iam::value::{self, TypedValue};
use crate::iam::{Ambiguity, Arn, Condition, Interpretation, MissingKeyRule, Quantifier, Template};

/// How a value of the request compares with the values of the policy, before negation.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum ValueMatch {
    /// One of the policy's values matches.
    Matches,
    /// No value of the policy matches.
    Differs,
    /// The value of the request does not have the type of the operator.
    Unparsable,
}

/// Whether a condition holds.
pub(super) fn is_satisfied(condition: &Condition, context: &Context, interpretation: Interpretation) -> bool {
    let context_value = context.get(&condition.key).filter(|value| is_present(condition, value, interpretation));
    if condition.operator.family() == OperatorFamily::Null {
        return condition.values.contains(&ConditionValue::Typed(TypedValue::Bool(context_value.is_none())));
    }
    let Some(context_value) = context_value else { return is_satisfied_when_missing(condition, interpretation) };
    let negated = condition.operator.is_negated();
    let value_satisfies = |value: &String| match compare_value(condition, value, context, interpretation) {
        ValueMatch::Matches => !negated,
        ValueMatch::Differs => negated,
        ValueMatch::Unparsable => negated && !interpretation.is_alternative(Ambiguity::UnparsableValue),
    };
    let mut values = context_value.values().iter();
    match condition.quantifier {
        Quantifier::ForAllValues => values.all(value_satisfies),
        Quantifier::ForAnyValue => values.any(value_satisfies),
        // Without a quantifier, any value of a set may match; for a negated operator, no value may match.
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

/// Whether a value counts as present. In the alternative interpretation, an empty set is missing, and so is an empty
/// string, which AWS gives as an example of a null data set, unless the condition compares with an empty string.
// AWS: *Amazon S3: Allows IAM users access to their S3 home directory*: `StringLike` of `s3:prefix` with an empty string.
fn is_present(condition: &Condition, value: &ContextValue, interpretation: Interpretation) -> bool {
    let is_compared = matches!(value, ContextValue::Single(_)) && condition.compares_empty_string();
    is_compared
        || !interpretation.is_alternative(Ambiguity::EmptySetNull)
        || value.values().iter().any(|v| !v.is_empty())
}

fn compare_value(condition: &Condition, value: &str, context: &Context, interpretation: Interpretation) -> ValueMatch {
    let operator = condition.operator;
    let case = if operator.ignores_case() { CaseSensitivity::Insensitive } else { CaseSensitivity::Sensitive };
    let matched = match operator.family() {
        OperatorFamily::String => condition.values.iter().any(|expected| match expected {
            ConditionValue::Text(t) => {
                let t = expand_default(condition, t, context, interpretation);
                pattern_match::match_text(&t, value, context, case).is_ok()
            }
            ConditionValue::Typed(_) => false,
        }),
        OperatorFamily::Arn => {
            let Some(arn) = Arn::parse(value) else { return ValueMatch::Unparsable };
            let short = match interpretation.is_alternative(Ambiguity::ShortArnPattern) {
                false => ShortArnPattern::MatchesNothing,
                true => ShortArnPattern::IsCompleted,
            };
            condition.values.iter().any(|expected| match expected {
                ConditionValue::Text(t) => {
                    let t = expand_default(condition, t, context, interpretation);
                    pattern_match::match_arn(&t, &arn, context, short).is_ok()
                }
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
        // INVARIANT: `is_satisfied` returns before it compares values of `Null`.
        OperatorFamily::Null => false,
    };
    if matched { ValueMatch::Matches } else { ValueMatch::Differs }
}

/// The pattern of a condition. In the alternative interpretation, wildcards in the default value of a variable count.
fn expand_default<'t>(
    condition: &Condition,
    template: &'t Template,
    context: &Context,
    interpretation: Interpretation,
) -> Cow<'t, Template> {
    let expands = interpretation.is_alternative(Ambiguity::DefaultWildcard) && condition.operator.has_wildcards();
    let expanded = expands.then(|| template.with_default_patterns(|key| context.get(key).is_none())).flatten();
    expanded.map_or(Cow::Borrowed(template), Cow::Owned)
}

/// Whether the value of the request compares with one of the policy's values as the operator requires.
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
