//! Policy documents that the program builds itself, from typed parts.

use std::sync::Arc;

use super::action_pattern::ActionPattern;
use super::condition::{Condition, ConditionValue, MissingKeyRule, Quantifier};
use super::context_key::ContextKey;
use super::element::{ActionElement, ElementKind, ResourceElement};
use super::operator::{ConditionOperator, OperatorFamily};
use super::policy_document::{Effect, PolicyDocument, Statement, Version};
use super::template::{Template, VariableScope, WildcardMode};
use super::value::TypedValue;
use crate::source::{SourceFile, Span};

impl PolicyDocument {
    /// A document of `Version` 2012-10-17. Its place is the start of a file of the given name.
    pub(crate) fn from_statements(name: &str, statements: Vec<Statement>) -> PolicyDocument {
        number_statements(statements, &SourceFile::new(name, ""))
    }

    /// The same. Its place is the part of a file that the document represents.
    pub(crate) fn from_statements_at(
        source: &Arc<SourceFile>,
        span: Span,
        statements: Vec<Statement>,
    ) -> PolicyDocument {
        number_statements(statements, &SourceFile::from_embedded(source, span, String::new()))
    }
}

fn number_statements(mut statements: Vec<Statement>, source: &Arc<SourceFile>) -> PolicyDocument {
    for (index, statement) in statements.iter_mut().enumerate() {
        statement.index = index;
    }
    PolicyDocument::new(Version::V2012, statements, source, Span::default())
}

impl Statement {
    /// A statement that allows some actions on some resources, under no condition.
    pub(crate) fn allow(action: ActionElement, resource: ResourceElement) -> Statement {
        Statement::build(Effect::Allow, action, resource)
    }

    /// A statement that denies some actions on some resources, under no condition.
    pub(crate) fn deny(action: ActionElement, resource: ResourceElement) -> Statement {
        Statement::build(Effect::Deny, action, resource)
    }

    fn build(effect: Effect, action: ActionElement, resource: ResourceElement) -> Statement {
        Statement {
            index: 0,
            sid: None,
            effect,
            principal: None,
            action,
            resource: Some(resource),
            conditions: Vec::new(),
            span: Span::default(),
        }
    }

    /// The same statement under conditions, all of which must match.
    pub(crate) fn under(mut self, conditions: impl IntoIterator<Item = Condition>) -> Statement {
        self.conditions.extend(conditions);
        self
    }
}

impl ActionElement {
    /// `Action` with patterns that are valid by construction: names of the catalog, constants, and patterns that were
    /// parsed before.
    ///
    /// # Panics
    /// If a pattern is not valid.
    pub(crate) fn listing<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> ActionElement {
        ActionElement { kind: ElementKind::List, patterns: patterns.into_iter().map(parse_pattern).collect() }
    }

    /// `NotAction` with one pattern.
    ///
    /// # Panics
    /// If the pattern is not valid.
    pub(crate) fn all_except(pattern: &str) -> ActionElement {
        ActionElement { kind: ElementKind::NotList, patterns: vec![parse_pattern(pattern)] }
    }

    /// All actions.
    pub(crate) fn any() -> ActionElement {
        ActionElement::listing(["*"])
    }
}

fn parse_pattern<S: AsRef<str>>(pattern: S) -> ActionPattern {
    // INVARIANT: callers pass names of the catalog, constants, and patterns that were parsed before.
    ActionPattern::parse(pattern.as_ref()).expect("a valid action pattern")
}

impl ResourceElement {
    /// `Resource` with some ARN patterns.
    pub(crate) fn listing<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> ResourceElement {
        let parse = |pattern: S| Template::from_resource(pattern.as_ref(), VariableScope::AfterFifthColon);
        ResourceElement { kind: ElementKind::List, patterns: patterns.into_iter().map(parse).collect() }
    }

    /// `NotResource` with one ARN pattern, in which `${` is literal text.
    pub(crate) fn all_except(pattern: &str) -> ResourceElement {
        let template = Template::from_resource(pattern, VariableScope::Nowhere);
        ResourceElement { kind: ElementKind::NotList, patterns: vec![template] }
    }

    /// All resources.
    pub(crate) fn any() -> ResourceElement {
        ResourceElement::listing(["*"])
    }
}

impl Condition {
    /// A condition that compares a key with texts, by a string or ARN operator.
    pub(crate) fn on_texts<S: AsRef<str>>(
        operator: ConditionOperator,
        key: &str,
        values: impl IntoIterator<Item = S>,
    ) -> Condition {
        let wildcards = if operator.has_wildcards() { WildcardMode::Active } else { WildcardMode::Literal };
        let parse = |value: S| Template::parse(value.as_ref(), wildcards, VariableScope::Anywhere);
        Condition::build(operator, key, values.into_iter().map(|value| ConditionValue::Text(parse(value))).collect())
    }

