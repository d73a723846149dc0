//! What an agent could destroy that runs with an operator's credentials.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::planner::{Check, CheckKind, list_guarded_actions};
use crate::audit::subject::audited_principal::ResolvedCeiling;
use crate::audit::subject::synthetic;
use crate::baseline::{Baseline, ConditionBlock, Entry, Glob, Guard, Persona, PrincipalClass};
use crate::catalog::{Catalog, RiskClass};
use crate::iam::condition::ConditionValue;
use crate::iam::{Condition, ConditionOperator, MissingKeyRule, Quantifier};

const VIA_MCP_KEY: &str = "aws:viaawsmcpservice";
const CALLED_VIA_MCP_KEY: &str = "aws:calledviaawsmcp";

/// The question about an operator. None where a guard stands before everything, or a persona speaks of all that comes
/// through an agent.
pub(crate) fn plan_delegated_agent_check(
    baseline: &Baseline,
    catalog: &Catalog,
    entry: Option<&Entry>,
) -> Option<Arc<Check>> {
    let is_of_entry = |persona: &&Persona| entry.is_some_and(|entry| entry.name.value == persona.entry.value);
    let agent_personas =
        baseline.personas.iter().filter(is_of_entry).filter(|persona| persona.class == PrincipalClass::Agent);
    let personas: Vec<&Persona> = agent_personas.collect();
    if personas.iter().any(|persona| matches_all_mcp_requests(&persona.when)) {
        return None;
    }
    let guards = entry.into_iter().flat_map(|entry| &entry.guards).filter_map(|name| baseline.find_guard(&name.value));
    let guarded: Vec<String> =
        guards.filter(|guard| is_enforced_for_agents(guard)).flat_map(|g| list_guarded_actions(catalog, g)).collect();
    let lower = guarded.iter().map(|text| text.to_ascii_lowercase());
    let (patterns, names): (BTreeSet<String>, BTreeSet<String>) = lower.partition(|text| text.contains(['*', '?']));
    let globs: Vec<Glob> = patterns.iter().map(|text| Glob::new(text)).collect();
    let mut destructive = synthetic::list_class_actions(catalog, RiskClass::Destructive);
    destructive.retain(|name| {
        let name = name.to_ascii_lowercase();
        !names.contains(&name) && !globs.iter().any(|glob| glob.matches(&name))
    });
    if destructive.is_empty() {
        return None;
    }
    // An MCP server of AWS's puts both keys into the requests that it passes on.
    let via_mcp = json!({ "Bool": { "aws:ViaAWSMCPService": "true" }, "Null": { "aws:CalledViaAWSMCP": "false" } });
    let statement = synthetic::build_conditional_allow(&destructive, &synthetic::all_resources(), via_mcp);
    let name = "what an agent could do with its credentials".to_owned();
    // What a persona speaks of, its own ceiling decides.
    let persona_documents = |persona: &&Persona| {
        let statement = synthetic::build_conditional_allow(
            &["*".to_owned()],
            &synthetic::all_resources(),
            persona.when.json.clone(),
        );
        let name = format!("the persona \"{}\"", persona.name.value);
        synthetic::build_ceiling(&name, &[statement], Some((baseline.source(), persona.when.span))).documents
    };
    let expected = Arc::new(ResolvedCeiling::from_documents(personas.iter().flat_map(persona_documents).collect()));
    let scope = synthetic::build_ceiling(&name, &[statement], None);
    Some(Arc::new(Check { kind: CheckKind::DelegatedAgent, name, scope: scope, expected }))
}

/// Whether a guard asks for something that someone else gives, or that an agent's requests cannot have: then its own
/// finding tells where it does not hold.
fn is_enforced_for_agents(guard: &Guard) -> bool {
    guard.unless.conditions.iter().any(|condition| {
        let key = condition.key.lower();
        match key {
            VIA_MCP_KEY | CALLED_VIA_MCP_KEY => excludes_mcp_requests(condition),
            _ => (key.starts_with("aws:principaltag/") || key == "aws:sourceidentity") && requires_key(condition),
        }
    })
}

/// Whether a condition does not hold of a request without its key.
fn requires_key(condition: &Condition) -> bool {
    match condition.operator {
        ConditionOperator::Null => lowercase_values(condition).all(|value| value == "false"),
        operator => {
            !operator.is_negated()
                && condition.when_missing == MissingKeyRule::OperatorDefault
                && condition.quantifier != Quantifier::ForAllValues
        }
    }
}

/// Whether a condition on one of the two keys holds of no request through an MCP server.
fn excludes_mcp_requests(condition: &Condition) -> bool {
    match (condition.operator, condition.key.lower()) {
        (ConditionOperator::Bool, VIA_MCP_KEY) => lowercase_values(condition).all(|value| value == "false"),
        (ConditionOperator::Null, _) => lowercase_values(condition).all(|value| value == "true"),
        _ => false,
    }
}

/// Whether a block holds of every request through an MCP server.
fn matches_all_mcp_requests(block: &ConditionBlock) -> bool {
    block.conditions.iter().all(|condition| match (condition.operator, condition.key.lower()) {
        (ConditionOperator::Bool, VIA_MCP_KEY) => lowercase_values(condition).any(|value| value == "true"),
        (ConditionOperator::Null, VIA_MCP_KEY | CALLED_VIA_MCP_KEY) => {
            lowercase_values(condition).any(|value| value == "false")
        }
        _ => false,
    })
}

fn lowercase_values(condition: &Condition) -> impl Iterator<Item = String> {
    condition.values.iter().map(|value| match value {
        ConditionValue::Text(template) => template.as_written().to_ascii_lowercase(),
        ConditionValue::Typed(typed) => typed.to_string().to_ascii_lowercase(),
    })
}
