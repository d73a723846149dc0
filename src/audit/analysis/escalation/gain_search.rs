//! The search from one principal: every state with access beyond its ceiling and its own access.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::analysis::EscalationAnalysis;
use super::broader_path::{BroaderPath, EscalationResult};
use super::gained_access::{PathEnd, is_denied_to, use_witnesses_of};
use super::guarded_access::PathGuard;
use super::shared_excess::SharedExcess;
use super::undeclared_path::PathProver;
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::analysis::own_access::{AllowedAccess, CeilingValues, OwnAccess};
use crate::audit::options::ExtentMode;
use crate::audit::subject::accepted_extents::AcceptedExtents;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::reach::{EquivalenceClass, NodeState, PathSoFar, PathStep, VisitOutcome};
use crate::solve::{Access, UndecidedReason};

/// Once a principal can obtain everything that policies of its account can allow, the search ends after this many further
/// states: each costs questions and a proof, and N principals that can each become administrator have N² paths.
const MAX_FURTHER_STATES: usize = 20;
/// The same for all principals of a snapshot together. Each principal has an equal part, and at least
/// [`MIN_FURTHER_STATES`].
const MAX_FURTHER_STATES_IN_ALL: usize = 4_000;
const MIN_FURTHER_STATES: usize = 2;

/// A search from one principal.
pub(super) struct GainSearch<'s, 'a> {
    pub(super) analysis: &'s EscalationAnalysis<'a>,
    prover: PathProver<'s, 'a>,
    analyzer: &'s Analyzer<'s>,
    subject: &'s AuditedPrincipal<'s>,
    /// The position of the principal.
    start: usize,
    accepted_extents: &'s AcceptedExtents<'s>,
    own: OwnAccess<'s>,
    /// The actions that its ceiling or its own policies allow in any case.
    lower_bound: FixedBitSet,
    /// The states without access beyond that of the principal.
    contained_classes: FxHashSet<EquivalenceClass>,
    /// The access of other states beyond the ceiling.
    excess_by_class: FxHashMap<EquivalenceClass, Arc<ExcessByStatement>>,
    guards: Vec<PathGuard<'s>>,
    /// The actions that its own policies allow in any case.
    own_lower_bound: FixedBitSet,
    /// The states without guarded access, by the position of the guard and by whether they can satisfy it.
    guarded_classes: FxHashSet<(usize, bool, EquivalenceClass)>,
    pub(super) gained: Vec<GainedState>,
    /// The principals with all access of their account that the start may become with declared steps, or with what an exception
    /// accepts, and the steps.
    pub(super) declared_administrators: Vec<(usize, Vec<PathStep>)>,
    all_access: AllAccess,
    pub(super) undecided: BTreeSet<UndecidedReason>,
}

/// Whether a search has obtained everything that policies of an account can allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum AllAccess {
    /// Each gain is a finding of its own, so that it does not matter: exceptions are about single gains.
    Ignored,
    NotObtained,
    /// It has, as this principal, and visited this many states since.
    Obtained {
        principal: usize,
        further_states: usize,
    },
    /// It has, and ended before it visited all states.
    ObtainedAndCut,
}

/// A state with broader access, and an unproven path to it.
pub(super) struct GainedState {
    pub(super) state: NodeState,
    pub(super) steps: Vec<PathStep>,
    pub(super) gain: StateGain,
}

/// What a state has and the principal does not.
pub(super) struct StateGain {
    pub(super) key: String,
    /// What no exception accepts. All access beyond the ceiling if there is no exception, or if it accepts all.
    pub(super) excess: Arc<ExcessByStatement>,
    pub(super) is_accepted: bool,
    /// The name of the guard that the access is without. None if it is beyond the ceiling.
    guard: Option<String>,
}

