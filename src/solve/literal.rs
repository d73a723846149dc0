//! A condition or resource element as membership: the field's value lies in a set, or it does not.

use std::sync::Arc;

use super::glob::GlobRef;
use super::interval::Intervals;
use super::symbols::Symbol;
use crate::iam::ContextKey;

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
pub enum Values {
    /// Texts matched by any of these patterns.
    Text(Arc<[GlobRef]>),
    /// Numbers or instants. Texts that are neither are not among them.
    Ordered(Kind, Intervals),
    /// Sets of texts (a multi-valued key).
    Sets(SetTest),
    /// Nothing is known of them but that they are these (an operator that is not modelled for its key).
    Opaque(u32),
}

/// What ordered values are.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Number,
    Instant,
    Address,
}

/// Which sets of texts a test on a multi-valued key accepts.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct SetTest {
    /// Whether the empty set is accepted.
    pub empty: bool,
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
            return self.empty;
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
    pub fn negated(&self) -> SetTest {
        let values = match &self.values {
            SetValues::Always => SetValues::Never,
            SetValues::Never => SetValues::Always,
            SetValues::Some(globs, listed) => SetValues::Every(Arc::clone(globs), !listed),
            SetValues::Every(globs, listed) => SetValues::Some(Arc::clone(globs), !listed),
        };
        SetTest { empty: !self.empty, values }
    }
}

/// A test of one field.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub struct Literal {
    /// What it speaks of.
    pub field: Field,
    /// The values that it lists.
    pub values: Values,
    /// Whether the missing value is listed too.
    pub missing: bool,
    /// Whether a text that is no value of the operator's kind is listed too.
    pub unparsable: bool,
    /// Whether the field's value must be listed (`true`), or must not.
    pub holds: bool,
}

impl Literal {
    /// The opposite.
    pub fn negated(&self) -> Literal {
        Literal { holds: !self.holds, ..self.clone() }
    }

    /// Whether the unknown value of a policy variable stands in it.
    pub fn has_variable(&self) -> bool {
        match &self.values {
            Values::Text(globs)
            | Values::Sets(SetTest { values: SetValues::Some(globs, _) | SetValues::Every(globs, _), .. }) => {
                globs.iter().any(|g| g.has_variable())
            }
            Values::Sets(_) | Values::Ordered(..) | Values::Opaque(_) => false,
        }
    }

    /// The literal that lists these texts.
    pub fn text(field: Field, globs: Arc<[GlobRef]>, missing: bool, holds: bool) -> Literal {
        Literal { field, values: Values::Text(globs), missing, unparsable: false, holds }
    }
}
