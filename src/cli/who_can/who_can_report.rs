//! Everyone asked, and what they answer.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use iamdrift::access::{PolicyOrigin, PolicyRef, Request, find_missing_documents};
use iamdrift::audit::explain::condition_text;
use iamdrift::baseline::Glob;
use iamdrift::catalog::{ActionId, Catalog};
use iamdrift::iam::{ActionPattern, AwsPrincipal, Effect, ElementKind, PrincipalEntry, Statement};
use iamdrift::reach::{GoalResult, Graph, NodeState, PathSoFar, ProvenStep, WhoCanAnswer, WhoCanQuery};
use iamdrift::snapshot::{AttachmentKind, LayerKind, Principal, Snapshot};
use iamdrift::solve::{Solver, UndecidedReason};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

/// What is asked.
pub struct WhoCanRequest<'a> {
    pub action: &'a str,
    pub resource: Option<&'a str>,
    pub direct: bool,
}

/// The answer of `iamdrift who-can`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "WhoCan")]
pub struct WhoCanReport {
    /// The version of this form: "1". It changes when a field goes or changes its meaning, not when one is added.
    pub schema_version: &'static str,
    /// The snapshot: a path.
    pub snapshot: String,
    /// The action, or a pattern: then whoever can do one of its actions is told.
    pub action: String,
    /// The resource, or a pattern over ARNs; null where any is meant.
    pub resource: Option<String>,
    /// How many principals were asked.
    pub asked: usize,
    /// Those who can: themselves first, then those who can become one who does, by ARN.
    pub principals: Vec<PrincipalRow>,
    /// Those who could not be decided.
    pub undecided: Vec<UndecidedPrincipal>,
    /// What of the snapshot could not be read, a line each.
    pub unread: Vec<String>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Someone who can.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PrincipalRow {
    /// The ARN.
    pub arn: String,
    /// The number of the account.
    pub account: String,
    /// Whom it becomes first, a step each; empty where it can itself.
    pub path: Vec<PathStepJson>,
    /// Which of the actions, where a pattern was asked; else empty.
    pub actions: Vec<String>,
    /// On what, as patterns; empty where it is any resource.
    pub resources: Vec<String>,
    /// When, a line each; empty where no condition stands in the way.
    pub conditions: Vec<String>,
    /// Whether there is more of it than is told.
    pub more: bool,
    /// The statements that allow it.
    pub granted_by: Vec<GrantingStatementJson>,
    /// A request that is allowed.
    pub witness: WhoCanWitnessJson,
}

/// One step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PathStepJson {
    /// Who takes it.
    pub from: String,
    /// Whom that makes of it; the same where it makes itself broader.
    pub to: String,
    /// What it does.
    pub how: String,
    /// The ids of the paths that it takes.
    pub paths: Vec<String>,
    /// When, a line each; empty where no condition stands in the way.
    pub conditions: Vec<String>,
    /// What it rests on and the snapshot does not tell.
    pub rests_on: Vec<String>,
}

/// A statement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GrantingStatementJson {
    /// The policy's name.
    pub policy: String,
    /// The ARN of a managed policy, or of the resource whose policy it is.
    pub arn: Option<String>,
    /// The statement's position, from 0. The table counts from 1.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it stands: file, line and column.
    pub place: String,
}

/// A request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhoCanWitnessJson {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// The context keys that it needs, with their values.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Someone who could not be decided.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UndecidedPrincipal {
    /// The ARN.
    pub arn: String,
    /// Why, a line each.
    pub why: Vec<String>,
}

