//! A literal: the value of one field is, or is not, in a set of values. Conditions and resource elements become literals.

use std::sync::Arc;

use super::interval::IntervalSet;
use crate::iam::ContextKey;
use crate::iam::condition::ConditionValue;
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::interned_glob::GlobRef;

/// A field of a request.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Field {
    /// The name of a future action.
    Action,
    /// The resource.
    Resource,
    /// A context key.
    Key(ContextKey),
}

/// Values of a field. [`Literal`] adds whether the missing value is one of them.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum LiteralValues {
    /// The strings that any of these patterns matches.
    Text(Arc<[GlobRef]>),
    /// Numbers, instants or addresses. A string that is not such a value is not included.
    Ordered(OrderedKind, IntervalSet),
    /// Sets of strings, for a multi-valued key.
    Sets(SetTest),
    /// The values that satisfy a test which the solver does not model. Equal tests have the same values.
    Opaque(Arc<OpaqueTest>),
    /// Unknown values: a test of sets on a key that another statement tests as a single value.
    Undecidable,
}

/// A test that the solver does not model.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct OpaqueTest {
    /// The operator as a policy writes it, with set prefix and suffix.
    pub operator: String,
    /// The values of the condition.
    pub values: Vec<ConditionValue>,
}

/// The type of ordered values.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum OrderedKind {
    Number,
    Instant,
    Address,
}

impl OrderedKind {
    /// All values of the type.
    pub fn all_values(self) -> IntervalSet {
        match self {
            OrderedKind::Address => IntervalSet::all_addresses(),
            OrderedKind::Number | OrderedKind::Instant => IntervalSet::unbounded(),
        }
    }
}

/// The sets of strings that a test on a multi-valued key accepts.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct SetTest {
    /// Whether the empty set is accepted.
    pub accepts_empty: bool,
    /// The constraint on a non-empty set.
    pub values: SetValues,
}

/// A constraint on the values of a non-empty set.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum SetValues {
    /// Every set is accepted.
    Always,
    /// No set is accepted.
    Never,
    /// At least one value matches a pattern (`true`), or matches no pattern (`false`).
    Some(Arc<[GlobRef]>, bool),
    /// Every value matches a pattern (`true`), or matches no pattern (`false`).
    Every(Arc<[GlobRef]>, bool),
}

impl SetTest {
    /// Whether the test accepts a set, which may be empty.
    pub fn accepts(&self, values: &[Vec<Symbol>]) -> bool {
        if values.is_empty() {
            return self.accepts_empty;
        }
        let matched = |globs: &[GlobRef], value: &[Symbol]| globs.iter().any(|g| g.matches(value));
        match &self.values {
            SetValues::Always => true,
            SetValues::Never => false,
            SetValues::Some(globs, listed) => values.iter().any(|v| matched(globs, v) == *listed),
            SetValues::Every(globs, listed) => values.iter().all(|v| matched(globs, v) == *listed),
        }
    }

    /// The test that accepts the other sets.
    pub fn negate(&self) -> SetTest {
        let values = match &self.values {
            SetValues::Always => SetValues::Never,
            SetValues::Never => SetValues::Always,
            SetValues::Some(globs, listed) => SetValues::Every(Arc::clone(globs), !listed),
            SetValues::Every(globs, listed) => SetValues::Some(Arc::clone(globs), !listed),
        };
        SetTest { accepts_empty: !self.accepts_empty, values }
    }
}

/// A test of one field: an atomic constraint.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Literal {
    /// The field.
    pub field: Field,
    /// The listed values.
    pub values: LiteralValues,
    /// Whether the missing value is also listed.
    pub includes_missing: bool,
    /// Whether a string that is not a value of the operator's type is also listed.
    pub includes_unparsable: bool,
    /// Whether the value of the field must be listed (`true`) or must not be listed (`false`).
    pub is_positive: bool,
}

impl Literal {
    /// The opposite literal.
    pub fn negate(&self) -> Literal {
        Literal { is_positive: !self.is_positive, ..self.clone() }
    }

    /// Whether a pattern contains the unknown value of a policy variable.
    pub fn has_variable(&self) -> bool {
        match &self.values {
            LiteralValues::Text(globs)
            | LiteralValues::Sets(SetTest { values: SetValues::Some(globs, _) | SetValues::Every(globs, _), .. }) => {
                globs.iter().any(|g| g.has_variable())
            }
            LiteralValues::Sets(_)
            | LiteralValues::Ordered(..)
            | LiteralValues::Opaque(_)
            | LiteralValues::Undecidable => false,
        }
    }

    /// The literal that a string of the field matches one of these patterns.
    pub fn matching(field: Field, globs: Arc<[GlobRef]>) -> Literal {
        Literal {
            field,
            values: LiteralValues::Text(globs),
            includes_missing: false,
            includes_unparsable: false,
            is_positive: true,
        }
    }

    /// The literal that the field matches none of these patterns, or is missing.
    pub fn not_matching(field: Field, globs: Arc<[GlobRef]>) -> Literal {
        Literal::matching(field, globs).negate()
    }
}