    /// A condition that compares a key with one typed value.
    pub(crate) fn on_value(operator: ConditionOperator, key: &str, value: TypedValue) -> Condition {
        Condition::build(operator, key, vec![ConditionValue::Typed(value)])
    }

    fn build(operator: ConditionOperator, key: &str, values: Vec<ConditionValue>) -> Condition {
        Condition {
            quantifier: Quantifier::Plain,
            operator,
            when_missing: MissingKeyRule::OperatorDefault,
            key: ContextKey::new(key),
            values,
            span: Span::default(),
        }
    }

    /// The same condition with a quantifier.
    pub(crate) fn with_quantifier(self, quantifier: Quantifier) -> Condition {
        Condition { quantifier, ..self }
    }

    /// The same condition on another key.
    pub(crate) fn with_key(&self, key: &str) -> Condition {
        Condition { key: ContextKey::new(key), ..self.clone() }
    }

    /// The same condition with each value replaced. `None` if `convert` returns `None` for a value, or if the operator
    /// does not compare texts.
    pub(crate) fn with_values(&self, convert: impl Fn(&str) -> Option<String>) -> Option<Condition> {
        if !matches!(self.operator.family(), OperatorFamily::String | OperatorFamily::Arn) {
            return None;
        }
        let wildcards = if self.operator.has_wildcards() { WildcardMode::Active } else { WildcardMode::Literal };
        let convert_value = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => {
                let text = convert(template.as_written())?;
                Some(ConditionValue::Text(Template::parse(&text, wildcards, VariableScope::Anywhere)))
            }
            ConditionValue::Typed(_) => None,
        };
        let values: Option<Vec<ConditionValue>> = self.values.iter().map(convert_value).collect();
        Some(Condition { values: values?, ..self.clone() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::DocumentKind;

    #[test]
    fn built_documents_equal_parsed_ones() {
        let built = PolicyDocument::from_statements(
            "built",
            vec![
                Statement::allow(
                    ActionElement::listing(["s3:Get*", "iam:PassRole"]),
                    ResourceElement::listing(["arn:aws:s3:::b/${aws:username}", "*"]),
                )
                .under([
                    Condition::on_texts(ConditionOperator::StringLike, "aws:PrincipalTag/a", ["x*", "${aws:userid}"]),
                    Condition::on_texts(ConditionOperator::StringEquals, "aws:TagKeys", ["a*"])
                        .with_quantifier(Quantifier::ForAnyValue),
                    Condition::on_value(ConditionOperator::Null, "aws:SourceIp", TypedValue::Bool(true)),
                ]),
                Statement::deny(ActionElement::all_except("sts:*"), ResourceElement::all_except("arn:aws:s3:::b")),
            ],
        );
        let text = r#"{ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:Get*", "iam:PassRole"],
              "Resource": ["arn:aws:s3:::b/${aws:username}", "*"],
              "Condition": {
                "StringLike": { "aws:PrincipalTag/a": ["x*", "${aws:userid}"] },
                "ForAnyValue:StringEquals": { "aws:TagKeys": "a*" },
                "Null": { "aws:SourceIp": "true" } } },
            { "Effect": "Deny", "NotAction": "sts:*", "NotResource": "arn:aws:s3:::b" } ] }"#;
        let parsed = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap();
        assert_eq!(built, parsed);
        assert_eq!(built.statements.iter().map(|statement| statement.index).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn built_denies_equal_parsed_ones() {
        let deny = |condition| Statement::deny(ActionElement::any(), ResourceElement::any()).under([condition]);
        let arns = ["arn:*:*::111122223333:*", "${$}{x"];
        let built = PolicyDocument::from_statements(
            "built",
            vec![
                deny(Condition::on_texts(ConditionOperator::StringLike, "aws:PrincipalArn", arns)),
                deny(
                    Condition::on_texts(ConditionOperator::StringEquals, "aws:PrincipalOrgPaths", ["o-1/*"])
                        .with_quantifier(Quantifier::ForAnyValue),
                ),
            ],
        );
        let text = r#"{ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Action": "*", "Resource": "*",
              "Condition": { "StringLike": { "aws:PrincipalArn": ["arn:*:*::111122223333:*", "${$}{x"] } } },
            { "Effect": "Deny", "Action": "*", "Resource": "*",
              "Condition": { "ForAnyValue:StringEquals": { "aws:PrincipalOrgPaths": "o-1/*" } } } ] }"#;
        assert_eq!(built, PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Identity).unwrap());
    }
}
