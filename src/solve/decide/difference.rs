//! What one side allows beyond the other: disjoint cubes, told in the patterns that people wrote.

use serde::Serialize;

use super::cube_search::PartialAssignment;
use crate::access::Request;
use crate::solve::compile::action_classes::Actions;
use crate::solve::strings::alphabet::is_variable;
use crate::solve::strings::interned_glob::{GlobInterner, GlobToken, InternedGlob};
use crate::solve::values::field_state::{FieldState, ValueConstraint};
use crate::solve::values::interval::IntervalSet;
use crate::solve::values::literal::{Field, Literal, LiteralValues, SetValues};

/// Requests that agree in everything that decides them. A field that is not told may be anything that
/// the action allows.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Cube {
    /// The resources, where they are constrained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<FieldRange>,
    /// The constrained context keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, FieldRange)>,
}

/// The values of a field in a cube.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FieldRange {
    /// Whether the key may be missing from the request.
    pub may_be_missing: bool,
    /// Whether it may be present.
    pub may_be_present: bool,
    /// A present value matches one pattern of each of these lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matches_any_of: Vec<Vec<String>>,
    /// A present value matches none of these patterns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matches_none_of: Vec<String>,
    /// A present number, date or address lies in one of these intervals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<String>,
    /// The same intervals as values.
    #[serde(skip)]
    pub interval_set: IntervalSet,
    /// What is said of several values of a multi-valued key, or by tests of several kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_constraints: Vec<String>,
}

/// What one statement allows beyond the declared side.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The asker's name of the policy, and the statement's position in it.
    pub statement_id: (usize, usize),
    /// The actions.
    pub actions: Actions,
    /// The exact difference for these actions, up to the asked number of cubes.
    pub cubes: Vec<Cube>,
    /// Whether there are more cubes than those told.
    pub has_more_cubes: bool,
    /// A request that is allowed and not declared, confirmed by the evaluator; only the first, most
    /// alarming grant of each statement carries one.
    pub witness: Option<Request>,
}

/// Tells a state as a cube; `domain` is what the resource meets for every request of the action.
pub fn render_cube(
    assignment: &PartialAssignment,
    domain: &[std::sync::Arc<[crate::solve::strings::interned_glob::GlobRef]>],
    interner: &GlobInterner,
) -> Cube {
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

fn render_range(
    state: &FieldState,
    domain: &[std::sync::Arc<[crate::solve::strings::interned_glob::GlobRef]>],
    interner: &GlobInterner,
) -> FieldRange {
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
                out.other_constraints.push("or a text that is no such value".to_owned());
            }
        }
        ValueConstraint::Sets(set) => {
            if !set.may_be_empty {
                out.other_constraints.push("not empty".to_owned());
            }
            for list in &set.every_value.matches_any_of {
                out.other_constraints.push(format!("every value matches one of {}", render_patterns(list, interner)));
            }
            if !set.every_value.matches_none_of.is_empty() {
                out.other_constraints.push(format!(
                    "no value matches any of {}",
                    render_patterns(&set.every_value.matches_none_of, interner)
                ));
            }
            for (list, listed) in &set.some_value {
                let verb = if *listed { "some value matches one of" } else { "some value matches none of" };
                out.other_constraints.push(format!("{verb} {}", render_patterns(list, interner)));
            }
        }
        ValueConstraint::Mixed(literals) => {
            out.other_constraints = literals.iter().map(|l| render_literal(l, interner)).collect()
        }
    }
    out
}

fn render_literal(literal: &Literal, interner: &GlobInterner) -> String {
    let values = match &literal.values {
        LiteralValues::Text(globs) => render_patterns(globs, interner),
        LiteralValues::Ordered(_, set) => set.describe().join(" or "),
        LiteralValues::Sets(test) => match &test.values {
            SetValues::Some(globs, _) | SetValues::Every(globs, _) => render_patterns(globs, interner),
            SetValues::Always | SetValues::Never => "a set".to_owned(),
        },
        LiteralValues::Opaque(_) => "what the condition says".to_owned(),
    };
    format!("{} {values}", if literal.is_positive { "is" } else { "is not" })
}

fn render_patterns(globs: &[crate::solve::strings::interned_glob::GlobRef], interner: &GlobInterner) -> String {
    let all: Vec<String> = globs.iter().map(|g| render_pattern(g, interner)).collect();
    format!("[{}]", all.join(", "))
}

/// A pattern as a policy would write it.
pub fn render_pattern(glob: &InternedGlob, interner: &GlobInterner) -> String {
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
