//! Cubes in the patterns of the policies, for reports.

use std::sync::Arc;

use super::cube_search::PartialAssignment;
use crate::solve::answer::{Cube, FieldRange};
use crate::solve::range_constraint::{RangeConstraint, TestedValues};
use crate::solve::strings::alphabet::is_variable;
use crate::solve::strings::interned_glob::{GlobRef, InternedGlob};
use crate::solve::strings::interner::GlobInterner;
use crate::solve::strings::token::GlobToken;
use crate::solve::values::field_state::{FieldState, ValueConstraint};
use crate::solve::values::literal::{Field, Literal, LiteralValues, SetValues};

/// Renders an assignment as a cube. `domain` is the constraint on the resource that every request of the action
/// satisfies, which is not rendered.
pub(super) fn render_cube(assignment: &PartialAssignment, domain: &[Arc<[GlobRef]>], interner: &GlobInterner) -> Cube {
    let mut out = Cube { resource: None, context: Vec::new() };
    for (field, field_state) in assignment {
        match field {
            Field::Action => {}
            Field::Resource => {
                let range = render_range(field_state, domain, interner);
                if !(range.matches_any_of.is_empty() && range.matches_none_of.is_empty()) {
                    out.resource = Some(range);
                }
            }
            Field::Key(key) => {
                out.context.push((key.as_written().to_owned(), render_range(field_state, &[], interner)))
            }
        }
    }
    out
}

fn render_range(state: &FieldState, domain: &[Arc<[GlobRef]>], interner: &GlobInterner) -> FieldRange {
    let mut out = FieldRange {
        may_be_missing: state.may_be_missing,
        may_be_present: state.may_be_present,
        ..FieldRange::default()
    };
    match &state.constraint {
        ValueConstraint::Unconstrained => {}
        ValueConstraint::Text(text) => {
            for list in text.matches_any_of.iter().filter(|list| !domain.contains(list)) {
                out.matches_any_of.push(list.iter().map(|g| render_pattern(g, interner)).collect());
            }
            out.matches_none_of = text.matches_none_of.iter().map(|g| render_pattern(g, interner)).collect();
        }
        ValueConstraint::Ordered { set, unparsable, .. } => {
            out.intervals = set.describe();
            out.interval_set = set.clone();
            if *unparsable {
                out.other_constraints.push(RangeConstraint::IncludesOtherStrings);
            }
        }
        ValueConstraint::Sets(set) => {
            if !set.may_be_empty {
                out.other_constraints.push(RangeConstraint::NotEmpty);
            }
            for list in &set.every_value.matches_any_of {
                out.other_constraints.push(RangeConstraint::EveryValueMatches(render_patterns(list, interner)));
            }
            if !set.every_value.matches_none_of.is_empty() {
                let patterns = render_patterns(&set.every_value.matches_none_of, interner);
                out.other_constraints.push(RangeConstraint::NoValueMatches(patterns));
            }
            for (list, listed) in &set.some_value {
                let patterns = render_patterns(list, interner);
                out.other_constraints.push(match listed {
                    true => RangeConstraint::SomeValueMatches(patterns),
                    false => RangeConstraint::SomeValueMatchesNone(patterns),
                });
            }
        }
        ValueConstraint::Mixed(literals) => {
            out.other_constraints = literals.iter().map(|literal| to_range_constraint(literal, interner)).collect()
        }
    }
    out
}

fn to_range_constraint(literal: &Literal, interner: &GlobInterner) -> RangeConstraint {
    let values = match &literal.values {
        LiteralValues::Text(globs) => TestedValues::Patterns(render_patterns(globs, interner)),
        LiteralValues::Ordered(_, set) => TestedValues::Intervals(set.describe()),
        LiteralValues::Sets(test) => match &test.values {
            SetValues::Some(globs, _) | SetValues::Every(globs, _) => {
                TestedValues::Patterns(render_patterns(globs, interner))
            }
            SetValues::Always | SetValues::Never => TestedValues::AnySet,
        },
        LiteralValues::Opaque(_) | LiteralValues::Undecidable => TestedValues::Unmodelled,
    };
    if literal.is_positive { RangeConstraint::Is(values) } else { RangeConstraint::IsNot(values) }
}

fn render_patterns(globs: &[GlobRef], interner: &GlobInterner) -> Vec<String> {
    globs.iter().map(|glob| render_pattern(glob, interner)).collect()
}

/// A pattern in the syntax of policies.
fn render_pattern(glob: &InternedGlob, interner: &GlobInterner) -> String {
    let mut out = String::with_capacity(glob.toks.len());
    for tok in &glob.toks {
        match tok {
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _) if is_variable(*s) => out.push_str("${…}"),
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _) => match *s {
                b'*' => out.push_str("${*}"),
                b'?' => out.push_str("${?}"),
                s if s.is_ascii() => out.push(char::from(s)),
                s => out.push_str(&interner.alphabet.decode(&[s])),
            },
            GlobToken::AnyOne(_) => out.push('?'),
            GlobToken::AnyRun(_) => out.push('*'),
        }
    }
    out
}
