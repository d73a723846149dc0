//! The negation of a condition, as conditions.

use crate::iam::condition::ConditionValue;
use crate::iam::operator::OperatorFamily;
use crate::iam::value::TypedValue;
use crate::iam::{Condition, ConditionOperator, MissingKeyRule, Quantifier};

/// Conditions that all hold exactly if a condition does not. `None` if the policy language has no such conditions.
pub(super) fn negate_condition(condition: &Condition) -> Option<Vec<Condition>> {
    if condition.quantifier != Quantifier::Plain {
        return negate_quantified(condition);
    }
    let if_exists = condition.when_missing == MissingKeyRule::Satisfied;
    match condition.operator.family() {
        OperatorFamily::Null => Some(vec![Condition { values: negate_boolean(condition)?, ..condition.clone() }]),
        OperatorFamily::Bool => {
            let when_missing = if if_exists { MissingKeyRule::OperatorDefault } else { MissingKeyRule::Satisfied };
            Some(vec![Condition { values: negate_boolean(condition)?, when_missing, ..condition.clone() }])
        }
        _ => {
            let operator = negate_operator(condition.operator)?;
            let negated = |when_missing| Condition { operator, when_missing, ..condition.clone() };
            // A condition that holds if the key is missing must have a negation that does not, and the reverse.
            let holds_on_missing = condition.operator.is_negated() || if_exists;
            Some(match (holds_on_missing, operator.is_negated()) {
                (false, true) | (true, false) => vec![negated(MissingKeyRule::OperatorDefault)],
                (false, false) => vec![negated(MissingKeyRule::Satisfied)],
                (true, true) => {
                    let present = TypedValue::Bool(false);
                    let is_present = Condition::on_value(ConditionOperator::Null, condition.key.as_written(), present);
                    vec![is_present, negated(MissingKeyRule::OperatorDefault)]
                }
            })
        }
    }
}

/// `ForAnyValue:` is the negation of `ForAllValues:` with the opposite operator, on a missing key too.
fn negate_quantified(condition: &Condition) -> Option<Vec<Condition>> {
    let is_simple = condition.when_missing == MissingKeyRule::OperatorDefault
        && !matches!(condition.operator.family(), OperatorFamily::Null | OperatorFamily::Bool);
    let quantifier = match condition.quantifier {
        Quantifier::ForAllValues => Quantifier::ForAnyValue,
        Quantifier::ForAnyValue => Quantifier::ForAllValues,
        Quantifier::Plain => return None,
    };
    let operator = negate_operator(condition.operator).filter(|_| is_simple)?;
    Some(vec![Condition { quantifier, operator, ..condition.clone() }])
}

/// `false` for `true`, and the reverse. `None` if both are listed.
fn negate_boolean(condition: &Condition) -> Option<Vec<ConditionValue>> {
    match condition.values.as_slice() {
        [ConditionValue::Typed(TypedValue::Bool(value))] => Some(vec![ConditionValue::Typed(TypedValue::Bool(!value))]),
        _ => None,
    }
}

