//! The proof of a step that needs a rewritten trust policy.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::model::session_start::SessionStart;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::model::technique::TechniqueKind;
use super::path::PathStep;
use super::proof::ChangeProof;
use super::steps::request_proof::StepRequest;
use super::steps::step_prover::{StepRole, TechniqueProof};
use crate::solve::UndecidedReason;

impl Graph<'_> {
    /// A state rewrites the trust policy of the step's end for the state that takes the step: it assumes the role, passes it to
    /// a service, or assumes it from an account outside.
    pub(super) fn prove_rewritten_trust(
        &self,
        step: &PathStep,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ChangeProof {
        let PathStep { from, to, earlier_change } = step;
        let original = StateChange::default();
        if let Some(technique) = to.change.limited_by {
            return self.prove_limited_use(step, technique, undecided);
        }
        if let Some(session) = to.change.session.as_ref().filter(|session| **session != SessionStart::Assumed) {
            return self.prove_begun_session(step, session, undecided);
        }
        let mut prove = |by: &NodeState| {
            let (kind, passing) = self.with_prover(from, (to.principal, &original), |prover| {
                let tags = to.change.has_session_tags;
                let kind = prover.step_finder.find_trust_use(to.principal, tags, undecided);
                let is_passed = kind == TechniqueKind::UpdateTrustThenPass;
                let passing =
                    || prover.prove_passing(self.arn(to.principal), None, undecided).map(|(_, requests)| requests);
                (kind, is_passed.then(passing))
            });
            let mut proof = self.find_technique(by, to, &original, StepRole::RewriteTrust(kind), undecided)?;
            proof.requests.extend(passing.unwrap_or_else(|| Some(Vec::new()))?);
            Some(proof)
        };
        let by = earlier_change.as_ref().map(|earlier| &earlier.by);
        let proof = by.and_then(&mut prove);
        let is_complete = proof.is_some();
        let grantor = by.filter(|by| is_complete && *by != from).cloned();
        ChangeProof { proofs: proof.into_iter().collect(), grantor, is_complete }
    }

    /// A state rewrites the trust policy of the step's end so that a service or an identity provider begins its session for the
    /// state that takes the step.
    fn prove_begun_session(
        &self,
        PathStep { from, to, earlier_change }: &PathStep,
        session: &SessionStart,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ChangeProof {
        let original = StateChange::default();
        let by = earlier_change.as_ref().map_or(from, |earlier| &earlier.by);
        let kind = match session {
            SessionStart::Service(_) => TechniqueKind::UpdateTrustThenPass,
            SessionStart::Provider(_) => TechniqueKind::UpdateTrustForProvider,
            SessionStart::Assumed => TechniqueKind::UpdateTrustPolicy,
        };
        let rewritten = self.find_technique(by, to, &original, StepRole::RewriteTrust(kind), undecided);
        let begun = self.with_prover(from, (to.principal, &original), |prover| {
            prover.prove_session_start(to.principal, session, undecided)
        });
        let is_complete = rewritten.is_some() && begun.is_some();
        let grantor = (by != from).then(|| by.clone());
        let mut proofs: Vec<TechniqueProof> = rewritten.into_iter().chain(begun).collect();
        if kind == TechniqueKind::UpdateTrustThenPass && is_complete {
            // The technique that rewrites the trust policy says that the role is passed.
            let passing = proofs.pop().into_iter().flat_map(|passing| passing.requests);
            let passing: Vec<StepRequest> = passing.collect();
            proofs.iter_mut().for_each(|rewritten| rewritten.requests.extend(passing.iter().cloned()));
        }
        ChangeProof { proofs, grantor, is_complete }
    }

    /// A state rewrites the trust policy of the step's end so that the state that takes the step passes the role to a service
    /// which acts with a part of its permissions.
    fn prove_limited_use(
        &self,
        PathStep { from, to, earlier_change }: &PathStep,
        technique: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ChangeProof {
        let original = StateChange::default();
        let by = earlier_change.as_ref().map_or(from, |earlier| &earlier.by);
        let rewrites = StepRole::RewriteTrust(TechniqueKind::UpdateTrustThenPass);
        let rewritten = self.find_technique(by, to, &original, rewrites, undecided);
        let used = self.with_prover(from, (to.principal, &original), |prover| {
            prover.prove_limited_use(to.principal, technique, undecided)
        });
        let is_complete = rewritten.is_some() && used.is_some();
        let grantor = (by != from).then(|| by.clone());
        ChangeProof { proofs: rewritten.into_iter().chain(used).collect(), grantor, is_complete }
    }
}
