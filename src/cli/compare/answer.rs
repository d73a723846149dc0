//! What is answered to one comparison, as JSON tells it (`schemas/compare.schema.json`).

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::access::{ContextValue, Request};
use iamdrift::audit::Patterns;
use iamdrift::catalog::ActionId;
use iamdrift::solve::compare::{Comparison, Relation};
use iamdrift::solve::{Cube, Grant, Verdict};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

/// One line of `--pairs`: the answer, or what is wrong with the pair.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Line {
    /// What the pair calls itself; null where it does not, or cannot be read.
    #[schemars(with = "serde_json::Value")]
    pub id: Box<RawValue>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a pair.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    /// It was compared.
    Compared(Answer),
    /// It could not be read.
    Refused {
        /// Why.
        error: Refusal,
    },
}

/// Why a pair could not be read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Refusal {
    /// What is wrong, in one line.
    pub message: String,
    /// Where: the line of the input, from 1.
    pub line: usize,
    /// Where: the column in characters, from 1.
    pub column: usize,
}

/// How A relates to B.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The relation.
    #[schemars(with = "RelationName")]
    pub verdict: Relation,
    /// What A allows and B does not; null where that is nothing, or undecided.
    pub a_not_b: Option<Side>,
    /// What B allows and A does not; null where that is nothing, or undecided.
    pub b_not_a: Option<Side>,
    /// Why it is undecided; only where it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// The names of the relations, for the schema.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)] // the schema is made of it
enum RelationName {
    /// Each allows what the other does.
    Equivalent,
    /// A allows less.
    Narrower,
    /// A allows more.
    Broader,
    /// Each allows something that the other does not.
    Incomparable,
    /// It could not be decided.
    Undecided,
}

/// What one document allows and the other does not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Side {
    /// A request that one allows and the other does not.
    #[serde(flatten)]
    pub witness: Witness,
    /// The whole difference.
    pub difference: Vec<Part>,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Witness {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys that the request carries; others are missing from it.
    pub context: BTreeMap<String, Values>,
}

/// The value or values of a context key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Values {
    /// Of a single-valued key.
    One(String),
    /// Of a multi-valued key.
    Several(Vec<String>),
}

/// Actions that differ in the same way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Part {
    /// The actions, in patterns that cover these and no other existing action.
    pub actions: Vec<Pattern>,
    /// How many actions these are; actions that do not exist yet are not counted.
    pub count: usize,
    /// Patterns of the document that let in actions that do not exist yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_actions: Vec<String>,
    /// The statements that allow them, by their positions in the document, from 0.
    pub statements: Vec<usize>,
    /// The requests, as disjoint sets; an empty set of tests is every request of these actions.
    pub cubes: Vec<Cube>,
    /// Whether there are more sets than those told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A pattern of actions, or an action by its name.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pattern {
    /// The pattern.
    pub pattern: String,
    /// How many actions it stands for.
    pub count: usize,
}

impl Answer {
    /// Tells a comparison.
    pub fn new(told: &Patterns<'_>, comparison: &Comparison) -> Answer {
        let mut reasons = Vec::new();
        for verdict in [&comparison.a_not_b, &comparison.b_not_a] {
            if let Verdict::Undecided(why) = verdict {
                for reason in why.iter().map(ToString::to_string) {
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        Answer {
            verdict: comparison.relation,
            a_not_b: side(told, &comparison.a_not_b),
            b_not_a: side(told, &comparison.b_not_a),
            reasons,
        }
    }
}

fn side(told: &Patterns<'_>, verdict: &Verdict) -> Option<Side> {
    let Verdict::Broader(grants) = verdict else { return None };
    let witness = grants.iter().find_map(|grant| grant.witness.as_ref())?;
    Some(Side { witness: Witness::new(witness), difference: parts(told, grants) })
}

/// The grants, those joined that differ in the same requests.
fn parts(told: &Patterns<'_>, grants: &[Grant]) -> Vec<Part> {
    let mut groups: Vec<(&Grant, Vec<&Grant>)> = Vec::new();
    for grant in grants {
        match groups.iter_mut().find(|(first, _)| first.cubes == grant.cubes && first.more == grant.more) {
            Some((_, members)) => members.push(grant),
            None => groups.push((grant, vec![grant])),
        }
    }
    groups.into_iter().map(|(first, members)| part(told, first, &members)).collect()
}

fn part(told: &Patterns<'_>, first: &Grant, members: &[&Grant]) -> Part {
    let known: BTreeSet<ActionId> = members.iter().flat_map(|grant| grant.actions.known.iter().copied()).collect();
    let mut actions: Vec<Pattern> =
        told.of(known).into_iter().map(|pattern| Pattern { pattern: pattern.pattern, count: pattern.count }).collect();
    let others: BTreeSet<&String> = members.iter().flat_map(|grant| &grant.actions.others).collect();
    // A name that only documents know has no wildcard; what lets in actions that do not exist yet has one.
    let (new, named): (Vec<&String>, Vec<&String>) = others.into_iter().partition(|name| name.contains(['*', '?']));
    actions.extend(named.into_iter().map(|name| Pattern { pattern: name.clone(), count: 1 }));
    let statements: BTreeSet<usize> = members.iter().map(|grant| grant.tag.1).collect();
    Part {
        count: actions.iter().map(|pattern| pattern.count).sum(),
        actions,
        new_actions: new.into_iter().cloned().collect(),
        statements: statements.into_iter().collect(),
        cubes: first.cubes.clone(),
        more: first.more,
    }
}

impl Witness {
    fn new(request: &Request) -> Witness {
        let value = |value: &ContextValue| match value {
            ContextValue::One(value) => Values::One(value.clone()),
            ContextValue::Set(values) => Values::Several(values.clone()),
        };
        Witness {
            action: request.action.clone(),
            resource: request.resource.clone(),
            context: request.context.0.iter().map(|(key, v)| (key.as_written().to_owned(), value(v))).collect(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A line of `--pairs`, or the answer to two files.
    #[derive(JsonSchema)]
    #[schemars(rename = "Compare", untagged)]
    #[allow(dead_code)] // the schema is made of it
    enum Answered {
        Line(Line),
        Two(Answer),
    }

    fn schema() -> serde_json::Value {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<Answered>().to_value()
    }

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write("schemas/compare.schema.json", &made).unwrap();
        }
        let published = std::fs::read_to_string("schemas/compare.schema.json").unwrap();
        assert_eq!(published, made, "run the test with UPDATE_SCHEMAS=1 where the change is meant");
    }
}
