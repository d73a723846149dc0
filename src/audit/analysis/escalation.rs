//! The shortest escalation path to access beyond both the ceiling and the own access of a principal.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::analyzer::{Analyzer, BRIEF_DETAIL, Query, QueryAnswer, Requester};
use super::declared_steps::DeclaredSteps;
use super::own_access::{AllowedAccess, OwnAccess};
use super::replay_decisions::ReplayDecisions;
use crate::access::{Layers, PolicyRef, Request, find_missing_documents};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::model::finding_key::{KeyPart, build_principal_key};
use crate::audit::model::rule_id::RuleId;
use crate::audit::subject::accepted_extents::{AcceptedExtents, AcceptedRequests};
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::base::cache::Cache;
use crate::baseline::{Assignments, Baseline};
use crate::iam::Interpretation;
use crate::reach::{EquivalenceClass, GoalResult, Graph, NodeState, PathSoFar, ProvenStep};
use crate::snapshot::{LayerKind, MissingDocument, Snapshot};
use crate::solve::{Access, AnswerDetail, NameVariables, RenamedDocuments, UndecidedReason, WitnessReplay};

/// The largest number of paths for which extents are written.
const MAX_PATHS: usize = 200;

/// The attack graph, and which of its steps are declared.
pub(crate) struct EscalationAnalysis<'a> {
    pub(crate) graph: Graph<'a>,
    snapshot: &'a Snapshot,
    declared_steps: DeclaredSteps<'a>,
    /// The position of each principal in the snapshot, by ARN.
    positions: BTreeMap<&'a str, usize>,
    /// Whether a state has no access beyond a ceiling. Principals with the same ceiling share the answers.
    containment_cache: Cache<StateAndCeiling, bool>,
    /// The access of a state beyond a ceiling. Principals with the same ceiling share the answers.
    excess_cache: Cache<StateAndCeiling, Arc<ExcessByStatement>>,
    /// The policies of the starts, with the keys that have other values at the end of a path.
    renamed_documents: RenamedDocuments,
}

/// The equivalence class of a state, and the address of a ceiling.
///
/// INVARIANT: the audited principals hold the ceilings in `Arc`s that outlive the caches.
type StateAndCeiling = (EquivalenceClass, usize);

/// What a principal can escalate to.
#[derive(Default)]
pub(crate) struct EscalationResult {
    /// The shortest path to broader access, or one to each end. Empty if no path leads there, or if that is undecided.
    pub(crate) paths: Vec<BroaderPath>,
    /// Paths whose end has only access that an exception accepts.
    pub(crate) accepted: Vec<BroaderPath>,
    /// Why it is undecided whether there is a path. Empty if one was found.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// A path to broader access.
pub(crate) struct BroaderPath {
    /// The key of its finding.
    pub(crate) key: String,
    /// Its last state.
    pub(crate) end: NodeState,
    pub(crate) steps: Vec<ProvenStep>,
    /// The access of the last state beyond the ceiling. Its witnesses show access that the principal does not have itself.
    pub(crate) excess: ExcessByStatement,
    /// The policies that the statement ids refer to.
    pub(crate) policies: Vec<PolicyRef>,
}

/// The last state of a path, with its layers and its access.
struct PathEnd<'e> {
    state: &'e NodeState,
    layers: &'e Layers,
    access: &'e Access,
}

