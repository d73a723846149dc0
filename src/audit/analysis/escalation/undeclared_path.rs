//! Another path to the end of a declared one. A declared path is no finding, and it must not hide one that is not declared.

use std::cell::RefCell;
use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::analysis::EscalationAnalysis;
use crate::reach::{NodeState, PathSoFar, PathStep, ProvenStep, VisitOutcome};
use crate::solve::UndecidedReason;

/// Proven steps. None if there is no such path.
///
/// # Errors
/// Why that is undecided.
type ProvenPath = Result<Option<Vec<ProvenStep>>, BTreeSet<UndecidedReason>>;

/// Proven steps, and why it is undecided whether they can be taken with undeclared requests.
struct ProvenSteps {
    steps: Vec<ProvenStep>,
    undecided: BTreeSet<UndecidedReason>,
}

/// Proves the paths of one principal.
pub(super) struct PathProver<'p, 'a> {
    pub(super) analysis: &'p EscalationAnalysis<'a>,
    pub(super) start: usize,
    /// The undeclared paths to roles that declared paths lead to.
    undeclared: RefCell<FxHashMap<usize, Option<Vec<PathStep>>>>,
}

impl<'p, 'a> PathProver<'p, 'a> {
    pub(super) fn new(analysis: &'p EscalationAnalysis<'a>, start: usize) -> PathProver<'p, 'a> {
        PathProver { analysis, start, undeclared: RefCell::default() }
    }

    /// Whether a path, or another one to the same state, is proven and not declared.
    pub(super) fn is_proven(&self, steps: &[PathStep]) -> bool {
        matches!(self.prove(steps), Ok(Some(_)))
    }

    /// The number of steps of a path until one is not declared, if each step is proven. None if that is not so.
    pub(super) fn count_until_undeclared(&self, steps: &[PathStep]) -> Option<usize> {
        let proven = self.prove_steps(steps).ok()?;
        let is_undeclared = |step: &ProvenStep| !self.analysis.is_declared_assumption(step);
        proven.steps.iter().position(is_undeclared).map(|position| position + 1)
    }

    /// Proves a path, or another one to the same state if every step is declared.
    pub(super) fn prove(&self, steps: &[PathStep]) -> ProvenPath {
        let ProvenSteps { steps: proven, mut undecided } = self.prove_steps(steps)?;
        if !self.are_declared(&proven) {
            return Ok(Some(proven));
        }
        for (position, step) in steps.iter().enumerate().rev() {
            let after = steps.get(position + 1..).unwrap_or_default();
            let others = [
                self.analysis.graph.prove_without_assuming(step).map(|other| {
                    let before = proven.get(..position).unwrap_or_default();
                    other.map(|other| before.iter().cloned().chain([other]).collect::<Vec<ProvenStep>>())
                }),
                self.prove_other_path(step, after),
            ];
            for other in others {
                match other {
                    Ok(Some(mut path)) => {
                        path.extend(self.prove_steps(after)?.steps);
                        return Ok(Some(path));
                    }
                    Ok(None) => {}
                    Err(reasons) => undecided.extend(reasons),
                }
            }
        }
        if undecided.is_empty() { Ok(None) } else { Err(undecided) }
    }

    /// Proves an undeclared path to the end of a declared step that passes none of the steps after it.
    fn prove_other_path(&self, step: &PathStep, after: &[PathStep]) -> ProvenPath {
        let Some(path) = self.find_undeclared(step.to.principal) else { return Ok(None) };
        let passes = |later: &PathStep| path.iter().any(|step| step.to.principal == later.to.principal);
        if after.iter().any(passes) {
            return Ok(None);
        }
        let ProvenSteps { steps, undecided } = self.prove_steps(&path)?;
        match self.are_declared(&steps) {
            true if !undecided.is_empty() => Err(undecided),
            true => Ok(None),
            false => Ok(Some(steps)),
        }
    }

    fn are_declared(&self, steps: &[ProvenStep]) -> bool {
        steps.iter().all(|step| self.analysis.is_declared_assumption(step))
    }

    /// Proves steps. A step that can be taken with an undeclared request has such a request.
    fn prove_steps(&self, steps: &[PathStep]) -> Result<ProvenSteps, BTreeSet<UndecidedReason>> {
        let states: Vec<NodeState> =
            std::iter::once(NodeState::unchanged(self.start)).chain(steps.iter().map(|step| step.to.clone())).collect();
        let missing = self.analysis.find_missing_documents(&states);
        if !missing.is_empty() {
            return Err(missing.iter().map(UndecidedReason::from).collect());
        }
        let analysis = self.analysis;
        let mut proven = ProvenSteps { steps: analysis.graph.prove_steps(steps)?, undecided: BTreeSet::new() };
        for step in &mut proven.steps {
            if let Err(reasons) = analysis.declared_steps.choose_undeclared_request(&analysis.graph, step) {
                proven.undecided.extend(reasons);
            }
        }
        Ok(proven)
    }

    /// A shortest path to a role with a step that is not declared. None if there is none.
    ///
    /// The search does not assume the role in the declared way. So the role is not on the path before its end.
    fn find_undeclared(&self, role: usize) -> Option<Vec<PathStep>> {
        if let Some(known) = self.undeclared.borrow().get(&role) {
            return known.clone();
        }
        let mut found = None;
        let filter = |path: &PathSoFar<'_>, reachable: &mut FixedBitSet| {
            let assume = PathStep { from: path.last().clone(), to: NodeState::unchanged(role), earlier_change: None };
            if reachable.contains(role)
                && self.analysis.may_be_declared(&assume)
                && path.steps().iter().all(|step| self.analysis.may_be_declared(step))
            {
                reachable.remove(role);
            }
        };
        let mut visit = |path: &PathSoFar<'_>| {
            if path.last().principal == role && path.last().change.is_unchanged() {
                found = Some(path.steps());
                return VisitOutcome::Stop;
            }
            // What comes after a state with all access is no further gain.
            if self.analysis.has_all_account_access(path.last()) { VisitOutcome::Skip } else { VisitOutcome::Expand }
        };
        self.analysis.graph.visit_states(self.start, Some(&filter), &mut visit);
        self.undeclared.borrow_mut().insert(role, found.clone());
        found
    }
}
