//! One step of a path, proven: what is done, with which requests, and on what it rests.

use std::collections::BTreeSet;

use super::decide::any_resource::allow_all_except;
use super::decide::effective::{BUDGET, EffectiveAccess, RequiredLayers, restrict_to_action};
use super::decide::resource_query::{ContextFacts, add_context_facts};
use super::graph::Graph;
use super::model::state::NodeState;
use super::model::technique::{Technique, TechniqueKind, WriteTarget, techniques};
use super::steps::assume_role::{add_trust_policy, principal_fact, query_assume_role};
use super::steps::successors::{StepFinder, pass_role_fact};
use crate::access::{Layers, PolicyOrigin, Request, evaluate};
use crate::catalog::Catalog;
use crate::iam::{ContextKey, Interpretation};
use crate::solve::{
    Access, ActionWorld, AnswerDetail, Cube, Question, UndecidedReason, WitnessPolicy, build_effective_access,
};

const PROOF_DETAIL: AnswerDetail = AnswerDetail::Difference { max_cubes: 4, witnesses: WitnessPolicy::Single };

/// One step of a path.
#[derive(Clone, Debug)]
pub struct ProvenStep {
    /// Who takes it.
    pub from: NodeState,
    /// Whom that makes of it.
    pub to: NodeState,
    /// Who took the first of the paths, where somebody on the way did before it became `from`.
    pub grantor: Option<NodeState>,
    /// The paths that it takes: one, or one that widens the target and one that becomes it.
    pub techniques: Vec<&'static Technique>,
    /// The requests that it takes, in order.
    pub requests: Vec<StepRequest>,
    /// What it rests on that the snapshot does not tell, a line each.
    pub assumptions: Vec<&'static str>,
}

/// A request of a step, which the evaluator confirms.
#[derive(Clone, Debug)]
pub struct StepRequest {
    /// The request.
    pub request: Request,
    /// All such requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// The statement that allows it: its policy's name, and its position.
    pub granted_by: Option<(String, usize)>,
}

impl ProvenStep {
    /// What is done; `name` tells whoever took the first of the paths on the way.
    pub fn summarize(&self, name: impl Fn(&NodeState) -> String) -> String {
        let summaries: Vec<&str> = self.techniques.iter().map(|technique| technique.summary.as_str()).collect();
        match (&self.grantor, summaries.split_first()) {
            (Some(grantor), Some((first, rest))) => {
                format!("{}, after {} {first}", rest.join(" and "), name(grantor))
            }
            _ => summaries.join(" and "),
        }
    }

    /// Whether it is no more than assuming a role.
    pub fn is_role_assumption(&self) -> bool {
        self.techniques.iter().all(|technique| technique.kind == TechniqueKind::Assume)
    }
}

