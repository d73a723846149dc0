//! The constraints in the range of a field that are neither patterns for one string nor intervals.

use std::fmt;

use serde::{Serialize, Serializer};

/// A constraint on the values of a multi-valued key, or of tests of different kinds. Reports contain it as text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RangeConstraint {
    /// Not a constraint: beside the intervals, a string that is no number, date or address is in the range, too.
    IncludesOtherStrings,
    /// The key has a value.
    NotEmpty,
    /// Each value matches one of these patterns.
    EveryValueMatches(Vec<String>),
    /// Each value matches none of these patterns.
    NoValueMatches(Vec<String>),
    /// Some value matches one of these patterns. It holds of a key without values.
    SomeValueMatches(Vec<String>),
    /// Some value matches none of these patterns. It holds of a key without values.
    SomeValueMatchesNone(Vec<String>),
    /// One of several tests of different kinds: the value is one of these.
    Is(TestedValues),
    /// One of several tests of different kinds: the value is none of these.
    IsNot(TestedValues),
}

/// The values of one test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TestedValues {
    /// Strings that match one of these patterns.
    Patterns(Vec<String>),
    /// Numbers, dates or addresses in one of these intervals.
    Intervals(Vec<String>),
    /// Any set of strings.
    AnySet,
    /// The values of a condition that the solver does not model.
    Unmodelled,
}

impl fmt::Display for RangeConstraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut write_patterns = |text: &str, patterns: &[String]| write!(f, "{text} [{}]", patterns.join(", "));
        match self {
            RangeConstraint::IncludesOtherStrings => f.write_str("or a string of another type"),
            RangeConstraint::NotEmpty => f.write_str("not empty"),
            RangeConstraint::EveryValueMatches(patterns) => write_patterns("every value matches one of", patterns),
            RangeConstraint::NoValueMatches(patterns) => write_patterns("no value matches any of", patterns),
            RangeConstraint::SomeValueMatches(patterns) => write_patterns("some value matches one of", patterns),
            RangeConstraint::SomeValueMatchesNone(patterns) => write_patterns("some value matches none of", patterns),
            RangeConstraint::Is(values) => write!(f, "is {values}"),
            RangeConstraint::IsNot(values) => write!(f, "is not {values}"),
        }
    }
}

impl fmt::Display for TestedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TestedValues::Patterns(patterns) => write!(f, "[{}]", patterns.join(", ")),
            TestedValues::Intervals(intervals) => f.write_str(&intervals.join(" or ")),
            TestedValues::AnySet => f.write_str("a set"),
            TestedValues::Unmodelled => f.write_str("the values of the condition"),
        }
    }
}

impl Serialize for RangeConstraint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