impl<'a> EscalationAnalysis<'a> {
    pub(crate) fn new(
        graph: Graph<'a>,
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
        assignments: &Assignments,
    ) -> EscalationAnalysis<'a> {
        let positions = snapshot.principals().enumerate().map(|(i, (_, p))| (p.arn.as_str(), i)).collect();
        EscalationAnalysis {
            graph,
            snapshot,
            declared_steps: DeclaredSteps::new(baseline, assignments),
            positions,
            containment_cache: Cache::default(),
            excess_cache: Cache::default(),
            renamed_documents: RenamedDocuments::new(NameVariables::OfFirst),
        }
    }

    /// Finds the shortest path to broader access that no exception accepts.
    pub(crate) fn find_broader_path(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        accepted_extents: &AcceptedExtents<'_>,
    ) -> EscalationResult {
        let find_accepted = |key: &str| accepted_extents.find(key).map(|accepted| &accepted.requests);
        self.search_paths(analyzer, subject, &find_accepted)
    }

    /// Finds a path to each end with broader access that no exception accepts.
    pub(crate) fn find_all_broader_paths(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        accepted_extents: &AcceptedExtents<'_>,
    ) -> EscalationResult {
        let mut found: BTreeMap<String, AcceptedRequests> = BTreeMap::new();
        let mut paths = Vec::new();
        loop {
            let find_accepted =
                |key: &str| found.get(key).or_else(|| accepted_extents.find(key).map(|accepted| &accepted.requests));
            let mut result = self.search_paths(analyzer, subject, &find_accepted);
            let Some(path) = result.paths.pop().filter(|_| paths.len() < MAX_PATHS) else {
                result.accepted.retain(|path| !found.contains_key(&path.key));
                return EscalationResult { paths, ..result };
            };
            let (layers, access, _) = self.graph.build_layers(&path.end);
            let known = found.entry(path.key.clone()).or_insert_with(|| AcceptedRequests::new([]));
            known.access.branches.extend(access.branches);
            known.layers.push(layers);
            paths.push(path);
        }
    }

    /// The key of the finding about a path.
    fn build_key(&self, subject: &AuditedPrincipal<'_>, end: &NodeState) -> String {
        let end = self.graph.arn(end.principal);
        let part = match end == subject.principal.arn.as_str() {
            true => KeyPart::PathToItself,
            false => KeyPart::PathEnd(end),
        };
        build_principal_key(RuleId::Escalation, &subject.principal_ref, part)
    }

    // Length: the goal of the search shares its caches with the search.
    fn search_paths<'f>(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        find_accepted: &dyn Fn(&str) -> Option<&'f AcceptedRequests>,
    ) -> EscalationResult {
        // INVARIANT: audited principals come from the snapshot of the graph.
        let start = self.positions.get(subject.principal.arn.as_str()).expect("a principal of the snapshot");
        let (own_access, _) = analyzer.compute_effective_access(&subject.layers);
        let own = OwnAccess::new(&subject.known_context, &subject.ceiling.access, own_access, &self.renamed_documents);
        let lower_bound = self.graph.lower_bound(own.access());
        if self.graph.is_all_actions(&lower_bound) {
            return EscalationResult::default();
        }
        let mut contained_classes: FxHashSet<EquivalenceClass> = FxHashSet::default();
        let mut accepted_paths: Vec<BroaderPath> = Vec::new();
        let mut goal = |path: &PathSoFar<'_>| {
            let state = path.last();
            if self.graph.is_limited_to(state, &lower_bound) {
                return GoalResult::NotMet;
            }
            let (known_context, ..) = self.graph.known_context(state);
            let allowed = own.at_end(&known_context);
            let equivalence_class = self.graph.equivalence_class(state, &allowed.access);
            if contained_classes.contains(&equivalence_class) {
                return GoalResult::NotMet;
            }
            if self.graph.is_contained_in(state, &allowed.access) || self.is_contained(state, subject) {
                contained_classes.insert(equivalence_class);
                return GoalResult::NotMet;
            }
            let (layers, access, policies) = self.graph.build_layers(state);
            let end = PathEnd { state, layers: &layers, access: &access };
            let gained = self.find_gained_access(analyzer, subject, &end, (&allowed, None));
            if gained.is_contained() {
                contained_classes.insert(equivalence_class);
                return GoalResult::NotMet;
            }
            if gained.excess.is_empty() {
                return GoalResult::Undecided(gained.undecided);
            }
            let key = self.build_key(subject, state);
            let unaccepted = find_accepted(&key)
                .map(|accepted| self.find_gained_access(analyzer, subject, &end, (&allowed, Some(accepted))));
            if let Some(unaccepted) = &unaccepted
                && unaccepted.excess.is_empty()
                && !unaccepted.undecided.is_empty()
            {
                return GoalResult::Undecided(unaccepted.undecided.clone());
            }
            let is_accepted = unaccepted.as_ref().is_some_and(QueryAnswer::is_contained);
            if is_accepted && accepted_paths.iter().any(|path| path.key == key) {
                return GoalResult::NotMet;
            }
            match self.prove_undeclared_path(path) {
                Err(undecided) => GoalResult::Undecided(undecided),
                Ok(None) => GoalResult::NotMet,
                Ok(Some(steps)) => {
                    let excess = match unaccepted {
                        Some(unaccepted) if !is_accepted => unaccepted.excess,
                        _ => self.find_path_excess(analyzer, subject, &end, gained.excess),
                    };
                    let found = BroaderPath { key, end: state.clone(), steps, excess, policies };
                    if is_accepted {
                        accepted_paths.push(found);
                        return GoalResult::NotMet;
                    }
                    GoalResult::Met(found)
                }
            }
        };
        let search = self.graph.find_shortest_path(*start, &mut goal);
        let (paths, undecided) = match search.found {
            Some(found_path) => (vec![found_path.witness], BTreeSet::new()),
            None => (Vec::new(), search.undecided),
        };
        EscalationResult { paths, accepted: accepted_paths, undecided }
    }

    /// Proves the steps of a path. `None` if every step is declared.
    ///
    /// # Errors
    /// Why the path is undecided.
    fn prove_undeclared_path(
        &self,
        path: &PathSoFar<'_>,
    ) -> Result<Option<Vec<ProvenStep>>, BTreeSet<UndecidedReason>> {
        let missing: BTreeSet<UndecidedReason> =
            self.find_missing_documents(&path.states()).map(|missing| UndecidedReason::from(&missing)).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut steps = self.graph.prove_steps(&path.steps())?;
        let mut undecided = BTreeSet::new();
        for step in &mut steps {
            if let Err(reasons) = self.declared_steps.choose_undeclared_request(&self.graph, step) {
                undecided.extend(reasons);
            }
        }
        match steps.iter().all(|step| self.is_declared_assumption(step)) {
            true if !undecided.is_empty() => Err(undecided),
            true => Ok(None),
            false => Ok(Some(steps)),
        }
    }

    /// Whether it is proven that a state has no access beyond the ceiling of a principal. False if that is undecided:
    /// then the query for the gained access decides.
    fn is_contained(&self, state: &NodeState, subject: &AuditedPrincipal<'_>) -> bool {
        let ceiling = &subject.ceiling;
        let key = (self.graph.equivalence_class(state, &ceiling.access), Arc::as_ptr(ceiling) as usize);
        self.containment_cache.get_or_compute(key, || self.graph.has_excess(state, &ceiling.access) == Ok(false))
    }

    /// Whether a step is declared: it assumes a role whose `assumable_by` covers the request.
    pub(crate) fn is_declared_assumption(&self, step: &ProvenStep) -> bool {
        self.declared_steps.is_declared(&self.graph, step)
    }

    /// The missing documents that could deny a step of a path.
    fn find_missing_documents(&self, states: &[NodeState]) -> impl Iterator<Item = MissingDocument> {
        let can_deny = |missing: &MissingDocument| {
            !matches!(missing.layer, LayerKind::Identity | LayerKind::Trust | LayerKind::Resource)
        };
        let principals = self.snapshot.principals().enumerate();
        let on_path = principals.filter(|(index, _)| states.iter().any(|state| state.principal == *index));
        let missing_documents =
            on_path.flat_map(|(_, (account, principal))| find_missing_documents(self.snapshot, account, principal));
        missing_documents.filter(can_deny).collect::<Vec<_>>().into_iter()
    }

    /// The access of a state beyond the ceiling, with witnesses from the access that the principal gains.
    ///
    /// The gained access proves the finding. An undecided part of the remaining excess does not change it and is left out.
    fn find_path_excess(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: &PathEnd<'_>,
        gained: ExcessByStatement,
    ) -> ExcessByStatement {
        let ceiling = &subject.ceiling;
        let key = (self.graph.equivalence_class(end.state, &ceiling.access), Arc::as_ptr(ceiling) as usize);
        let shared_excess = self.excess_cache.get_or_compute(key, || {
            let replay = |request: &Request, interpretation: Interpretation| {
                let allowed = analyzer.is_allowed(end.layers, request, interpretation);
                let expected = ceiling.allows(|layers| analyzer.is_allowed(layers, request, interpretation));
                ReplayDecisions { allowed, expected }.check_excess(request)
            };
            Arc::new(self.find_excess_over(analyzer, end, &ceiling.access, BRIEF_DETAIL, &replay).excess)
        });
        let mut excess = (*shared_excess).clone();
        for (statement_id, statement_excess) in gained {
            excess
                .entry(statement_id)
                .and_modify(|existing| existing.witness.clone_from(&statement_excess.witness))
                .or_insert(statement_excess);
        }
        excess
    }

    /// The access of a state that neither the ceiling nor the own access of a principal nor an exception allows.
    fn find_gained_access(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: &PathEnd<'_>,
        (allowed, accepted): (&AllowedAccess<'_>, Option<&AcceptedRequests>),
    ) -> QueryAnswer {
        let accepted_layers = accepted.map_or(&[][..], |accepted| accepted.layers.as_slice());
        let replay = |request: &Request, interpretation: Interpretation| {
            let (end_request, own_request) = allowed.split_request(request);
            let is_allowed = |layers: &Layers| analyzer.is_allowed(layers, &end_request, interpretation);
            ReplayDecisions {
                allowed: is_allowed(end.layers),
                expected: subject.ceiling.allows(is_allowed)
                    || analyzer.is_allowed(&subject.layers, &own_request, interpretation)
                    || accepted_layers.iter().any(is_allowed),
            }
            .check_excess(&end_request)
        };
        let expected = accepted.map_or(Cow::Borrowed(&*allowed.access), |a| Cow::Owned(a.extend(&allowed.access)));
        let (known_context, partition, account) = self.graph.known_context(end.state);
        let requester = Requester { known_context: allowed.extend_context(&known_context), partition, account };
        let query = Query::new_difference(analyzer, requester, &replay).with_detail(AnswerDetail::Verdict);
        let mut answer = query.find_excess(end.access, &expected);
        allowed.strip_renamed_keys(&mut answer.excess);
        answer
    }

    /// The access of a state beyond another access. Both sides are evaluated with the context facts of the state.
    fn find_excess_over(
        &self,
        analyzer: &Analyzer<'_>,
        end: &PathEnd<'_>,
        allowed: &Access,
        detail: AnswerDetail,
        replay: &WitnessReplay<'_>,
    ) -> QueryAnswer {
        let (known_context, partition, account) = self.graph.known_context(end.state);
        let requester = Requester { known_context: &known_context, partition, account };
        Query::new_difference(analyzer, requester, replay).with_detail(detail).find_excess(end.access, allowed)
    }
}
