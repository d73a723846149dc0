//! A value of a field, and whether it satisfies a literal.

use super::interval::{IntervalSet, OrderedValue};
use super::literal::{Literal, LiteralValues, OrderedKind};
use crate::iam::value;
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::interner::GlobInterner;

/// An instant for unbounded constraints.
const EXAMPLE_INSTANT: &str = "2030-01-01T00:00:00Z";
/// An address for unbounded constraints.
// RFC 5737 reserves 203.0.113.0/24 for documentation.
const EXAMPLE_ADDRESS: &str = "203.0.113.7";

/// A value of a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FieldValue {
    /// The key is not in the request.
    Missing,
    /// A string, as symbols.
    Text(Vec<Symbol>),
    /// A number, instant or address.
    Ordered(OrderedValue),
    /// The values of a multi-valued key.
    Set(Vec<Vec<Symbol>>),
}

/// Whether some value satisfies the constraints on a field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Emptiness {
    /// No value does.
    Empty,
    /// This value does.
    NonEmpty(FieldValue),
    /// Undecided.
    Unknown,
}

impl Emptiness {
    /// The value that satisfies the constraints. None if no value does, or if that is undecided.
    pub fn into_value(self) -> Option<FieldValue> {
        match self {
            Emptiness::NonEmpty(value) => Some(value),
            Emptiness::Empty | Emptiness::Unknown => None,
        }
    }
}

/// Whether a value of an ordered type satisfies its constraints. With `unparsable`, any other string does too.
pub(super) fn check_ordered(kind: OrderedKind, set: &IntervalSet, unparsable: bool) -> Emptiness {
    if let Some(point) = set.pick() {
        return Emptiness::NonEmpty(FieldValue::Ordered(point));
    }
    if !set.is_empty() {
        // Without bounds, any value of the type satisfies them.
        let text = match kind {
            OrderedKind::Number => "1",
            OrderedKind::Instant => EXAMPLE_INSTANT,
            OrderedKind::Address => EXAMPLE_ADDRESS,
        };
        return if *set == IntervalSet::unbounded() {
            Emptiness::NonEmpty(FieldValue::Text(text.into()))
        } else {
            Emptiness::Unknown
        };
    }
    if unparsable { Emptiness::NonEmpty(FieldValue::Text(b"none".to_vec())) } else { Emptiness::Empty }
}

/// Whether a value satisfies a literal. None if that is undecided.
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

/// Whether a string satisfies a literal. None if that is undecided.
pub fn text_satisfies(literal: &Literal, text: &[Symbol], interner: &GlobInterner) -> Option<bool> {
    let listed = match &literal.values {
        LiteralValues::Text(globs) => globs.iter().any(|g| g.matches(text)),
        LiteralValues::Ordered(kind, set) => {
            let text = interner.alphabet.decode(text);
            let point = match kind {
                OrderedKind::Number => value::parse_number(&text).map(OrderedValue::Number),
                OrderedKind::Instant => value::parse_instant(&text).map(OrderedValue::Instant),
                // A string that is no value of the type is what `includes_unparsable` decides, below.
                OrderedKind::Address => text.parse::<std::net::IpAddr>().ok().map(|a| match a {
                    std::net::IpAddr::V4(a) => OrderedValue::V4(a.into()),
                    std::net::IpAddr::V6(a) => OrderedValue::V6(a.into()),
                }),
            };
            point.map_or(literal.includes_unparsable, |p| set.contains(p))
        }
        LiteralValues::Sets(_) | LiteralValues::Opaque(_) | LiteralValues::Undecidable => return None,
    };
    Some(listed == literal.is_positive)
}
