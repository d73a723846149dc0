//! What is known of one field of a request, and whether any value is left for it.

use std::cell::OnceCell;

use super::glob::Interner;
use super::interval::{Intervals, Point};
use super::literal::{Kind, Literal, Values};
use super::search::Budget;
use super::set::{TextSet, Unknown};
use super::symbols::Symbol;
use super::text::{Sought, Text};
use crate::iam::value;

/// A value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// The key is not in the request.
    Missing,
    /// A text, as symbols.
    Text(Vec<Symbol>),
    /// A number, instant or address.
    Point(Point),
    /// Several texts.
    Set(Vec<Vec<Symbol>>),
}

/// Constraints on one field, gathered along a branch.
#[derive(Clone, Debug)]
pub struct FieldState {
    /// Whether the key may be missing.
    pub missing: bool,
    /// Whether it may be present.
    pub present: bool,
    /// What its value meets when present.
    pub values: Present,
    /// The value that was last found, until something is added.
    found: OnceCell<Left>,
}

/// Constraints on a value that is there.
#[derive(Clone, Debug)]
pub enum Present {
    /// Nothing yet, and the kind is not settled.
    Anything,
    /// A text.
    Text(Text),
    /// A number, instant or address; `unparsable`: or a text that is none.
    Ordered { kind: Kind, set: Intervals, unparsable: bool },
    /// A set of texts.
    Sets(TextSet),
    /// Tests of several kinds at once: the value is a text that must pass them all.
    Mixed(Vec<Literal>),
}

/// Whether a field has a value left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Left {
    /// No.
    Nothing,
    /// Yes, for example this.
    Value(Value),
    /// It could not be found out.
    Unknown,
}

impl FieldState {
    /// A field of which nothing is known.
    pub fn free() -> FieldState {
        FieldState::of(Present::Anything)
    }

    /// A field whose value, if there is one, meets this.
    pub fn of(values: Present) -> FieldState {
        FieldState { missing: true, present: true, values, found: OnceCell::new() }
    }

    /// A field that is always there.
    pub fn present() -> FieldState {
        FieldState { missing: false, ..FieldState::free() }
    }

    /// Adds what a literal says of this field.
    pub fn add(&mut self, literal: &Literal) {
        self.found = OnceCell::new();
        self.missing &= literal.missing == literal.holds;
        self.values.add(literal, &mut self.present);
    }

    /// Whether any value is left.
    pub fn left(&self, interner: &Interner, budget: &Budget) -> Left {
        if self.missing {
            return Left::Value(Value::Missing);
        }
        self.left_present(interner, budget)
    }

    /// A value that is left, if one is known.
    pub fn sample(&self, interner: &Interner, budget: &Budget) -> Option<Value> {
        match self.left(interner, budget) {
            Left::Value(value) => Some(value),
            Left::Nothing | Left::Unknown => None,
        }
    }

    /// Whether any value other than the missing one is left.
    pub fn left_present(&self, interner: &Interner, budget: &Budget) -> Left {
        self.found.get_or_init(|| self.look(interner, budget)).clone()
    }

    fn look(&self, interner: &Interner, budget: &Budget) -> Left {
        if !self.present {
            return Left::Nothing;
        }
        match &self.values {
            Present::Anything => Left::Value(Value::Text(b"x".to_vec())),
            Present::Text(text) => from_sought(text.find(interner, budget)),
            Present::Ordered { kind, set, unparsable } => ordered(*kind, set, *unparsable),
            Present::Sets(set) => match set.find(interner, budget) {
                None => Left::Nothing,
                Some(Ok(values)) => Left::Value(Value::Set(values)),
                Some(Err(Unknown)) => Left::Unknown,
            },
            Present::Mixed(literals) => mixed(literals, interner, budget),
        }
    }
}

fn from_sought(sought: Sought) -> Left {
    match sought {
        Sought::Nothing => Left::Nothing,
        Sought::Text(text) => Left::Value(Value::Text(text)),
        Sought::Unknown => Left::Unknown,
    }
}

fn ordered(kind: Kind, set: &Intervals, unparsable: bool) -> Left {
    if let Some(point) = set.pick() {
        return Left::Value(Value::Point(point));
    }
    if !set.is_empty() {
        // Without bounds: any value of the kind will do.
        let text = match kind {
            Kind::Number => "1",
            Kind::Instant => "2030-01-01T00:00:00Z",
            Kind::Address => "203.0.113.7",
        };
        return if *set == Intervals::all() { Left::Value(Value::Text(text.into())) } else { Left::Unknown };
    }
    if unparsable { Left::Value(Value::Text(b"none".to_vec())) } else { Left::Nothing }
}

impl Present {
    fn add(&mut self, literal: &Literal, present: &mut bool) {
        match (&mut *self, &literal.values) {
            (_, Values::Text(globs)) if globs.is_empty() => *present &= !literal.holds,
            (Present::Anything, Values::Text(globs)) => {
                let mut text = Text::default();
                text.add(globs, literal.holds);
                *self = Present::Text(text);
            }
            (Present::Text(text), Values::Text(globs)) => text.add(globs, literal.holds),
            (Present::Anything, Values::Ordered(kind, _)) => {
                let all = if *kind == Kind::Address { Intervals::all_addresses() } else { Intervals::all() };
                *self = Present::Ordered { kind: *kind, set: all, unparsable: true };
                self.add(literal, present);
            }
            (Present::Ordered { kind, set, unparsable }, Values::Ordered(other, listed)) if kind == other => {
                *set = if literal.holds { set.and(listed) } else { set.minus(listed) };
                *unparsable &= literal.unparsable == literal.holds;
            }
            (Present::Anything, Values::Sets(_)) => {
                *self = Present::Sets(TextSet::default());
                self.add(literal, present);
            }
            (Present::Sets(set), Values::Sets(test)) => {
                if literal.holds {
                    set.add(test);
                } else {
                    set.add(&test.negated());
                }
            }
            (Present::Mixed(literals), _) => literals.push(literal.clone()),
            (before, _) => {
                let mut literals = before.as_literals(literal);
                literals.push(literal.clone());
                *self = Present::Mixed(literals);
            }
        }
    }

