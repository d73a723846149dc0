//! The proof of a path: for each step its techniques, the requests that they need, and their assumptions.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::model::state::NodeState;
use super::model::technique::{Technique, TechniqueKind};
use super::steps::request_proof::StepRequest;
use super::steps::step_finder::StepFinder;
use super::steps::step_prover::{StepProver, StepRole, TechniqueProof};
use crate::solve::UndecidedReason;

/// A proven step of a path.
#[derive(Clone, Debug)]
pub struct ProvenStep {
    /// The state that takes the step.
    pub from: NodeState,
    /// The state that it reaches.
    pub to: NodeState,
    /// The earlier state of the path that used the first technique. None if `from` used all techniques.
    pub grantor: Option<NodeState>,
    /// The techniques: one, or one that grants permissions to the target and one that acts as it.
    pub techniques: Vec<&'static Technique>,
    /// The requests, in order.
    pub requests: Vec<StepRequest>,
    /// Prerequisites that the snapshot cannot confirm.
    pub assumptions: Vec<&'static str>,
}

impl ProvenStep {
    /// What `from` does, as a predicate. `name` renders the grantor.
    pub fn summarize(&self, name: impl Fn(&NodeState) -> String) -> String {
        let summaries: Vec<&str> = self.techniques.iter().map(|technique| technique.summary.as_str()).collect();
        match (&self.grantor, summaries.split_first()) {
            (Some(grantor), Some((first, rest))) => {
                format!("{}, after {} {first}", rest.join(" and "), name(grantor))
            }
            _ => summaries.join(" and "),
        }
    }

    /// Whether the step only assumes a role.
    pub fn is_role_assumption(&self) -> bool {
        self.techniques.iter().all(|technique| technique.kind == TechniqueKind::Assume)
    }
}

impl Graph<'_> {
    /// Proves each step of a path, given as its states.
    ///
    /// # Errors
    /// Why a step could not be decided or its witness was not confirmed.
    pub fn prove_steps(&self, path: &[NodeState]) -> Result<Vec<ProvenStep>, BTreeSet<UndecidedReason>> {
        (1..path.len())
            .filter_map(|at| Some((path.get(..at)?.split_last()?, path.get(at)?)))
            .map(|((from, earlier), to)| self.prove_step(earlier, from, to))
            .collect()
    }

    /// The step from `from` to `to`, after the states `earlier`.
    fn prove_step(
        &self,
        earlier: &[NodeState],
        from: &NodeState,
        to: &NodeState,
    ) -> Result<ProvenStep, BTreeSet<UndecidedReason>> {
        let mut undecided = BTreeSet::new();
        let effective = self.world.effective(from);
        let step_finder = StepFinder::new(&self.world, from, &effective);
        let prover = StepProver::new(&step_finder);
        let is_same_principal = from.principal == to.principal;
        // Who acts for another with some of its permissions only does not become it.
        let becomes_other = !is_same_principal && to.change.limited_by.is_none();
        let grants_all = to.change.grants_all && !(is_same_principal && from.change.grants_all);
        let changes_state = !grants_all && (is_same_principal || !to.change.is_unchanged());
        let mut proofs: Vec<TechniqueProof> = Vec::new();
        let mut grantor = None;
        if grants_all {
            proofs.extend(prover.find_technique(to.principal, StepRole::GrantAll, &mut undecided));
            if proofs.is_empty() && !is_same_principal {
                let found = earlier
                    .iter()
                    .rev()
                    .find_map(|state| Some((state, self.find_earlier_grant(state, to, &mut undecided)?)));
                if let Some((state, proof)) = found {
                    proofs.push(proof);
                    grantor = Some(state.clone());
                }
            }
        } else if changes_state {
            proofs.extend(prover.find_technique(to.principal, StepRole::ChangeState(to), &mut undecided));
        }
        if becomes_other {
            proofs.extend(prover.find_technique(to.principal, StepRole::Become, &mut undecided));
        }
        if proofs.len() != usize::from(grants_all || changes_state) + usize::from(becomes_other) {
            if undecided.is_empty() {
                undecided.insert(UndecidedReason::WitnessRefuted(format!("a step to {}", self.arn(to.principal))));
            }
            return Err(undecided);
        }
        Ok(ProvenStep {
            from: from.clone(),
            to: to.clone(),
            grantor,
            assumptions: proofs.iter().filter_map(|(technique, _)| technique.assumption.as_deref()).collect(),
            techniques: proofs.iter().map(|(technique, _)| *technique).collect(),
            requests: proofs.into_iter().flat_map(|(_, requests)| requests).collect(),
        })
    }

    /// The technique by which an earlier state of the path grants all permissions to the target.
    fn find_earlier_grant(
        &self,
        state: &NodeState,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let effective = self.world.effective(state);
        let step_finder = StepFinder::new(&self.world, state, &effective);
        StepProver::new(&step_finder).find_technique(to.principal, StepRole::GrantAll, undecided)
    }
}
