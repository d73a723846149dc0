//! Checks all principals, and builds the report of `iamdrift who-can`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use iamdrift::access::{PolicyOrigin, PolicyRef, Request, find_missing_documents};
use iamdrift::baseline::Glob;
use iamdrift::catalog::Catalog;
use iamdrift::reach::{GoalResult, Graph, NodeState, PathSoFar, ProvenStep, WhoCanAnswer, WhoCanQuery};
use iamdrift::report::text::condition_text;
use iamdrift::snapshot::{
    Account, AttachmentKind, LayerKind, MissingDocument, Principal, PrincipalSelection, Snapshot,
};
use iamdrift::solve::{Solver, UndecidedReason};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::allowed_requests::{AllowedRequestsJson, list_allowed_requests};
use super::chosen_principals::ChosenPrincipals;
use super::external_principals;
use super::who_can_request::{AccessScope, WhoCanRequest};

/// The output of `iamdrift who-can`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "WhoCan")]
pub struct WhoCanReport {
    /// The version of this format: "2". It changes when a field is removed or changes its meaning, not when one is added.
    pub schema_version: &'static str,
    /// The path of the snapshot.
    pub snapshot: String,
    /// The action, or a pattern. A pattern lists the principals that can perform at least one of its actions.
    pub action: String,
    /// The resource, or a pattern over ARNs. Null for any resource.
    pub resource: Option<String>,
    /// The number of principals that were checked.
    pub asked: usize,
    /// The principals that can perform the action themselves, ordered by ARN.
    pub principals: Vec<PrincipalRow>,
    /// The principals that can perform it through escalation only: the shortest paths first.
    pub escalating: Vec<PrincipalRow>,
    /// The principals that are undecided.
    pub undecided: Vec<UndecidedPrincipal>,
    /// The parts of the snapshot that could not be read, one line each.
    pub unread: Vec<String>,
    /// Warnings.
    pub notes: Vec<String>,
}

/// A principal that can perform the action.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PrincipalRow {
    /// The ARN.
    pub arn: String,
    /// The account id.
    pub account: String,
    /// The steps of the escalation path. Empty for direct access.
    pub path: Vec<PathStepJson>,
    /// What is allowed, under which conditions. At least one row.
    pub allowed: Vec<AllowedRequestsJson>,
    /// Whether more is allowed than `allowed` lists.
    pub more: bool,
    /// The granting statements.
    pub granted_by: Vec<GrantingStatementJson>,
    /// A request that is allowed, as proof.
    pub witness: WhoCanWitnessJson,
}

/// A step of an escalation path.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PathStepJson {
    /// The principal that takes the step.
    pub from: String,
    /// The principal that it gains access to. The same principal if it escalates its own privileges.
    pub to: String,
    /// What the principal does.
    pub how: String,
    /// The ids of the escalation techniques.
    pub paths: Vec<String>,
    /// The conditions, one line each. Empty if unconditional.
    pub conditions: Vec<String>,
    /// The assumptions that the snapshot cannot confirm.
    pub rests_on: Vec<String>,
}

/// A statement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GrantingStatementJson {
    /// The policy's name.
    pub policy: String,
    /// The ARN of the managed policy, or of the resource of a resource policy. Null for inline policies.
    pub arn: Option<String>,
    /// The position of the statement, from 0. The table counts from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Its place: file, line and column.
    pub place: String,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhoCanWitnessJson {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys of the request, with their values.
    pub context: BTreeMap<String, Vec<String>>,
}

/// A principal that is undecided.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UndecidedPrincipal {
    /// The ARN.
    pub arn: String,
    /// The reasons, one line each.
    pub why: Vec<String>,
    /// Whether the policies that were read allow the action. A policy that was not read could deny it.
    pub allowed_by_read_policies: bool,
}

