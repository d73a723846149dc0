//! Who can write a selector: create a principal, or set tags, so that an entry or an ignore matches.

use rayon::prelude::*;

use super::actions::ranking::ActionRanking;
use super::analysis::analyzer::{AnalysisOptions, Analyzer, BRIEF_DETAIL, Query, Requester};
use super::analysis::replay_decisions::ReplayDecisions;
use super::subject::resolved_ceiling::ResolvedCeiling;
use super::subject::synthetic::build_ceiling;
use crate::access::{LayerCollector, Layers, Request, build_known_context};
use crate::base::glob::matches_glob;
use crate::baseline::{Baseline, Selector};
use crate::catalog::Catalog;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ArnGlob, Effect, Interpretation, Statement};
use crate::snapshot::{Account, Principal, Snapshot};
use crate::solve::{Access, Solver};
use crate::source::Place;

/// The actions that give a principal its name and path.
const NAMING_ACTIONS: [&str; 3] = ["iam:CreateRole", "iam:CreateUser", "iam:UpdateUser"];
/// The actions that give a principal its tags.
const TAGGING_ACTIONS: [&str; 2] = ["iam:TagRole", "iam:TagUser"];
/// The paths under which only AWS creates and tags roles.
const RESERVED_PATHS: [&str; 2] = ["role/aws-service-role/", "role/aws-reserved/"];

/// A selector that principals of a snapshot can write.
#[derive(Clone, Debug)]
pub struct WritableSelector {
    /// The entry or the ignore.
    pub subject: SelectorSubject,
    /// What the selector rests on.
    pub basis: SelectorBasis,
    /// Who can write it, ordered by account and ARN.
    pub writers: Vec<SelectorWriter>,
}

/// What a selector belongs to.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum SelectorSubject {
    /// An index into [`Baseline::entries`].
    Entry(usize),
    /// An index into [`Baseline::ignores`].
    Ignore(usize),
}

/// What a selector rests on.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum SelectorBasis {
    /// Tags alone.
    Tags,
    /// Names in every account.
    NamesInEveryAccount,
    /// Names in certain accounts.
    Names,
    /// Names and tags.
    NamesAndTags,
}

/// A principal that can write a selector.
#[derive(Clone, Debug)]
pub struct SelectorWriter {
    /// The ARN of the principal.
    pub principal: String,
    /// An action that writes the selector.
    pub action: String,
    /// A resource on which the action is allowed.
    pub resource: String,
    /// The name of the policy that allows it.
    pub policy: String,
    /// The position of the granting statement, from 0.
    pub statement: usize,
    /// Where the statement is.
    pub place: Place,
}

/// The selectors of a baseline that principals of a snapshot can write. What is undecided counts as not allowed: the
/// answer is advice, and the audit reports the principals that it finds too broad.
pub fn find_writable_selectors(snapshot: &Snapshot, baseline: &Baseline, catalog: &Catalog) -> Vec<WritableSelector> {
    let ranking = ActionRanking::new(catalog);
    let solver = Solver::with_ranks(catalog, ranking.to_numeric_ranks());
    let options = AnalysisOptions { future_excess: false, not_granted: false, day: None };
    let analyzer = Analyzer::new(&solver, snapshot, ranking, options);
    let collector = LayerCollector::new(snapshot);
    let candidates: Vec<Candidate<'_>> = snapshot
        .principals()
        .filter(|(_, principal)| !principal.entity_kind.is_service_linked() && may_write(principal))
        .map(|(account, principal)| Candidate { account, principal, layers: collector.collect(account, principal) })
        .collect();
    let entries = baseline.entries.iter().enumerate();
    let entries = entries.map(|(index, entry)| (SelectorSubject::Entry(index), &entry.selector));
    let ignores = baseline.ignores.iter().enumerate();
    let ignores = ignores.map(|(index, ignore)| (SelectorSubject::Ignore(index), &ignore.selector));
    let selectors: Vec<(SelectorSubject, &Selector)> = entries.chain(ignores).collect();
    let find_writers = |(subject, selector): &(SelectorSubject, &Selector)| {
        let find_writer = |candidate: &Candidate<'_>| candidate.find_statement(&analyzer, snapshot, selector);
        let writers: Vec<SelectorWriter> = candidates.iter().filter_map(find_writer).collect();
        let selector = WritableSelector { subject: *subject, basis: find_basis(selector), writers };
        (!selector.writers.is_empty()).then_some(selector)
    };
    selectors.par_iter().filter_map(find_writers).collect()
}

