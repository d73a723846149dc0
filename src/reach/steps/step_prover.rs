//! Finds a technique for a step whose requests can all be proven.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::new_resource_kind::NewResource;
use super::request_proof::{RequestProver, StepRequest};
use super::state_changes::ChangeTargets;
use super::step_finder::StepFinder;
use crate::access::KeyFact;
use crate::iam::{ContextKey, PolicyDocument};
use crate::reach::decide::context_facts::policy_arn_fact;
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::state::NodeState;
use crate::reach::model::technique::{Technique, TechniqueKind, techniques};
use crate::solve::UndecidedReason;

/// A technique with its proven requests.
pub(crate) struct TechniqueProof {
    pub(crate) technique: &'static Technique,
    pub(crate) requests: Vec<StepRequest>,
    /// Prerequisites that the snapshot cannot confirm.
    pub(crate) assumptions: Vec<String>,
}

impl TechniqueProof {
    pub(crate) fn new(technique: &'static Technique, requests: Vec<StepRequest>) -> TechniqueProof {
        TechniqueProof { technique, requests, assumptions: technique.assumption.iter().cloned().collect() }
    }
}

/// What a technique contributes to a step.
#[derive(Copy, Clone)]
pub(crate) enum StepRole<'b> {
    /// Grants all permissions to the target.
    GrantAll,
    /// Acts as the target.
    Become,
    /// Acts as the target by other means than assuming it.
    BecomeWithoutAssuming,
    /// Rewrites the trust policy of the target, for this use.
    RewriteTrust(TechniqueKind),
    /// Changes the target's permissions to this state.
    ChangeState(&'b NodeState),
}

/// Proves steps of one state.
pub(crate) struct StepProver<'g> {
    pub(crate) step_finder: &'g StepFinder<'g>,
    pub(super) request_prover: RequestProver<'g>,
}