/// Checks the selected principals.
pub fn find_who_can(
    catalog: &Catalog,
    snapshot: &Snapshot,
    request: &WhoCanRequest<'_>,
    glob: Option<&Glob>,
) -> WhoCanReport {
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    let query = WhoCanQuery::new(catalog, request.action, request.resource);
    let selected = select_principals(snapshot, glob);
    let all = snapshot.principals().enumerate().zip(&selected);
    let principals: Vec<(usize, (&Account, &Principal))> =
        all.filter(|(_, selected)| **selected).map(|(numbered, _)| numbered).collect();
    // The paths of different principals share many states.
    let states_without_access: Mutex<HashSet<NodeState>> = Mutex::default();
    let row_builder = RowBuilder { graph: &graph, catalog, request };
    let all_principals: Vec<(&Account, &Principal)> = snapshot.principals().collect();
    let path_gaps = PathGaps { snapshot, principals: &all_principals };
    let answers: Vec<(Option<PrincipalRow>, Option<UndecidedPrincipal>)> = principals
        .par_iter()
        .map(|(index, (account, principal))| {
            let (answer, reasons) = find_access(&graph, *index, &query, request.access_scope, &states_without_access);
            let gaps = find_missing_documents(snapshot, account, principal);
            let gaps = gaps.iter().filter(|gap| gap.layer != LayerKind::Trust);
            if let Some((access, steps)) = answer {
                let unread = path_gaps.find_denying_documents(&access, &steps, gaps);
                if unread.is_empty() {
                    let row = row_builder.build_row(*index, account.id.as_str(), &access, &steps);
                    return (Some(row), None);
                }
                return (None, Some(UndecidedPrincipal::new(principal, unread, true)));
            }
            let relevant =
                gaps.filter(|gap| request.concrete_resource().is_none_or(|resource| gap.may_affect_resource(resource)));
            let why: Vec<String> = reasons.into_iter().chain(relevant.map(ToString::to_string)).collect();
            let undecided = (!why.is_empty()).then(|| UndecidedPrincipal::new(principal, why, false));
            (None, undecided)
        })
        .collect();
    let selection = PrincipalSelection { snapshot, selected: &selected, glob };
    let chosen = ChosenPrincipals::new(&graph, request.access_scope, selection);
    let mut report = WhoCanReport {
        schema_version: "2",
        snapshot: snapshot.origin.display().to_string(),
        action: request.action.to_owned(),
        resource: request.resource.map(str::to_owned),
        asked: principals.len(),
        principals: Vec::new(),
        escalating: Vec::new(),
        undecided: Vec::new(),
        unread: chosen.list_unread_inputs(),
        notes: [
            collect_notes(snapshot),
            external_principals::warn_of_external_principals(catalog, snapshot, request.action, request.resource),
        ]
        .concat(),
    };
    report.add_answers(answers);
    report
}

/// Whether the ARN or the name of each principal matches.
fn select_principals(snapshot: &Snapshot, glob: Option<&Glob>) -> Vec<bool> {
    let is_selected = |principal: &Principal| {
        glob.is_none_or(|glob| glob.matches(principal.arn.as_str()) || glob.matches(&principal.name))
    };
    snapshot.principals().map(|(_, principal)| is_selected(principal)).collect()
}

impl WhoCanReport {
    fn add_answers(&mut self, answers: Vec<(Option<PrincipalRow>, Option<UndecidedPrincipal>)>) {
        for (row, undecided) in answers {
            if let Some(row) = row {
                let list = if row.path.is_empty() { &mut self.principals } else { &mut self.escalating };
                list.push(row);
            }
            self.undecided.extend(undecided);
        }
        self.principals.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.escalating.sort_by(|a, b| (a.path.len(), &a.arn).cmp(&(b.path.len(), &b.arn)));
    }
}

impl UndecidedPrincipal {
    fn new(principal: &Principal, why: Vec<String>, allowed_by_read_policies: bool) -> UndecidedPrincipal {
        UndecidedPrincipal { arn: principal.arn.as_str().to_owned(), why, allowed_by_read_policies }
    }
}

/// The documents that the snapshot lacks, for the principals of a path.
struct PathGaps<'a> {
    snapshot: &'a Snapshot,
    principals: &'a [(&'a Account, &'a Principal)],
}

impl PathGaps<'_> {
    /// The documents that are not in the snapshot and that could deny a request of the proof, one line each.
    /// `direct_gaps` are those of the principal that the report is about.
    fn find_denying_documents<'g>(
        &self,
        access: &WhoCanAnswer,
        steps: &[ProvenStep],
        direct_gaps: impl Iterator<Item = &'g MissingDocument>,
    ) -> Vec<String> {
        let first_requests: Vec<&str> = match steps.first() {
            None => vec![&access.request.resource],
            Some(step) => step.requests.iter().map(|request| request.request.resource.as_str()).collect(),
        };
        let may_deny = |gap: &MissingDocument, resources: &[&str]| {
            gap.layer != LayerKind::Trust && resources.iter().any(|resource| gap.may_affect_resource(resource))
        };
        let mut lines: BTreeSet<String> =
            direct_gaps.filter(|gap| may_deny(gap, &first_requests)).map(ToString::to_string).collect();
        for (position, step) in steps.iter().enumerate() {
            let resources: Vec<&str> = match steps.get(position + 1) {
                Some(next) => next.requests.iter().map(|request| request.request.resource.as_str()).collect(),
                None => vec![&access.request.resource],
            };
            // INVARIANT: the graph has the principals of the snapshot, in the same order.
            let Some((account, principal)) = self.principals.get(step.to.principal) else { continue };
            let gaps = find_missing_documents(self.snapshot, account, principal);
            let denying = gaps.iter().filter(|gap| may_deny(gap, &resources));
            lines.extend(denying.map(|gap| format!("{}: {gap}", principal.arn)));
        }
        lines.into_iter().collect()
    }
}

