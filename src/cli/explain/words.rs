//! Decisions, origins and mismatches in words.

use iamdrift::access::{Decision, Denial, Evaluation, Layer, PolicyOrigin, StatementRef};
use iamdrift::baseline::Glob;
use iamdrift::iam::document::ResourceElement;
use iamdrift::iam::{Listing, Statement};
use iamdrift::snapshot::Holding;

/// How many patterns of a statement are told.
const PATTERNS: usize = 4;
/// How many statements a decision is told by.
const STATEMENTS: usize = 3;

/// The decision and what makes it.
pub fn decision(evaluation: &Evaluation<'_>, holder: &str) -> String {
    match &evaluation.decision {
        Decision::Allowed => {
            let granting: Vec<StatementRef<'_>> = evaluation.granting().collect();
            match granting.as_slice() {
                [] => "Allowed: nothing denies it".to_owned(),
                some => format!("Allowed by {}", statements(some, holder)),
            }
        }
        Decision::Denied { by: Denial::Explicit(by) } => {
            format!("Denied: explicitly, by {}", statements(by, holder))
        }
        Decision::Denied { by: Denial::Implicit(layers) } => {
            let whose: Vec<String> = layers.iter().map(|layer| silent(*layer, evaluation)).collect();
            format!("Denied: {}", whose.join(", and "))
        }
    }
}

fn silent(layer: Layer, evaluation: &Evaluation<'_>) -> String {
    let level = evaluation.layer(layer).and_then(|trace| trace.level_name);
    match (layer, level) {
        (Layer::Partition, _) => "the resource is in another partition".to_owned(),
        (Layer::Boundary, _) => "its permissions boundary does not allow it".to_owned(),
        (Layer::Resource, _) => "the resource policy does not allow it".to_owned(),
        (layer, Some(level)) => format!("no statement of the {layer} at {level} allows it"),
        (layer, None) => format!("no statement of its {layer} allows it"),
    }
}

fn statements(list: &[StatementRef<'_>], holder: &str) -> String {
    let mut told: Vec<String> = list.iter().take(STATEMENTS).map(|one| statement(*one, holder)).collect();
    if let Some(more) = list.len().checked_sub(STATEMENTS).filter(|more| *more > 0) {
        told.push(format!("{more} more"));
    }
    told.join(", and ")
}

fn statement(one: StatementRef<'_>, holder: &str) -> String {
    let sid = one.sid().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let number = one.index() + 1;
    format!("statement {number}{sid} of {} ({})", one.policy_name(), origin(one.origin(), holder))
}

/// How a policy comes to decide over a principal.
pub fn origin(origin: &PolicyOrigin, principal: &str) -> String {
    let by_whom = |holder: &str, itself: &str, other: &str| {
        let name = holder.splitn(6, ':').nth(5).unwrap_or(holder);
        if holder == principal { itself.to_owned() } else { format!("{other} {name}") }
    };
    match origin {
        PolicyOrigin::Held(Holding::Inline { holder }) => by_whom(holder, "inline", "inline in"),
        PolicyOrigin::Held(Holding::Attached { holder, .. }) => by_whom(holder, "attached", "attached to"),
        PolicyOrigin::Held(Holding::Boundary { .. }) => "permissions boundary".to_owned(),
        PolicyOrigin::Organization { id, target } => format!("{id}, attached to {target}"),
        PolicyOrigin::Held(Holding::Trust { holder: arn }) | PolicyOrigin::Resource { arn } => format!("of {arn}"),
        PolicyOrigin::Given => "given".to_owned(),
    }
}

/// Why a statement's resources do not match.
pub fn resource(patterns: &[String], element: Option<&ResourceElement>, asked: &str) -> String {
    let mut shown: Vec<&str> = patterns.iter().take(PATTERNS).map(String::as_str).collect();
    if patterns.len() > PATTERNS {
        shown.push("…");
    }
    let shown = shown.join(", ");
    match element.map(|element| element.listing) {
        Some(Listing::AllBut) => format!("NotResource {shown} excepts {asked}"),
        _ => format!("Resource {shown} does not match {asked}"),
    }
}

/// Whether a statement's action patterns speak of the service of an action.
pub fn speaks_of_service(statement: &Statement, action: &str) -> bool {
    let service = action.split_once(':').map_or(action, |(service, _)| service).to_ascii_lowercase();
    statement.action.patterns.iter().any(|pattern| Glob::new(pattern.service()).matches(&service))
        || statement.action.listing == Listing::AllBut
}
