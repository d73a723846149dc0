//! What one side allows beyond the other: disjoint cubes, told in the patterns that people wrote.

use serde::Serialize;

use super::classes::Actions;
use super::cubes::State;
use super::field::{FieldState, Present};
use super::glob::{Glob, Interner, Tok};
use super::literal::{Field, Literal, SetValues, Values};
use super::symbols::is_variable;
use crate::access::Request;

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
    pub within: Vec<Vec<String>>,
    /// A present value matches none of these patterns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// A present number, date or address lies in one of these intervals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<String>,
    /// What is said of several values of a multi-valued key, or by tests of several kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// What one statement allows beyond the declared side.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The asker's name of the policy, and the statement's position in it.
    pub tag: (usize, usize),
    /// The actions.
    pub actions: Actions,
    /// The exact difference for these actions, up to the asked number of cubes.
    pub cubes: Vec<Cube>,
    /// Whether there are more cubes than those told.
    pub more: bool,
    /// A request that is allowed and not declared, confirmed by the evaluator; only the first, most
    /// alarming grant of each statement carries one.
    pub witness: Option<Request>,
}

/// Tells a state as a cube; `domain` is what the resource meets for every request of the action.
pub fn cube(state: &State, domain: &[std::sync::Arc<[super::glob::GlobRef]>], interner: &Interner) -> Cube {
    let mut out = Cube { resource: None, context: Vec::new() };
    for (field, known) in state {
        match field {
            Field::Action => {}
            Field::Resource => {
                let range = range(known, domain, interner);
                if !(range.within.is_empty() && range.outside.is_empty()) {
                    out.resource = Some(range);
                }
            }
            Field::Key(key) => out.context.push((key.as_written().to_owned(), range(known, &[], interner))),
        }
    }
    out
}

fn range(state: &FieldState, domain: &[std::sync::Arc<[super::glob::GlobRef]>], interner: &Interner) -> FieldRange {
    let mut out = FieldRange { may_be_missing: state.missing, may_be_present: state.present, ..FieldRange::default() };
    match &state.values {
        Present::Anything => {}
        Present::Text(text) => {
            for list in text.within.iter().filter(|list| !domain.contains(list)) {
                out.within.push(list.iter().map(|g| pattern(g, interner)).collect());
            }
            out.outside = text.outside.iter().map(|g| pattern(g, interner)).collect();
        }
        Present::Ordered { set, unparsable, .. } => {
            out.intervals = set.describe();
            if *unparsable {
                out.also.push("or a text that is no such value".to_owned());
            }
        }
        Present::Sets(set) => {
            if !set.empty {
                out.also.push("not empty".to_owned());
            }
            for list in &set.every.within {
                out.also.push(format!("every value matches one of {}", patterns(list, interner)));
            }
            if !set.every.outside.is_empty() {
                out.also.push(format!("no value matches any of {}", patterns(&set.every.outside, interner)));
            }
            for (list, listed) in &set.some {
                let verb = if *listed { "some value matches one of" } else { "some value matches none of" };
                out.also.push(format!("{verb} {}", patterns(list, interner)));
            }
        }
        Present::Mixed(literals) => out.also = literals.iter().map(|l| literal(l, interner)).collect(),
    }
    out
}

fn literal(literal: &Literal, interner: &Interner) -> String {
    let values = match &literal.values {
        Values::Text(globs) => patterns(globs, interner),
        Values::Ordered(_, set) => set.describe().join(" or "),
        Values::Sets(test) => match &test.values {
            SetValues::Some(globs, _) | SetValues::Every(globs, _) => patterns(globs, interner),
            SetValues::Always | SetValues::Never => "a set".to_owned(),
        },
        Values::Opaque(_) => "what the condition says".to_owned(),
    };
    format!("{} {values}", if literal.holds { "is" } else { "is not" })
}

fn patterns(globs: &[super::glob::GlobRef], interner: &Interner) -> String {
    let all: Vec<String> = globs.iter().map(|g| pattern(g, interner)).collect();
    format!("[{}]", all.join(", "))
}

/// A pattern as a policy would write it.
pub fn pattern(glob: &Glob, interner: &Interner) -> String {
    let mut out = String::with_capacity(glob.toks.len());
    for tok in &glob.toks {
        match tok {
            Tok::Sym(s) | Tok::Either(s, _) if is_variable(*s) => out.push_str("${…}"),
            Tok::Sym(s) | Tok::Either(s, _) => match *s {
                b'*' => out.push_str("${*}"),
                b'?' => out.push_str("${?}"),
                s if s.is_ascii() => out.push(char::from(s)),
                s => out.push_str(&interner.symbols.decode(&[s])),
            },
            Tok::One(_) => out.push('?'),
            Tok::Run(_) => out.push('*'),
        }
    }
    out
}
