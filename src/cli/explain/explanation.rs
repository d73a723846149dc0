//! An explanation, as JSON tells it.

use iamdrift::access::{
    ContextValue, Decision, Denial, Evaluation, LayerTrace, LayerVerdict, Mismatch, PolicyOrigin, Request,
    StatementOutcome, StatementRef, StatementTrace,
};
use iamdrift::audit::explain::statement_text;
use iamdrift::iam::{ContextKey, Effect};
use iamdrift::snapshot::{AttachmentKind, Principal};
use iamdrift::source::Place;
use serde::Serialize;

use super::decision_text;

/// Why a request is decided as it is.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The decision.
    pub decision: DecisionName,
    /// The same in words.
    pub because: String,
    /// Who asks.
    pub principal: String,
    /// What is asked.
    pub action: String,
    /// On what.
    pub resource: String,
    /// The context keys that were given, and those that statements name and that are known.
    pub context: Vec<ContextEntry>,
    /// Keys that statements about the action's service name and that the request lacks.
    pub lacking: Vec<MissingContextKey>,
    /// The account that owns the resource, where it is another than the principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_owner: Option<String>,
    /// The layers that bind the principal.
    pub layers: Vec<LayerRow>,
    /// What to know about the question.
    pub notes: Vec<String>,
    /// Documents that decide and are not known: with them the decision may be another.
    pub missing: Vec<String>,
}

/// A decision.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionName {
    /// It is allowed.
    Allowed,
    /// A Deny matches.
    ExplicitDeny,
    /// An Allow that is needed is not there.
    ImplicitDeny,
}

/// A context key of the request.
#[derive(Debug, Serialize)]
pub struct ContextEntry {
    /// Its name.
    pub key: String,
    /// Its values.
    pub values: Vec<String>,
    /// Where they come from.
    pub source: ContextValueSource,
}

/// Where a value comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextValueSource {
    /// The command line.
    Given,
    /// The snapshot.
    Snapshot,
    /// The resource's ARN.
    Resource,
}

/// A key that the request lacks.
#[derive(Debug, Serialize)]
pub struct MissingContextKey {
    /// Its name.
    pub key: String,
    /// Whether every real request has it.
    pub every_request_has_it: bool,
}

/// One layer.
#[derive(Debug, Serialize)]
pub struct LayerRow {
    /// Its name.
    pub layer: String,
    /// The root, OU or account, where the layer has levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// `allows`, `denies` or `silent`.
    pub says: &'static str,
    /// Its statements.
    pub statements: Vec<StatementRow>,
    /// How many statements about other services are left out.
    pub hidden: usize,
}

/// One statement.
#[derive(Debug, Serialize)]
pub struct StatementRow {
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// The policy's name.
    pub policy: String,
    /// How the policy comes to decide.
    pub origin: String,
    /// The policy's ARN or id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<String>,
    /// The statement's position, from 0.
    pub index: usize,
    /// Its Sid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Whether it matches.
    pub matches: bool,
    /// The first thing that fails, where it does not match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

impl Explanation {
    /// Tells an evaluation; `all` statements, or those that speak of the action's service.
    pub fn new(principal: &Principal, request: &Request, evaluation: &Evaluation<'_>, all: bool) -> Explanation {
        let holder = principal.arn.as_str();
        let decision = match &evaluation.decision {
            Decision::Allowed => DecisionName::Allowed,
            Decision::Denied { denial: Denial::Explicit(_) } => DecisionName::ExplicitDeny,
            Decision::Denied { denial: Denial::Implicit(_) } => DecisionName::ImplicitDeny,
        };
        Explanation {
            decision,
            because: decision_text::describe_decision(evaluation, holder),
            principal: holder.to_owned(),
            action: request.action.clone(),
            resource: request.resource.clone(),
            context: Vec::new(),
            lacking: Vec::new(),
            resource_owner: evaluation.other_owner.as_ref().map(ToString::to_string),
            layers: evaluation.layers.iter().map(|layer| to_layer_row(layer, request, holder, all)).collect(),
            notes: Vec::new(),
            missing: Vec::new(),
        }
    }
}

impl ContextEntry {
    /// A key with its value.
    pub fn new(key: &ContextKey, value: &ContextValue, source: ContextValueSource) -> ContextEntry {
        ContextEntry { key: key.as_written().to_owned(), values: value.values().to_vec(), source }
    }
}

fn to_layer_row(layer: &LayerTrace<'_>, request: &Request, holder: &str, all: bool) -> LayerRow {
    let is_shown = |trace: &&StatementTrace<'_>| {
        let is_candidate = !matches!(trace.outcome, StatementOutcome::Failed(Mismatch::Action | Mismatch::Principal));
        all || is_candidate || decision_text::may_list_service(trace.statement.statement, &request.action)
    };
    let statements: Vec<StatementRow> =
        layer.statements.iter().filter(is_shown).map(|trace| to_statement_row(trace, request, holder)).collect();
    LayerRow {
        layer: layer.layer.to_string(),
        level: layer.level_name.map(str::to_owned),
        says: match layer.verdict {
            LayerVerdict::Allows => "allows",
            LayerVerdict::Denies => "denies",
            LayerVerdict::NoMatch => "silent",
        },
        hidden: layer.statements.len() - statements.len(),
        statements,
    }
}

fn to_statement_row(trace: &StatementTrace<'_>, request: &Request, holder: &str) -> StatementRow {
    let statement: StatementRef<'_> = trace.statement;
    StatementRow {
        effect: match statement.effect() {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        },
        policy: statement.policy_name().to_owned(),
        origin: decision_text::describe_origin(statement.origin(), holder),
        policy_arn: match statement.origin() {
            PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. } | AttachmentKind::Boundary { arn }) => {
                Some(arn.clone())
            }
            PolicyOrigin::Organization { id, .. } => Some(id.clone()),
            PolicyOrigin::Identity(AttachmentKind::Inline { .. } | AttachmentKind::Trust { .. })
            | PolicyOrigin::Resource { .. }
            | PolicyOrigin::Given => None,
        },
        index: statement.index(),
        sid: statement.sid().map(str::to_owned),
        place: statement.place(),
        matches: trace.is_match(),
        fails: match &trace.outcome {
            StatementOutcome::Matched(_) => None,
            StatementOutcome::Failed(mismatch) => Some(describe_mismatch(mismatch, statement, request)),
        },
    }
}

fn describe_mismatch(mismatch: &Mismatch<'_>, statement: StatementRef<'_>, request: &Request) -> String {
    match mismatch {
        Mismatch::Principal => "it speaks of other principals".to_owned(),
        Mismatch::Action => "it does not speak of this action".to_owned(),
        Mismatch::Resource => {
            let element = statement.statement.resource.as_ref();
            let patterns = element.map(statement_text::list_resource_patterns).unwrap_or_default();
            decision_text::describe_resource_mismatch(&patterns, element, &request.resource)
        }
        Mismatch::Condition { condition, found } => {
            let test = statement_text::render_condition(condition);
            match found {
                None => format!("the condition {test} does not hold: the request lacks the key"),
                Some(value) => {
                    format!("the condition {test} does not hold: the request has {}", value.values().join(", "))
                }
            }
        }
    }
}
