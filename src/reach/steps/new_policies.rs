//! Managed policies that one state creates, for another one to attach or to set as a boundary.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::created_principals::POLICY_ARN_KEY;
use super::freed_names::FreeingRequest;
use super::new_resource_kind::NewResource;
use super::request_proof::StepRequest;
use super::step_finder::{StepFinder, TargetQuery};
use super::step_prover::{StepProver, TechniqueProof};
use crate::iam::ContextKey;
use crate::reach::decide::context_facts::policy_arn_fact;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::arn_classes::MAX_CLASSES;
use crate::reach::model::chosen_boundary::BOUNDARY_KEY;
use crate::reach::model::managed_policies::managed_policy_arn;
use crate::reach::model::search_techniques::find_search_technique;
use crate::reach::model::technique::{SET_BOUNDARY_ACTIONS, Technique, TechniqueKind, techniques};
use crate::snapshot::AttachmentKind;
use crate::solve::UndecidedReason;

const CREATE_POLICY: &str = "iam:CreatePolicy";
const DELETE_POLICY: &str = "iam:DeletePolicy";
const ATTACH_ACTIONS: [&str; 3] = ["iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:AttachGroupPolicy"];

/// What a state can do with a managed policy that another one creates.
pub(crate) struct NewPolicyUses {
    /// The principals to which it can attach the policy, directly or through a group.
    pub(crate) holders: FixedBitSet,
    /// The groups to which it can attach the policy.
    pub(crate) groups: FixedBitSet,
    /// The principals whose permissions boundary it can replace by the policy.
    pub(crate) bounded: FixedBitSet,
}