impl EscalationAnalysis<'_> {
    /// Finds a path to each state with access beyond the ceiling and the own access of a principal. If no extents are
    /// offered, paths with the same first step are folded if one leads to all access of the others.
    pub(crate) fn find_broader_paths(
        &self,
        analyzer: &Analyzer<'_>,
        subject: &AuditedPrincipal<'_>,
        accepted_extents: &AcceptedExtents<'_>,
        extents: ExtentMode,
    ) -> EscalationResult {
        let (own_access, _) = analyzer.compute_effective_access(&subject.layers);
        let own_lower_bound = self.graph.lower_bound(&own_access);
        let documents = (self.graph.renamed_documents(), self.graph.own_name_documents());
        let guards = PathGuard::of_subject(subject, &own_access, documents);
        let ceiling = (&subject.ceiling.access, CeilingValues::OfPrincipal);
        let own = OwnAccess::new(&subject.known_context, ceiling, own_access, documents);
        let lower_bound = self.graph.lower_bound(own.access());
        // A guard limits what the ceiling allows.
        if self.graph.is_all_actions(if guards.is_empty() { &lower_bound } else { &own_lower_bound }) {
            return EscalationResult::default();
        }
        let start = self.find_position(subject);
        let is_each_reported = extents == ExtentMode::Offered || accepted_extents.has_path_of(&subject.principal_ref);
        let mut search = GainSearch {
            analysis: self,
            prover: PathProver::new(self, start),
            analyzer,
            subject,
            start,
            accepted_extents,
            own,
            lower_bound,
            // A principal with the same statements is allowed nothing more.
            contained_classes: FxHashSet::from_iter([self
                .graph
                .equivalence_class(&NodeState::unchanged(start), &Access::default())]),
            excess_by_class: FxHashMap::default(),
            guards,
            own_lower_bound,
            guarded_classes: FxHashSet::default(),
            gained: Vec::new(),
            declared_administrators: Vec::new(),
            all_access: if is_each_reported { AllAccess::Ignored } else { AllAccess::NotObtained },
            undecided: BTreeSet::new(),
        };
        let undecided_steps = self.graph.visit_states(start, None, &mut |path| search.visit(path));
        search.undecided.extend(undecided_steps);
        search.visit_behind_administrators();
        // An exception accepts one end. What it leaves is reported by itself, and so is what it does not accept.
        let may_fold = |key: &str| extents == ExtentMode::Without && accepted_extents.find(key).is_none();
        let mut result = search.prove(&may_fold);
        if result.paths.iter().any(|path| self.has_all_account_access(&path.end)) {
            // No further path leads to more.
            result.undecided.clear();
        }
        result.paths = self.fold_paths(result.paths, &may_fold);
        result
    }
}

impl GainSearch<'_, '_> {
    fn visit(&mut self, path: &PathSoFar<'_>) -> VisitOutcome {
        let state = path.last();
        if let AllAccess::Obtained { principal, further_states } = &mut self.all_access {
            // Changed or new principals of the account have no more than its policies can allow.
            if !state.change.is_unchanged() && self.analysis.graph.is_same_account(*principal, state.principal) {
                return VisitOutcome::Skip;
            }
            *further_states += 1;
            let share = MAX_FURTHER_STATES_IN_ALL / self.analysis.graph.len().max(1);
            if *further_states > share.clamp(MIN_FURTHER_STATES, MAX_FURTHER_STATES) {
                self.all_access = AllAccess::ObtainedAndCut;
                return VisitOutcome::Stop;
            }
        }
        if path.is_joined() {
            self.add_joined_gain(state);
            return VisitOutcome::Expand;
        }
        let mut gains: Vec<StateGain> = Vec::new();
        let mut is_decided = true;
        match self.find_gain(state) {
            Ok(gain) => gains.extend(gain),
            Err(reasons) => {
                self.undecided.extend(reasons);
                is_decided = false;
            }
        }
        // The finding about access beyond the ceiling is about the whole end.
        if gains.iter().all(|gain| gain.is_accepted) {
            match self.find_guarded_gain(state) {
                Ok(gain) => gains.extend(gain),
                Err(reasons) => self.undecided.extend(reasons),
            }
        }
        if gains.is_empty() {
            let is_same_for_class = is_decided && self.guards.is_empty() && self.is_like_its_class(state);
            return if is_same_for_class { VisitOutcome::ExpandClass } else { VisitOutcome::Expand };
        }
        let has_all = self.analysis.has_all_account_access(state);
        let is_reported = |gain: &StateGain| !gain.is_accepted && gain.guard.is_none();
        if self.all_access == AllAccess::NotObtained
            && gains.iter().any(is_reported)
            && self.analysis.has_everything(state)
            && self.prover.is_proven(&path.steps())
        {
            self.all_access = AllAccess::Obtained { principal: state.principal, further_states: 0 };
        }
        let is_expected = gains.iter().all(|gain| gain.is_accepted) || self.may_be_declared(path);
        if has_all && state.change.is_unchanged() && is_expected {
            self.declared_administrators.push((state.principal, path.steps()));
        }
        for gain in gains {
            self.gained.push(GainedState { state: state.clone(), steps: path.steps(), gain });
        }
        if has_all { VisitOutcome::Skip } else { VisitOutcome::Expand }
    }

