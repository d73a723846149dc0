//! What a principal can become that is broader than both its ceiling and itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use super::analyzer::{Analyzer, ExcessByStatement, group_by_statement};
use crate::access::{Layers, PolicyRef, Request, find_missing_documents};
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::baseline::{Assignment, Assignments, Baseline, DeclaredAssumers};
use crate::iam::Interpretation;
use crate::reach::{EquivalenceClass, GoalResult, Graph, NodeState, PathSoFar, ProvenStep};
use crate::snapshot::{LayerKind, MissingDocument, Snapshot};
use crate::solve::{Access, ActionWorld, AnswerDetail, Question, UndecidedReason, WitnessPolicy, WitnessReplay};
use crate::trust::is_declared_assumer;

/// Steps that the question about one being may take.
const STATE_BUDGET: u64 = 4_000_000;
const PATH_DETAIL: AnswerDetail =
    AnswerDetail::Difference { max_cubes: 2, witnesses: WitnessPolicy::PerStatementRequired };

/// The graph of becoming, and what of it is agreed.
pub(crate) struct EscalationAnalysis<'a> {
    pub(crate) graph: Graph<'a>,
    snapshot: &'a Snapshot,
    /// Who is declared to assume each principal.
    declared_assumers: Vec<Option<&'a DeclaredAssumers>>,
    /// Positions in the snapshot, by ARN.
    positions: BTreeMap<&'a str, usize>,
    /// Who may do no more than a ceiling allows, by the ceiling's address: asked once for all whom it binds.
    containment_cache: Mutex<FxHashMap<(EquivalenceClass, usize), bool>>,
    /// What someone may do beyond a ceiling, in the same way.
    excess_cache: Mutex<FxHashMap<(EquivalenceClass, usize), Arc<ExcessByStatement>>>,
}

/// What a principal can become.
#[derive(Default)]
pub(crate) struct EscalationResult {
    /// The shortest path to what is broader.
    pub(crate) path: Option<BroaderPath>,
    /// What could not be decided where no path was found.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// A path, and what stands at its end.
pub(crate) struct BroaderPath {
    pub(crate) steps: Vec<ProvenStep>,
    /// What the last may do beyond the ceiling; the example is of what the principal may not do itself.
    pub(crate) excess: ExcessByStatement,
    /// The policies that the tags speak of.
    pub(crate) policies: Vec<PolicyRef>,
}

impl<'a> EscalationAnalysis<'a> {
    pub(crate) fn new(
        graph: Graph<'a>,
        snapshot: &'a Snapshot,
        baseline: &'a Baseline,
        assignments: &Assignments,
    ) -> EscalationAnalysis<'a> {
        let assumers_of = |assignment: &Assignment| match assignment {
            Assignment::Declared(entry) => baseline.entries.get(*entry).and_then(|entry| entry.assumable_by.as_ref()),
            _ => None,
        };
        let positions = snapshot.principals().enumerate().map(|(i, (_, p))| (p.arn.as_str(), i)).collect();
        EscalationAnalysis {
            graph,
            snapshot,
            declared_assumers: assignments.by_principal.iter().map(assumers_of).collect(),
            positions,
            containment_cache: Mutex::default(),
            excess_cache: Mutex::default(),
        }
    }

