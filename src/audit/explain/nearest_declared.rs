//! The declared statement that comes nearest to a witness: the witness is replayed through the evaluator, and
//! the statement that got furthest is told.

use super::statement_text;
use crate::access::{
    Decision, Denial, Layer, LayerTrace, LayerVerdict, Layers, Mismatch, Request, StatementOutcome, StatementRef,
    evaluate,
};
use crate::audit::model::finding::{MismatchReason, NearestDeclaredStatement};
use crate::base::plural::format_number;
use crate::iam::{Effect, Interpretation};

/// The nearest declared statement; none where nothing is declared.
pub(crate) fn find_nearest_declared(declared: &Layers, request: &Request) -> Option<NearestDeclaredStatement> {
    let evaluation = evaluate(declared, request, &|_| false, Interpretation::default());
    // Where several layers must allow it, those that do so have nothing to tell.
    let silent_layers: &[Layer] = match &evaluation.decision {
        Decision::Denied { denial: Denial::Implicit(layers) } => layers,
        _ => &[],
    };
    let is_deciding = |layer: &&LayerTrace<'_>| {
        silent_layers.is_empty() || (silent_layers.contains(&layer.layer) && layer.verdict == LayerVerdict::NoMatch)
    };
    let traces = || evaluation.layers.iter().filter(is_deciding).flat_map(|layer| &layer.statements);
    if let Some(deny) = traces().find(|t| t.is_match() && t.statement.effect() == Effect::Deny) {
        let text = format!("statement {} denies it", format_statement_number(&deny.statement));
        return Some(to_nearest_declared(&deny.statement, MismatchReason::Denied, text));
    }
    let service = request.action.split_once(':').map_or("", |(service, _)| service).to_ascii_lowercase();
    let nearest = traces().filter(|t| t.statement.effect() == Effect::Allow).max_by_key(|trace| {
        let names_service = |p: &crate::iam::ActionPattern| p.service() == service;
        let same_service = trace.statement.statement.action.patterns.iter().any(names_service);
        let progress = match &trace.outcome {
            StatementOutcome::Matched(_) => 4,
            StatementOutcome::Failed(Mismatch::Condition { .. }) => 3,
            StatementOutcome::Failed(Mismatch::Resource) => 2,
            StatementOutcome::Failed(Mismatch::Action) => 1,
            StatementOutcome::Failed(Mismatch::Principal) => 0,
        };
        // Of several, the first.
        (progress, same_service, std::cmp::Reverse(trace.statement.index()))
    })?;
    let statement = &nearest.statement;
    let (why, text) = match &nearest.outcome {
        StatementOutcome::Failed(Mismatch::Condition { condition, found }) => {
            let actual = match found {
                None => format!("{} is missing", condition.key),
                Some(value) => format!("{} is {}", condition.key, value.values().join(", ")),
            };
            let required = statement_text::render_condition(condition);
            let why =
                MismatchReason::ConditionFails { operator: condition.operator_name(), key: condition.key.to_string() };
            // What has one statement alone, such as a guard, needs no number.
            let is_sole_statement = statement.policy.document.statements.len() == 1 && statement.sid().is_none();
            let prefix = if is_sole_statement {
                "it is allowed".to_owned()
            } else {
                format!("statement {} allows it", format_statement_number(statement))
            };
            (why, format!("{prefix} only where {required}; {actual}"))
        }
        StatementOutcome::Failed(Mismatch::Resource) => {
            let patterns =
                statement.statement.resource.as_ref().map(statement_text::list_resource_patterns).unwrap_or_default();
            let listed = match patterns.as_slice() {
                [pattern] => pattern.clone(),
                [first, others @ ..] => format!("{first} and {} more", format_number(others.len())),
                [] => "other resources".to_owned(),
            };
            (
                MismatchReason::ResourceNotListed,
                format!("statement {} allows it, but only on {listed}", format_statement_number(statement)),
            )
        }
        _ => (MismatchReason::ActionNotListed, "action not listed by any statement".to_owned()),
    };
    Some(to_nearest_declared(statement, why, text))
}

fn format_statement_number(statement: &StatementRef<'_>) -> String {
    match statement.sid() {
        Some(sid) => format!("{} \"{sid}\"", statement.index() + 1),
        None => (statement.index() + 1).to_string(),
    }
}

fn to_nearest_declared(statement: &StatementRef<'_>, why: MismatchReason, text: String) -> NearestDeclaredStatement {
    NearestDeclaredStatement {
        document: statement.policy_name().to_owned(),
        statement: statement.index(),
        sid: statement.sid().map(str::to_owned),
        place: statement.place(),
        why,
        text,
    }
}