    /// What a state can do of the actions of a guard without its condition. None if it can do nothing more.
    pub(super) fn find_guarded_gain(
        &mut self,
        state: &NodeState,
    ) -> Result<Option<StateGain>, BTreeSet<UndecidedReason>> {
        let graph = &self.analysis.graph;
        if self.guards.is_empty() || graph.is_limited_to(state, &self.own_lower_bound) {
            return Ok(None);
        }
        let key = self.analysis.build_key(self.subject, state);
        let accepted = self.accepted_extents.find(&key).map(|accepted| &accepted.requests);
        let mut undecided = BTreeSet::new();
        for (position, guard) in self.guards.iter().enumerate() {
            let question = guard.question(graph, state, self.start);
            let equivalence_class = graph.equivalence_class(state, &question.allowed.access);
            let class = (position, question.is_satisfiable, equivalence_class);
            if self.guarded_classes.contains(&class) {
                continue;
            }
            let (layers, access, _) = graph.build_layers(state);
            let end = PathEnd { state, layers: &layers, access: &access };
            let find =
                |accepted| self.analysis.find_guarded_access(self.analyzer, self.subject, &end, (&question, accepted));
            let found = find(None);
            if found.is_contained() {
                self.guarded_classes.insert(class);
                continue;
            }
            if found.excess.is_empty() {
                undecided.extend(found.undecided);
                continue;
            }
            let is_accepted = accepted.is_some_and(|accepted| find(Some(accepted)).is_contained());
            let guard = Some(guard.check.name.clone());
            return Ok(Some(StateGain { key, excess: Arc::new(found.excess), is_accepted, guard }));
        }
        if undecided.is_empty() { Ok(None) } else { Err(undecided) }
    }

    /// Whether every unchanged principal with the same statements as a state without a gain has none.
    fn is_like_its_class(&self, state: &NodeState) -> bool {
        let graph = &self.analysis.graph;
        let is_shared = || {
            let (known_context, ..) = graph.known_context(state);
            let allowed = self.own.at_end(&known_context, false);
            matches!(graph.equivalence_class(state, &allowed.access), EquivalenceClass::Shared(_))
        };
        state.change.is_unchanged() && (graph.is_limited_to(state, &self.lower_bound) || is_shared())
    }

    /// What a state has and the principal does not. None if it has nothing more.
    pub(super) fn find_gain(&mut self, state: &NodeState) -> Result<Option<StateGain>, BTreeSet<UndecidedReason>> {
        let graph = &self.analysis.graph;
        if graph.is_limited_to(state, &self.lower_bound) {
            return Ok(None);
        }
        let (known_context, ..) = graph.known_context(state);
        let allowed = self.own.at_end(&known_context, self.is_under_other_name(state));
        let equivalence_class = graph.equivalence_class(state, &allowed.access);
        if self.contained_classes.contains(&equivalence_class) {
            return Ok(None);
        }
        let known_excess = self.excess_by_class.get(&equivalence_class).map(Arc::clone);
        if known_excess.is_none() && graph.is_contained_in(state, &allowed.access) {
            self.contained_classes.insert(equivalence_class);
            return Ok(None);
        }
        let key = self.analysis.build_key(self.subject, state);
        let accepted = self.accepted_extents.find(&key);
        if let (Some(excess), None) = (&known_excess, accepted) {
            return Ok(Some(StateGain { key, excess: Arc::clone(excess), is_accepted: false, guard: None }));
        }
        let (layers, access, _) = graph.build_layers(state);
        let end = PathEnd { state, layers: &layers, access: &access };
        let excess = match known_excess {
            Some(excess) => Some(excess),
            None => self.find_excess(&end, &allowed)?,
        };
        let Some(excess) = excess else {
            self.contained_classes.insert(equivalence_class);
            return Ok(None);
        };
        self.excess_by_class.insert(equivalence_class, Arc::clone(&excess));
        let Some(accepted) = accepted else {
            return Ok(Some(StateGain { key, excess, is_accepted: false, guard: None }));
        };
        let question = (&allowed, Some(&accepted.requests));
        let left = self.analysis.find_gained_access(self.analyzer, self.subject, &end, question);
        match (left.excess.is_empty(), left.undecided.is_empty()) {
            (true, true) => Ok(Some(StateGain { key, excess, is_accepted: true, guard: None })),
            (true, false) => Err(left.undecided),
            (false, _) => Ok(Some(StateGain { key, excess: Arc::new(left.excess), is_accepted: false, guard: None })),
        }
    }

