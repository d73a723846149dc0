//! Decisions, origins and mismatches in words.

use iamdrift::access::{Decision, Denial, Evaluation, Layer, PolicyOrigin, StatementRef};
use iamdrift::baseline::Glob;
use iamdrift::iam::element::ResourceElement;
use iamdrift::iam::{ElementKind, Statement};
use iamdrift::snapshot::AttachmentKind;

/// How many patterns of a statement are told.
const MAX_PATTERNS: usize = 4;
/// How many statements a decision is told by.
const MAX_STATEMENTS: usize = 3;

/// The decision and what makes it.
pub fn describe_decision(evaluation: &Evaluation<'_>, holder: &str) -> String {
    match &evaluation.decision {
        Decision::Allowed => {
            let granting: Vec<StatementRef<'_>> = evaluation.granting_statements().collect();
            match granting.as_slice() {
                [] => "Allowed: nothing denies it".to_owned(),
                some => format!("Allowed by {}", describe_statements(some, holder)),
            }
        }
        Decision::Denied { denial: Denial::Explicit(by) } => {
            format!("Denied: explicitly, by {}", describe_statements(by, holder))
        }
        Decision::Denied { denial: Denial::Implicit(layers) } => {
            let missing_allows: Vec<String> =
                layers.iter().map(|layer| describe_missing_allow(*layer, evaluation)).collect();
            format!("Denied: {}", missing_allows.join(", and "))
        }
    }
}

fn describe_missing_allow(layer: Layer, evaluation: &Evaluation<'_>) -> String {
    let level = evaluation.layer(layer).and_then(|trace| trace.level_name);
    match (layer, level) {
        (Layer::Partition, _) => "the resource is in another partition".to_owned(),
        (Layer::Boundary, _) => "its permissions boundary does not allow it".to_owned(),
        (Layer::Resource, _) => "the resource policy does not allow it".to_owned(),
        (layer, Some(level)) => format!("no statement of the {layer} at {level} allows it"),
        (layer, None) => format!("no statement of its {layer} allows it"),
    }
}

fn describe_statements(list: &[StatementRef<'_>], holder: &str) -> String {
    let mut descriptions: Vec<String> =
        list.iter().take(MAX_STATEMENTS).map(|entry| describe_statement(*entry, holder)).collect();
    if let Some(omitted) = list.len().checked_sub(MAX_STATEMENTS).filter(|more| *more > 0) {
        descriptions.push(format!("{omitted} more"));
    }
    descriptions.join(", and ")
}

fn describe_statement(statement: StatementRef<'_>, holder: &str) -> String {
    let sid = statement.sid().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let number = statement.index() + 1;
    format!("statement {number}{sid} of {} ({})", statement.policy_name(), describe_origin(statement.origin(), holder))
}

/// How a policy comes to decide over a principal.
pub fn describe_origin(origin: &PolicyOrigin, principal: &str) -> String {
    let describe_holder = |holder: &str, own_text: &str, other_text: &str| {
        let name = holder.splitn(6, ':').nth(5).unwrap_or(holder);
        if holder == principal { own_text.to_owned() } else { format!("{other_text} {name}") }
    };
    match origin {
        PolicyOrigin::Identity(AttachmentKind::Inline { holder }) => describe_holder(holder, "inline", "inline in"),
        PolicyOrigin::Identity(AttachmentKind::Attached { holder, .. }) => {
            describe_holder(holder, "attached", "attached to")
        }
        PolicyOrigin::Identity(AttachmentKind::Boundary { .. }) => "permissions boundary".to_owned(),
        PolicyOrigin::Organization { id, target } => format!("{id}, attached to {target}"),
        PolicyOrigin::Identity(AttachmentKind::Trust { holder: arn }) | PolicyOrigin::Resource { arn } => {
            format!("of {arn}")
        }
        PolicyOrigin::Given => "given".to_owned(),
    }
}

/// Why a statement's resources do not match.
pub fn describe_resource_mismatch(
    patterns: &[String],
    element: Option<&ResourceElement>,
    requested_resource: &str,
) -> String {
    let mut patterns_shown: Vec<&str> = patterns.iter().take(MAX_PATTERNS).map(String::as_str).collect();
    if patterns.len() > MAX_PATTERNS {
        patterns_shown.push("…");
    }
    let shown = patterns_shown.join(", ");
    match element.map(|element| element.kind) {
        Some(ElementKind::NotList) => format!("NotResource {shown} excepts {requested_resource}"),
        _ => format!("Resource {shown} does not match {requested_resource}"),
    }
}

/// Whether a statement's action patterns speak of the service of an action.
pub fn may_list_service(statement: &Statement, action: &str) -> bool {
    let service = action.split_once(':').map_or(action, |(service, _)| service).to_ascii_lowercase();
    statement.action.patterns.iter().any(|pattern| Glob::new(pattern.service()).matches(&service))
        || statement.action.kind == ElementKind::NotList
}
