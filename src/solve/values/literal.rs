//! A condition or resource element as membership: the field's value lies in a set, or it does not.

use std::sync::Arc;

use super::interval::IntervalSet;
use crate::iam::ContextKey;
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::interned_glob::GlobRef;

/// What a literal speaks of.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Field {
    /// The action's name, for actions that do not exist yet.
    Action,
    /// The resource.
    Resource,
    /// A context key.
    Key(ContextKey),
}

/// Values of a field; whether the missing value is among them is told apart.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum LiteralValues {
    /// Texts matched by any of these patterns.
    Text(Arc<[GlobRef]>),
    /// Numbers or instants. Texts that are neither are not among them.
    Ordered(OrderedKind, IntervalSet),
    /// Sets of texts (a multi-valued key).
    Sets(SetTest),
    /// Nothing is known of them but that they are these (an operator that is not modelled for its key).
    Opaque(u32),
}

/// What ordered values are.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum OrderedKind {
    Number,
    Instant,
    Address,
}

/// Which sets of texts a test on a multi-valued key accepts.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct SetTest {
    /// Whether the empty set is accepted.
    pub accepts_empty: bool,
    /// What a set with values must meet.
    pub values: SetValues,
}

/// What the values of a set must meet.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum SetValues {
    /// Any set is accepted.
    Always,
    /// No set is accepted.
    Never,
    /// Some value is matched by one of the patterns (`true`), or by none of them (`false`).
    Some(Arc<[GlobRef]>, bool),
    /// Every value is matched by one of the patterns (`true`), or by none of them (`false`).
    Every(Arc<[GlobRef]>, bool),
}

impl SetTest {
    /// Whether a set, present and perhaps empty, is accepted.
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

    /// The sets that this test refuses.
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

/// A test of one field.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Literal {
    /// What it speaks of.
    pub field: Field,
    /// The values that it lists.
    pub values: LiteralValues,
    /// Whether the missing value is listed too.
    pub includes_missing: bool,
    /// Whether a text that is no value of the operator's kind is listed too.
    pub includes_unparsable: bool,
    /// Whether the field's value must be listed (`true`), or must not.
    pub is_positive: bool,
}

impl Literal {
    /// The opposite.
    pub fn negate(&self) -> Literal {
        Literal { is_positive: !self.is_positive, ..self.clone() }
    }

    /// Whether the unknown value of a policy variable stands in it.
    pub fn has_variable(&self) -> bool {
        match &self.values {
            LiteralValues::Text(globs)
            | LiteralValues::Sets(SetTest { values: SetValues::Some(globs, _) | SetValues::Every(globs, _), .. }) => {
                globs.iter().any(|g| g.has_variable())
            }
            LiteralValues::Sets(_) | LiteralValues::Ordered(..) | LiteralValues::Opaque(_) => false,
        }
    }

    /// The literal that lists these texts.
    pub fn from_globs(field: Field, globs: Arc<[GlobRef]>, includes_missing: bool, is_positive: bool) -> Literal {
        Literal {
            field,
            values: LiteralValues::Text(globs),
            includes_missing: includes_missing,
            includes_unparsable: false,
            is_positive: is_positive,
        }
    }
}
