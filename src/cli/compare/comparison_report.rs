//! The result of a comparison, as data and JSON (`schemas/compare.schema.json`).

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::access::{ContextValue, Request};
use iamdrift::audit::{ActionRanking, summarize_as_patterns};
use iamdrift::catalog::ActionId;
use iamdrift::solve::compare::{PolicyComparison, PolicyRelation};
use iamdrift::solve::{ContainmentVerdict, Cube, Grant};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

/// One output line of `--pairs`: the result, or the error.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PairResultLine {
    /// The id of the pair. Null if it has none or cannot be read.
    #[schemars(with = "serde_json::Value")]
    pub id: Box<RawValue>,
    /// The result or the error.
    #[serde(flatten)]
    pub outcome: PairOutcome,
}

/// The result of a pair, or its error.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PairOutcome {
    /// The pair was compared.
    Compared(Box<ComparisonReport>),
    /// The line is invalid.
    Invalid {
        /// The error.
        error: InvalidPair,
    },
}

/// Why a line is invalid.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvalidPair {
    /// The error, in one line.
    pub message: String,
    /// The line of the input, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// How A relates to B.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ComparisonReport {
    /// The relation.
    #[schemars(with = "RelationName")]
    pub verdict: PolicyRelation,
    /// The requests that A allows and B does not. Null if no such request exists, or if that is undecided.
    pub a_not_b: Option<DirectionalDifference>,
    /// The requests that B allows and A does not. Null if no such request exists, or if that is undecided.
    pub b_not_a: Option<DirectionalDifference>,
    /// The reasons why it is undecided. Empty if it is decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// The names of the relations, for the schema.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)] // the schema is generated from it
enum RelationName {
    /// Both allow the same requests.
    Equivalent,
    /// A allows fewer requests.
    Narrower,
    /// A allows more requests.
    Broader,
    /// Each allows requests that the other does not.
    Incomparable,
    /// The relation is undecided.
    Undecided,
}

/// The requests that one document allows and the other does not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DirectionalDifference {
    /// A request that one allows and the other does not.
    #[serde(flatten)]
    pub witness: ComparisonWitnessJson,
    /// Of trust policies: the principals whose requests only one admits. `*` is everyone that neither names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<String>,
    /// The whole difference.
    pub difference: Vec<DifferencePart>,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ComparisonWitnessJson {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys of the request. All other keys are missing from it.
    pub context: BTreeMap<String, ContextValues>,
}

/// The value or values of a context key.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ContextValues {
    /// The value of a single-valued key.
    One(String),
    /// The values of a multivalued key.
    Several(Vec<String>),
}

/// Actions that differ in the same requests.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DifferencePart {
    /// The actions, as patterns that match these and no other existing action.
    pub actions: Vec<PatternCountJson>,
    /// The number of actions, without future actions.
    pub count: usize,
    /// The patterns of the document that match future actions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_actions: Vec<String>,
    /// The positions of the granting statements in the document, from 0.
    pub statements: Vec<usize>,
    /// The requests, as disjoint sets. An empty set of tests is every request of these actions.
    pub cubes: Vec<Cube>,
    /// Whether there are more sets than listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A pattern over actions, or the name of an action.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PatternCountJson {
    /// The pattern.
    pub pattern: String,
    /// The number of actions that it matches.
    pub count: usize,
}