impl<'g> StepProver<'g> {
    pub(crate) fn new(step_finder: &'g StepFinder<'g>) -> StepProver<'g> {
        let StepFinder { world, effective, tags, .. } = *step_finder;
        let request_prover = RequestProver { world, effective, tags };
        StepProver { step_finder, request_prover }
    }

    /// The first technique for a role whose requests are all proven. `sts:AssumeRole` comes first, techniques with an
    /// assumption come last; of these, those that rest on a resource of the snapshot come first, without other assumptions
    /// if possible.
    pub(crate) fn find_technique(
        &self,
        target: usize,
        step_role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let (unconditional, with_assumption): (Vec<&'static Technique>, Vec<&'static Technique>) =
            techniques().iter().partition(|technique| technique.assumption.is_none());
        let (assume_role, other_techniques): (Vec<&'static Technique>, Vec<&'static Technique>) =
            unconditional.into_iter().partition(|technique| technique.kind == TechniqueKind::Assume);
        let mut prove = |technique: &'static Technique| self.prove_technique(technique, target, step_role, undecided);
        let without_assumption = assume_role.into_iter().chain(other_techniques).find_map(&mut prove);
        if without_assumption.is_some() {
            return without_assumption;
        }
        let (listed, open): (Vec<&'static Technique>, Vec<&'static Technique>) =
            with_assumption.into_iter().partition(|technique| self.step_finder.has_listed_resources(technique));
        let mut first = None;
        for proof in listed.into_iter().filter_map(&mut prove) {
            if proof.assumptions.is_empty() {
                return Some(proof);
            }
            first.get_or_insert(proof);
        }
        first.or_else(|| open.into_iter().find_map(prove))
    }

    /// A technique for a role with its requests. None if it does not apply, or if a request is not proven.
    fn prove_technique(
        &self,
        technique: &'static Technique,
        target: usize,
        step_role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        if !self.is_applicable(technique, target, step_role, undecided) {
            return None;
        }
        let has_touched_resources = technique.limited_to.is_empty() && technique.has_target_resource();
        let requests = match step_role {
            StepRole::ChangeState(to) if technique.kind == TechniqueKind::CreatePrincipal => {
                self.prove_creation(technique, to, undecided)
            }
            StepRole::ChangeState(to) if technique.kind.sets_chosen_boundary() => {
                self.prove_boundary(technique, to, undecided)
            }
            StepRole::GrantAll if technique.kind.write_target().is_none() => {
                self.prove_new_grant(technique, target, undecided)
            }
            StepRole::ChangeState(to) if has_touched_resources => self.prove_state_change(technique, to, undecided),
            _ => return self.prove_requests(technique, target, undecided),
        };
        Some(TechniqueProof::new(technique, requests?))
    }

    /// The technique that puts a role into an instance profile, if the role has none and another technique needs one. None
    /// if it is not proven.
    pub(crate) fn prove_profile(
        &self,
        technique: &Technique,
        role: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Option<TechniqueProof>> {
        let without_profile = &self.step_finder.world.principal_sets.roles_without_profile;
        if !technique.instance_profile || !without_profile.contains(role) {
            return Some(None);
        }
        self.prove_filled_profile(undecided).map(Some)
    }

    /// The first technique that puts a role into an instance profile whose requests are all proven.
    pub(super) fn prove_filled_profile(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Option<TechniqueProof> {
        let mut filling = techniques().iter().filter(|technique| technique.kind == TechniqueKind::FillProfile);
        filling.find_map(|technique| {
            let prove = |action: &String| self.request_prover.prove_on_any_resource(action, &|_, _| None, undecided);
            let requests = technique.required_actions.iter().map(prove).collect::<Option<Vec<StepRequest>>>()?;
            Some(TechniqueProof::new(technique, requests))
        })
    }

    /// A request to assume a role that a document does not allow. None if there is none, or if that is undecided.
    pub(crate) fn prove_other_assumption(
        &self,
        role: usize,
        declared: &Arc<PolicyDocument>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        self.request_prover.prove_assume_role(role, Some(declared), undecided)
    }

    fn is_applicable(
        &self,
        technique: &'static Technique,
        target: usize,
        step_role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let kind = technique.kind;
        match step_role {
            StepRole::GrantAll => {
                kind.grants_all() && self.step_finder.find_grant_targets(technique, undecided).contains(target)
            }
            StepRole::Become | StepRole::BecomeWithoutAssuming => {
                let may_assume = matches!(step_role, StepRole::Become);
                (may_assume || kind != TechniqueKind::Assume)
                    && !kind.grants_all()
                    && !kind.changes_state()
                    && technique.limited_to.is_empty()
                    && self.step_finder.find_reachable(technique, undecided).contains(target)
            }
            StepRole::RewriteTrust(wanted) => {
                kind == wanted && self.step_finder.find_rewritable(undecided).contains(target)
            }
            StepRole::ChangeState(to) => {
                let mut targets = self.step_finder.world.principals.empty_set();
                targets.insert(target);
                let targets = ChangeTargets { widened: &targets, freed: &targets };
                self.step_finder.find_changed_states(technique, targets, undecided).contains(to)
            }
        }
    }

    /// One request per required action and modified resource. None if one of them is not proven.
    fn prove_state_change(
        &self,
        technique: &Technique,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let mut requests = Vec::new();
        if technique.kind == TechniqueKind::RenameUser
            && let Some(renamed) = &to.change.renamed
        {
            let own = self.step_finder.world.arn(to.principal);
            requests.extend(self.prove_freed_name(NewResource::User, (renamed, Some(own)), undecided)?);
        }
        for touched in self.step_finder.find_touched_resources(technique, to, undecided) {
            for action in &technique.required_actions {
                let target_fact = |key: &ContextKey| {
                    self.target_fact(action, (to.principal, &touched.arn), touched.policy_arn.as_deref(), key)
                };
                let facts = |_: usize, key: &ContextKey| technique.context_fact(key).or_else(|| target_fact(key));
                requests.extend(self.prove_on_target(action, &touched.arn, &facts, undecided)?);
            }
        }
        (!requests.is_empty()).then_some(requests)
    }

    /// The requests of a technique that grants everything to a target or acts as it. None if one of them is not proven.
    fn prove_requests(
        &self,
        technique: &'static Technique,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        if technique.kind == TechniqueKind::Assume {
            let request = self.request_prover.prove_assume_role(target, None, undecided)?;
            return Some(TechniqueProof::new(technique, vec![request]));
        }
        let mut requests = Vec::new();
        let passed = self.find_passed_role(technique, target, undecided)?;
        if let Some((role, service)) = passed {
            requests.push(self.request_prover.prove_pass_role(role, service, undecided)?);
        }
        let Some(arn) = self.find_target_resource(technique, target, undecided)? else {
            let source = passed.or_else(|| self.find_using_service(technique, target, undecided));
            let trust_index = &self.step_finder.world.trust_index;
            let source = source.and_then(|(role, service)| trust_index.find_source_arns(role, service));
            let mut proof = self.prove_on_existing(technique, target, source.map(Arc::as_ref), undecided)?;
            proof.requests.splice(0..0, requests);
            return Some(proof);
        };
        for action in technique.own_actions() {
            let facts = |_: usize, key: &ContextKey| {
                technique.context_fact(key).or_else(|| self.target_fact(action, (target, &arn), None, key))
            };
            requests.extend(self.prove_on_target(action, &arn, &facts, undecided)?);
        }
        Some(TechniqueProof::new(technique, requests))
    }

    /// A role that a service uses already, and the service. None if the technique does something else.
    fn find_using_service(
        &self,
        technique: &'static Technique,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<(usize, &'static str)> {
        let mut services = technique.services.iter().filter(|_| technique.kind == TechniqueKind::ExistingPassRole);
        let service = services
            .find(|service| self.step_finder.find_service_roles(technique, service, undecided).contains(target))?;
        Some((target, service.as_str()))
    }

    /// The role that a technique passes to a service: `Some(None)` if it passes no role, `None` if no role fits.
    fn find_passed_role(
        &self,
        technique: &'static Technique,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Option<(usize, &'static str)>> {
        let mut services = technique.services.iter();
        match technique.kind {
            TechniqueKind::NewPassRole => {
                let service = services.find(|service| {
                    self.step_finder.find_passable_roles(technique, service, undecided).contains(target)
                });
                service.map(|service| Some((target, service.as_str())))
            }
            TechniqueKind::PassRoleThenAssume => {
                let passed = services.find_map(|service| {
                    let passable = self.step_finder.find_passable_roles(technique, service, undecided);
                    let mut roles = passable.ones();
                    let role =
                        roles.find(|role| self.step_finder.find_roles_assumed_by(*role, undecided).contains(target));
                    role.map(|role| (role, service.as_str()))
                });
                passed.map(Some)
            }
            _ => Some(None),
        }
    }

    /// The resource of a technique's requests: `Some(None)` for any resource, `None` if no resource fits.
    fn find_target_resource(
        &self,
        technique: &Technique,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Option<String>> {
        let world = self.step_finder.world;
        match technique.kind {
            TechniqueKind::PutGroup | TechniqueKind::AttachGroup => {
                let is_group_of_target = |group| self.step_finder.find_members(group).contains(target);
                self.find_allowed_resource(&world.groups, technique, undecided, is_group_of_target).map(Some)
            }
            TechniqueKind::CreatePolicyVersion => {
                let is_policy_of_target = |policy| self.step_finder.find_holders(policy).contains(target);
                self.find_allowed_resource(&world.policies, technique, undecided, is_policy_of_target).map(Some)
            }
            TechniqueKind::ChangeProvider => {
                let providers = self.step_finder.find_changeable_providers(technique, undecided);
                let found = providers.into_iter().find(|(_, roles)| roles.contains(target));
                found.map(|(arn, _)| Some(arn.to_owned()))
            }
            TechniqueKind::CreateCredentials => Some(Some(world.arn(target).to_owned())),
            kind if kind.rewrites_trust() || kind.write_target().is_some() => Some(Some(world.arn(target).to_owned())),
            _ => Some(None),
        }
    }

    /// The first candidate on which a technique's action is proven.
    fn find_allowed_resource(
        &self,
        arn_index: &ArnIndex,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
        is_candidate: impl Fn(usize) -> bool,
    ) -> Option<String> {
        let action = technique.required_actions.first()?;
        let partition = self.step_finder.effective.partition;
        let facts = |_: usize, key: &ContextKey| policy_arn_fact(partition, action, None, key);
        let candidates =
            (0..arn_index.len()).filter(|position| is_candidate(*position)).map(|position| arn_index.arn(position));
        let mut allowed = candidates.filter(|arn| self.prove_on_target(action, arn, &facts, undecided).is_some());
        allowed.next().map(str::to_owned)
    }

    /// The fact about a key in a request on `resource`, which may be the target itself, its group or its policy.
    pub(super) fn target_fact(
        &self,
        action: &str,
        (target, resource): (usize, &str),
        policy_arn: Option<&str>,
        key: &ContextKey,
    ) -> Option<KeyFact> {
        let world = self.step_finder.world;
        // A user that a request is about is the target, under whatever name.
        let is_target = |arn: &str| arn == world.arn(target) || NewResource::of_arn(arn) == Some(NewResource::User);
        policy_arn_fact(self.step_finder.effective.partition, action, policy_arn, key)
            .or_else(|| self.step_finder.principal_fact(target, key).filter(|_| is_target(resource)))
    }
}
