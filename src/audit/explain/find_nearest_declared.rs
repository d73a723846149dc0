//! The declared statement that comes closest to allowing a witness: the evaluator replays the witness against the
//! declared documents, and the statement that gets furthest is reported.

use std::cmp::Reverse;

use super::statement_text;
use crate::access::{
    Decision, Denial, Layer, LayerTrace, LayerVerdict, Layers, Mismatch, Request, StatementOutcome, StatementRef,
    StatementTrace, evaluate,
};
use crate::audit::model::nearest_declared::{MismatchReason, NearestDeclaredStatement};
use crate::iam::{Effect, Interpretation};

/// How far the evaluation of an Allow statement got, from the least to the most.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum MatchProgress {
    Nothing,
    Principal,
    Action,
    Resource,
    Everything,
}

impl From<&StatementOutcome<'_>> for MatchProgress {
    fn from(outcome: &StatementOutcome<'_>) -> MatchProgress {
        match outcome {
            StatementOutcome::Matched(_) => MatchProgress::Everything,
            StatementOutcome::Failed(Mismatch::Condition { .. }) => MatchProgress::Resource,
            StatementOutcome::Failed(Mismatch::Resource) => MatchProgress::Action,
            StatementOutcome::Failed(Mismatch::Action) => MatchProgress::Principal,
            StatementOutcome::Failed(Mismatch::Principal) => MatchProgress::Nothing,
        }
    }
}

/// The nearest declared statement. None if nothing is declared.
pub(crate) fn find_nearest_declared(declared: &Layers, request: &Request) -> Option<NearestDeclaredStatement> {
    let evaluation = evaluate(declared, request, &|_| false, Interpretation::default());
    // If several layers must allow the request, only those that do not allow it explain the denial.
    let denying_layers: &[Layer] = match &evaluation.decision {
        Decision::Denied { denial: Denial::Implicit(layers) } => layers,
        _ => &[],
    };
    let is_deciding = |layer: &&LayerTrace<'_>| {
        denying_layers.is_empty() || (denying_layers.contains(&layer.layer) && layer.verdict == LayerVerdict::NoMatch)
    };
    let traces = || evaluation.layers.iter().filter(is_deciding).flat_map(|layer| &layer.statements);
    if let Some(deny) = traces().find(|t| t.is_match() && t.statement.effect() == Effect::Deny) {
        return Some(to_nearest_declared(&deny.statement, MismatchReason::Denied));
    }
    let service = request.action.split_once(':').map_or("", |(service, _)| service).to_ascii_lowercase();
    let nearest = traces().filter(|t| t.statement.effect() == Effect::Allow).max_by_key(|trace| {
        let names_service = |p: &crate::iam::ActionPattern| p.service() == service;
        let same_service = trace.statement.statement.action.patterns.iter().any(names_service);
        // The first of equally near statements.
        (MatchProgress::from(&trace.outcome), same_service, Reverse(trace.statement.index()))
    })?;
    Some(to_nearest_declared(&nearest.statement, explain_mismatch(nearest)))
}

fn explain_mismatch(trace: &StatementTrace<'_>) -> MismatchReason {
    match &trace.outcome {
        StatementOutcome::Failed(Mismatch::Condition { condition, found }) => MismatchReason::ConditionFails {
            operator: condition.operator_name(),
            key: condition.key.to_string(),
            required: statement_text::sorted_values(condition),
            actual: found.as_ref().map(|value| value.values().to_vec()),
        },
        StatementOutcome::Failed(Mismatch::Resource) => {
            let element = trace.statement.statement.resource.as_ref();
            // A statement without a resource element matches every resource, so it cannot fail here.
            MismatchReason::ResourceNotListed {
                listed: element.map(statement_text::list_resource_patterns).into_iter().flatten().collect(),
            }
        }
        StatementOutcome::Matched(_) | StatementOutcome::Failed(Mismatch::Action | Mismatch::Principal) => {
            MismatchReason::ActionNotListed
        }
    }
}

fn to_nearest_declared(statement: &StatementRef<'_>, why: MismatchReason) -> NearestDeclaredStatement {
    NearestDeclaredStatement {
        document: statement.policy_name().to_owned(),
        statement: statement.index(),
        sid: statement.sid().map(str::to_owned),
        is_only_statement: statement.policy.document.statements.len() == 1,
        place: statement.place(),
        why,
    }
}