    /// Looks for the shortest path to what is broader.
    pub(crate) fn find_broader_path(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
    ) -> EscalationResult {
        let Some(start) = self.positions.get(subject.principal.arn.as_str()) else {
            return EscalationResult::default();
        };
        let (own_access, _) = analyzer.compute_effective_access(&subject.layers);
        let mut branches = subject.ceiling.access.branches.clone();
        branches.extend(own_access.branches);
        let allowed = Access { branches };
        let graph = &self.graph;
        let lower_bound = graph.lower_bound(&allowed);
        if graph.is_all_actions(&lower_bound) {
            return EscalationResult::default();
        }
        let mut contained_classes: FxHashSet<EquivalenceClass> = FxHashSet::default();
        let mut goal = |path: &PathSoFar<'_>| {
            let last = path.last();
            if graph.is_limited_to(last, &lower_bound) {
                return GoalResult::NotMet;
            }
            let equivalence_class = graph.equivalence_class(last, &allowed);
            if contained_classes.contains(&equivalence_class) {
                return GoalResult::NotMet;
            }
            if graph.is_contained_in(last, &allowed) || self.is_contained(last, subject) {
                contained_classes.insert(equivalence_class);
                return GoalResult::NotMet;
            }
            let (layers, access, policies) = graph.build_layers(last);
            let end = (last, &layers, &access);
            let (gained, undecided) = self.find_gained_access(analyzer, subject, end, &allowed);
            if gained.is_empty() {
                if undecided.is_empty() {
                    contained_classes.insert(equivalence_class);
                    return GoalResult::NotMet;
                }
                return GoalResult::Undecided(undecided);
            }
            let states = path.states();
            let missing: BTreeSet<UndecidedReason> =
                self.find_missing_documents(&states).map(|m| UndecidedReason::UnreadInput(m.to_string())).collect();
            if !missing.is_empty() {
                return GoalResult::Undecided(missing);
            }
            match graph.prove_steps(&states) {
                Err(undecided) => GoalResult::Undecided(undecided),
                Ok(steps) if steps.iter().all(|step| self.is_declared_assumption(step)) => GoalResult::NotMet,
                Ok(steps) => GoalResult::Met(BroaderPath {
                    steps: steps,
                    excess: self.find_path_excess(analyzer, subject, end, gained),
                    policies,
                }),
            }
        };
        let search = self.graph.find_shortest_path(*start, &mut goal);
        match search.found {
            Some(found_path) => EscalationResult { path: Some(found_path.witness), undecided: BTreeSet::new() },
            None => EscalationResult { path: None, undecided: search.undecided },
        }
    }

    /// Whether someone may do no more than the ceiling of a principal allows; not, where that is undecided.
    fn is_contained(&self, state: &NodeState, subject: &AuditedPrincipal<'_>) -> bool {
        let ceiling = &subject.ceiling.access;
        let key = (self.graph.equivalence_class(state, ceiling), Arc::as_ptr(&subject.ceiling) as usize);
        let lock = || self.containment_cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = lock().get(&key) {
            return *cached;
        }
        let contained = self.graph.has_excess(state, ceiling) == Ok(false);
        lock().insert(key, contained);
        contained
    }

    /// Whether whoever takes a step is declared to: it assumes a role that lists it in `assumable_by`.
    pub(crate) fn is_declared_assumption(&self, step: &ProvenStep) -> bool {
        let from = self.graph.arn(step.from.principal);
        let assumers = self.declared_assumers.get(step.to.principal).copied().flatten();
        step.is_role_assumption() && assumers.is_some_and(|assumers| is_declared_assumer(&assumers.assumers, from))
    }

    /// The documents that could close the way and are not known.
    fn find_missing_documents(&self, states: &[NodeState]) -> impl Iterator<Item = MissingDocument> {
        let may_block = |missing: &MissingDocument| {
            !matches!(missing.layer, LayerKind::Identity | LayerKind::Trust | LayerKind::Resource)
        };
        let principals = self.snapshot.principals().enumerate();
        let on_path = principals.filter(|(index, _)| states.iter().any(|state| state.principal == *index));
        let missing_documents =
            on_path.flat_map(|(_, (account, principal))| find_missing_documents(self.snapshot, account, principal));
        missing_documents.filter(may_block).collect::<Vec<_>>().into_iter()
    }

    /// All that the end of a path may do beyond the ceiling, worked out once for all whom the ceiling binds, with what
    /// the principal gains as the example.
    fn find_path_excess(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: PathEnd<'_>,
        gained: ExcessByStatement,
    ) -> ExcessByStatement {
        let ceiling = &subject.ceiling;
        let key = (self.graph.equivalence_class(end.0, &ceiling.access), Arc::as_ptr(ceiling) as usize);
        let lock = || self.excess_cache.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = lock().get(&key).map(Arc::clone);
        let excess = cached.unwrap_or_else(|| {
            let replay = |request: &Request, readings: Interpretation| {
                let declared = analyzer.is_allowed(&ceiling.layers, request, readings);
                analyzer.check_witness(analyzer.is_allowed(end.1, request, readings), declared, request)
            };
            let excess = Arc::new(self.query_beyond(analyzer, end, &ceiling.access, PATH_DETAIL, &replay).0);
            lock().insert(key, Arc::clone(&excess));
            excess
        });
        let mut excess = (*excess).clone();
        for (statement_id, statement_excess) in gained {
            excess
                .entry(statement_id)
                .and_modify(|existing| existing.witness.clone_from(&statement_excess.witness))
                .or_insert(statement_excess);
        }
        excess
    }

    /// What someone may do that is not allowed already.
    fn find_gained_access(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        end: PathEnd<'_>,
        allowed: &Access,
    ) -> (ExcessByStatement, BTreeSet<UndecidedReason>) {
        let allows = |layers: &Layers, request: &Request, readings: Interpretation| {
            analyzer.is_allowed(layers, request, readings)
        };
        let replay = |request: &Request, readings: Interpretation| {
            let already =
                allows(&subject.ceiling.layers, request, readings) || allows(&subject.layers, request, readings);
            analyzer.check_witness(allows(end.1, request, readings), already, request)
        };
        self.query_beyond(analyzer, end, allowed, AnswerDetail::Verdict, &replay)
    }

    /// What someone may do that an access does not allow. Both sides are asked as that one: what its tags, name and
    /// number let it do is what the policies of both sides let it do.
    fn query_beyond(
        &self,
        analyzer: &Analyzer<'_>,
        (state, _, access): PathEnd<'_>,
        allowed: &Access,
        depth: AnswerDetail,
        replay: &WitnessReplay<'_>,
    ) -> (ExcessByStatement, BTreeSet<UndecidedReason>) {
        let (known, partition, account) = self.graph.known_context(state);
        let answer = analyzer.solver.answer(&Question {
            effective: access,
            declared: allowed,
            known,
            partition: Some(partition),
            world: ActionWorld::Existing,
            single_request: None,
            budget: STATE_BUDGET,
            detail: depth,
            witness_account: Some(account),
            replay: Some(replay),
        });
        (group_by_statement(&analyzer.ranking, answer.grants), answer.undecided.into_iter().collect())
    }
}

/// Who stands at the end of a path, with its layers and the access that they make.
type PathEnd<'e> = (&'e NodeState, &'e Layers, &'e Access);