impl Graph<'_> {
    /// The steps of a way, each with its proof.
    ///
    /// # Errors
    /// What of it the evaluator does not confirm, or could not be decided when it was asked by itself.
    pub fn prove_steps(&self, path: &[NodeState]) -> Result<Vec<ProvenStep>, BTreeSet<UndecidedReason>> {
        (1..path.len())
            .filter_map(|at| Some((path.get(..at)?, path.get(at)?)))
            .map(|(path, to)| self.prove_step(path, to))
            .collect()
    }

    /// The last step of a way, to `to`.
    fn prove_step(&self, path: &[NodeState], to: &NodeState) -> Result<ProvenStep, BTreeSet<UndecidedReason>> {
        let mut undecided = BTreeSet::new();
        let Some((from, earlier)) = path.split_last() else { return Err(undecided) };
        let Some(effective) = self.effective(from) else { return Err(undecided) };
        let Some(step_finder) = StepFinder::new(self, from, &effective) else { return Err(undecided) };
        let prover = StepProver { graph: self, effective: &effective, step_finder: &step_finder };
        let is_same_principal = from.principal == to.principal;
        let grants_all = to.change.grants_all && !(is_same_principal && from.change.grants_all);
        let changes_state = !grants_all && (is_same_principal || !to.change.is_unchanged());
        let mut proofs = Vec::new();
        let mut grantor = None;
        if grants_all {
            proofs.extend(prover.find_technique(to.principal, StepRole::GrantAll, &mut undecided));
            if proofs.is_empty() && !is_same_principal {
                for state in earlier.iter().rev() {
                    proofs.extend(self.find_earlier_grant(state, to, &mut undecided));
                    if !proofs.is_empty() {
                        grantor = Some(state.clone());
                        break;
                    }
                }
            }
        } else if changes_state {
            proofs.extend(prover.find_technique(to.principal, StepRole::ChangeState(to), &mut undecided));
        }
        if !is_same_principal {
            proofs.extend(prover.find_technique(to.principal, StepRole::Become, &mut undecided));
        }
        if proofs.len() != usize::from(grants_all || changes_state) + usize::from(!is_same_principal) {
            if undecided.is_empty() {
                undecided.insert(UndecidedReason::WitnessRefuted(format!("a step to {}", self.arn(to.principal))));
            }
            return Err(undecided);
        }
        Ok(ProvenStep {
            from: from.clone(),
            to: to.clone(),
            grantor: grantor,
            assumptions: proofs.iter().filter_map(|(technique, _)| technique.assumption.as_deref()).collect(),
            techniques: proofs.iter().map(|(technique, _)| *technique).collect(),
            requests: proofs.into_iter().flat_map(|(_, asks)| asks).collect(),
        })
    }
}

impl Graph<'_> {
    /// How someone earlier on the way writes anything into the policies of the one at its end.
    fn find_earlier_grant(
        &self,
        state: &NodeState,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<(&'static Technique, Vec<StepRequest>)> {
        let effective = self.effective(state)?;
        let step_finder = StepFinder::new(self, state, &effective)?;
        StepProver { graph: self, effective: &effective, step_finder: &step_finder }.find_technique(
            to.principal,
            StepRole::GrantAll,
            undecided,
        )
    }
}

/// What part of a step a path plays.
#[derive(Copy, Clone)]
enum StepRole<'b> {
    GrantAll,
    Become,
    ChangeState(&'b NodeState),
}

struct StepProver<'g> {
    graph: &'g Graph<'g>,
    effective: &'g EffectiveAccess<'g>,
    step_finder: &'g StepFinder<'g>,
}

