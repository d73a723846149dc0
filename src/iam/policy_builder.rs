//! Policy documents that the program itself writes, built from typed parts.

use super::action_pattern::ActionPattern;
use super::condition::{Condition, ConditionValue, MissingKeyRule, Quantifier};
use super::context_key::ContextKey;
use super::element::{ActionElement, ElementKind, ResourceElement};
use super::operator::ConditionOperator;
use super::policy_document::{Effect, PolicyDocument, Statement, Version};
use super::template::{Template, VariableScope, WildcardMode};
use crate::source::{SourceFile, Span};

/// The span of everything in these documents: they have no text.
const NO_SPAN: Span = Span { start: 0, end: 0 };

/// A document with one statement per condition block. Each statement has this effect on every action and every
/// resource, for requests that satisfy all conditions of its block.
pub(crate) fn build_conditional_policy(
    name: &str,
    effect: Effect,
    condition_blocks: impl IntoIterator<Item = Vec<Condition>>,
) -> PolicyDocument {
    let to_statement = |(index, conditions): (usize, Vec<Condition>)| Statement {
        index,
        sid: None,
        effect,
        principal: None,
        action: ActionElement { kind: ElementKind::List, patterns: ActionPattern::parse("*").into_iter().collect() },
        resource: Some(ResourceElement {
            kind: ElementKind::List,
            patterns: vec![Template::from_resource("*", VariableScope::AfterFifthColon)],
        }),
        conditions,
        span: NO_SPAN,
    };
    let statements = condition_blocks.into_iter().enumerate().map(to_statement).collect();
    PolicyDocument::new(Version::V2012, statements, &SourceFile::new(name, ""), NO_SPAN)
}

/// A condition that compares a key with texts, as `Version` 2012-10-17 reads them: with policy variables, and with
/// wildcards if the operator has them.
pub(crate) fn build_text_condition(
    quantifier: Quantifier,
    operator: ConditionOperator,
    key: &str,
    values: impl IntoIterator<Item = impl AsRef<str>>,
) -> Condition {
    let wildcards = if operator.has_wildcards() { WildcardMode::Active } else { WildcardMode::Literal };
    let to_value = |text: &str| ConditionValue::Text(Template::parse(text, wildcards, VariableScope::Anywhere));
    Condition {
        quantifier,
        operator,
        when_missing: MissingKeyRule::OperatorDefault,
        key: ContextKey::new(key),
        values: values.into_iter().map(|text| to_value(text.as_ref())).collect(),
        span: NO_SPAN,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::iam::DocumentKind;

    #[test]
    fn built_documents_equal_parsed_documents() {
        let parsed = r#"{
            "Version": "2012-10-17",
            "Statement": [
                { "Effect": "Deny", "Action": "*", "Resource": "*",
                  "Condition": { "StringLike": { "aws:PrincipalArn": ["arn:*:*::111122223333:*", "${$}{x"] } } },
                { "Effect": "Deny", "Action": "*", "Resource": "*",
                  "Condition": { "ForAnyValue:StringEquals": { "aws:PrincipalOrgPaths": "o-1/*" } } }
            ]
        }"#;
        let parsed = PolicyDocument::parse(&SourceFile::new("p.json", parsed), DocumentKind::Identity);
        let arns = ["arn:*:*::111122223333:*", "${$}{x"];
        let built = build_conditional_policy(
            "p",
            Effect::Deny,
            [
                vec![build_text_condition(Quantifier::Plain, ConditionOperator::StringLike, "aws:PrincipalArn", arns)],
                vec![build_text_condition(
                    Quantifier::ForAnyValue,
                    ConditionOperator::StringEquals,
                    "aws:PrincipalOrgPaths",
                    ["o-1/*"],
                )],
            ],
        );
        assert_eq!(built, parsed.map_err(|problems| problems.to_string()).unwrap());
    }
}
