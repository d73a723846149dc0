//! Condition entries: an operator, a context key, and the values it is compared with.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::template::Template;
use super::value::TypedValue;
use crate::source::Span;

/// A context key; its case does not matter.
#[derive(Clone, Debug)]
pub struct ContextKey {
    written: Box<str>,
    lower: Box<str>,
}

impl ContextKey {
    /// A key by its name in any case.
    pub fn new(name: &str) -> ContextKey {
        ContextKey { written: name.into(), lower: name.to_ascii_lowercase().into() }
    }

    /// The name as it was written.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The name in lower case, by which keys are compared.
    pub fn lower(&self) -> &str {
        &self.lower
    }
}

impl PartialEq for ContextKey {
    fn eq(&self, other: &ContextKey) -> bool {
        self.lower == other.lower
    }
}

impl Eq for ContextKey {}

impl PartialOrd for ContextKey {
    fn partial_cmp(&self, other: &ContextKey) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ContextKey {
    fn cmp(&self, other: &ContextKey) -> std::cmp::Ordering {
        self.lower.cmp(&other.lower)
    }
}

impl Hash for ContextKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lower.hash(state);
    }
}

impl fmt::Display for ContextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

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

/// The comparisons of the policy language (*IAM JSON policy elements: Condition operators*).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)] // each is documented by AWS under its own name
pub enum ConditionOperator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
}

/// What kind of values an operator compares.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum OperatorFamily {
    String,
    Numeric,
    Date,
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// How a value is held against the values of a policy.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum ValueComparison {
    Equals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl ConditionOperator {
    /// All operators, with their names.
    pub const ALL: [(&'static str, ConditionOperator); 27] = [
        ("StringEquals", ConditionOperator::StringEquals),
        ("StringNotEquals", ConditionOperator::StringNotEquals),
        ("StringEqualsIgnoreCase", ConditionOperator::StringEqualsIgnoreCase),
        ("StringNotEqualsIgnoreCase", ConditionOperator::StringNotEqualsIgnoreCase),
        ("StringLike", ConditionOperator::StringLike),
        ("StringNotLike", ConditionOperator::StringNotLike),
        ("NumericEquals", ConditionOperator::NumericEquals),
        ("NumericNotEquals", ConditionOperator::NumericNotEquals),
        ("NumericLessThan", ConditionOperator::NumericLessThan),
        ("NumericLessThanEquals", ConditionOperator::NumericLessThanEquals),
        ("NumericGreaterThan", ConditionOperator::NumericGreaterThan),
        ("NumericGreaterThanEquals", ConditionOperator::NumericGreaterThanEquals),
        ("DateEquals", ConditionOperator::DateEquals),
        ("DateNotEquals", ConditionOperator::DateNotEquals),
        ("DateLessThan", ConditionOperator::DateLessThan),
        ("DateLessThanEquals", ConditionOperator::DateLessThanEquals),
        ("DateGreaterThan", ConditionOperator::DateGreaterThan),
        ("DateGreaterThanEquals", ConditionOperator::DateGreaterThanEquals),
        ("Bool", ConditionOperator::Bool),
        ("BinaryEquals", ConditionOperator::BinaryEquals),
        ("IpAddress", ConditionOperator::IpAddress),
        ("NotIpAddress", ConditionOperator::NotIpAddress),
        ("ArnEquals", ConditionOperator::ArnEquals),
        ("ArnLike", ConditionOperator::ArnLike),
        ("ArnNotEquals", ConditionOperator::ArnNotEquals),
        ("ArnNotLike", ConditionOperator::ArnNotLike),
        ("Null", ConditionOperator::Null),
    ];

    /// The operator's name.
    pub fn name(self) -> &'static str {
        ConditionOperator::ALL.iter().find(|(_, o)| *o == self).map_or("", |(name, _)| name)
    }

    /// Whether the operator holds where none of the policy's values matches.
    pub fn is_negated(self) -> bool {
        matches!(
            self,
            ConditionOperator::StringNotEquals
                | ConditionOperator::StringNotEqualsIgnoreCase
                | ConditionOperator::StringNotLike
                | ConditionOperator::NumericNotEquals
                | ConditionOperator::DateNotEquals
                | ConditionOperator::NotIpAddress
                | ConditionOperator::ArnNotEquals
                | ConditionOperator::ArnNotLike
        )
    }

    /// What kind of values it compares.
    pub fn family(self) -> OperatorFamily {
        use ConditionOperator::*;
        match self {
            StringEquals
            | StringNotEquals
            | StringEqualsIgnoreCase
            | StringNotEqualsIgnoreCase
            | StringLike
            | StringNotLike => OperatorFamily::String,
            NumericEquals
            | NumericNotEquals
            | NumericLessThan
            | NumericLessThanEquals
            | NumericGreaterThan
            | NumericGreaterThanEquals => OperatorFamily::Numeric,
            DateEquals
            | DateNotEquals
            | DateLessThan
            | DateLessThanEquals
            | DateGreaterThan
            | DateGreaterThanEquals => OperatorFamily::Date,
            Bool => OperatorFamily::Bool,
            BinaryEquals => OperatorFamily::Binary,
            IpAddress | NotIpAddress => OperatorFamily::Ip,
            ArnEquals | ArnLike | ArnNotEquals | ArnNotLike => OperatorFamily::Arn,
            Null => OperatorFamily::Null,
        }
    }

    /// How the request's value is held against each of the policy's, negation aside.
    pub fn comparison(self) -> ValueComparison {
        use ConditionOperator::*;
        match self {
            NumericLessThan | DateLessThan => ValueComparison::Less,
            NumericLessThanEquals | DateLessThanEquals => ValueComparison::LessOrEqual,
            NumericGreaterThan | DateGreaterThan => ValueComparison::Greater,
            NumericGreaterThanEquals | DateGreaterThanEquals => ValueComparison::GreaterOrEqual,
            _ => ValueComparison::Equals,
        }
    }

    /// Whether letters are compared without regard to case.
    pub fn ignores_case(self) -> bool {
        matches!(self, ConditionOperator::StringEqualsIgnoreCase | ConditionOperator::StringNotEqualsIgnoreCase)
    }

    /// Whether `*` and `?` in the policy's values are wildcards.
    pub fn has_wildcards(self) -> bool {
        matches!(self, ConditionOperator::StringLike | ConditionOperator::StringNotLike)
            || self.family() == OperatorFamily::Arn
    }
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
