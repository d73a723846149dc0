//! Identity policy documents as JSON: what the program writes for other programs and people to read.

use serde_json::{Map, Value, json};

use super::condition::{Condition, ConditionValue};
use super::element::{ActionElement, ElementKind, ResourceElement};
use super::policy_document::{Effect, Statement};
use super::template::{Template, TemplatePart};

/// A document of `Version` 2012-10-17 with these statements. `None` if JSON cannot express one of them: two of its
/// conditions have the same operator and key.
pub(crate) fn write_document<'s>(statements: impl IntoIterator<Item = &'s Statement>) -> Option<Value> {
    let statements: Option<Vec<Value>> = statements.into_iter().map(write_statement).collect();
    Some(json!({ "Version": "2012-10-17", "Statement": statements? }))
}

/// A statement without its `Sid`. `None` if JSON cannot express it.
pub(crate) fn write_statement(statement: &Statement) -> Option<Value> {
    let mut members = Map::new();
    let effect = match statement.effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    };
    members.insert("Effect".to_owned(), json!(effect));
    let (name, value) = write_actions(&statement.action);
    members.insert(name.to_owned(), value);
    let (name, value) = statement.resource.as_ref().map_or(("Resource", json!("*")), write_resources);
    members.insert(name.to_owned(), value);
    if !statement.conditions.is_empty() {
        members.insert("Condition".to_owned(), write_conditions(&statement.conditions)?);
    }
    Some(Value::Object(members))
}

fn write_actions(element: &ActionElement) -> (&'static str, Value) {
    let patterns: Vec<&str> = element.patterns.iter().map(|pattern| pattern.as_written()).collect();
    let name = match element.kind {
        ElementKind::List => "Action",
        ElementKind::NotList => "NotAction",
    };
    (name, json!(patterns))
}

fn write_resources(element: &ResourceElement) -> (&'static str, Value) {
    let patterns: Vec<String> = element.patterns.iter().map(write_resource).collect();
    let name = match element.kind {
        ElementKind::List => "Resource",
        ElementKind::NotList => "NotResource",
    };
    (name, json!(patterns))
}

fn write_conditions(conditions: &[Condition]) -> Option<Value> {
    let mut operators: Map<String, Value> = Map::new();
    for condition in conditions {
        let has_wildcards = condition.operator.has_wildcards();
        let values: Vec<String> = condition.values.iter().map(|value| write_value(value, has_wildcards)).collect();
        let keys = operators.entry(condition.operator_name()).or_insert_with(|| json!({})).as_object_mut()?;
        let is_listed = keys.keys().any(|key| key.eq_ignore_ascii_case(condition.key.as_written()));
        if is_listed {
            return None;
        }
        keys.insert(condition.key.as_written().to_owned(), json!(values));
    }
    Some(Value::Object(operators))
}

fn write_value(value: &ConditionValue, has_wildcards: bool) -> String {
    match value {
        ConditionValue::Typed(value) => value.to_string(),
        ConditionValue::Text(template) => template.parts().iter().map(|part| write_part(part, has_wildcards)).collect(),
    }
}

/// A resource pattern. Policy variables are possible after the fifth colon only, so that text before it needs no escape.
fn write_resource(template: &Template) -> String {
    let mut text = String::new();
    for part in template.parts() {
        match part {
            TemplatePart::Literal(literal) => {
                for c in literal.chars() {
                    let is_escaped = text.matches(':').count() >= 5 && matches!(c, '*' | '?' | '$');
                    if is_escaped { text.push_str(&format!("${{{c}}}")) } else { text.push(c) }
                }
            }
            part => text.push_str(&write_part(part, true)),
        }
    }
    text
}

fn write_part(part: &TemplatePart, has_wildcards: bool) -> String {
    match part {
        TemplatePart::AnyString => "*".to_owned(),
        TemplatePart::AnyChar => "?".to_owned(),
        TemplatePart::Literal(text) => {
            let mut escaped = String::new();
            let mut rest = text.chars().peekable();
            while let Some(c) = rest.next() {
                let is_escaped = match c {
                    '*' | '?' => has_wildcards,
                    '$' => rest.peek() == Some(&'{'),
                    _ => false,
                };
                if is_escaped { escaped.push_str(&format!("${{{c}}}")) } else { escaped.push(c) }
            }
            escaped
        }
        TemplatePart::Variable { key, default: None } => format!("${{{}}}", key.as_written()),
        TemplatePart::Variable { key, default: Some(default) } => format!("${{{}, '{default}'}}", key.as_written()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::{DocumentKind, PolicyDocument};
    use crate::source::SourceFile;

    fn parse(text: &str) -> PolicyDocument {
        PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap()
    }

    #[test]
    fn written_documents_mean_the_same() {
        let document = parse(
            r#"{ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:Get*", "iam:PassRole"],
              "Resource": ["arn:aws:s3:::b/${aws:username}/${*}${$}", "arn:aws:s3:::c/?x*", "*"],
              "Condition": {
                "StringLike": { "aws:PrincipalTag/a": ["x*${?}", "${aws:userid, 'd'}"] },
                "StringEquals": { "aws:PrincipalTag/a": ["x*", "${$}{aws:userid}"] },
                "ForAnyValue:StringEqualsIfExists": { "aws:TagKeys": "a*" },
                "NumericLessThan": { "s3:max-keys": "10" },
                "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"] },
                "DateLessThan": { "aws:CurrentTime": "2026-12-31T00:00:00Z" },
                "Null": { "aws:SourceIp": "true" } } },
            { "Effect": "Deny", "NotAction": "sts:*", "NotResource": "arn:aws:s3:::b" } ] }"#,
        );
        let written = write_document(&document.statements).unwrap();
        assert_eq!(parse(&written.to_string()).statements.len(), 2);
        let again = write_document(&parse(&written.to_string()).statements).unwrap();
        assert_eq!(again, written);
        let (a, b) = (&parse(&written.to_string()).statements[0], &document.statements[0]);
        let parts = |s: &Statement| -> Vec<Vec<TemplatePart>> {
            s.resource.iter().flat_map(|r| &r.patterns).map(|p| p.parts().to_vec()).collect()
        };
        assert_eq!(parts(a), parts(b));
    }

    #[test]
    fn text_of_an_old_version_stays_literal() {
        let document = parse(
            r#"{ "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}" } }"#,
        );
        let written = write_document(&document.statements).unwrap();
        assert_eq!(written["Statement"][0]["Resource"][0], "arn:aws:s3:::b/${$}{aws:username}");
    }

    #[test]
    fn equal_operators_on_one_key_cannot_be_written() {
        let mut document = parse(
            r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": { "StringEquals": { "aws:username": "a" } } } }"#,
        );
        let condition = document.statements[0].conditions[0].clone();
        document.statements[0].conditions.push(condition);
        assert!(write_document(&document.statements).is_none());
    }
}