    /// Whether a state is the principal itself, under another name.
    fn is_under_other_name(&self, state: &NodeState) -> bool {
        state.change.renamed.is_some() && state.principal == self.start
    }

    /// The access of a state beyond the ceiling, if there is some that the principal does not have itself.
    fn find_excess(
        &self,
        end: &PathEnd<'_>,
        allowed: &AllowedAccess<'_>,
    ) -> Result<Option<Arc<ExcessByStatement>>, BTreeSet<UndecidedReason>> {
        let SharedExcess { is_contained, excess: shared } = match allowed.has_own_ceiling() {
            true => {
                let (known_context, ..) = self.analysis.graph.known_context(end.state);
                let ceiling = self.own.ceiling_at_end(&known_context, self.is_under_other_name(end.state));
                self.analysis.find_excess_beyond_ceiling(self.analyzer, self.subject, end, &ceiling)
            }
            false => self.analysis.find_shared_excess(self.analyzer, self.subject, end),
        };
        if is_contained {
            return Ok(None);
        }
        let mut witnesses = shared.values().filter_map(|excess| excess.witness.as_ref());
        // A witness that the principal's own policies do not allow proves the gain.
        let is_gain = |witness| is_denied_to(self.analyzer, self.subject, witness);
        if !allowed.is_renamed() && witnesses.any(is_gain) {
            return Ok(Some(shared));
        }
        let gained = self.analysis.find_gained_access(self.analyzer, self.subject, end, (allowed, None));
        if gained.is_contained() {
            return Ok(None);
        }
        if gained.excess.is_empty() {
            return Err(gained.undecided);
        }
        Ok(Some(Arc::new(use_witnesses_of(&shared, gained.excess))))
    }

    /// The paths that are proven and not declared.
    ///
    /// `may_fold`: whether the gain with a key may be listed with another one.
    fn prove(self, may_fold: &dyn Fn(&str) -> bool) -> EscalationResult {
        let mut result = EscalationResult { undecided: self.undecided, ..EscalationResult::default() };
        let may_list = |gained: &GainedState| gained.gain.guard.is_none() && may_fold(&gained.gain.key);
        let on_the_way = self.analysis.find_ends_on_the_way(self.analyzer, &self.gained, &may_list);
        // The number of steps until a proven path is not declared, by its position.
        let mut proven: FxHashMap<usize, Option<usize>> = FxHashMap::default();
        let mut listed: FxHashMap<usize, Vec<String>> = FxHashMap::default();
        for (gained, passing) in self.gained.iter().zip(&on_the_way) {
            let Some((at, longer)) = passing.and_then(|at| Some((at, self.gained.get(at)?))) else { continue };
            let undeclared = proven.entry(at).or_insert_with(|| self.prover.count_until_undeclared(&longer.steps));
            if undeclared.is_some_and(|count| count <= gained.steps.len()) {
                listed.entry(at).or_default().push(self.analysis.graph.state_arn(&gained.state).to_owned());
            }
        }
        let is_listed = |end: &str, at: Option<usize>| {
            at.and_then(|at| listed.get(&at)).is_some_and(|ends| ends.iter().any(|listed| listed == end))
        };
        for (position, (GainedState { state, steps, gain }, passing)) in
            self.gained.into_iter().zip(on_the_way).enumerate()
        {
            let StateGain { key, excess, is_accepted, guard } = gain;
            if is_accepted && result.accepted.iter().any(|path| path.key == key)
                || is_listed(self.analysis.graph.state_arn(&state), passing)
            {
                continue;
            }
            match self.prover.prove(&steps) {
                Err(reasons) => result.undecided.extend(reasons),
                Ok(None) => {}
                Ok(Some(steps)) => {
                    let leaves_out_others =
                        self.all_access == AllAccess::ObtainedAndCut && self.analysis.has_everything(&state);
                    let covered_ends = listed.get(&position).cloned().unwrap_or_default();
                    let found = BroaderPath { key, end: state, guard, steps, excess, covered_ends, leaves_out_others };
                    if is_accepted { result.accepted.push(found) } else { result.paths.push(found) }
                }
            }
        }
        result
    }
}
