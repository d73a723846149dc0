//! Condition operators and what they compare.

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