impl StepFinder<'_> {
    /// The managed policies that the state can create: new ones, and those that it can delete before.
    pub(super) fn find_creatable_policies(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<Arc<str>> {
        if !self.world.limits_policies || !self.may_allow(CREATE_POLICY) {
            return Vec::new();
        }
        let index = &self.world.creatable_policies;
        let pattern = format!("arn:{}:iam::{}:policy/*", self.effective.partition.as_str(), self.effective.account);
        let query = TargetQuery {
            action: CREATE_POLICY,
            required_layers: RequiredLayers::IdentityAndBoundary,
            arn_index: index,
            candidates: &index.find_matching(&pattern),
            facts: &|_, _| None,
        };
        let new = self.filter_allowed(&query, undecided);
        if !new.is_clear() && self.world.incomplete_policies.contains(self.effective.account) {
            undecided.insert(UndecidedReason::TooMany {
                most: MAX_CLASSES,
                items: "classes of names that policies distinguish for new managed policies",
            });
        }
        let mut found: Vec<Arc<str>> = new.ones().map(|policy| Arc::from(index.arn(policy))).collect();
        found.extend(self.find_recreatable_policies(undecided));
        found
    }

    /// The managed policies that the state can delete and create again.
    pub(super) fn find_recreatable_policies(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<Arc<str>> {
        if !self.may_allow(DELETE_POLICY) || !self.may_allow(CREATE_POLICY) {
            return Vec::new();
        }
        let deletable = self.filter_policies(DELETE_POLICY, &self.account_policies(), undecided);
        let deletable = deletable.ones().map(|policy| self.world.policies.arn(policy));
        deletable.filter(|arn| self.can_recreate(arn, undecided)).map(Arc::from).collect()
    }

    /// Whether the state can delete a managed policy and create it again. What could not be decided counts only if no other
    /// request is denied.
    fn can_recreate(&self, policy: &str, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        let mut reasons = BTreeSet::new();
        let Some(requests) = self.list_recreation(policy, &mut reasons) else {
            undecided.extend(reasons);
            return false;
        };
        if !requests.iter().all(|request| self.may_allow(request.action)) {
            return false;
        }
        let mut is_allowed = true;
        for request in &requests {
            let mut of_request = BTreeSet::new();
            if !self.is_recreation_allowed(request, &mut of_request) {
                if of_request.is_empty() {
                    return false;
                }
                is_allowed = false;
            }
            reasons.extend(of_request);
        }
        undecided.extend(reasons);
        is_allowed
    }

    fn is_recreation_allowed(
        &self,
        FreeingRequest { action, resource, policy_arn }: &FreeingRequest,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let Some(resource) = resource.as_deref() else {
            return self.is_allowed_on_any_resource(action, undecided);
        };
        match NewResource::of_arn(resource) {
            Some(NewResource::Policy) => self.is_allowed_on_policy(action, resource, undecided),
            Some(NewResource::Group) => self.is_allowed_on_group(action, resource, policy_arn.as_deref(), undecided),
            _ => self
                .world
                .principals
                .find(resource)
                .is_some_and(|holder| self.is_allowed_on(holder, action, policy_arn.as_deref(), undecided)),
        }
    }

    /// The requests that delete a managed policy and create it again. None if it is the permissions boundary of a principal that
    /// keeps it.
    // AWS: DeletePolicy, IAM API Reference: it must be detached, and its other versions deleted
    fn list_recreation(&self, policy: &str, undecided: &mut BTreeSet<UndecidedReason>) -> Option<Vec<FreeingRequest>> {
        let position = self.world.policies.find(policy)?;
        let mut requests = Vec::new();
        for bounded in self.world.principal_sets.bounded_principals(position).ones() {
            requests.extend(self.free_boundary(bounded, undecided)?);
        }
        let account = self.world.node(self.state.principal).account;
        let of_principals = account.principals.iter().flat_map(|principal| &principal.identity_policies);
        let of_groups = account.groups.iter().flat_map(|group| &group.identity_policies);
        let mut holders: BTreeSet<&str> = BTreeSet::new();
        for attachment in of_principals.chain(of_groups) {
            if let AttachmentKind::Attached { holder, .. } = &attachment.kind
                && managed_policy_arn(attachment) == Some(policy)
            {
                holders.insert(holder);
            }
        }
        let detach = |holder: &str| {
            let action = match NewResource::of_arn(holder) {
                Some(NewResource::Group) => "iam:DetachGroupPolicy",
                Some(NewResource::User) => "iam:DetachUserPolicy",
                _ => "iam:DetachRolePolicy",
            };
            FreeingRequest { action, resource: Some(holder.to_owned()), policy_arn: Some(policy.to_owned()) }
        };
        let on_policy = |action| FreeingRequest { action, resource: Some(policy.to_owned()), policy_arn: None };
        for detached in holders.into_iter().map(detach) {
            // Who is deleted is detached from it before.
            if !requests.contains(&detached) {
                requests.push(detached);
            }
        }
        if account.policies.get(policy).is_some_and(|policy| policy.other_version_count() > 0) {
            requests.push(on_policy("iam:DeletePolicyVersion"));
        }
        requests.extend([DELETE_POLICY, CREATE_POLICY].map(on_policy));
        Some(requests)
    }

    /// The requests after which a policy is no longer the boundary of a principal: the boundary is removed, or the principal is
    /// deleted. None if the state can make neither.
    fn free_boundary(&self, bounded: usize, undecided: &mut BTreeSet<UndecidedReason>) -> Option<Vec<FreeingRequest>> {
        let arn = self.world.arn(bounded);
        let kind = NewResource::of_arn(arn)?;
        let remove = match kind {
            NewResource::User => "iam:DeleteUserPermissionsBoundary",
            _ => "iam:DeleteRolePermissionsBoundary",
        };
        if self.may_allow(remove) && self.is_allowed_on(bounded, remove, None, undecided) {
            return Some(vec![FreeingRequest { action: remove, resource: Some(arn.to_owned()), policy_arn: None }]);
        }
        self.find_freeing_requests(kind, arn, undecided)
    }

    /// What the state can do with a managed policy that another one creates, if its own policies limit which one it may use.
    pub(crate) fn find_new_policy_uses(
        &self,
        policy: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> NewPolicyUses {
        let mut uses = NewPolicyUses {
            holders: self.world.principals.empty_set(),
            groups: self.world.groups.empty_set(),
            bounded: self.world.principals.empty_set(),
        };
        if self.has_condition_on(POLICY_ARN_KEY) {
            for attach in ATTACH_ACTIONS.into_iter().filter(|action| self.may_allow(action)) {
                uses.holders.union_with(&self.find_attach_targets(attach, policy, undecided));
                if NewResource::of_action(attach) == NewResource::Group {
                    uses.groups = self.find_groups(attach, Some(policy), undecided);
                }
            }
        }
        if self.has_condition_on(BOUNDARY_KEY) {
            for set in SET_BOUNDARY_ACTIONS.into_iter().filter(|action| self.may_allow(action)) {
                uses.bounded.union_with(&self.find_boundary_targets(set, policy, undecided));
            }
        }
        uses
    }

    /// The principals with a permissions boundary that an action can replace by a policy.
    fn find_boundary_targets(&self, set: &str, policy: &str, undecided: &mut BTreeSet<UndecidedReason>) -> FixedBitSet {
        let mut limited = self.find_limited();
        limited.intersect_with(&match NewResource::of_action(set) {
            NewResource::User => self.account_users(),
            _ => self.account_roles(),
        });
        self.filter_principals(set, RequiredLayers::IdentityAndBoundary, &limited, Some(policy), undecided)
    }
}

impl StepProver<'_> {
    /// The requests after which a policy allows everything: it is created, gets another version, or is created again.
    pub(super) fn prove_written_policy(
        &self,
        policy: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let action = "iam:CreatePolicyVersion";
        let is_rewritable = self.step_finder.world.policies.find(policy).is_some()
            && self.step_finder.may_allow(action)
            && self.step_finder.is_allowed_on_policy(action, policy, undecided);
        if is_rewritable {
            let request = self.request_prover.prove_on_resource(action, policy, &|_, _| None, undecided)?;
            return Some(vec![request]);
        }
        self.prove_created_policy(policy, undecided).map(|proof| proof.requests)
    }

    /// The creation of a managed policy, after it is deleted if it exists. None if it is not proven.
    pub(crate) fn prove_created_policy(
        &self,
        policy: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let on_policy = |action| FreeingRequest { action, resource: Some(policy.to_owned()), policy_arn: None };
        let (technique, requests) = match self.step_finder.world.policies.find(policy) {
            None => (find_search_technique(CREATE_POLICY), vec![on_policy(CREATE_POLICY)]),
            Some(_) => (find_search_technique(DELETE_POLICY), self.step_finder.list_recreation(policy, undecided)?),
        };
        let partition = self.step_finder.effective.partition;
        let prove = |request: &FreeingRequest| {
            let facts = |_: usize, key: &ContextKey| {
                let holder = self.step_finder.world.principals.find(request.resource.as_deref()?);
                policy_arn_fact(partition, request.action, request.policy_arn.as_deref(), key)
                    .or_else(|| self.step_finder.principal_fact(holder?, key))
            };
            match request.resource.as_deref() {
                Some(resource) => self.request_prover.prove_on_resource(request.action, resource, &facts, undecided),
                None => self.request_prover.prove_on_any_resource(request.action, &facts, undecided),
            }
        };
        let proofs: Option<Vec<StepRequest>> = requests.iter().map(prove).collect();
        Some(TechniqueProof::new(technique, proofs?))
    }

    /// The attachment of a managed policy to a principal, or to one of its groups. None if it is not proven.
    pub(crate) fn prove_attachment(
        &self,
        policy: &str,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let attaching = techniques().iter().filter(|technique| technique.kind.is_attachment());
        self.prove_policy_use(attaching.collect(), (policy, target), undecided)
    }

    /// The replacement of a principal's permissions boundary by a managed policy. None if it is not proven.
    pub(crate) fn prove_boundary_choice(
        &self,
        policy: &str,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let sets = |technique: &&Technique| {
            matches!(technique.kind, TechniqueKind::SetUserBoundary | TechniqueKind::SetRoleBoundary)
                && technique.required_actions.len() == 1
        };
        self.prove_policy_use(techniques().iter().filter(sets).collect(), (policy, target), undecided)
    }

    fn prove_policy_use(
        &self,
        using: Vec<&'static Technique>,
        (policy, target): (&str, usize),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        using.into_iter().find_map(|technique| {
            let action = technique.required_actions.first()?;
            let targets = match technique.kind.is_attachment() {
                true => self.step_finder.find_attach_targets(action, policy, undecided),
                false => self.step_finder.find_boundary_targets(action, policy, undecided),
            };
            if !targets.contains(target) {
                return None;
            }
            let resource = match NewResource::of_action(action) {
                NewResource::Group => self.step_finder.find_group_of(action, policy, target, undecided)?,
                _ => self.step_finder.world.arn(target).to_owned(),
            };
            let facts = |_: usize, key: &ContextKey| self.target_fact(action, (target, &resource), Some(policy), key);
            let requests = self.prove_on_target(action, &resource, &facts, undecided)?;
            Some(TechniqueProof::new(technique, requests))
        })
    }
}
