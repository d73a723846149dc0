//! The constraints on one field of a request, and whether some value satisfies them.

use std::cell::OnceCell;

use super::field_value::{Emptiness, FieldValue, check_ordered};
use super::interval::IntervalSet;
use super::literal::{Literal, LiteralValues, OrderedKind};
use super::mixed_tests::check_mixed;
use super::string_constraint::{StringConstraint, StringSearchResult};
use super::string_set::{SetSearchResult, StringSetConstraint};
use crate::solve::budget::Budget;
use crate::solve::strings::interner::GlobInterner;

/// The constraints on one field along a branch of the search.
#[derive(Clone, Debug)]
pub struct FieldState {
    /// Whether the key may be missing.
    pub may_be_missing: bool,
    /// Whether the key may be present.
    pub may_be_present: bool,
    /// The constraint on a present value.
    pub constraint: ValueConstraint,
    /// The last result, until a literal is added.
    cached: OnceCell<Emptiness>,
}

/// The constraint on a present value.
#[derive(Clone, Debug)]
pub enum ValueConstraint {
    /// None yet. The type is open.
    Unconstrained,
    /// A string.
    Text(StringConstraint),
    /// A number, instant or address. With `unparsable`, also any other string.
    Ordered { kind: OrderedKind, set: IntervalSet, unparsable: bool },
    /// A set of strings.
    Sets(StringSetConstraint),
    /// Tests of different types. The value is a string that satisfies all of them.
    Mixed(Vec<Literal>),
}

impl FieldState {
    /// A field without constraints.
    pub fn unconstrained() -> FieldState {
        FieldState::from_constraint(ValueConstraint::Unconstrained)
    }

    /// A field whose value, if present, satisfies a constraint.
    pub fn from_constraint(constraint: ValueConstraint) -> FieldState {
        FieldState { may_be_missing: true, may_be_present: true, constraint, cached: OnceCell::new() }
    }

    /// A field that is always present.
    pub fn always_present() -> FieldState {
        FieldState { may_be_missing: false, ..FieldState::unconstrained() }
    }

    /// Adds a literal on this field.
    pub fn add(&mut self, literal: &Literal) {
        self.cached = OnceCell::new();
        self.may_be_missing &= literal.includes_missing == literal.is_positive;
        self.constraint.add(literal, &mut self.may_be_present);
    }

    /// Whether some value satisfies the constraints.
    pub fn check_emptiness(&self, interner: &GlobInterner, budget: &Budget) -> Emptiness {
        if self.may_be_missing {
            return Emptiness::NonEmpty(FieldValue::Missing);
        }
        self.check_present_emptiness(interner, budget)
    }

    /// A value that satisfies the constraints. None if no value does, or if that is undecided.
    pub fn find_sample(&self, interner: &GlobInterner, budget: &Budget) -> Option<FieldValue> {
        self.check_emptiness(interner, budget).into_value()
    }

    /// Whether some present value satisfies the constraints.
    pub fn check_present_emptiness(&self, interner: &GlobInterner, budget: &Budget) -> Emptiness {
        self.cached.get_or_init(|| self.compute_present_emptiness(interner, budget)).clone()
    }

    fn compute_present_emptiness(&self, interner: &GlobInterner, budget: &Budget) -> Emptiness {
        if !self.may_be_present {
            return Emptiness::Empty;
        }
        match &self.constraint {
            ValueConstraint::Unconstrained => Emptiness::NonEmpty(FieldValue::Text(b"x".to_vec())),
            ValueConstraint::Text(text) => from_search_result(text.find_string(interner, budget)),
            ValueConstraint::Ordered { kind, set, unparsable } => check_ordered(*kind, set, *unparsable),
            ValueConstraint::Sets(set) => match set.find_values(interner, budget) {
                SetSearchResult::NoMatch => Emptiness::Empty,
                SetSearchResult::Match(values) => Emptiness::NonEmpty(FieldValue::Set(values)),
                SetSearchResult::Unknown => Emptiness::Unknown,
            },
            ValueConstraint::Mixed(literals) => check_mixed(literals, interner, budget),
        }
    }
}

fn from_search_result(result: StringSearchResult) -> Emptiness {
    match result {
        StringSearchResult::NoMatch => Emptiness::Empty,
        StringSearchResult::Match(text) => Emptiness::NonEmpty(FieldValue::Text(text)),
        StringSearchResult::Unknown => Emptiness::Unknown,
    }
}

impl ValueConstraint {
    fn add(&mut self, literal: &Literal, may_be_present: &mut bool) {
        match (&mut *self, &literal.values) {
            (_, LiteralValues::Text(globs)) if globs.is_empty() => *may_be_present &= !literal.is_positive,
            (ValueConstraint::Unconstrained, LiteralValues::Text(globs)) => {
                let mut text = StringConstraint::default();
                text.add(globs, literal.is_positive);
                *self = ValueConstraint::Text(text);
            }
            (ValueConstraint::Text(text), LiteralValues::Text(globs)) => text.add(globs, literal.is_positive),
            (ValueConstraint::Unconstrained, LiteralValues::Ordered(kind, _)) => {
                *self = ValueConstraint::Ordered { kind: *kind, set: kind.all_values(), unparsable: true };
                self.add(literal, may_be_present);
            }
            (ValueConstraint::Ordered { kind, set, unparsable }, LiteralValues::Ordered(other, listed))
                if kind == other =>
            {
                *set = if literal.is_positive { set.intersect(listed) } else { set.subtract(listed) };
                *unparsable &= literal.includes_unparsable == literal.is_positive;
            }
            (ValueConstraint::Unconstrained, LiteralValues::Sets(_)) => {
                *self = ValueConstraint::Sets(StringSetConstraint::default());
                self.add(literal, may_be_present);
            }
            (ValueConstraint::Sets(set), LiteralValues::Sets(test)) => {
                if literal.is_positive {
                    set.add(test);
                } else {
                    set.add(&test.negate());
                }
            }
            (ValueConstraint::Mixed(literals), _) => literals.push(literal.clone()),
            (before, _) => {
                let mut literals = before.to_literals(literal);
                literals.push(literal.clone());
                *self = ValueConstraint::Mixed(literals);
            }
        }
    }

    /// The constraint as a list of literals.
    fn to_literals(&self, literal: &Literal) -> Vec<Literal> {
        let to_literal = |values: LiteralValues, includes_unparsable: bool, is_positive: bool| Literal {
            field: literal.field.clone(),
            values,
            includes_missing: false,
            includes_unparsable,
            is_positive,
        };
        match self {
            ValueConstraint::Unconstrained => Vec::new(),
            ValueConstraint::Text(text) => {
                let any_of =
                    text.matches_any_of.iter().map(|w| to_literal(LiteralValues::Text(w.clone()), false, true));
                let none_of = text
                    .matches_none_of
                    .iter()
                    .map(|g| to_literal(LiteralValues::Text([g.clone()].into()), false, false));
                any_of.chain(none_of).collect()
            }
            ValueConstraint::Ordered { kind, set, unparsable } => {
                vec![to_literal(LiteralValues::Ordered(*kind, set.clone()), *unparsable, true)]
            }
            // A set and a single value cannot be decided together.
            ValueConstraint::Sets(_) => vec![to_literal(LiteralValues::Undecidable, false, true)],
            ValueConstraint::Mixed(literals) => literals.clone(),
        }
    }
}
