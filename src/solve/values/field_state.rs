//! What is known of one field of a request, and whether any value is left for it.

use std::cell::OnceCell;

use super::interval::{IntervalSet, OrderedValue};
use super::literal::{Literal, LiteralValues, OrderedKind};
use super::string_constraint::{StringConstraint, StringSearchResult};
use super::string_set::{StringSetConstraint, UndecidedSetSearch};
use crate::iam::value;
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::glob_search::Budget;
use crate::solve::strings::interned_glob::GlobInterner;

/// A value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FieldValue {
    /// The key is not in the request.
    Missing,
    /// A text, as symbols.
    Text(Vec<Symbol>),
    /// A number, instant or address.
    Ordered(OrderedValue),
    /// Several texts.
    Set(Vec<Vec<Symbol>>),
}

/// Constraints on one field, gathered along a branch.
#[derive(Clone, Debug)]
pub struct FieldState {
    /// Whether the key may be missing.
    pub may_be_missing: bool,
    /// Whether it may be present.
    pub may_be_present: bool,
    /// What its value meets when present.
    pub constraint: ValueConstraint,
    /// The value that was last found, until something is added.
    cached: OnceCell<Emptiness>,
}

/// Constraints on a value that is there.
#[derive(Clone, Debug)]
pub enum ValueConstraint {
    /// Nothing yet, and the kind is not settled.
    Unconstrained,
    /// A text.
    Text(StringConstraint),
    /// A number, instant or address; `unparsable`: or a text that is none.
    Ordered { kind: OrderedKind, set: IntervalSet, unparsable: bool },
    /// A set of texts.
    Sets(StringSetConstraint),
    /// Tests of several kinds at once: the value is a text that must pass them all.
    Mixed(Vec<Literal>),
}

/// Whether a field has a value left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Emptiness {
    /// No.
    Empty,
    /// Yes, for example this.
    NonEmpty(FieldValue),
    /// It could not be found out.
    Unknown,
}

impl FieldState {
    /// A field of which nothing is known.
    pub fn unconstrained() -> FieldState {
        FieldState::from_constraint(ValueConstraint::Unconstrained)
    }

    /// A field whose value, if there is one, meets this.
    pub fn from_constraint(constraint: ValueConstraint) -> FieldState {
        FieldState { may_be_missing: true, may_be_present: true, constraint: constraint, cached: OnceCell::new() }
    }

    /// A field that is always there.
    pub fn always_present() -> FieldState {
        FieldState { may_be_missing: false, ..FieldState::unconstrained() }
    }

    /// Adds what a literal says of this field.
    pub fn add(&mut self, literal: &Literal) {
        self.cached = OnceCell::new();
        self.may_be_missing &= literal.includes_missing == literal.is_positive;
        self.constraint.add(literal, &mut self.may_be_present);
    }

    /// Whether any value is left.
    pub fn check_emptiness(&self, interner: &GlobInterner, budget: &Budget) -> Emptiness {
        if self.may_be_missing {
            return Emptiness::NonEmpty(FieldValue::Missing);
        }
        self.check_present_emptiness(interner, budget)
    }

    /// A value that is left, if one is known.
    pub fn find_sample(&self, interner: &GlobInterner, budget: &Budget) -> Option<FieldValue> {
        match self.check_emptiness(interner, budget) {
            Emptiness::NonEmpty(value) => Some(value),
            Emptiness::Empty | Emptiness::Unknown => None,
        }
    }