fn negate_operator(operator: ConditionOperator) -> Option<ConditionOperator> {
    use ConditionOperator::*;
    let pairs = [
        (StringEquals, StringNotEquals),
        (StringEqualsIgnoreCase, StringNotEqualsIgnoreCase),
        (StringLike, StringNotLike),
        (NumericEquals, NumericNotEquals),
        (NumericLessThan, NumericGreaterThanEquals),
        (NumericLessThanEquals, NumericGreaterThan),
        (DateEquals, DateNotEquals),
        (DateLessThan, DateGreaterThanEquals),
        (DateLessThanEquals, DateGreaterThan),
        (IpAddress, NotIpAddress),
        (ArnEquals, ArnNotEquals),
        (ArnLike, ArnNotLike),
    ];
    pairs.into_iter().find_map(|(a, b)| match operator {
        _ if operator == a => Some(b),
        _ if operator == b => Some(a),
        _ => None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::access::{Context, ContextValue, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
    use crate::iam::{ContextKey, DocumentKind, Interpretation, PolicyDocument, Statement};
    use crate::source::SourceFile;

    fn parse_condition(operator: &str, key: &str, values: &str) -> Condition {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":{values}}}}}}}}}"#
        );
        let document = PolicyDocument::parse(&SourceFile::new("test", text), DocumentKind::Identity).unwrap();
        document.statements[0].conditions[0].clone()
    }

    fn holds(conditions: &[Condition], key: &str, value: &Option<ContextValue>) -> bool {
        let statement =
            Statement::allow(crate::iam::element::ActionElement::any(), crate::iam::element::ResourceElement::any());
        let document = PolicyDocument::from_statements("p", vec![statement.under(conditions.iter().cloned())]);
        let policy = PolicyRef::new("", PolicyOrigin::Given, Arc::new(document));
        let mut context = Context::default();
        if let Some(value) = value {
            context.0.insert(ContextKey::new(key), value.clone());
        }
        let request = Request { action: "s3:GetObject".into(), resource: "arn:aws:s3:::b/k".into(), context };
        evaluate(&Layers::from_identity(vec![policy]), &request, &|_| false, Interpretation::default()).is_allowed()
    }

    #[test]
    fn exactly_one_of_a_condition_and_its_negation_holds() {
        let single = |text: &str| Some(ContextValue::Single(text.to_owned()));
        let set = |texts: &[&str]| Some(ContextValue::Set(texts.iter().map(|t| (*t).to_owned()).collect()));
        for (operator, key, values, request_values) in [
            ("StringEquals", "aws:PrincipalTag/a", r#"["x","y"]"#, vec![None, single("x"), single("z")]),
            ("StringNotEquals", "aws:PrincipalTag/a", r#"["x","y"]"#, vec![None, single("x"), single("z")]),
            ("StringLikeIfExists", "aws:PrincipalTag/a", r#"["x*"]"#, vec![None, single("xa"), single("z")]),
            ("StringNotLikeIfExists", "aws:PrincipalTag/a", r#"["x*"]"#, vec![None, single("xa"), single("z")]),
            ("NumericLessThan", "s3:max-keys", r#"["10"]"#, vec![None, single("9"), single("10"), single("11")]),
            ("NumericLessThanIfExists", "s3:max-keys", r#"["10"]"#, vec![None, single("9"), single("10")]),
            ("IpAddress", "aws:SourceIp", r#"["10.0.0.0/8"]"#, vec![None, single("10.1.1.1"), single("11.1.1.1")]),
            ("Bool", "aws:SecureTransport", r#""true""#, vec![None, single("true"), single("false")]),
            ("BoolIfExists", "aws:SecureTransport", r#""true""#, vec![None, single("true"), single("false")]),
            ("Null", "aws:PrincipalTag/a", r#""true""#, vec![None, single("x")]),
            ("ArnLike", "aws:SourceArn", r#""arn:aws:s3:::b*""#, vec![None, single("arn:aws:s3:::b1"), single("x")]),
            (
                "ForAllValues:StringEquals",
                "aws:TagKeys",
                r#"["a","b"]"#,
                vec![None, set(&["a"]), set(&["a", "c"]), set(&["c"])],
            ),
            (
                "ForAnyValue:StringEquals",
                "aws:TagKeys",
                r#"["a","b"]"#,
                vec![None, set(&["a"]), set(&["a", "c"]), set(&["c"])],
            ),
            (
                "ForAllValues:StringNotEquals",
                "aws:TagKeys",
                r#"["a"]"#,
                vec![None, set(&["a"]), set(&["a", "c"]), set(&["c"])],
            ),
        ] {
            let condition = parse_condition(operator, key, values);
            let negation = negate_condition(&condition).unwrap();
            for value in request_values {
                assert_ne!(
                    holds(std::slice::from_ref(&condition), key, &value),
                    holds(&negation, key, &value),
                    "{operator} {value:?}"
                );
            }
        }
        assert!(negate_condition(&parse_condition("BinaryEquals", "s3:x", r#""YQ==""#)).is_none());
    }
}
