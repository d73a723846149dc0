//! Proves one request of a step: a witness that the concrete evaluator allows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::assume_role::{RoleQuery, add_trust_policy, query_assume_role};
use super::source_resources::limit_to;
use crate::access::{PolicyOrigin, PolicyRef, Request};
use crate::iam::{ContextKey, Interpretation, PolicyDocument};
use crate::reach::decide::context_facts::{ContextFacts, add_context_facts, pass_role_fact};
use crate::reach::decide::effective::{EffectiveAccess, RequiredLayers, restrict_to_action};
use crate::reach::decide::world::World;
use crate::reach::model::chosen_tags::TargetView;
use crate::reach::model::complement::allow_all_except;
use crate::solve::{Access, AnswerDetail, Cube, Question, UndecidedReason, WitnessPolicy, build_effective_access};

const PROOF_DETAIL: AnswerDetail = AnswerDetail::Difference { max_cubes: 4, witnesses: WitnessPolicy::Single };

/// A proven request of a step.
#[derive(Clone, Debug)]
pub struct StepRequest {
    /// The witness.
    pub request: Request,
    /// All such requests, as disjoint sets.
    pub cubes: Vec<Cube>,
    /// The granting statement: its policy and its position. None if a trust policy alone grants it.
    pub granted_by: Option<(PolicyRef, usize)>,
}

/// Proves requests of one state.
pub(super) struct RequestProver<'g> {
    pub(super) world: &'g World<'g>,
    pub(super) effective: &'g EffectiveAccess<'g>,
    /// The tags of the targets.
    pub(super) tags: &'g TargetView,
}

impl RequestProver<'_> {
    /// A request to assume a role that a document does not allow, if one is given. None if it is not allowed or not
    /// decided.
    pub(super) fn prove_assume_role(
        &self,
        role: usize,
        excluded: Option<&Arc<PolicyDocument>>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let layers = add_trust_policy(self.world, self.effective, role)?;
        let query = RoleQuery { layers: &layers, role, tags: self.tags, detail: PROOF_DETAIL, excluded };
        let (grant, reasons) = query_assume_role(self.world, self.effective, &query);
        undecided.extend(reasons);
        let grant = grant?;
        // A principal that the trust policy names needs no statement of its own.
        let policies = build_effective_access(&layers).1;
        let own_policy = grant
            .statement_id
            .0
            .find(&policies)
            .filter(|policy| !matches!(policy.origin, PolicyOrigin::Resource { .. }));
        let granted_by = own_policy.map(|policy| (policy.clone(), grant.statement_id.1));
        Some(StepRequest { request: grant.witness?, cubes: grant.cubes, granted_by })
    }

    /// A request to pass a role to a service. None if it is not allowed or not decided.
    pub(super) fn prove_pass_role(
        &self,
        role: usize,
        service: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let (_, service_name) = self.world.trust_index.find_service_roles(self.effective.account, service)?;
        let facts = |_: usize, key: &ContextKey| pass_role_fact(key, service_name);
        let mut request = self.prove_on_resource("iam:PassRole", self.world.arn(role), &facts, undecided)?;
        request.request.context.set("iam:PassedToService", service_name);
        Some(request)
    }

    /// A request on one resource. None if it is not allowed or not decided.
    pub(super) fn prove_on_resource(
        &self,
        action: &str,
        resource: &str,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let access = self.restrict_to_action(action)?;
        self.prove(&access, &Access::default(), Some((action, resource)), facts, undecided)
    }

    /// A request on any resource. None if it is not allowed or not decided.
    pub(super) fn prove_on_any_resource(
        &self,
        action: &str,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        self.prove_within(action, None, facts, undecided)
    }

    /// A request on a resource that one of the patterns matches. None if it is not allowed or not decided.
    ///
    /// `patterns`: `None` for any resource.
    pub(super) fn prove_within(
        &self,
        action: &str,
        patterns: Option<&[String]>,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let mut access = self.restrict_to_action(action)?;
        if let Some(patterns) = patterns {
            limit_to(&mut access, action, patterns);
        }
        let complement = Access::from_policies([(&allow_all_except(action), 0)]);
        self.prove(&access, &complement, None, facts, undecided)
    }

    /// None if the catalog does not have the action.
    fn restrict_to_action(&self, action: &str) -> Option<Access> {
        let id = self.world.find_action(action)?;
        Some(restrict_to_action(self.world.solver, self.effective, id, RequiredLayers::IdentityAndBoundary))
    }

    fn prove(
        &self,
        access: &Access,
        excluded: &Access,
        single_request: Option<(&str, &str)>,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let known = add_context_facts(&self.effective.known, access, 0, facts);
        let replay = |request: &Request, interpretation: Interpretation| {
            self.world.replay(&self.effective.layers, request, interpretation)
        };
        let answer = self.world.solver.answer(&Question {
            known: &known,
            single_request,
            detail: PROOF_DETAIL,
            replay: Some(&replay),
            ..self.world.build_question(self.effective, access, excluded)
        });
        undecided.extend(answer.undecided);
        let grant = answer.grants.into_iter().find(|grant| grant.witness.is_some())?;
        let policy = grant.statement_id.0.find(&self.effective.policies).cloned();
        let granted_by = policy.map(|policy| (policy, grant.statement_id.1));
        Some(StepRequest { request: grant.witness?, cubes: grant.cubes, granted_by })
    }
}