    /// Whether any value other than the missing one is left.
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
                None => Emptiness::Empty,
                Some(Ok(values)) => Emptiness::NonEmpty(FieldValue::Set(values)),
                Some(Err(UndecidedSetSearch)) => Emptiness::Unknown,
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

fn check_ordered(kind: OrderedKind, set: &IntervalSet, unparsable: bool) -> Emptiness {
    if let Some(point) = set.pick() {
        return Emptiness::NonEmpty(FieldValue::Ordered(point));
    }
    if !set.is_empty() {
        // Without bounds: any value of the kind will do.
        let text = match kind {
            OrderedKind::Number => "1",
            OrderedKind::Instant => "2030-01-01T00:00:00Z",
            OrderedKind::Address => "203.0.113.7",
        };
        return if *set == IntervalSet::unbounded() {
            Emptiness::NonEmpty(FieldValue::Text(text.into()))
        } else {
            Emptiness::Unknown
        };
    }
    if unparsable { Emptiness::NonEmpty(FieldValue::Text(b"none".to_vec())) } else { Emptiness::Empty }
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
                let all =
                    if *kind == OrderedKind::Address { IntervalSet::all_addresses() } else { IntervalSet::unbounded() };
                *self = ValueConstraint::Ordered { kind: *kind, set: all, unparsable: true };
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

    /// The same constraints as a list of literals.
    fn to_literals(&self, literal: &Literal) -> Vec<Literal> {
        let to_literal = |values: LiteralValues, includes_unparsable: bool, is_positive: bool| Literal {
            field: literal.field.clone(),
            values,
            includes_missing: false,
            includes_unparsable: includes_unparsable,
            is_positive: is_positive,
        };
        match self {
            ValueConstraint::Unconstrained => Vec::new(),
            ValueConstraint::Text(text) => {
                let within =
                    text.matches_any_of.iter().map(|w| to_literal(LiteralValues::Text(w.clone()), false, true));
                let outside = text
                    .matches_none_of
                    .iter()
                    .map(|g| to_literal(LiteralValues::Text([g.clone()].into()), false, false));
                within.chain(outside).collect()
            }
            ValueConstraint::Ordered { kind, set, unparsable } => {
                vec![to_literal(LiteralValues::Ordered(*kind, set.clone()), *unparsable, true)]
            }
            // Sets do not mix with single values: kept as what cannot be decided.
            ValueConstraint::Sets(_) => vec![to_literal(LiteralValues::Opaque(u32::MAX), false, true)],
            ValueConstraint::Mixed(literals) => literals.clone(),
        }
    }
}

/// A text that passes tests of several kinds: the texts that the tests name are tried; nothing is left if
/// the tests of one kind alone leave nothing; anything else is unknown.
fn check_mixed(literals: &[Literal], interner: &GlobInterner, budget: &Budget) -> Emptiness {
    let contradicts = |a: &Literal| literals.iter().any(|b| a.is_positive && !b.is_positive && a.values == b.values);
    if literals.iter().any(|l| matches!(l.values, LiteralValues::Opaque(_)) && contradicts(l)) {
        return Emptiness::Empty;
    }
    let satisfies_all = |text: &[Symbol]| literals.iter().all(|l| text_satisfies(l, text, interner) == Some(true));
    let mut texts = StringConstraint::default();
    let mut candidates: Vec<Vec<Symbol>> = vec![b"x".to_vec(), Vec::new(), b"1".to_vec()];
    let mut kinds: Vec<(OrderedKind, IntervalSet, bool)> = Vec::new();
    for literal in literals {
        match &literal.values {
            LiteralValues::Text(globs) => {
                texts.add(globs, literal.is_positive);
                candidates.extend(globs.iter().filter_map(|g| g.as_exact()));
            }
            LiteralValues::Ordered(kind, listed) => {
                for point in listed.bounds().chain(listed.pick()) {
                    candidates.push(interner.alphabet.encode(&point.to_text()));
                }
                let all =
                    if *kind == OrderedKind::Address { IntervalSet::all_addresses() } else { IntervalSet::unbounded() };
                let index = kinds.iter().position(|(k, _, _)| k == kind).unwrap_or_else(|| {
                    kinds.push((*kind, all, true));
                    kinds.len() - 1
                });
                if let Some((_, set, unparsable)) = kinds.get_mut(index) {
                    *set = if literal.is_positive { set.intersect(listed) } else { set.subtract(listed) };
                    *unparsable &= literal.includes_unparsable == literal.is_positive;
                }
            }
            LiteralValues::Sets(_) | LiteralValues::Opaque(_) => {}
        }
    }
    match texts.find_string(interner, budget) {
        StringSearchResult::NoMatch => return Emptiness::Empty,
        StringSearchResult::Match(text) => candidates.push(text),
        StringSearchResult::Unknown => {}
    }
    for (kind, set, unparsable) in &kinds {
        match check_ordered(*kind, set, *unparsable) {
            Emptiness::Empty => return Emptiness::Empty,
            Emptiness::NonEmpty(FieldValue::Ordered(point)) => {
                candidates.push(interner.alphabet.encode(&point.to_text()))
            }
            Emptiness::NonEmpty(FieldValue::Text(text)) => candidates.push(text),
            _ => {}
        }
    }
    match candidates.into_iter().find(|c| satisfies_all(c)) {
        Some(text) => Emptiness::NonEmpty(FieldValue::Text(text)),
        None => Emptiness::Unknown,
    }
}

/// Whether a value passes a literal; none where that cannot be told.
pub fn value_satisfies(literal: &Literal, value: &FieldValue, interner: &GlobInterner) -> Option<bool> {
    if literal.has_variable() {
        return None;
    }
    match (value, &literal.values) {
        (FieldValue::Missing, _) => Some(literal.includes_missing == literal.is_positive),
        (FieldValue::Text(text), _) => text_satisfies(literal, text, interner),
        (FieldValue::Ordered(point), LiteralValues::Ordered(_, set)) => {
            Some(set.contains(*point) == literal.is_positive)
        }
        (FieldValue::Set(values), LiteralValues::Sets(test)) => Some(test.accepts(values) == literal.is_positive),
        (FieldValue::Ordered(_) | FieldValue::Set(_), _) => None,
    }
}

/// Whether a text passes a literal; none where that cannot be told.
pub fn text_satisfies(literal: &Literal, text: &[Symbol], interner: &GlobInterner) -> Option<bool> {
    let listed = match &literal.values {
        LiteralValues::Text(globs) => globs.iter().any(|g| g.matches(text)),
        LiteralValues::Ordered(kind, set) => {
            let text = interner.alphabet.decode(text);
            let point = match kind {
                OrderedKind::Number => value::parse_number(&text).map(OrderedValue::Number),
                OrderedKind::Instant => value::parse_instant(&text).map(OrderedValue::Instant),
                OrderedKind::Address => text.parse::<std::net::IpAddr>().ok().map(|a| match a {
                    std::net::IpAddr::V4(a) => OrderedValue::V4(a.into()),
                    std::net::IpAddr::V6(a) => OrderedValue::V6(a.into()),
                }),
            };
            point.map_or(literal.includes_unparsable, |p| set.contains(p))
        }
        LiteralValues::Sets(_) | LiteralValues::Opaque(_) => return None,
    };
    Some(listed == literal.is_positive)
}