    /// The same constraints as a list of literals.
    fn as_literals(&self, of: &Literal) -> Vec<Literal> {
        let of = |values: Values, unparsable: bool, holds: bool| Literal {
            field: of.field.clone(),
            values,
            missing: false,
            unparsable,
            holds,
        };
        match self {
            Present::Anything => Vec::new(),
            Present::Text(text) => {
                let within = text.within.iter().map(|w| of(Values::Text(w.clone()), false, true));
                let outside = text.outside.iter().map(|g| of(Values::Text([g.clone()].into()), false, false));
                within.chain(outside).collect()
            }
            Present::Ordered { kind, set, unparsable } => {
                vec![of(Values::Ordered(*kind, set.clone()), *unparsable, true)]
            }
            // Sets do not mix with single values: kept as what cannot be decided.
            Present::Sets(_) => vec![of(Values::Opaque(u32::MAX), false, true)],
            Present::Mixed(literals) => literals.clone(),
        }
    }
}

/// A text that passes tests of several kinds: the texts that the tests name are tried; nothing is left if
/// the tests of one kind alone leave nothing; anything else is unknown.
fn mixed(literals: &[Literal], interner: &Interner, budget: &Budget) -> Left {
    let contradicts = |a: &Literal| literals.iter().any(|b| a.holds && !b.holds && a.values == b.values);
    if literals.iter().any(|l| matches!(l.values, Values::Opaque(_)) && contradicts(l)) {
        return Left::Nothing;
    }
    let passes = |text: &[Symbol]| literals.iter().all(|l| test(l, text, interner) == Some(true));
    let mut texts = Text::default();
    let mut candidates: Vec<Vec<Symbol>> = vec![b"x".to_vec(), Vec::new(), b"1".to_vec()];
    let mut kinds: Vec<(Kind, Intervals, bool)> = Vec::new();
    for literal in literals {
        match &literal.values {
            Values::Text(globs) => {
                texts.add(globs, literal.holds);
                candidates.extend(globs.iter().filter_map(|g| g.as_exact()));
            }
            Values::Ordered(kind, listed) => {
                for point in listed.bounds().chain(listed.pick()) {
                    candidates.push(interner.symbols.encode(&point.to_text()));
                }
                let all = if *kind == Kind::Address { Intervals::all_addresses() } else { Intervals::all() };
                let index = kinds.iter().position(|(k, _, _)| k == kind).unwrap_or_else(|| {
                    kinds.push((*kind, all, true));
                    kinds.len() - 1
                });
                if let Some((_, set, unparsable)) = kinds.get_mut(index) {
                    *set = if literal.holds { set.and(listed) } else { set.minus(listed) };
                    *unparsable &= literal.unparsable == literal.holds;
                }
            }
            Values::Sets(_) | Values::Opaque(_) => {}
        }
    }
    match texts.find(interner, budget) {
        Sought::Nothing => return Left::Nothing,
        Sought::Text(text) => candidates.push(text),
        Sought::Unknown => {}
    }
    for (kind, set, unparsable) in &kinds {
        match ordered(*kind, set, *unparsable) {
            Left::Nothing => return Left::Nothing,
            Left::Value(Value::Point(point)) => candidates.push(interner.symbols.encode(&point.to_text())),
            Left::Value(Value::Text(text)) => candidates.push(text),
            _ => {}
        }
    }
    match candidates.into_iter().find(|c| passes(c)) {
        Some(text) => Left::Value(Value::Text(text)),
        None => Left::Unknown,
    }
}

/// Whether a value passes a literal; none where that cannot be told.
pub fn passes(literal: &Literal, value: &Value, interner: &Interner) -> Option<bool> {
    if literal.has_variable() {
        return None;
    }
    match (value, &literal.values) {
        (Value::Missing, _) => Some(literal.missing == literal.holds),
        (Value::Text(text), _) => test(literal, text, interner),
        (Value::Point(point), Values::Ordered(_, set)) => Some(set.has(*point) == literal.holds),
        (Value::Set(values), Values::Sets(test)) => Some(test.accepts(values) == literal.holds),
        (Value::Point(_) | Value::Set(_), _) => None,
    }
}

/// Whether a text passes a literal; none where that cannot be told.
pub fn test(literal: &Literal, text: &[Symbol], interner: &Interner) -> Option<bool> {
    let listed = match &literal.values {
        Values::Text(globs) => globs.iter().any(|g| g.matches(text)),
        Values::Ordered(kind, set) => {
            let text = interner.symbols.decode(text);
            let point = match kind {
                Kind::Number => value::number(&text).map(Point::Number),
                Kind::Instant => value::instant(&text).map(Point::Instant),
                Kind::Address => text.parse::<std::net::IpAddr>().ok().map(|a| match a {
                    std::net::IpAddr::V4(a) => Point::V4(a.into()),
                    std::net::IpAddr::V6(a) => Point::V6(a.into()),
                }),
            };
            point.map_or(literal.unparsable, |p| set.has(p))
        }
        Values::Sets(_) | Values::Opaque(_) => return None,
    };
    Some(listed == literal.holds)
}
