//! A proven step of a path.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::model::state::NodeState;
use super::model::technique::{Technique, TechniqueKind};
use super::path::PathStep;
use super::steps::request_proof::StepRequest;
use super::steps::step_prover::TechniqueProof;
use crate::solve::UndecidedReason;

/// A proven step of a path.
#[derive(Clone, Debug)]
pub struct ProvenStep {
    /// The state that takes the step.
    pub from: NodeState,
    /// The state that it reaches.
    pub to: NodeState,
    /// The other state of the path that used the first technique. None if `from` used all techniques.
    pub grantor: Option<NodeState>,
    /// The techniques: one, or one that grants permissions to the target and one that acts as it.
    pub techniques: Vec<&'static Technique>,
    /// The requests, in order.
    pub requests: Vec<StepRequest>,
    /// Prerequisites that the snapshot cannot confirm.
    pub assumptions: Vec<String>,
}

/// The proof of a step, or why it is undecided.
pub(super) type StepProof = Result<Arc<ProvenStep>, BTreeSet<UndecidedReason>>;

impl ProvenStep {
    pub(super) fn new(step: &PathStep, grantor: Option<NodeState>, proofs: Vec<TechniqueProof>) -> ProvenStep {
        ProvenStep {
            from: step.from.clone(),
            to: step.to.clone(),
            grantor,
            assumptions: proofs.iter().flat_map(|proof| &proof.assumptions).cloned().collect(),
            techniques: proofs.iter().map(|proof| proof.technique).collect(),
            requests: proofs.into_iter().flat_map(|proof| proof.requests).collect(),
        }
    }

    /// What `from` does, as a predicate. `name` renders the grantor.
    pub fn summarize(&self, name: impl Fn(&NodeState) -> String) -> String {
        let summaries: Vec<&str> = self.techniques.iter().map(|technique| technique.summary.as_str()).collect();
        match (&self.grantor, summaries.split_first()) {
            (Some(grantor), Some((first, []))) => format!("{} {first}", name(grantor)),
            (Some(grantor), Some((first, rest))) => {
                format!("{}, after {} {first}", rest.join(" and "), name(grantor))
            }
            (None, _) | (_, None) => summaries.join(" and "),
        }
    }

    /// Whether the step only assumes a role.
    pub fn is_role_assumption(&self) -> bool {
        self.techniques.iter().all(|technique| technique.kind == TechniqueKind::Assume)
    }
}
