//! The proof of a path: for each step its techniques, the requests that they need, and their assumptions.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::graph::Graph;
use super::model::chosen_tags::TargetView;
use super::model::holdings::{Holding, PrincipalHoldings};
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::path::{EarlierChange, PathStep};
use super::proven_step::ProvenStep;
use super::steps::request_proof::StepRequest;
use super::steps::step_finder::StepFinder;
use super::steps::step_prover::{StepProver, StepRole, TechniqueProof};
use crate::iam::PolicyDocument;
use crate::solve::UndecidedReason;

/// The proof of the changes that a step needs.
pub(super) struct ChangeProof {
    pub(super) proofs: Vec<TechniqueProof>,
    /// The state that makes the first change. None if it is the one that takes the step.
    pub(super) grantor: Option<NodeState>,
    /// Whether all changes are proven.
    pub(super) is_complete: bool,
}

impl ChangeProof {
    /// Adds a proof to that of the same technique.
    fn add(&mut self, proof: TechniqueProof) {
        match self.proofs.iter_mut().find(|other| other.technique.id == proof.technique.id) {
            Some(other) => other.requests.extend(proof.requests),
            None => self.proofs.push(proof),
        }
    }
}

impl Graph<'_> {
    /// Proves each step of a path.
    ///
    /// # Errors
    /// Why a step could not be decided or its witness was not confirmed.
    pub fn prove_steps(&self, path: &[PathStep]) -> Result<Vec<ProvenStep>, BTreeSet<UndecidedReason>> {
        let prove = |step: &PathStep| {
            let proof = self.proofs.get_or_compute_borrowed(step, || self.prove_step(step).map(Arc::new));
            proof.map(|proven| (*proven).clone())
        };
        let steps = path.iter().map(prove).collect::<Result<Vec<ProvenStep>, _>>()?;
        match self.find_tag_conflict(path, &steps) {
            Some(conflict) => Err(BTreeSet::from([conflict])),
            None => Ok(steps),
        }
    }

    /// A request of a step that assumes a role, other than those that a document allows. None if there is none.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn find_other_assumption(
        &self,
        step: &ProvenStep,
        declared: &Arc<PolicyDocument>,
    ) -> Result<Option<StepRequest>, BTreeSet<UndecidedReason>> {
        let mut undecided = BTreeSet::new();
        let target = step.to.principal;
        let found = self.with_prover(&step.from, (target, &step.to.change), |prover| {
            prover.prove_other_assumption(target, declared, &mut undecided)
        });
        match found {
            None if !undecided.is_empty() => Err(undecided),
            found => Ok(found),
        }
    }

    /// Proves a step to another principal by other means than assuming it. None if there are none.
    ///
    /// # Errors
    /// Why it could not be decided.
    pub fn prove_without_assuming(&self, step: &PathStep) -> Result<Option<ProvenStep>, BTreeSet<UndecidedReason>> {
        let PathStep { from, to, .. } = step;
        if from.principal == to.principal || !to.change.is_unchanged() {
            return Ok(None);
        }
        let mut undecided = BTreeSet::new();
        match self.prove_becoming(from, to, StepRole::BecomeWithoutAssuming, &mut undecided) {
            Some(proofs) => Ok(Some(ProvenStep::new(step, None, proofs))),
            None if undecided.is_empty() => Ok(None),
            None => Err(undecided),
        }
    }

    fn prove_step(&self, taken: &PathStep) -> Result<ProvenStep, BTreeSet<UndecidedReason>> {
        let step = &taken.without_assumed_session();
        let PathStep { from, to, .. } = step;
        let mut undecided = BTreeSet::new();
        // A service that acts for a role with a part of its permissions can be able to use the role itself.
        let was_limited = from.change.limited_by.is_some() && to.change.limited_by.is_none();
        let is_same_principal =
            from.principal == to.principal && from.change.created == to.change.created && !was_limited;
        let base = if is_same_principal { from.change.clone() } else { SharedChange::default() };
        let mut change = ChangeProof { proofs: Vec::new(), grantor: None, is_complete: true };
        if to.change.is_federated && !base.is_federated {
            let tags = to.change.tags.iter().filter(|tag| !base.tags.contains(tag)).cloned().collect();
            let proof =
                self.with_prover(from, (to.principal, &base), |prover| prover.prove_federation(&tags, &mut undecided));
            change.is_complete = proof.is_some();
            change.proofs.extend(proof);
        } else if to.change.was_absent && !base.was_absent {
            change = self.prove_absent(step, &mut undecided);
        } else if to.change.is_trust_rewritten && !base.is_trust_rewritten {
            change = self.prove_rewritten_trust(step, &mut undecided);
        } else if to.change.tags != base.tags {
            change = self.prove_tags(step, &mut undecided);
        } else if to.change != base {
            change = self.prove_change(step, &base, &mut undecided);
        }
        let ChangeProof { mut proofs, grantor, mut is_complete } = change;
        let is_limited_user = to.change.limited_by.is_some() && !to.change.is_trust_rewritten;
        if is_limited_user && to.change.was_absent && !base.was_absent {
            let change = StateChange { limited_by: to.change.limited_by, ..StateChange::default() };
            let limited = NodeState::new(to.principal, change);
            let original = StateChange::default();
            let proof = self.find_technique(from, &limited, &original, StepRole::ChangeState(&limited), &mut undecided);
            is_complete &= proof.is_some();
            proofs.extend(proof);
        }
        // Who acts for another with some of its permissions only does not become it.
        let becomes_other = !is_same_principal && to.change.limited_by.is_none() && to.change.created.is_none();
        if becomes_other && !to.change.is_trust_rewritten {
            let become_proof = self.prove_session(taken, to, &mut undecided);
            is_complete &= become_proof.is_some();
            proofs.extend(become_proof.into_iter().flatten());
        }
        if !is_complete {
            if undecided.is_empty() {
                undecided.insert(UndecidedReason::WitnessRefuted(format!("a step to {}", self.arn(to.principal))));
            }
            return Err(undecided);
        }
        Ok(ProvenStep::new(taken, grantor, proofs))
    }

    /// The change of the permissions of the step's end, by the state that takes the step, or by other ones.
    fn prove_change(
        &self,
        step: &PathStep,
        base: &StateChange,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ChangeProof {
        let PathStep { from, to, earlier_change } = step;
        let is_combined = to.change.holdings().filter(|holding| !base.has_holding(holding)).nth(1).is_some();
        if is_combined {
            return self.prove_combined(step, base, undecided);
        }
        if let Some(policy) = earlier_change.as_ref().and_then(EarlierChange::created_policy) {
            return self.prove_new_policy(step, base, policy, undecided);
        }
        let grants_all = to.change.grants_all && !base.grants_all;
        let own = if grants_all { StepRole::GrantAll } else { StepRole::ChangeState(to) };
        if let Some(proof) = self.find_technique(from, to, base, own, undecided) {
            return ChangeProof { proofs: vec![proof], grantor: None, is_complete: true };
        }
        let proof = earlier_change.as_ref().and_then(|earlier| {
            let by = &earlier.by;
            let is_own = by.is_itself(to);
            let changed = by.change_of(to, &earlier.change).map_or_else(|| earlier.change.clone(), SharedChange::from);
            let changed = NodeState { principal: to.principal, change: changed };
            let role = if grants_all { StepRole::GrantAll } else { StepRole::ChangeState(&changed) };
            let before = if is_own { &by.change } else { base };
            Some((by.clone(), self.find_technique(by, to, before, role, undecided)?))
        });
        let is_complete = proof.is_some();
        let (grantor, proof) = proof.unzip();
        ChangeProof { proofs: proof.into_iter().collect(), grantor, is_complete }
    }

    /// A managed policy that one state creates, and another one attaches to the step's end, or sets as its boundary.
    fn prove_new_policy(
        &self,
        PathStep { from, to, earlier_change }: &PathStep,
        base: &StateChange,
        policy: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ChangeProof {
        let others = earlier_change.iter().flat_map(|earlier| earlier.others.iter().chain([&earlier.by]));
        let makers: Vec<&NodeState> = others.collect();
        let created = makers.iter().find_map(|maker| {
            let prove = |prover: &StepProver<'_>| prover.prove_created_policy(policy, undecided);
            Some((*maker, self.with_prover(maker, (to.principal, base), prove)?))
        });
        let is_attached = to.change.grants_all && !base.grants_all;
        let used = makers.iter().find_map(|maker| {
            self.with_prover(maker, (to.principal, base), |prover| match is_attached {
                true => prover.prove_attachment(policy, to.principal, undecided),
                false => prover.prove_boundary_choice(policy, to.principal, undecided),
            })
        });
        let is_complete = created.is_some() && used.is_some();
        let (creator, created) = created.unzip();
        let grantor = creator.filter(|creator| *creator != from).cloned();
        ChangeProof { proofs: created.into_iter().chain(used).collect(), grantor, is_complete }
    }

    /// Several policies and groups that the step's end gets, each from one of several states.
    fn prove_combined(
        &self,
        PathStep { from, to, earlier_change }: &PathStep,
        base: &StateChange,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> ChangeProof {
        let others = earlier_change.iter().flat_map(|earlier| [&earlier.by].into_iter().chain(&earlier.others));
        let makers: Vec<&NodeState> = [from].into_iter().chain(others).collect();
        let mut change = ChangeProof { proofs: Vec::new(), grantor: None, is_complete: true };
        let mut before = base.clone();
        // A policy can be one of a group that is joined first.
        let (groups, policies): (Vec<Holding>, Vec<Holding>) = to
            .change
            .holdings()
            .filter(|holding| !base.has_holding(holding))
            .partition(|holding| matches!(holding, Holding::Group(_)));
        for single in groups.iter().chain(&policies).map(StateChange::of_holding) {
            let found = makers.iter().find_map(|maker| {
                let changed = NodeState::new(to.principal, maker.change_of(to, &single)?);
                Some((maker, self.find_technique(maker, to, &before, StepRole::ChangeState(&changed), undecided)?))
            });
            let Some((maker, proof)) = found else {
                change.is_complete = false;
                continue;
            };
            if *maker != from && change.grantor.is_none() {
                change.grantor = Some((*maker).clone());
            }
            before = before.merge(&single).unwrap_or(before);
            change.add(proof);
        }
        change
    }

    /// A state creates the step's end. If it is a role, its trust policy names the state that takes the step, or a service.
    fn prove_absent(&self, step: &PathStep, undecided: &mut BTreeSet<UndecidedReason>) -> ChangeProof {
        let PathStep { from, to, earlier_change } = step;
        let original = StateChange::default();
        let by = earlier_change.as_ref().map_or(from, |earlier| &earlier.by);
        let created = self.with_prover(by, (to.principal, &original), |prover| prover.prove_absent(to, undecided));
        let used = to.change.is_trust_rewritten.then(|| {
            self.with_prover(from, (to.principal, &original), |prover| prover.prove_use_of_new_role(to, undecided))
        });
        let is_complete = created.is_some() && used.as_ref().is_none_or(Option::is_some);
        let grantor = (by != from).then(|| by.clone());
        ChangeProof { proofs: created.into_iter().chain(used.flatten()).collect(), grantor, is_complete }
    }

    /// The change of the tags of the step's end. Several states can each change a part of them.
    fn prove_tags(&self, step: &PathStep, undecided: &mut BTreeSet<UndecidedReason>) -> ChangeProof {
        let PathStep { from, to, earlier_change } = step;
        let others = earlier_change.iter().flat_map(|earlier| [&earlier.by].into_iter().chain(&earlier.others));
        let taggers: Vec<&NodeState> = [from].into_iter().chain(others).collect();
        let mut change = ChangeProof { proofs: Vec::new(), grantor: None, is_complete: true };
        // A tag can depend on another one, which is changed first.
        let original = StateChange::default();
        for (key, chosen) in &to.change.tags {
            let attempts = taggers.iter().flat_map(|tagger| [(*tagger, &original), (*tagger, &to.change)]);
            let found = attempts.into_iter().find_map(|(tagger, base)| {
                let prove = |prover: &StepProver<'_>, undecided: &mut BTreeSet<UndecidedReason>| {
                    prover.prove_tag_change(to.principal, (key, chosen), undecided)
                };
                Some((tagger, self.with_prover(tagger, (to.principal, base), |prover| prove(prover, undecided))?))
            });
            let Some((tagger, proof)) = found else {
                change.is_complete = false;
                continue;
            };
            if tagger != from && change.grantor.is_none() {
                change.grantor = Some(tagger.clone());
            }
            change.add(proof);
        }
        change
    }

    /// The technique by which a state acts as another principal, and that does not limit the session if the step has any.
    fn prove_session(
        &self,
        PathStep { from, to: taken, .. }: &PathStep,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<TechniqueProof>> {
        if taken.change.session.is_none() && self.world.limited_if_assumed.contains(to.principal) {
            let mut open = BTreeSet::new();
            let unlimited = self.prove_becoming(from, to, StepRole::BecomeWithoutAssuming, &mut open);
            if unlimited.is_some() {
                return unlimited;
            }
        }
        self.prove_becoming(from, to, StepRole::Become, undecided)
    }

    /// The technique by which a state acts as another principal. If the technique needs an instance profile that the role
    /// does not have, the technique that gives it one comes first.
    fn prove_becoming(
        &self,
        from: &NodeState,
        to: &NodeState,
        role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<TechniqueProof>> {
        let proof = self.find_technique(from, to, &to.change, role, undecided)?;
        let profile = self.with_prover(from, (to.principal, &to.change), |prover| {
            prover.prove_profile(proof.technique, to.principal, undecided)
        })?;
        Some(profile.into_iter().chain([proof]).collect())
    }

    /// The technique by which a state does something to a target with the tags and the boundary of `base`, with its proof.
    pub(super) fn find_technique(
        &self,
        state: &NodeState,
        target: &NodeState,
        base: &StateChange,
        role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        self.with_prover(state, (target.principal, base), |prover| {
            prover.find_technique(target.principal, role, undecided)
        })
    }

    pub(super) fn with_prover<T>(
        &self,
        state: &NodeState,
        (target, base): (usize, &StateChange),
        prove: impl FnOnce(&StepProver<'_>) -> T,
    ) -> T {
        let effective = self.world.effective(state);
        let holdings = PrincipalHoldings { principal: target, holdings: base.holdings().collect() };
        let chosen = (&base.tags, base.boundary.as_ref());
        let view = TargetView::of_principal(chosen, holdings, &self.world.principals.empty_set());
        prove(&StepProver::new(&StepFinder::new(&self.world, state, &effective, &view)))
    }
}
