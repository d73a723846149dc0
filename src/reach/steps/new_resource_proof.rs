//! Proves the requests of a step that creates a user, a role, a group or a policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::created_principals::POLICY_ARN_KEY;
use super::creation::{Creation, build_creation};
use super::new_grants::NewGroup;
use super::new_resource_kind::NewResource;
use super::request_proof::StepRequest;
use super::step_prover::StepProver;
use crate::iam::ContextKey;
use crate::reach::decide::context_facts::policy_arn_fact;
use crate::reach::model::chosen_boundary::ChosenBoundary;
use crate::reach::model::created_principal::{CreatedAccess, CreatedPrincipal};
use crate::reach::model::state::NodeState;
use crate::reach::model::technique::{Technique, TechniqueKind};
use crate::solve::UndecidedReason;

impl StepProver<'_> {
    /// The requests that create a user or role and give it permissions. None if one of them is not proven.
    pub(super) fn prove_creation(
        &self,
        technique: &'static Technique,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let created = to.change.created.as_ref()?;
        let plain = Creation { boundary: created.boundary.clone(), ..build_creation(technique) };
        let plain = if created.is_tagged { plain.with_tags() } else { plain };
        let policies: Vec<Option<Arc<str>>> = match &created.access {
            CreatedAccess::Policy(arn) => vec![Some(Arc::clone(arn))],
            _ if technique.requires_action("iam:CreatePolicy") => {
                let new = self.step_finder.find_new_policies(POLICY_ARN_KEY, undecided);
                new.into_iter().map(|arn| Some(Arc::from(arn))).collect()
            }
            _ => vec![None],
        };
        policies.into_iter().find_map(|policy_arn| {
            let creation = Creation { policy_arn, ..plain.clone() };
            self.prove_creation_with(technique, (created, &creation), undecided)
        })
    }

    fn prove_creation_with(
        &self,
        technique: &'static Technique,
        (created, creation): (&CreatedPrincipal, &Creation<'_>),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let partition = self.step_finder.effective.partition;
        let mut requests = Vec::new();
        if let Some(policy) = creation.policy_arn.as_deref().filter(|_| technique.requires_action("iam:CreatePolicy")) {
            requests.push(self.prove_plain("iam:CreatePolicy", policy, undecided)?);
        }
        if let Some(ChosenBoundary::Rewritten(policy)) = &creation.boundary {
            requests.extend(self.prove_written_policy(policy, undecided)?);
        }
        requests.extend(self.prove_freed_name(creation.kind, (&created.arn, None), undecided)?);
        for action in creation.actions.iter().filter(|action| **action != "iam:PassRole") {
            let facts = |_: usize, key: &ContextKey| creation.fact(partition, action, key);
            requests.push(self.request_prover.prove_on_resource(action, &created.arn, &facts, undecided)?);
        }
        if let CreatedAccess::Group(position) = &created.access {
            let group = self.step_finder.find_group_arn(*position)?;
            requests.extend(self.prove_on_target("iam:AddUserToGroup", &group, &|_, _| None, undecided)?);
        }
        if created.is_passed {
            requests.extend(self.prove_passing(&created.arn, None, undecided)?.1);
        }
        Some(requests)
    }

    /// The requests that set a permissions boundary, and write its policy before if the technique does. None if one of them
    /// is not proven.
    pub(super) fn prove_boundary(
        &self,
        technique: &'static Technique,
        to: &NodeState,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let policy = to.change.boundary.as_ref()?.policy_arn()?;
        let arn = self.step_finder.world.arn(to.principal);
        let (set, write) = technique.required_actions.split_first()?;
        let mut requests = Vec::new();
        for action in write {
            requests.push(self.prove_plain(action, policy, undecided)?);
        }
        let facts = |_: usize, key: &ContextKey| self.target_fact(set, (to.principal, arn), Some(policy), key);
        requests.push(self.request_prover.prove_on_resource(set, arn, &facts, undecided)?);
        Some(requests)
    }

    /// The requests of a technique that grants everything to a target with a new policy or a new group.
    pub(super) fn prove_new_grant(
        &self,
        technique: &'static Technique,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        if technique.kind == TechniqueKind::CreateGroup {
            let group = self.step_finder.find_new_group(technique, undecided)?;
            return self.prove_on_new_group(&group, undecided);
        }
        let attach = technique.required_actions.first()?;
        self.step_finder.find_new_policies(POLICY_ARN_KEY, undecided).into_iter().find_map(|policy| {
            if !self.step_finder.find_attach_targets(attach, &policy, undecided).contains(target) {
                return None;
            }
            let resource = match NewResource::of_action(attach) {
                NewResource::Group => self.step_finder.find_group_of(attach, &policy, target, undecided)?,
                _ => self.step_finder.world.arn(target).to_owned(),
            };
            let create = self.prove_plain("iam:CreatePolicy", &policy, undecided)?;
            let facts = |_: usize, key: &ContextKey| self.target_fact(attach, (target, &resource), Some(&policy), key);
            let attached = self.prove_on_target(attach, &resource, &facts, undecided)?;
            Some([create].into_iter().chain(attached).collect())
        })
    }

    fn prove_on_new_group(
        &self,
        group: &NewGroup,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let partition = self.step_finder.effective.partition;
        let policy = group.policy.as_deref();
        let mut requests = Vec::new();
        if let Some(policy) = policy {
            requests.push(self.prove_plain("iam:CreatePolicy", policy, undecided)?);
        }
        let mut name = group.names.first().map(|(_, name)| name.as_str())?;
        for (action, wanted) in &group.names {
            requests.extend(self.prove_rename(NewResource::Group, (name, wanted), undecided)?);
            name = wanted;
            let facts = |_: usize, key: &ContextKey| policy_arn_fact(partition, action, policy, key);
            requests.push(self.request_prover.prove_on_resource(action, wanted, &facts, undecided)?);
        }
        Some(requests)
    }

    /// The requests that give something new another ARN: none if it has it. None if one of them is not proven.
    fn prove_rename(
        &self,
        kind: NewResource,
        (old, new): (&str, &str),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let renamed = [old, new].into_iter().filter(|_| old != new);
        renamed.map(|arn| self.prove_plain(kind.rename_action()?, arn, undecided)).collect()
    }

    fn prove_plain(
        &self,
        action: &str,
        resource: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        self.request_prover.prove_on_resource(action, resource, &|_, _| None, undecided)
    }
}