/// How a principal can perform the action, and the steps to it; or why that is undecided.
fn find_access(
    graph: &Graph<'_>,
    from: usize,
    query: &WhoCanQuery,
    access_scope: AccessScope,
    states_without_access: &Mutex<HashSet<NodeState>>,
) -> (Option<(WhoCanAnswer, Vec<ProvenStep>)>, Vec<String>) {
    let reason_texts = |why: BTreeSet<UndecidedReason>| why.iter().map(ToString::to_string).collect();
    let mut undecided = match graph.answer_who_can(&NodeState::unchanged(from), query) {
        Ok(Some(can)) => return (Some((can, Vec::new())), Vec::new()),
        Ok(None) => BTreeSet::new(),
        Err(why) => why,
    };
    if access_scope == AccessScope::DirectOnly {
        return (None, reason_texts(undecided));
    }
    let lock_states = || states_without_access.lock().unwrap_or_else(PoisonError::into_inner);
    let mut goal = |path: &PathSoFar<'_>| {
        let last = path.last();
        if lock_states().contains(last) {
            return GoalResult::NotMet;
        }
        match graph.answer_who_can(last, query) {
            Ok(None) => {
                lock_states().insert(last.clone());
                GoalResult::NotMet
            }
            Err(why) => GoalResult::Undecided(why),
            Ok(Some(_)) if path.is_joined() => GoalResult::Undecided(BTreeSet::from([graph.describe_joined(last)])),
            Ok(Some(access)) => match graph.prove_steps(&path.steps()) {
                Ok(steps) => GoalResult::Met((access, steps)),
                Err(why) => GoalResult::Undecided(why),
            },
        }
    };
    let search = graph.find_shortest_path(from, &mut goal);
    match search.found {
        Some(found) => (Some(found.witness), Vec::new()),
        None => {
            undecided.extend(search.undecided);
            (None, reason_texts(undecided))
        }
    }
}

/// Builds the rows of the report.
struct RowBuilder<'a> {
    graph: &'a Graph<'a>,
    catalog: &'a Catalog,
    request: &'a WhoCanRequest<'a>,
}

impl RowBuilder<'_> {
    /// The row of the principal at index `principal` of the graph, which reaches `access` through `steps`.
    fn build_row(&self, principal: usize, account: &str, access: &WhoCanAnswer, steps: &[ProvenStep]) -> PrincipalRow {
        let (allowed, more) = list_allowed_requests(self.catalog, self.request, access);
        PrincipalRow {
            arn: self.graph.arn(principal).to_owned(),
            account: account.to_owned(),
            path: steps.iter().map(|step| self.build_step(step)).collect(),
            allowed,
            more,
            granted_by: access
                .granted_by
                .iter()
                .filter_map(|(policy, index)| to_granting_statement(policy, *index))
                .collect(),
            witness: to_witness(&access.request),
        }
    }

    fn build_step(&self, step: &ProvenStep) -> PathStepJson {
        let mut conditions: Vec<String> = Vec::new();
        for line in step.requests.iter().flat_map(|request| condition_text::render_conditions(&request.cubes)) {
            if !conditions.contains(&line) {
                conditions.push(line);
            }
        }
        PathStepJson {
            conditions,
            from: self.graph.state_arn(&step.from).to_owned(),
            to: self.graph.state_arn(&step.to).to_owned(),
            how: step.summarize(|state| self.graph.state_arn(state).to_owned()),
            paths: step.techniques.iter().map(|technique| technique.id.clone()).collect(),
            rests_on: step.assumptions.clone(),
        }
    }
}

/// The statement at position `index`.
// INVARIANT: the answer takes the position from the statements of the same policy.
fn to_granting_statement(policy: &PolicyRef, index: usize) -> Option<GrantingStatementJson> {
    let statement = policy.document.statements.get(index)?;
    let arn = match &policy.origin {
        PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. } | AttachmentKind::Boundary { arn }) => {
            Some(arn.clone())
        }
        PolicyOrigin::Resource { arn } => Some(arn.clone()),
        _ => None,
    };
    Some(GrantingStatementJson {
        policy: policy.name.clone(),
        arn,
        statement: index,
        sid: statement.sid.as_deref().map(str::to_owned),
        place: policy.statement_place(statement).to_string(),
    })
}

fn to_witness(request: &Request) -> WhoCanWitnessJson {
    let context = request.context.0.iter().map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec()));
    WhoCanWitnessJson { action: request.action.clone(), resource: request.resource.clone(), context: context.collect() }
}

fn collect_notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes = Vec::new();
    if snapshot.organization.is_none() {
        notes.push("the snapshot contains no organization: SCPs and RCPs were not evaluated".to_owned());
    }
    if snapshot.resource_policies.is_empty() {
        notes.push("the snapshot contains no resource policies: they were not evaluated".to_owned());
    }
    notes
}
