//! The answer to a simulation in AWS's format (*EvaluationResult*, *Statement*).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::SimulationInput;
use crate::access::{
    Decision, Denial, Evaluation, Layer, LayerVerdict, Layers, PolicyRef, Request, RequestFacts, ResourceDirectory,
    StatementRef, evaluate,
};
use crate::catalog::Catalog;
use crate::iam::{ContextKey, Interpretation, Partition, Statement};

/// All results of one input.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SimulationOutput {
    /// One result per action and resource, in the order of the input, by action first.
    pub evaluation_results: Vec<EvaluationResult>,
    /// Always false: the answer is never split into pages.
    pub is_truncated: bool,
}

/// The decision about one action on one resource.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EvaluationResult {
    /// The action.
    pub eval_action_name: String,
    /// The resource.
    pub eval_resource_name: String,
    /// The decision.
    pub eval_decision: EvalDecision,
    /// The matching Allow statements of an allowed request, or the matching Deny statements of a denied one.
    pub matched_statements: Vec<MatchedStatement>,
    /// Keys that a policy uses and the context lacks.
    pub missing_context_values: Vec<String>,
    /// The decision of SCPs and RCPs, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizations_decision_detail: Option<OrganizationsDecisionDetail>,
    /// The decision of the permissions boundary, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
    /// For a cross-account request, the decision of each account's policies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub eval_decision_details: BTreeMap<&'static str, EvalDecision>,
}

/// A decision in AWS's terms.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum EvalDecision {
    Allowed,
    ExplicitDeny,
    ImplicitDeny,
}

/// A statement that determines a decision.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MatchedStatement {
    /// The policy in the input, for example `PolicyInputList.1`.
    pub source_policy_id: String,
    /// The type of the policy.
    pub source_policy_type: &'static str,
    /// Where the statement starts: a position in the document if that is a string, else in the file.
    pub start_position: Position,
    /// Where the statement ends.
    pub end_position: Position,
}

/// A position in a document.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The decision of SCPs and RCPs.
#[derive(Copy, Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs)]
pub struct OrganizationsDecisionDetail {
    pub allowed_by_organizations: bool,
}

/// The decision of the permissions boundary.
#[derive(Copy, Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs)]
pub struct PermissionsBoundaryDecisionDetail {
    pub allowed_by_permissions_boundary: bool,
}

impl SimulationInput {
    /// Decides every action on every resource. `rcp_supported` as for [`evaluate`].
    ///
    /// The context of a request is what the input states, and what the action and the resource settle.
    pub fn answer(&self, catalog: &Catalog) -> SimulationOutput {
        let rcp_supported = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
        let directory = ResourceDirectory::default();
        let partition = self.layers.principal.arn.as_ref().and_then(|arn| Partition::parse(arn.partition()));
        let keys = self.named_keys();
        let mut evaluation_results = Vec::with_capacity(self.actions.len() * self.resources.len());
        for action in &self.actions {
            for resource in &self.resources {
                let mut request =
                    Request { action: action.clone(), resource: resource.clone(), context: self.context.clone() };
                let facts = RequestFacts::new(catalog, &directory, action, resource, partition);
                facts.complete(&mut request, keys.iter().copied());
                let missing = keys.iter().filter(|key| request.context.get(key).is_none());
                let missing = missing.map(|key| key.as_written().to_owned()).collect();
                let evaluation = evaluate(&self.layers, &request, &rcp_supported, Interpretation::default());
                evaluation_results.push(to_result(&request, &evaluation, missing));
            }
        }
        SimulationOutput { evaluation_results, is_truncated: false }
    }

    /// The keys that the policies name.
    fn named_keys(&self) -> BTreeSet<&ContextKey> {
        all_policies(&self.layers).flat_map(|policy| &policy.document.statements).flat_map(Statement::keys).collect()
    }
}

