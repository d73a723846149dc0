//! Tests of different types on one field, such as a string test and a number test.

use super::field_value::{Emptiness, FieldValue, check_ordered, text_satisfies};
use super::interval::IntervalSet;
use super::literal::{Literal, LiteralValues, OrderedKind};
use super::string_constraint::{StringConstraint, StringSearchResult};
use crate::solve::budget::Budget;
use crate::solve::strings::alphabet::Symbol;
use crate::solve::strings::interner::GlobInterner;

/// Candidates for every field.
const EXAMPLES: [&[Symbol]; 3] = [b"x", b"", b"1"];

/// Whether a string satisfies tests of different types. The strings that the tests name are candidates. If the tests of
/// one type exclude every value, no string does. Otherwise the result is unknown.
pub(super) fn check_mixed(literals: &[Literal], interner: &GlobInterner, budget: &Budget) -> Emptiness {
    let contradicts = |a: &Literal| literals.iter().any(|b| a.is_positive && !b.is_positive && a.values == b.values);
    if literals.iter().any(|l| matches!(l.values, LiteralValues::Opaque(_)) && contradicts(l)) {
        return Emptiness::Empty;
    }
    let satisfies_all = |text: &[Symbol]| literals.iter().all(|l| text_satisfies(l, text, interner) == Some(true));
    let mut texts = StringConstraint::default();
    let mut candidates: Vec<Vec<Symbol>> = EXAMPLES.map(<[Symbol]>::to_vec).into();
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
                let all = kind.all_values();
                let index = kinds.iter().position(|(k, _, _)| k == kind).unwrap_or_else(|| {
                    kinds.push((*kind, all, true));
                    kinds.len() - 1
                });
                if let Some((_, set, unparsable)) = kinds.get_mut(index) {
                    *set = if literal.is_positive { set.intersect(listed) } else { set.subtract(listed) };
                    *unparsable &= literal.includes_unparsable == literal.is_positive;
                }
            }
            LiteralValues::Sets(_) | LiteralValues::Opaque(_) | LiteralValues::Undecidable => {}
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