/// Asks everyone whom `wanted` names.
pub fn find_who_can(
    catalog: &Catalog,
    snapshot: &Snapshot,
    request: &WhoCanRequest<'_>,
    is_selected: &(dyn Fn(&Principal) -> bool + Sync),
) -> WhoCanReport {
    let solver = Solver::new(catalog);
    let today = jiff::Zoned::now().date();
    let graph = Graph::new(&solver, snapshot, today);
    let query = WhoCanQuery::new(catalog, request.action, request.resource);
    let principals: Vec<(usize, (&iamdrift::snapshot::Account, &Principal))> =
        snapshot.principals().enumerate().filter(|(_, (_, principal))| is_selected(principal)).collect();
    // Many paths of many principals lead to the same.
    let states_without_access: Mutex<HashSet<NodeState>> = Mutex::default();
    let answers: Vec<(Option<PrincipalRow>, Option<UndecidedPrincipal>)> = principals
        .par_iter()
        .map(|(index, (account, principal))| {
            let gaps: Vec<String> = find_missing_documents(snapshot, account, principal)
                .iter()
                .filter(|gap| {
                    let concrete_resource = request.resource.filter(|resource| !resource.contains(['*', '?']));
                    gap.layer != LayerKind::Trust
                        && concrete_resource.is_none_or(|resource| gap.may_affect_resource(resource))
                })
                .map(ToString::to_string)
                .collect();
            let (answer, mut reasons) = find_access(&graph, *index, &query, request.direct, &states_without_access);
            let row = answer
                .map(|(can, links)| build_row(&graph, catalog, request, *index, account.id.as_str(), &can, &links));
            reasons.extend(gaps);
            let undecided = (!reasons.is_empty())
                .then(|| UndecidedPrincipal { arn: principal.arn.as_str().to_owned(), why: reasons });
            (row, undecided)
        })
        .collect();
    let mut report = WhoCanReport {
        schema_version: "1",
        snapshot: snapshot.origin.display().to_string(),
        action: request.action.to_owned(),
        resource: request.resource.map(str::to_owned),
        asked: principals.len(),
        principals: Vec::new(),
        undecided: Vec::new(),
        unread: unread_inputs(snapshot),
        notes: [collect_notes(snapshot), warn_of_external_principals(catalog, snapshot, request)].concat(),
    };
    for (row, undecided) in answers {
        report.principals.extend(row);
        report.undecided.extend(undecided);
    }
    report.principals.sort_by(|a, b| (a.path.len(), &a.arn).cmp(&(b.path.len(), &b.arn)));
    report
}

/// How one principal can, and by which steps; what could not be decided where it cannot.
fn find_access(
    graph: &Graph<'_>,
    from: usize,
    query: &WhoCanQuery,
    direct: bool,
    states_without_access: &Mutex<HashSet<NodeState>>,
) -> (Option<(WhoCanAnswer, Vec<ProvenStep>)>, Vec<String>) {
    let reason_texts = |why: BTreeSet<UndecidedReason>| why.iter().map(ToString::to_string).collect();
    let mut undecided = match graph.answer_who_can(&NodeState::unchanged(from), query) {
        Ok(Some(can)) => return (Some((can, Vec::new())), Vec::new()),
        Ok(None) => BTreeSet::new(),
        Err(why) => why,
    };
    if direct {
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
            Ok(Some(access)) => match graph.prove_steps(&path.states()) {
                Ok(links) => GoalResult::Met((access, links)),
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

fn build_row(
    graph: &Graph<'_>,
    catalog: &Catalog,
    request: &WhoCanRequest<'_>,
    from: usize,
    account: &str,
    access: &WhoCanAnswer,
    steps: &[ProvenStep],
) -> PrincipalRow {
    let is_pattern = request.action.contains(['*', '?']);
    let conditions = |proven_step: &ProvenStep| {
        let mut lines: Vec<String> = Vec::new();
        for line in proven_step.requests.iter().flat_map(|asks| condition_text::render_conditions(&asks.cubes)) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    };
    let to_step_json = |proven_step: &ProvenStep| PathStepJson {
        conditions: conditions(proven_step),
        from: graph.arn(proven_step.from.principal).to_owned(),
        to: graph.arn(proven_step.to.principal).to_owned(),
        how: proven_step.summarize(|state| graph.arn(state.principal).to_owned()),
        paths: proven_step.techniques.iter().map(|technique| technique.id.clone()).collect(),
        rests_on: proven_step.assumptions.iter().map(|assumption| (*assumption).to_owned()).collect(),
    };
    PrincipalRow {
        arn: graph.arn(from).to_owned(),
        account: account.to_owned(),
        path: steps.iter().map(to_step_json).collect(),
        actions: access.actions.iter().filter(|_| is_pattern).map(|id| catalog.full_name(*id)).collect(),
        resources: if access.assumable_roles.is_empty() {
            condition_text::render_resources(&access.cubes)
        } else {
            access.assumable_roles.clone()
        },
        conditions: condition_text::render_conditions(&access.cubes),
        more: access.more,
        granted_by: access
            .granted_by
            .iter()
            .filter_map(|(policy, index)| to_granting_statement(policy, *index))
            .collect(),
        witness: to_witness(&access.request),
    }
}

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
        place: policy.document.statement_place(statement).to_string(),
    })
}

