//! The declared statement that comes nearest to a witness: the witness is replayed through the evaluator, and
//! the statement that got furthest is told.

use super::count::number;
use super::finding::{Expected, Why};
use super::statement_text;
use crate::access::{
    Decision, Denial, Layer, LayerTrace, Layers, Mismatch, Outcome, Request, StatementRef, Verdict, evaluate,
};
use crate::iam::{Effect, Readings};

/// The nearest declared statement; none where nothing is declared.
pub(super) fn expected(declared: &Layers, request: &Request) -> Option<Expected> {
    let evaluation = evaluate(declared, request, &|_| false, Readings::default());
    // Where several layers must allow it, those that do so have nothing to tell.
    let silent: &[Layer] = match &evaluation.decision {
        Decision::Denied { by: Denial::Implicit(layers) } => layers,
        _ => &[],
    };
    let decides = |layer: &&LayerTrace<'_>| {
        silent.is_empty() || (silent.contains(&layer.layer) && layer.verdict == Verdict::Silent)
    };
    let traces = || evaluation.layers.iter().filter(decides).flat_map(|layer| &layer.statements);
    if let Some(deny) = traces().find(|t| t.is_match() && t.statement.effect() == Effect::Deny) {
        let text = format!("statement {} denies it", named(&deny.statement));
        return Some(told(&deny.statement, Why::Denied, text));
    }
    let service = request.action.split_once(':').map_or("", |(service, _)| service).to_ascii_lowercase();
    let nearest = traces().filter(|t| t.statement.effect() == Effect::Allow).max_by_key(|trace| {
        let speaks = |p: &crate::iam::ActionPattern| p.service() == service;
        let same_service = trace.statement.statement.action.patterns.iter().any(speaks);
        let far = match &trace.outcome {
            Outcome::Matched(_) => 4,
            Outcome::Failed(Mismatch::Condition { .. }) => 3,
            Outcome::Failed(Mismatch::Resource) => 2,
            Outcome::Failed(Mismatch::Action) => 1,
            Outcome::Failed(Mismatch::Principal) => 0,
        };
        // Of several, the first.
        (far, same_service, std::cmp::Reverse(trace.statement.index()))
    })?;
    let statement = &nearest.statement;
    let (why, text) = match &nearest.outcome {
        Outcome::Failed(Mismatch::Condition { condition, found }) => {
            let is = match found {
                None => format!("{} is missing", condition.key),
                Some(value) => format!("{} is {}", condition.key, value.values().join(", ")),
            };
            let wanted = statement_text::condition(condition);
            let why = Why::ConditionFails { operator: condition.operator_name(), key: condition.key.to_string() };
            // What has one statement alone, such as a guard, needs no number.
            let only = statement.policy.document.statements.len() == 1 && statement.sid().is_none();
            let by =
                if only { "it is allowed".to_owned() } else { format!("statement {} allows it", named(statement)) };
            (why, format!("{by} only where {wanted}; {is}"))
        }
        Outcome::Failed(Mismatch::Resource) => {
            let patterns = statement.statement.resource.as_ref().map(statement_text::resources).unwrap_or_default();
            let listed = match patterns.as_slice() {
                [one] => one.clone(),
                [one, others @ ..] => format!("{one} and {} more", number(others.len())),
                [] => "other resources".to_owned(),
            };
            (Why::ResourceNotListed, format!("statement {} allows it, but only on {listed}", named(statement)))
        }
        _ => (Why::ActionNotListed, "action not listed by any statement".to_owned()),
    };
    Some(told(statement, why, text))
}

fn named(statement: &StatementRef<'_>) -> String {
    match statement.sid() {
        Some(sid) => format!("{} \"{sid}\"", statement.index() + 1),
        None => (statement.index() + 1).to_string(),
    }
}

fn told(statement: &StatementRef<'_>, why: Why, text: String) -> Expected {
    Expected {
        document: statement.policy_name().to_owned(),
        statement: statement.index(),
        sid: statement.sid().map(str::to_owned),
        place: statement.place(),
        why,
        text,
    }
}
