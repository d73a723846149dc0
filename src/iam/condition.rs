//! Condition entries: an operator, a context key, and the values it is compared with.

use std::hash::{Hash, Hasher};

use super::context_key::ContextKey;
use super::operator::ConditionOperator;
use super::template::Template;
use super::value::TypedValue;
use crate::source::Span;

/// `ForAllValues:`, `ForAnyValue:` or neither.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Quantifier {
    /// No set prefix.
    Plain,
    /// Every value of the request's set; true on a missing or empty set.
    ForAllValues,
    /// Some value of the request's set; false on a missing or empty set.
    ForAnyValue,
}

/// What a missing key makes of a condition.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum MissingKeyRule {
    /// What the operator says: a positive one is false, a negated one true.
    OperatorDefault,
    /// True (`…IfExists`).
    Satisfied,
}

/// One value of a condition entry.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum ConditionValue {
    /// Compared as text (string and ARN operators).
    Text(Template),
    /// Compared as what it stands for (all others).
    Typed(TypedValue),
}

/// One operator applied to one key.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The set prefix.
    pub quantifier: Quantifier,
    /// The comparison.
    pub operator: ConditionOperator,
    /// What a missing key makes of it.
    pub when_missing: MissingKeyRule,
    /// The context key.
    pub key: ContextKey,
    /// The values; any of them may match (none, for a negated operator).
    pub values: Vec<ConditionValue>,
    /// Where the key and its values stand.
    pub span: Span,
}

impl Condition {
    /// The operator with its prefix and suffix, for example `ForAnyValue:StringLikeIfExists`.
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
}

// Two entries are equal when they mean the same; where they stand does not matter.
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
