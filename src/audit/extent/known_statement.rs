//! A statement as it applies to one principal: what is known of the principal is settled.
//!
//! An extent is what the principal holds today. With `${aws:PrincipalTag/team}` in it, a new tag would widen it.

use crate::access::{KeyFact, KnownContext, decide_condition, is_principal_specific};
use crate::iam::condition::ConditionValue;
use crate::iam::{Condition, ContextKey, Effect, ElementKind, Statement, Template, TemplatePart};

/// The statement with the values of the principal in place of its variables, and without the conditions that the
/// principal always meets. `None` if the statement never matches a request of the principal.
pub(super) fn settle_statement(statement: &Statement, known: &KnownContext) -> Option<Statement> {
    let mut settled = statement.clone();
    settled.principal = None;
    settled.conditions = Vec::new();
    for condition in &statement.conditions {
        let condition = settle_values(condition, known)?;
        match decide_known(&condition, known) {
            Some(true) => {}
            Some(false) => return None,
            None => settled.conditions.push(condition),
        }
    }
    if let Some(element) = &mut settled.resource {
        for pattern in &mut element.patterns {
            *pattern = settle_template(pattern, known);
        }
        // A pattern with a variable that has no value matches nothing. It must not match once there is a value.
        if statement.effect == Effect::Allow && element.kind == ElementKind::List {
            element.patterns.retain(|pattern| !has_missing_variable(pattern, known));
            if element.patterns.is_empty() {
                return None;
            }
        }
    }
    Some(settled)
}

fn decide_known(condition: &Condition, known: &KnownContext) -> Option<bool> {
    is_principal_specific(&condition.key).then(|| decide_condition(condition, &known.fact(&condition.key))).flatten()
}

/// The condition with known values. `None` if it never holds: no value of a positive operator can match.
fn settle_values(condition: &Condition, known: &KnownContext) -> Option<Condition> {
    let mut settled = condition.clone();
    for value in &mut settled.values {
        if let ConditionValue::Text(template) = value {
            *template = settle_template(template, known);
        }
    }
    if !condition.operator.is_negated() {
        let can_match = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => !has_missing_variable(template, known),
            ConditionValue::Typed(_) => true,
        };
        settled.values.retain(can_match);
        if settled.values.is_empty() && !condition.values.is_empty() {
            return None;
        }
    }
    Some(settled)
}

fn settle_template(template: &Template, known: &KnownContext) -> Template {
    let find_value = |key: &ContextKey, default: Option<&str>| match known.fact(key) {
        _ if !is_principal_specific(key) => None,
        KeyFact::Value(value) => Some(value),
        KeyFact::Missing => default.map(str::to_owned),
        KeyFact::Set(_)
        | KeyFact::Present
        | KeyFact::StartsWith(_)
        | KeyFact::NoneLike(_)
        | KeyFact::NotBefore(_)
        | KeyFact::Free => None,
    };
    template.substitute_variables(find_value)
}

fn has_missing_variable(template: &Template, known: &KnownContext) -> bool {
    let is_missing = |part: &TemplatePart| match part {
        TemplatePart::Variable { key, default: None } => {
            is_principal_specific(key) && known.fact(key) == KeyFact::Missing
        }
        _ => false,
    };
    template.parts().iter().any(is_missing)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::iam::document_json::write_document;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn settle(elements: &str) -> Option<String> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:*",{elements}}}}}"#);
        let document = PolicyDocument::parse(&SourceFile::new("test", text), DocumentKind::Identity).unwrap();
        let mut known = KnownContext::unconstrained();
        known.set("aws:PrincipalArn", KeyFact::Value("arn:aws:iam::111122223333:role/a".to_owned()));
        known.set_principal_tags([("team", "x*")]);
        let settled = settle_statement(&document.statements[0], &known)?;
        Some(write_document([&settled]).unwrap()["Statement"][0].to_string())
    }

    #[test]
    fn tags_of_the_principal_become_text() {
        let statement =
            settle(r#""Resource":["arn:aws:s3:::${aws:PrincipalTag/team}","arn:aws:s3:::${aws:PrincipalTag/b}"]"#);
        assert_eq!(statement.unwrap(), r#"{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::x${*}"]}"#);
        let statement = settle(
            r#""Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/t":"${aws:PrincipalTag/team}"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a"}}"#,
        );
        assert_eq!(
            statement.unwrap(),
            r#"{"Effect":"Allow","Action":["s3:*"],"Resource":["*"],"Condition":{"StringEquals":{"s3:ExistingObjectTag/t":["x*"]}}}"#
        );
    }

    #[test]
    fn a_statement_that_never_matches_is_left_out() {
        assert!(settle(r#""Resource":"arn:aws:s3:::${aws:PrincipalTag/b}""#).is_none());
        assert!(settle(r#""Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"y"}}"#).is_none());
        assert!(
            settle(r#""Resource":"*","Condition":{"StringEquals":{"s3:prefix":"${aws:PrincipalTag/b}"}}"#).is_none()
        );
    }
}