/// Whether a statement of a principal's own policies lists one of the actions.
fn may_write(principal: &Principal) -> bool {
    let statements = principal.identity_policies.iter().flat_map(|policy| &policy.document.statements);
    statements.filter(|statement| statement.effect == Effect::Allow).any(|statement| {
        NAMING_ACTIONS.iter().chain(&TAGGING_ACTIONS).any(|action| statement.action.lists_action(action))
    })
}

fn find_basis(selector: &Selector) -> SelectorBasis {
    let is_in_every_account = |glob: &ArnGlob| glob.field(4).is_none_or(|account| account.contains(['*', '?']));
    match (selector.arns.as_slice(), selector.tags.is_empty()) {
        ([], _) => SelectorBasis::Tags,
        (_, false) => SelectorBasis::NamesAndTags,
        (globs, true) if globs.iter().any(is_in_every_account) => SelectorBasis::NamesInEveryAccount,
        _ => SelectorBasis::Names,
    }
}

/// A principal that may write selectors, with its layers.
struct Candidate<'a> {
    account: &'a Account,
    principal: &'a Principal,
    layers: Layers,
}

impl Candidate<'_> {
    /// The first statement that allows the principal to write a selector. `None` if it cannot.
    fn find_statement(
        &self,
        analyzer: &Analyzer<'_>,
        snapshot: &Snapshot,
        selector: &Selector,
    ) -> Option<SelectorWriter> {
        let scope = build_scope(selector, self.account)?;
        let (effective, policies) = analyzer.compute_effective_access(&self.layers);
        let in_scope = analyzer.solver.restrict_to_actions_of(&effective, &scope.access).intersect(&scope.access);
        let known_context = build_known_context(snapshot, self.principal);
        let replay = |request: &Request, interpretation: Interpretation| {
            let is_allowed = |layers| analyzer.is_allowed(layers, request, interpretation);
            let allowed = is_allowed(&self.layers) && is_allowed(&scope.layers);
            ReplayDecisions { allowed, expected: false }.check_excess(request)
        };
        let (partition, account) = (self.account.partition, self.account.id.as_str());
        let requester = Requester { known_context: &known_context, partition, account };
        let query = Query::new_difference(analyzer, requester, &replay).with_detail(BRIEF_DETAIL);
        let excess = query.find_excess(&in_scope, &Access::default()).excess;
        excess.into_iter().find_map(|((policy, statement), found)| {
            let (policy, request) = (policies.get(policy.position()?)?, found.witness?);
            let granting = policy.document.statements.get(statement)?;
            Some(SelectorWriter {
                principal: self.principal.arn.as_str().to_owned(),
                action: request.action,
                resource: request.resource,
                policy: policy.name.clone(),
                statement,
                place: policy.document.statement_place(granting),
            })
        })
    }
}

/// The requests in an account that make a principal match a selector. `None` if no principal of the account can match.
fn build_scope(selector: &Selector, account: &Account) -> Option<ResolvedCeiling> {
    let own = |resource: &str| format!("arn:{}:iam::{}:{resource}", account.partition.as_str(), account.id);
    let to_resources = |glob: &ArnGlob| -> Vec<String> {
        let fields: Vec<&str> = (0..6).filter_map(|index| glob.field(index)).collect();
        let [_, partition, service, region, account_field, resource] = fields.as_slice() else {
            return vec![own("role/*"), own("user/*")];
        };
        let is_possible = matches_glob(partition, account.partition.as_str())
            && matches_glob(service, "iam")
            && matches_glob(region, "")
            && matches_glob(account_field, account.id.as_str())
            && !RESERVED_PATHS.iter().any(|path| resource.starts_with(path));
        if is_possible { vec![own(resource)] } else { Vec::new() }
    };
    let resources: Vec<String> = match selector.arns.as_slice() {
        [] => vec![own("role/*"), own("user/*")],
        globs => globs.iter().flat_map(to_resources).collect(),
    };
    let actions: &[&str] = if selector.tags.is_empty() { &NAMING_ACTIONS } else { &TAGGING_ACTIONS };
    let statement = Statement::allow(ActionElement::listing(actions), ResourceElement::listing(&resources));
    (!resources.is_empty()).then(|| build_ceiling("selector", vec![statement]))
}
