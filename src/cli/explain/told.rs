//! An explanation, as JSON tells it.

use iamdrift::access::{
    ContextValue, Decision, Denial, Evaluation, LayerTrace, Mismatch, Outcome, PolicyOrigin, Request, StatementRef,
    StatementTrace, Verdict,
};
use iamdrift::audit::statement_text;
use iamdrift::iam::{ContextKey, Effect};
use iamdrift::snapshot::{Holding, Principal};
use iamdrift::source::Place;
use serde::Serialize;

use super::words;

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
    pub lacking: Vec<Lacking>,
    /// The account that owns the resource, where it is another than the principal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_owner: Option<String>,
    /// The layers that bind the principal.
    pub layers: Vec<LayerTold>,
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
    pub source: Source,
}

/// Where a value comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The command line.
    Given,
    /// The snapshot.
    Snapshot,
    /// The resource's ARN.
    Resource,
}

/// A key that the request lacks.
#[derive(Debug, Serialize)]
pub struct Lacking {
    /// Its name.
    pub key: String,
    /// Whether every real request has it.
    pub every_request_has_it: bool,
}

/// One layer.
#[derive(Debug, Serialize)]
pub struct LayerTold {
    /// Its name.
    pub layer: String,
    /// The root, OU or account, where the layer has levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// `allows`, `denies` or `silent`.
    pub says: &'static str,
    /// Its statements.
    pub statements: Vec<StatementTold>,
    /// How many statements about other services are left out.
    pub hidden: usize,
}

/// One statement.
#[derive(Debug, Serialize)]
pub struct StatementTold {
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
            Decision::Denied { by: Denial::Explicit(_) } => DecisionName::ExplicitDeny,
            Decision::Denied { by: Denial::Implicit(_) } => DecisionName::ImplicitDeny,
        };
        Explanation {
            decision,
            because: words::decision(evaluation, holder),
            principal: holder.to_owned(),
            action: request.action.clone(),
            resource: request.resource.clone(),
            context: Vec::new(),
            lacking: Vec::new(),
            resource_owner: evaluation.other_owner.as_ref().map(ToString::to_string),
            layers: evaluation.layers.iter().map(|layer| layer_told(layer, request, holder, all)).collect(),
            notes: Vec::new(),
            missing: Vec::new(),
        }
    }
}

impl ContextEntry {
    /// A key with its value.
    pub fn new(key: &ContextKey, value: &ContextValue, source: Source) -> ContextEntry {
        ContextEntry { key: key.as_written().to_owned(), values: value.values().to_vec(), source }
    }
}

fn layer_told(layer: &LayerTrace<'_>, request: &Request, holder: &str, all: bool) -> LayerTold {
    let shown = |trace: &&StatementTrace<'_>| {
        let met = !matches!(trace.outcome, Outcome::Failed(Mismatch::Action | Mismatch::Principal));
        all || met || words::speaks_of_service(trace.statement.statement, &request.action)
    };
    let statements: Vec<StatementTold> =
        layer.statements.iter().filter(shown).map(|trace| statement_told(trace, request, holder)).collect();
    LayerTold {
        layer: layer.layer.to_string(),
        level: layer.level_name.map(str::to_owned),
        says: match layer.verdict {
            Verdict::Allows => "allows",
            Verdict::Denies => "denies",
            Verdict::Silent => "silent",
        },
        hidden: layer.statements.len() - statements.len(),
        statements,
    }
}

fn statement_told(trace: &StatementTrace<'_>, request: &Request, holder: &str) -> StatementTold {
    let statement: StatementRef<'_> = trace.statement;
    StatementTold {
        effect: match statement.effect() {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        },
        policy: statement.policy_name().to_owned(),
        origin: words::origin(statement.origin(), holder),
        policy_arn: match statement.origin() {
            PolicyOrigin::Held(Holding::Attached { arn, .. } | Holding::Boundary { arn }) => Some(arn.clone()),
            PolicyOrigin::Organization { id, .. } => Some(id.clone()),
            PolicyOrigin::Held(Holding::Inline { .. } | Holding::Trust { .. })
            | PolicyOrigin::Resource { .. }
            | PolicyOrigin::Given => None,
        },
        index: statement.index(),
        sid: statement.sid().map(str::to_owned),
        place: statement.place(),
        matches: trace.is_match(),
        fails: match &trace.outcome {
            Outcome::Matched(_) => None,
            Outcome::Failed(mismatch) => Some(fails(mismatch, statement, request)),
        },
    }
}

fn fails(mismatch: &Mismatch<'_>, statement: StatementRef<'_>, request: &Request) -> String {
    match mismatch {
        Mismatch::Principal => "it speaks of other principals".to_owned(),
        Mismatch::Action => "it does not speak of this action".to_owned(),
        Mismatch::Resource => {
            let element = statement.statement.resource.as_ref();
            let patterns = element.map(statement_text::resources).unwrap_or_default();
            words::resource(&patterns, element, &request.resource)
        }
        Mismatch::Condition { condition, found } => {
            let test = statement_text::condition(condition);
            match found {
                None => format!("the condition {test} does not hold: the request lacks the key"),
                Some(value) => {
                    format!("the condition {test} does not hold: the request has {}", value.values().join(", "))
                }
            }
        }
    }
}
