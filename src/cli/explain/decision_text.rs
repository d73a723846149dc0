//! Renders decisions, policy origins and mismatches as text.

use iamdrift::access::{Decision, Denial, Evaluation, Impossibility, Layer, PolicyOrigin, StatementRef};
use iamdrift::iam::ElementKind;
use iamdrift::iam::element::ResourceElement;
use iamdrift::snapshot::AttachmentKind;
use serde::{Serialize, Serializer};

/// The maximum number of patterns of a statement to show.
const MAX_PATTERNS: usize = 4;
/// The maximum number of statements of a decision to show.
const MAX_STATEMENTS: usize = 3;

/// A decision as text: `Allowed by …`, `Denied: …`.
#[derive(Debug)]
pub struct DecisionText {
    /// `Allowed` or `Denied`, with a colon if the detail is a sentence of its own.
    pub word: &'static str,
    /// The cause.
    pub detail: String,
}

impl std::fmt::Display for DecisionText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.word, self.detail)
    }
}

impl Serialize for DecisionText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The decision and its cause. `holder` is the ARN of the principal.
pub fn describe_decision(evaluation: &Evaluation<'_>, holder: &str) -> DecisionText {
    match &evaluation.decision {
        Decision::Allowed if evaluation.needs_no_permission => DecisionText {
            word: "Allowed:",
            detail: "the action needs no permission, and no policy can deny it".to_owned(),
        },
        Decision::Allowed => {
            let granting: Vec<StatementRef<'_>> = evaluation.granting_statements().collect();
            match granting.as_slice() {
                [] => DecisionText { word: "Allowed:", detail: "nothing denies it".to_owned() },
                some => DecisionText { word: "Allowed", detail: format!("by {}", describe_statements(some, holder)) },
            }
        }
        Decision::Denied { denial: Denial::Explicit(denying_statements) } => {
            let detail = format!("explicitly, by {}", describe_statements(denying_statements, holder));
            DecisionText { word: "Denied:", detail }
        }
        Decision::Denied { denial: Denial::Implicit(layers) } => {
            let missing_allows: Vec<String> =
                layers.iter().map(|layer| describe_missing_allow(*layer, evaluation)).collect();
            DecisionText { word: "Denied:", detail: missing_allows.join(", and ") }
        }
    }
}

fn describe_missing_allow(layer: Layer, evaluation: &Evaluation<'_>) -> String {
    let level = evaluation.layer(layer).and_then(|trace| trace.level_name);
    match (layer, level) {
        (Layer::Request(reason), _) => match reason {
            Impossibility::NeedsLongTermCredentials => "only an IAM user with long-term credentials can call it",
            Impossibility::FederatedUserSession => {
                "a federated user session can call only sts:GetCallerIdentity of AWS STS"
            }
            Impossibility::OwnedByAws => "the resource belongs to AWS, which alone changes it",
            Impossibility::OtherAccount => {
                "the resource is in another account, and the action takes resources of one's own"
            }
        }
        .to_owned(),
        (Layer::Partition, _) => "the resource is in another partition".to_owned(),
        (Layer::Boundary, _) => "its permissions boundary does not allow it".to_owned(),
        (Layer::Resource, _) => "the resource policy does not allow it".to_owned(),
        (layer, Some(level)) => format!("no statement of the {layer} at {level} allows it"),
        (layer, None) => format!("no statement of its {layer} allows it"),
    }
}

fn describe_statements(list: &[StatementRef<'_>], holder: &str) -> String {
    let mut descriptions: Vec<String> =
        list.iter().take(MAX_STATEMENTS).map(|statement| describe_statement(*statement, holder)).collect();
    if let Some(omitted) = list.len().checked_sub(MAX_STATEMENTS).filter(|omitted| *omitted > 0) {
        descriptions.push(format!("{omitted} more"));
    }
    descriptions.join(", and ")
}

fn describe_statement(statement: StatementRef<'_>, holder: &str) -> String {
    let sid = statement.sid().map(|sid| format!(" \"{sid}\"")).unwrap_or_default();
    let number = statement.index() + 1;
    format!("statement {number}{sid} of {} ({})", statement.policy_name(), describe_origin(statement.origin(), holder))
}

/// How a policy applies to a principal: `attached`, `inline in group/admins`.
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
        PolicyOrigin::Given => "input".to_owned(),
    }
}

/// Why the resources of a statement do not match.
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
        Some(ElementKind::NotList) => format!("NotResource {shown} excludes {requested_resource}"),
        _ => format!("Resource {shown} does not match {requested_resource}"),
    }
}
