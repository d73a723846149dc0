//! An explanation: the data of the JSON output, and of the table.

use iamdrift::access::{
    ContextValue, Decision, Denial, Evaluation, Layer, LayerTrace, LayerVerdict, Mismatch, PolicyOrigin, Request,
    StatementOutcome, StatementRef, StatementTrace,
};
use iamdrift::audit::explain::statement_text;
use iamdrift::iam::{ContextKey, Effect};
use iamdrift::report::Verbosity;
use iamdrift::snapshot::{AttachmentKind, Principal};
use iamdrift::source::Place;
use serde::{Serialize, Serializer};

use super::decision_text::{self, DecisionText};
use super::service_match::may_list_service;

/// Why a request is allowed or denied.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The decision.
    pub decision: DecisionName,
    /// The decision and its cause, as text.
    pub because: DecisionText,
    /// The principal that makes the request.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys of the request: those that the user set, and those that statements name and whose value is known.
    pub context: Vec<ContextEntry>,
    /// Context keys that statements for the service of the action name and that the request lacks.
    pub lacking: Vec<MissingContextKey>,
    /// The account that owns the resource. `None` if it is the account of the principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_owner: Option<String>,
    /// The layers that apply to the principal.
    pub layers: Vec<LayerRow>,
    /// Notes about the request.
    pub notes: Vec<String>,
    /// Missing documents that could change the decision.
    pub missing: Vec<String>,
}

/// A decision.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionName {
    /// The request is allowed.
    Allowed,
    /// A Deny statement matches.
    ExplicitDeny,
    /// A required Allow statement is missing.
    ImplicitDeny,
}

/// A context key of the request.
#[derive(Debug, Serialize)]
pub struct ContextEntry {
    /// Its name.
    pub key: String,
    /// Its values.
    pub values: Vec<String>,
    /// The source of the values.
    pub source: ContextValueSource,
}

/// The source of a context value.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextValueSource {
    /// The command line.
    Given,
    /// The snapshot.
    Snapshot,
    /// The resource's ARN.
    Resource,
    /// The action and the resource, as AWS documents it or the snapshot knows it.
    Request,
}

/// A context key that the request lacks.
#[derive(Debug, Serialize)]
pub struct MissingContextKey {
    /// Its name.
    pub key: String,
    /// Whether every real request contains it.
    pub every_request_has_it: bool,
}

/// A layer.
#[derive(Debug, Serialize)]
pub struct LayerRow {
    /// The layer; its name in JSON.
    #[serde(serialize_with = "serialize_layer")]
    pub layer: Layer,
    /// The root, OU or account. `None` if the layer has no levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// What it decides.
    #[serde(rename = "says")]
    pub verdict: LayerVerdictName,
    /// Its statements.
    pub statements: Vec<StatementRow>,
    /// The number of statements for other services that are omitted.
    pub hidden: usize,
}

/// What a layer decides.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerVerdictName {
    /// An Allow statement matches, and no Deny statement.
    Allows,
    /// A Deny statement matches.
    Denies,
    /// No statement matches.
    Silent,
}

/// The effect of a statement.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
pub enum EffectName {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// A statement.
#[derive(Debug, Serialize)]
pub struct StatementRow {
    /// Its effect.
    pub effect: EffectName,
    /// The policy's name.
    pub policy: String,
    /// How the policy applies to the principal.
    pub origin: String,
    /// The ARN or id of the policy. `None` if it has neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_arn: Option<String>,
    /// The position of the statement, from 0.
    pub index: usize,
    /// Its `Sid`. `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Its place in the snapshot.
    pub place: Place,
    /// Whether it matches.
    pub matches: bool,
    /// The first element that does not match. `None` if it matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

impl Explanation {
    /// Explains an evaluation. [`Verbosity::Brief`] omits statements for other services.
    pub fn new(
        principal: &Principal,
        request: &Request,
        evaluation: &Evaluation<'_>,
        verbosity: Verbosity,
    ) -> Explanation {
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
            layers: evaluation.layers.iter().map(|layer| to_layer_row(layer, request, holder, verbosity)).collect(),
            notes: Vec::new(),
            missing: Vec::new(),
        }
    }
}

impl ContextEntry {
    /// A context key with its value.
    pub fn new(key: &ContextKey, value: &ContextValue, source: ContextValueSource) -> ContextEntry {
        ContextEntry { key: key.as_written().to_owned(), values: value.values().to_vec(), source }
    }
}

fn serialize_layer<S: Serializer>(layer: &Layer, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(layer)
}

fn to_layer_row(layer: &LayerTrace<'_>, request: &Request, holder: &str, verbosity: Verbosity) -> LayerRow {
    let is_shown = |trace: &&StatementTrace<'_>| {
        let is_candidate = !matches!(trace.outcome, StatementOutcome::Failed(Mismatch::Action | Mismatch::Principal));
        verbosity == Verbosity::All || is_candidate || may_list_service(trace.statement.statement, &request.action)
    };
    let statements: Vec<StatementRow> =
        layer.statements.iter().filter(is_shown).map(|trace| to_statement_row(trace, request, holder)).collect();
    LayerRow {
        layer: layer.layer,
        level: layer.level_name.map(str::to_owned),
        verdict: match layer.verdict {
            LayerVerdict::Allows => LayerVerdictName::Allows,
            LayerVerdict::Denies => LayerVerdictName::Denies,
            LayerVerdict::NoMatch => LayerVerdictName::Silent,
        },
        hidden: layer.statements.len() - statements.len(),
        statements,
    }
}

fn to_statement_row(trace: &StatementTrace<'_>, request: &Request, holder: &str) -> StatementRow {
    let statement: StatementRef<'_> = trace.statement;
    StatementRow {
        effect: match statement.effect() {
            Effect::Allow => EffectName::Allow,
            Effect::Deny => EffectName::Deny,
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
        Mismatch::Principal => "does not match this principal".to_owned(),
        Mismatch::Action => "does not list this action".to_owned(),
        Mismatch::Resource => {
            let element = statement.statement.resource.as_ref();
            let patterns = element.map(statement_text::list_resource_patterns).unwrap_or_default();
            decision_text::describe_resource_mismatch(&patterns, element, &request.resource)
        }
        Mismatch::Condition { condition, found } => {
            let test = statement_text::render_condition(condition);
            match found {
                None => format!("condition {test} is not met: the request lacks the key"),
                Some(value) => {
                    format!("condition {test} is not met: the request has {}", value.values().join(", "))
                }
            }
        }
    }
}
