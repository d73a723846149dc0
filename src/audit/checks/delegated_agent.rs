//! What an agent can destroy with the credentials of an operator, through an MCP server of AWS.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::guard_check::list_guarded_patterns;
use super::persona_check::allow_persona_requests;
use crate::audit::subject::check::{Check, CheckKind};
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::{build_ceiling, build_ceiling_at, list_class_action_names};
use crate::base::glob::Glob;
use crate::baseline::{Baseline, ConditionBlock, Entry, Guard, Persona, PrincipalClass};
use crate::catalog::{Catalog, RiskClass};
use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::value::TypedValue;
use crate::iam::{Condition, ConditionOperator, MissingKeyRule, Quantifier, Statement};

/// Whether a request passed through an MCP server of AWS, in lower case.
const VIA_MCP_KEY: &str = "aws:viaawsmcpservice";
/// The MCP servers of AWS that a request passed through, in lower case.
const CALLED_VIA_MCP_KEY: &str = "aws:calledviaawsmcp";

/// The check of an operator with this entry, if it is declared. `None` if guards cover every destructive action, or if an
/// agent persona covers every request through an MCP server.
pub(crate) fn build_delegated_agent_check(
    baseline: &Baseline,
    catalog: &Catalog,
    entry: Option<&Entry>,
) -> Option<Check> {
    let is_agent_persona = |persona: &&Persona| {
        persona.class == PrincipalClass::Agent && entry.is_some_and(|entry| entry.name.value == persona.entry.value)
    };
    let personas: Vec<&Persona> = baseline.personas.iter().filter(is_agent_persona).collect();
    if personas.iter().any(|persona| matches_all_mcp_requests(&persona.when)) {
        return None;
    }
    let destructive = list_unguarded_actions(baseline, catalog, entry);
    if destructive.is_empty() {
        return None;
    }
    // The MCP servers of AWS set both keys in the requests that they forward.
    let via_mcp = [
        Condition::on_value(ConditionOperator::Bool, "aws:ViaAWSMCPService", TypedValue::Bool(true)),
        Condition::on_value(ConditionOperator::Null, "aws:CalledViaAWSMCP", TypedValue::Bool(false)),
    ];
    let statement = Statement::allow(ActionElement::listing(destructive), ResourceElement::any()).under(via_mcp);
    // The ceiling of a persona decides the requests of that persona.
    let persona_documents = |persona: &&Persona| {
        let name = format!("persona \"{}\"", persona.name.value);
        let statements = vec![allow_persona_requests(persona)];
        build_ceiling_at(&name, baseline.source(), persona.when.span, statements).documents
    };
    let expected = ResolvedCeiling::from_documents(personas.iter().flat_map(persona_documents).collect());
    // The fingerprints of IAM004 contain this name: do not change it.
    let name = "what an agent could do with its credentials".to_owned();
    Some(Check {
        kind: CheckKind::DelegatedAgent,
        scope: build_ceiling(&name, vec![statement]),
        expected: Arc::new(expected),
        name,
    })
}

/// The destructive actions for which the entry has no guard that applies to agents.
fn list_unguarded_actions(baseline: &Baseline, catalog: &Catalog, entry: Option<&Entry>) -> Vec<String> {
    let guards = entry.into_iter().flat_map(|entry| &entry.guards).filter_map(|name| baseline.find_guard(&name.value));
    let guarded = guards.filter(|guard| applies_to_agents(guard)).flat_map(|g| list_guarded_patterns(catalog, g));
    let (patterns, names): (BTreeSet<String>, BTreeSet<String>) =
        guarded.map(|pattern| pattern.to_ascii_lowercase()).partition(|pattern| pattern.contains(['*', '?']));
    let globs: Vec<Glob> = patterns.iter().map(|pattern| Glob::new(pattern)).collect();
    let mut destructive = list_class_action_names(catalog, RiskClass::Destructive);
    destructive.retain(|name| {
        let name = name.to_ascii_lowercase();
        !names.contains(&name) && !globs.iter().any(|glob| glob.matches(&name))
    });
    destructive
}

/// Whether a guard requires a value that someone else sets, or that requests of agents cannot have. If such a guard is
/// not enforced, it has a finding of its own.
fn applies_to_agents(guard: &Guard) -> bool {
    guard.unless.conditions.iter().any(|condition| match condition.key.lower() {
        VIA_MCP_KEY | CALLED_VIA_MCP_KEY => excludes_mcp_requests(condition),
        key => (key.starts_with("aws:principaltag/") || key == "aws:sourceidentity") && requires_key(condition),
    })
}

/// Whether a condition does not match if its key is missing.
fn requires_key(condition: &Condition) -> bool {
    match condition.operator {
        ConditionOperator::Null => boolean_values(condition).all(|value| !value),
        operator => {
            !operator.is_negated()
                && condition.when_missing == MissingKeyRule::OperatorDefault
                && condition.quantifier != Quantifier::ForAllValues
        }
    }
}

/// Whether a condition on one of the MCP keys matches no request through an MCP server.
fn excludes_mcp_requests(condition: &Condition) -> bool {
    match (condition.operator, condition.key.lower()) {
        (ConditionOperator::Bool, VIA_MCP_KEY) => boolean_values(condition).all(|value| !value),
        (ConditionOperator::Null, _) => boolean_values(condition).all(|value| value),
        _ => false,
    }
}

/// Whether a block matches every request through an MCP server.
fn matches_all_mcp_requests(block: &ConditionBlock) -> bool {
    block.conditions.iter().all(|condition| match (condition.operator, condition.key.lower()) {
        (ConditionOperator::Bool, VIA_MCP_KEY) => boolean_values(condition).any(|value| value),
        (ConditionOperator::Null, VIA_MCP_KEY | CALLED_VIA_MCP_KEY) => boolean_values(condition).any(|value| !value),
        _ => false,
    })
}

/// The values of a `Bool` or `Null` condition.
fn boolean_values(condition: &Condition) -> impl Iterator<Item = bool> {
    condition.values.iter().filter_map(|value| match value {
        ConditionValue::Typed(TypedValue::Bool(value)) => Some(*value),
        // INVARIANT: the parser reads the values of these operators as Booleans.
        ConditionValue::Text(_) | ConditionValue::Typed(_) => None,
    })
}