impl ComparisonReport {
    /// Builds the report of a comparison.
    pub fn new(ranking: &ActionRanking<'_>, comparison: &PolicyComparison) -> ComparisonReport {
        let mut reasons = Vec::new();
        for verdict in [&comparison.a_not_b, &comparison.b_not_a] {
            if let ContainmentVerdict::Undecided(undecided_reasons) = verdict {
                for reason in undecided_reasons.iter().map(ToString::to_string) {
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        ComparisonReport {
            verdict: comparison.relation,
            a_not_b: to_directional_difference(ranking, &comparison.a_not_b),
            b_not_a: to_directional_difference(ranking, &comparison.b_not_a),
            reasons,
        }
    }

    /// Adds the principals whose requests only one of two trust policies admits.
    pub fn with_principals(mut self, a_principals: Vec<String>, b_principals: Vec<String>) -> ComparisonReport {
        for (side, principals) in [(&mut self.a_not_b, a_principals), (&mut self.b_not_a, b_principals)] {
            if let Some(side) = side {
                side.principals = principals;
            }
        }
        self
    }
}

fn to_directional_difference(
    ranking: &ActionRanking<'_>,
    verdict: &ContainmentVerdict,
) -> Option<DirectionalDifference> {
    let ContainmentVerdict::Broader(grants) = verdict else { return None };
    let witness = grants.iter().find_map(|grant| grant.witness.as_ref())?;
    Some(DirectionalDifference {
        witness: ComparisonWitnessJson::new(witness),
        principals: Vec::new(),
        difference: group_grants(ranking, grants),
    })
}

/// Groups the grants that differ in the same requests.
fn group_grants(ranking: &ActionRanking<'_>, grants: &[Grant]) -> Vec<DifferencePart> {
    let mut groups: Vec<(&Grant, Vec<&Grant>)> = Vec::new();
    for grant in grants {
        match groups
            .iter_mut()
            .find(|(first, _)| first.cubes == grant.cubes && first.has_more_cubes == grant.has_more_cubes)
        {
            Some((_, members)) => members.push(grant),
            None => groups.push((grant, vec![grant])),
        }
    }
    groups.into_iter().map(|(first, members)| to_difference_part(ranking, first, &members)).collect()
}

fn to_difference_part(ranking: &ActionRanking<'_>, first: &Grant, members: &[&Grant]) -> DifferencePart {
    let action_ids: BTreeSet<ActionId> = members.iter().flat_map(|grant| grant.actions.known.iter().copied()).collect();
    let mut actions: Vec<PatternCountJson> = summarize_as_patterns(ranking, action_ids)
        .into_iter()
        .map(|pattern| PatternCountJson { pattern: pattern.pattern, count: pattern.count })
        .collect();
    let other_names: BTreeSet<&String> = members.iter().flat_map(|grant| &grant.actions.unknown).collect();
    // The solver reports unknown action names and patterns for future actions in one list. Patterns contain a wildcard.
    let (patterns_of_future_actions, existing_names): (Vec<&String>, Vec<&String>) =
        other_names.into_iter().partition(|name| name.contains(['*', '?']));
    actions.extend(existing_names.into_iter().map(|name| PatternCountJson { pattern: name.clone(), count: 1 }));
    let statements: BTreeSet<usize> = members.iter().map(|grant| grant.statement_id.1).collect();
    DifferencePart {
        count: actions.iter().map(|pattern| pattern.count).sum(),
        actions,
        new_actions: patterns_of_future_actions.into_iter().cloned().collect(),
        statements: statements.into_iter().collect(),
        cubes: first.cubes.clone(),
        more: first.has_more_cubes,
    }
}

impl ComparisonWitnessJson {
    fn new(request: &Request) -> ComparisonWitnessJson {
        let to_context_values = |value: &ContextValue| match value {
            ContextValue::Single(value) => ContextValues::One(value.clone()),
            ContextValue::Set(values) => ContextValues::Several(values.clone()),
        };
        ComparisonWitnessJson {
            action: request.action.clone(),
            resource: request.resource.clone(),
            context: request
                .context
                .0
                .iter()
                .map(|(key, v)| (key.as_written().to_owned(), to_context_values(v)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::published_schema::check_published_schema;

    /// A line of `--pairs`, or the result of two files.
    #[derive(JsonSchema)]
    #[schemars(rename = "Compare", untagged)]
    #[allow(dead_code)] // the schema is generated from it
    enum CompareOutput {
        Line(PairResultLine),
        Files(Box<ComparisonReport>),
    }

    #[test]
    fn published_schema_matches_the_types() {
        check_published_schema::<CompareOutput>("compare");
    }
}