fn all_policies(layers: &Layers) -> impl Iterator<Item = &PolicyRef> {
    let rcps = layers.rcps.iter().flat_map(|rcps| rcps.levels()).map(|level| &level.level);
    let levels = layers.scps.iter().flatten().chain(rcps).flat_map(|level| &level.policies);
    layers
        .identity
        .iter()
        .chain(layers.boundary.iter().flatten())
        .chain(layers.session.iter().flatten())
        .chain(levels)
        .chain(layers.resource_policies.iter().map(|r| &r.policy))
}

fn to_result(request: &Request, evaluation: &Evaluation<'_>, missing: Vec<String>) -> EvaluationResult {
    let (eval_decision, statements) = match &evaluation.decision {
        Decision::Allowed => (EvalDecision::Allowed, evaluation.granting_statements().collect()),
        Decision::Denied { denial: Denial::Explicit(statements) } => (EvalDecision::ExplicitDeny, statements.clone()),
        Decision::Denied { denial: Denial::Implicit(_) } => (EvalDecision::ImplicitDeny, Vec::new()),
    };
    EvaluationResult {
        eval_action_name: request.action.clone(),
        eval_resource_name: request.resource.clone(),
        eval_decision,
        matched_statements: statements.iter().map(|s| to_matched_statement(evaluation, s)).collect(),
        missing_context_values: missing,
        organizations_decision_detail: summarize_organizations(evaluation),
        permissions_boundary_decision_detail: evaluation.layer(Layer::Boundary).map(|boundary| {
            PermissionsBoundaryDecisionDetail {
                allowed_by_permissions_boundary: boundary.verdict == LayerVerdict::Allows,
            }
        }),
        eval_decision_details: summarize_cross_account(evaluation),
    }
}

fn summarize_organizations(evaluation: &Evaluation<'_>) -> Option<OrganizationsDecisionDetail> {
    let mut layer_allows = evaluation
        .layers
        .iter()
        .filter_map(|trace| match trace.layer {
            Layer::ServiceControl(_) => Some(trace.verdict == LayerVerdict::Allows),
            Layer::ResourceControl(_) => Some(trace.verdict != LayerVerdict::Denies),
            _ => None,
        })
        .peekable();
    layer_allows.peek()?;
    Some(OrganizationsDecisionDetail { allowed_by_organizations: layer_allows.all(|allows| allows) })
}

fn summarize_cross_account(evaluation: &Evaluation<'_>) -> BTreeMap<&'static str, EvalDecision> {
    if evaluation.other_owner.is_none() {
        return BTreeMap::new();
    }
    let layer_decision = |layer| match evaluation.layer(layer).map(|trace| trace.verdict) {
        Some(LayerVerdict::Allows) => EvalDecision::Allowed,
        Some(LayerVerdict::Denies) => EvalDecision::ExplicitDeny,
        Some(LayerVerdict::NoMatch) | None => EvalDecision::ImplicitDeny,
    };
    [("IAM Policy", layer_decision(Layer::Identity)), ("Resource Policy", layer_decision(Layer::Resource))].into()
}

fn to_matched_statement(evaluation: &Evaluation<'_>, statement: &StatementRef<'_>) -> MatchedStatement {
    let layer_trace = evaluation
        .layers
        .iter()
        .find(|trace| trace.statements.iter().any(|s| std::ptr::eq(s.statement.statement, statement.statement)));
    let position = |offset| {
        let (line, column) = statement.policy.document.source().line_column(offset);
        Position { line, column }
    };
    MatchedStatement {
        source_policy_id: statement.policy_name().to_owned(),
        source_policy_type: layer_trace.map_or("none", |trace| policy_type_name(trace.layer)),
        start_position: position(statement.statement.span.start),
        end_position: position(statement.statement.span.end),
    }
}

fn policy_type_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "IAM Policy",
        Layer::Boundary => "IAM Permissions Boundary Policy",
        Layer::ServiceControl(_) => "Service Control Policy",
        Layer::ResourceControl(_) => "Resource Control Policy",
        Layer::Resource => "Resource Policy",
        Layer::Session => "Session Policy",
        Layer::Request(_) | Layer::Partition => "none",
    }
}
