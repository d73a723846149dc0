//! Conditions: an operator, a context key and values.

use std::hash::{Hash, Hasher};

use super::context_key::ContextKey;
use super::operator::{ConditionOperator, OperatorFamily};
use super::template::{Template, TemplatePart};
use super::value::TypedValue;
use crate::source::Span;

/// The quantifier of a condition operator.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Quantifier {
    /// No quantifier.
    Plain,
    /// `ForAllValues:`. Every value of the request must match. True if the set is missing or empty.
    ForAllValues,
    /// `ForAnyValue:`. Some value of the request must match. False if the set is missing or empty.
    ForAnyValue,
}

/// The result of a condition whose key is missing.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum MissingKeyRule {
    /// The default of the operator: true for a negated operator, false for the others.
    OperatorDefault,
    /// `…IfExists`: true.
    Satisfied,
}

/// One value of a condition.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum ConditionValue {
    /// Compared as text (string and ARN operators).
    Text(Template),
    /// Compared by its typed value (all other operators).
    Typed(TypedValue),
}

/// A condition: one operator, one key, and the key's values.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The quantifier.
    pub quantifier: Quantifier,
    /// The operator.
    pub operator: ConditionOperator,
    /// The result if the key is missing.
    pub when_missing: MissingKeyRule,
    /// The context key.
    pub key: ContextKey,
    /// The values. One of them must match; for a negated operator, none may match.
    pub values: Vec<ConditionValue>,
    /// The position of the key and its values.
    pub span: Span,
}

impl Condition {
    /// The values that are texts: all values of a string or ARN operator.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Template> {
        self.values.iter().filter_map(|value| match value {
            ConditionValue::Text(template) => Some(template),
            ConditionValue::Typed(_) => None,
        })
    }

    /// The operator with its quantifier and suffix, for example `ForAnyValue:StringLikeIfExists`.
    pub fn operator_name(&self) -> String {
        let prefix = match self.quantifier {
            Quantifier::Plain => "",
            Quantifier::ForAllValues => "ForAllValues:",
            Quantifier::ForAnyValue => "ForAnyValue:",
        };
        let suffix = match self.when_missing {
            MissingKeyRule::OperatorDefault => "",
            MissingKeyRule::Satisfied => "IfExists",
        };
        format!("{prefix}{}{suffix}", self.operator.name())
    }

    /// Whether an empty string is one of the values, and the operator compares single values.
    pub fn compares_empty_string(&self) -> bool {
        let is_empty = |value: &ConditionValue| match value {
            ConditionValue::Text(template) => template.as_literal() == Some(""),
            ConditionValue::Typed(_) => false,
        };
        self.quantifier == Quantifier::Plain
            && self.operator.family() == OperatorFamily::String
            && self.values.iter().any(is_empty)
    }

    /// Whether a value is a pattern that every string but the empty one matches, such as `?*`.
    pub fn matches_all_but_empty_string(&self) -> bool {
        let is_wildcard = |part: &TemplatePart| matches!(part, TemplatePart::AnyChar | TemplatePart::AnyString);
        let count_chars =
            |template: &Template| template.parts().iter().filter(|part| matches!(part, TemplatePart::AnyChar)).count();
        self.operator.has_wildcards()
            && self.values.iter().any(|value| match value {
                ConditionValue::Text(template) => {
                    template.parts().iter().all(is_wildcard) && count_chars(template) == 1
                }
                ConditionValue::Typed(_) => false,
            })
    }
}

// Equality ignores the position.
impl PartialEq for Condition {
    fn eq(&self, other: &Condition) -> bool {
        (self.quantifier, self.operator, self.when_missing, &self.key, &self.values)
            == (other.quantifier, other.operator, other.when_missing, &other.key, &other.values)
    }
}

impl Eq for Condition {}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.quantifier, self.operator, self.when_missing, &self.key, &self.values).hash(state);
    }
}
