//! What an agent could destroy that runs with an operator's credentials.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::made;
use super::subject::Declared;
use super::topic::{About, Topic, actions};
use crate::baseline::{Baseline, ConditionBlock, Entry, Glob, Guard, Kind, Persona};
use crate::catalog::{ActionClass, Catalog};
use crate::iam::condition::ConditionValue;
use crate::iam::{Condition, Operator, Quantifier, WhenMissing};

const VIA: &str = "aws:viaawsmcpservice";
const CALLED_VIA: &str = "aws:calledviaawsmcp";

/// The question about an operator. None where a guard stands before everything, or a persona speaks of all that comes
/// through an agent.
pub(super) fn through_agent(baseline: &Baseline, catalog: &Catalog, entry: Option<&Entry>) -> Option<Arc<Topic>> {
    let is_of = |persona: &&Persona| entry.is_some_and(|entry| entry.name.value == persona.of.value);
    let agents = baseline.personas.iter().filter(is_of).filter(|persona| persona.kind == Kind::Agent);
    let personas: Vec<&Persona> = agents.collect();
    if personas.iter().any(|persona| meets_all(&persona.when)) {
        return None;
    }
    let guards = entry.into_iter().flat_map(|entry| &entry.guards).filter_map(|name| baseline.guard(&name.value));
    let guarded: Vec<String> = guards.filter(|guard| stands_between(guard)).flat_map(|g| actions(catalog, g)).collect();
    let lower = guarded.iter().map(|text| text.to_ascii_lowercase());
    let (wild, names): (BTreeSet<String>, BTreeSet<String>) = lower.partition(|text| text.contains(['*', '?']));
    let globs: Vec<Glob> = wild.iter().map(|text| Glob::new(text)).collect();
    let mut destroys = made::class(catalog, ActionClass::Destructive);
    destroys.retain(|name| {
        let name = name.to_ascii_lowercase();
        !names.contains(&name) && !globs.iter().any(|glob| glob.matches(&name))
    });
    if destroys.is_empty() {
        return None;
    }
    // An MCP server of AWS's puts both keys into the requests that it passes on.
    let when = json!({ "Bool": { "aws:ViaAWSMCPService": "true" }, "Null": { "aws:CalledViaAWSMCP": "false" } });
    let statement = made::allow_under(&destroys, &made::everywhere(), when);
    let name = "what an agent could do with its credentials".to_owned();
    // What a persona speaks of, its own ceiling decides.
    let of_persona = |persona: &&Persona| {
        let statement = made::allow_under(&["*".to_owned()], &made::everywhere(), persona.when.json.clone());
        let name = format!("the persona \"{}\"", persona.name.value);
        made::declared(&name, &[statement], Some((baseline.source(), persona.when.span))).documents
    };
    let expected = Arc::new(Declared::of(personas.iter().flat_map(of_persona).collect()));
    let within = made::declared(&name, &[statement], None);
    Some(Arc::new(Topic { about: About::ThroughAgent, name, within, expected }))
}

/// Whether a guard asks for something that someone else gives, or that an agent's requests cannot have: then its own
/// finding tells where it does not hold.
fn stands_between(guard: &Guard) -> bool {
    guard.unless.conditions.iter().any(|condition| {
        let key = condition.key.lower();
        match key {
            VIA | CALLED_VIA => lacks_agents(condition),
            _ => (key.starts_with("aws:principaltag/") || key == "aws:sourceidentity") && asks_for_something(condition),
        }
    })
}

/// Whether a condition does not hold of a request without its key.
fn asks_for_something(condition: &Condition) -> bool {
    match condition.operator {
        Operator::Null => values(condition).all(|value| value == "false"),
        operator => {
            !operator.is_negated()
                && condition.when_missing == WhenMissing::ByOperator
                && condition.quantifier != Quantifier::ForAllValues
        }
    }
}

/// Whether a condition on one of the two keys holds of no request through an MCP server.
fn lacks_agents(condition: &Condition) -> bool {
    match (condition.operator, condition.key.lower()) {
        (Operator::Bool, VIA) => values(condition).all(|value| value == "false"),
        (Operator::Null, _) => values(condition).all(|value| value == "true"),
        _ => false,
    }
}

/// Whether a block holds of every request through an MCP server.
fn meets_all(block: &ConditionBlock) -> bool {
    block.conditions.iter().all(|condition| match (condition.operator, condition.key.lower()) {
        (Operator::Bool, VIA) => values(condition).any(|value| value == "true"),
        (Operator::Null, VIA | CALLED_VIA) => values(condition).any(|value| value == "false"),
        _ => false,
    })
}

fn values(condition: &Condition) -> impl Iterator<Item = String> {
    condition.values.iter().map(|value| match value {
        ConditionValue::Text(template) => template.as_written().to_ascii_lowercase(),
        ConditionValue::Typed(typed) => typed.to_string().to_ascii_lowercase(),
    })
}