fn to_witness(request: &Request) -> WhoCanWitnessJson {
    let context = request.context.0.iter().map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec()));
    WhoCanWitnessJson { action: request.action.clone(), resource: request.resource.clone(), context: context.collect() }
}

fn unread_inputs(snapshot: &Snapshot) -> Vec<String> {
    let first_diagnostic =
        |problem: &iamdrift::snapshot::SnapshotProblem| problem.diagnostics.0.first().map(ToString::to_string);
    let problem_lines =
        snapshot.problems.iter().map(|p| format!("{}: {}", p.subject, first_diagnostic(p).unwrap_or_default()));
    snapshot.collection_gaps.iter().map(|gap| format!("{gap}: {}", gap.reason())).chain(problem_lines).collect()
}

/// Those outside the snapshot whom the policies of resources let do it: they were not asked.
fn warn_of_external_principals(catalog: &Catalog, snapshot: &Snapshot, request: &WhoCanRequest<'_>) -> Vec<String> {
    let action = request.action.to_ascii_lowercase();
    let requested_actions: Vec<String> = (0..catalog.action_count())
        .filter_map(|id| Some(catalog.full_name(ActionId(u32::try_from(id).ok()?)).to_ascii_lowercase()))
        .filter(|name| Glob::new(&action).matches(name))
        .collect();
    let may_grant_action = |statement: &Statement| {
        let lists_action = |name: &String| {
            let matches = |pattern: &ActionPattern| Glob::new(&pattern.as_written().to_ascii_lowercase()).matches(name);
            statement.action.patterns.iter().any(matches) == (statement.action.kind == ElementKind::List)
        };
        statement.effect == Effect::Allow && requested_actions.iter().any(lists_action)
    };
    let may_match_resource = |arn: &str| {
        request
            .resource
            .is_none_or(|on| on.starts_with(arn) || Glob::new(on).matches(arn) || arn.starts_with(literal_prefix(on)))
    };
    let roles = snapshot
        .principals()
        .filter_map(|(_, role)| Some((role.arn.as_str(), "trust policy", &role.trust_policy.as_ref()?.document)));
    let resources = snapshot
        .resource_policies
        .iter()
        .filter_map(|resource| Some((resource.arn.as_str(), "policy", resource.policy.document.as_ref().ok()?)));
    let mut lines = Vec::new();
    for (arn, policy_label, document) in roles.chain(resources).filter(|(arn, ..)| may_match_resource(arn)) {
        let elements = document
            .statements
            .iter()
            .filter(|statement| may_grant_action(statement))
            .filter_map(|one| one.principal.as_ref());
        let external_names: BTreeSet<String> = elements
            .flat_map(|element| &element.entries)
            .filter_map(|entry| external_principal_name(snapshot, entry))
            .collect();
        if !external_names.is_empty() {
            let names: Vec<String> = external_names.into_iter().collect();
            lines.push(format!(
                "the {policy_label} of {arn} names {}: whoever that is outside the snapshot was not asked",
                names.join(", ")
            ));
        }
    }
    lines
}

/// What stands before the first wildcard.
fn literal_prefix(glob: &str) -> &str {
    glob.split(['*', '?']).next().filter(|_| glob.contains(['*', '?'])).unwrap_or("no ARN begins so")
}

/// The name of someone who is not in the snapshot.
fn external_principal_name(snapshot: &Snapshot, entry: &PrincipalEntry) -> Option<String> {
    let account = match entry {
        PrincipalEntry::Anyone => return Some("anyone".to_owned()),
        PrincipalEntry::Aws(AwsPrincipal::Account(account)) => account.as_str().to_owned(),
        PrincipalEntry::Aws(AwsPrincipal::Root(arn) | AwsPrincipal::Arn(arn)) => arn.account().to_owned(),
        PrincipalEntry::Federated(provider) => return Some(provider.to_string()),
        PrincipalEntry::CanonicalUser(id) => return Some(format!("canonical user {id}")),
        PrincipalEntry::Service(_) | PrincipalEntry::Aws(AwsPrincipal::UniqueId(_)) => return None,
    };
    let known = snapshot.accounts.iter().any(|known| known.id.as_str() == account);
    (!known).then(|| format!("account {account}"))
}

fn collect_notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes = Vec::new();
    if snapshot.organization.is_none() {
        notes.push("the snapshot holds no organization: no SCP and no RCP was looked at".to_owned());
    }
    if snapshot.resource_policies.is_empty() {
        notes.push("the snapshot holds no policies of resources: what they allow or deny was not looked at".to_owned());
    }
    notes
}