impl StepProver<'_> {
    /// The first path that plays a part and whose requests are proven; what rests on nothing comes first.
    fn find_technique(
        &self,
        target: usize,
        step_role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<(&'static Technique, Vec<StepRequest>)> {
        let (unconditional, with_assumption): (Vec<&Technique>, Vec<&Technique>) =
            techniques().iter().partition(|path| path.assumption.is_none());
        // To assume a role is the plainest way to become it.
        let (assume_role, other_techniques): (Vec<&Technique>, Vec<&Technique>) =
            unconditional.into_iter().partition(|path| path.kind == TechniqueKind::Assume);
        assume_role.into_iter().chain(other_techniques).chain(with_assumption).find_map(|technique| {
            let applies = match step_role {
                StepRole::GrantAll => {
                    technique.kind.write_target().is_some()
                        && self.step_finder.find_grant_targets(technique, undecided).contains(target)
                }
                StepRole::Become => {
                    technique.kind.write_target().is_none()
                        && !technique.kind.changes_state()
                        && self.step_finder.find_reachable(technique, undecided).contains(target)
                }
                StepRole::ChangeState(to) => {
                    let mut targets = self.graph.principals.empty_set();
                    targets.insert(target);
                    self.step_finder.find_changed_states(technique, &targets, undecided).contains(to)
                }
            };
            let requests = applies.then(|| self.prove_requests(technique, target, step_role, undecided))??;
            Some((technique, requests))
        })
    }

    /// The requests of a path; none where one of them is not proven.
    fn prove_requests(
        &self,
        technique: &'static Technique,
        target: usize,
        step_role: StepRole<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let graph = self.graph;
        let mut requests = Vec::new();
        if let StepRole::ChangeState(to) = step_role {
            let touched_resources = self.step_finder.find_touched_resources(technique, to, undecided);
            for ((on, policy), need) in
                touched_resources.iter().flat_map(|on| technique.required_actions.iter().map(move |need| (on, need)))
            {
                let facts = |_: usize, key: &ContextKey| {
                    let spoken_of = self.step_finder.policy_arn_fact(need, policy.as_deref(), key);
                    spoken_of
                        .or_else(|| (on == graph.arn(target)).then(|| principal_fact(graph, target, key)).flatten())
                };
                requests.push(self.prove_on_resource(need, on, &facts, undecided)?);
            }
            return (!requests.is_empty()).then_some(requests);
        }
        match technique.kind {
            TechniqueKind::Assume => requests.push(self.prove_assume_role(target, undecided)?),
            TechniqueKind::PassRoleThenAssume => {
                // Any of the roles that can be passed and that assume the target.
                let (role, service) = technique.services.iter().find_map(|service| {
                    let passed = self.step_finder.find_passable_roles(technique, service, undecided);
                    let relays = |role: &usize| {
                        let state = NodeState { principal: *role, change: super::model::state::StateChange::default() };
                        graph.effective(&state).is_some_and(|power| {
                            super::steps::assume_role::find_assumable_roles(graph, &state, &power, &mut BTreeSet::new())
                                .contains(target)
                        })
                    };
                    passed.ones().find(relays).map(|role| (role, service))
                })?;
                requests.push(self.prove_pass_role(role, service, undecided)?);
            }
            TechniqueKind::NewPassRole => {
                let service = technique.services.iter().find(|service| {
                    self.step_finder.find_passable_roles(technique, service, undecided).contains(target)
                })?;
                requests.push(self.prove_pass_role(target, service, undecided)?);
            }
            _ => {}
        }
        let target_resource = match technique.kind {
            TechniqueKind::PutGroup | TechniqueKind::AttachGroup => {
                Some(self.find_allowed_resource(&graph.groups, technique, undecided, |group| {
                    self.step_finder.find_members(group).contains(target)
                })?)
            }
            TechniqueKind::CreatePolicyVersion => {
                Some(self.find_allowed_resource(&graph.policies, technique, undecided, |policy| {
                    self.step_finder.find_holders(policy).contains(target)
                })?)
            }
            kind if kind.write_target().is_some() => Some(graph.arn(target).to_owned()),
            TechniqueKind::CreateCredentials | TechniqueKind::UpdateTrustPolicy => Some(graph.arn(target).to_owned()),
            _ => None,
        };
        match target_resource {
            Some(target_resource) => {
                for action in &technique.required_actions {
                    let facts = |_: usize, key: &ContextKey| {
                        let spoken_of = self.step_finder.policy_arn_fact(action, None, key);
                        spoken_of.or_else(|| {
                            (target_resource == graph.arn(target)).then(|| principal_fact(graph, target, key)).flatten()
                        })
                    };
                    requests.push(self.prove_on_resource(action, &target_resource, &facts, undecided)?);
                }
            }
            None if technique.kind != TechniqueKind::Assume => {
                for action in &technique.required_actions {
                    requests.push(self.prove_on_any_resource(action, undecided)?);
                }
            }
            None => {}
        }
        Some(requests)
    }

    /// The first thing of a universe that is fit and on which the path's action is allowed.
    fn find_allowed_resource(
        &self,
        arn_index: &super::model::arn_index::ArnIndex,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
        is_candidate: impl Fn(usize) -> bool,
    ) -> Option<String> {
        debug_assert!(matches!(technique.kind.write_target(), Some(WriteTarget::Group | WriteTarget::Policy)));
        let action = technique.required_actions.first()?;
        let facts = |_: usize, key: &ContextKey| self.step_finder.policy_arn_fact(action, None, key);
        let candidates =
            (0..arn_index.len()).filter(|position| is_candidate(*position)).map(|thing| arn_index.arn(thing));
        let mut allowed = candidates.filter(|arn| self.prove_on_resource(action, arn, &facts, undecided).is_some());
        allowed.next().map(str::to_owned)
    }

    fn prove_assume_role(&self, role: usize, undecided: &mut BTreeSet<UndecidedReason>) -> Option<StepRequest> {
        let layers = add_trust_policy(self.graph, self.effective, role)?;
        let confirm = |request: &Request, interpretation: Interpretation| self.replay(&layers, request, interpretation);
        let (grant, reasons) =
            query_assume_role(self.graph, self.effective, &layers, role, PROOF_DETAIL, Some(&confirm));
        undecided.extend(reasons);
        let grant = grant?;
        // Who is named by the role needs no statement of its own.
        let policies = build_effective_access(&layers).1;
        let own_policy =
            policies.get(grant.statement_id.0).filter(|policy| !matches!(policy.origin, PolicyOrigin::Resource { .. }));
        let granted_by = own_policy.map(|policy| (policy.name.clone(), grant.statement_id.1));
        Some(StepRequest { request: grant.witness?, cubes: grant.cubes, granted_by })
    }

    fn prove_pass_role(
        &self,
        role: usize,
        service: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let (_, service_name) = self.graph.trust_index.find_service_roles(self.effective.account, service)?;
        let facts = |_: usize, key: &ContextKey| pass_role_fact(key, service_name);
        let mut request = self.prove_on_resource("iam:PassRole", self.graph.arn(role), &facts, undecided)?;
        request.request.context.set("iam:PassedToService", service_name);
        Some(request)
    }

    /// A request on one thing.
    fn prove_on_resource(
        &self,
        action: &str,
        resource: &str,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let id = self.graph.solver.catalog.find_action(action)?;
        let access = restrict_to_action(
            self.graph.solver,
            &self.effective.access,
            id,
            RequiredLayers::IdentityAndBoundary,
            false,
        );
        self.prove(&access, &Access::default(), Some((action, resource)), facts, undecided)
    }

    /// A request on whatever there is.
    fn prove_on_any_resource(&self, action: &str, undecided: &mut BTreeSet<UndecidedReason>) -> Option<StepRequest> {
        let id = self.graph.solver.catalog.find_action(action)?;
        let access = restrict_to_action(
            self.graph.solver,
            &self.effective.access,
            id,
            RequiredLayers::IdentityAndBoundary,
            false,
        );
        let complement = Access::from_policies([(&allow_all_except(action), 0)]);
        self.prove(&access, &complement, None, &|_, _| None, undecided)
    }

    fn prove(
        &self,
        access: &Access,
        excluded: &Access,
        only: Option<(&str, &str)>,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let known = add_context_facts(self.effective.known, access, 0, facts);
        let confirm = |request: &Request, interpretation: Interpretation| {
            self.replay(&self.effective.layers, request, interpretation)
        };
        let answer = self.graph.solver.answer(&Question {
            effective: access,
            declared: excluded,
            known: &known,
            partition: Some(self.effective.partition),
            world: ActionWorld::Existing,
            single_request: only,
            budget: BUDGET,
            detail: PROOF_DETAIL,
            witness_account: Some(self.effective.account),
            replay: Some(&confirm),
        });
        undecided.extend(answer.undecided);
        let grant = answer.grants.into_iter().find(|grant| grant.witness.is_some())?;
        let policy = self.effective.policies.get(grant.statement_id.0).map(|policy| policy.name.clone());
        let granted_by = policy.map(|name| (name, grant.statement_id.1));
        Some(StepRequest { request: grant.witness?, cubes: grant.cubes, granted_by })
    }

    fn replay(&self, layers: &Layers, request: &Request, interpretation: Interpretation) -> Result<(), String> {
        let catalog: &Catalog = self.graph.solver.catalog;
        let rcp = |service: &str| catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id));
        match evaluate(layers, request, &rcp, interpretation).is_allowed() {
            true => Ok(()),
            false => Err(format!("{} on {}", request.action, request.resource)),
        }
    }
}
