//! Changes of SCPs, RCPs and of the members of an organization, from the account that manages it.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;

use super::account_changes::limits_access;
use super::step_finder::StepFinder;
use super::touched_resources::TouchedResource;
use crate::access::PolicyRef;
use crate::iam::Effect;
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::lifted_controls::{LiftedControl, control_of};
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::technique::{ControlChange, Technique, TechniqueKind};
use crate::solve::UndecidedReason;

const POLICY_TYPE: &str = "organizations:PolicyType";
const SERVICE_CONTROLS: &str = "SERVICE_CONTROL_POLICY";
const RESOURCE_CONTROLS: &str = "RESOURCE_CONTROL_POLICY";

/// One request of a technique, on all of the resources, and what it changes.
struct ControlRequest {
    arns: Vec<String>,
    lifted: Vec<LiftedControl>,
}

/// The policies of a type at one root, organizational unit or account.
struct ControlLevel<'l> {
    target: &'l str,
    /// Whether they are RCPs, which can only deny. Otherwise they are SCPs.
    is_resource_control: bool,
    policies: Vec<(&'l str, &'l PolicyRef)>,
}

impl StepFinder<'_> {
    /// The states of the targets after SCPs or RCPs that limit them are changed.
    pub(super) fn lift_controls(
        &self,
        technique: &Technique,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        if !self.may_perform(technique) {
            return Vec::new();
        }
        // The principals of one account have the same SCPs.
        let mut by_account: BTreeMap<(&str, bool), Vec<LiftedControl>> = BTreeMap::new();
        let mut states = Vec::new();
        for principal in targets.ones() {
            let node = self.world.node(principal);
            let key = (node.account.id.as_str(), node.layers.scps.is_some());
            let lifted = by_account.entry(key).or_insert_with(|| {
                let requests = self.list_control_requests(technique, principal);
                let allowed = self.retain_allowed(technique, requests, undecided);
                allowed.into_iter().flat_map(|request| request.lifted).collect()
            });
            let current = self.current_change(principal);
            let all: BTreeSet<LiftedControl> = current.lifted_controls.iter().chain(&*lifted).cloned().collect();
            if all.len() > current.lifted_controls.len() {
                let lifted_controls = all.into_iter().collect();
                states.push(NodeState::new(principal, StateChange { lifted_controls, ..current }));
            }
        }
        states
    }

    /// The states of the targets after their accounts are removed from the organization.
    pub(super) fn remove_from_organization(
        &self,
        technique: &Technique,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        if !self.may_perform(technique) {
            return Vec::new();
        }
        let mut by_account: BTreeMap<&str, bool> = BTreeMap::new();
        let mut states = Vec::new();
        for principal in targets.ones().filter(|principal| self.is_limited_by_organization(*principal)) {
            let account = self.world.node(principal).account.id.as_str();
            let current = self.current_change(principal);
            if current.has_left_organization || !self.world.organization.is_member(account) {
                continue;
            }
            let is_allowed = *by_account.entry(account).or_insert_with(|| {
                let arns = self.node_arn(account).into_iter().collect();
                let request = ControlRequest { arns, lifted: Vec::new() };
                !self.retain_allowed(technique, vec![request], undecided).is_empty()
            });
            if is_allowed {
                states.push(NodeState::new(principal, StateChange { has_left_organization: true, ..current }));
            }
        }
        states
    }

    /// The resources of the requests that lead to a state: those of which something is new in it.
    pub(super) fn find_touched_controls(&self, technique: &Technique, to: &NodeState) -> Vec<TouchedResource> {
        if technique.kind == TechniqueKind::RemoveFromOrganization {
            let account = self.world.node(to.principal).account.id.as_str();
            let arn = self.node_arn(account);
            return arn.map(TouchedResource::without_policy).into_iter().collect();
        }
        let known = self.current_change(to.principal).lifted_controls;
        let requests = self.list_control_requests(technique, to.principal).into_iter();
        let made = requests.filter(|request| {
            let mut lifted = request.lifted.iter();
            lifted.clone().all(|control| to.change.lifted_controls.contains(control))
                && lifted.any(|control| !known.contains(control))
        });
        let arns: BTreeSet<String> = made.flat_map(|request| request.arns).collect();
        arns.into_iter().map(TouchedResource::without_policy).collect()
    }

    /// The requests of a technique that widen the access of a principal.
    fn list_control_requests(&self, technique: &Technique, principal: usize) -> Vec<ControlRequest> {
        let Some(change) = technique.lifts else { return Vec::new() };
        let policy_type = technique.context.get(POLICY_TYPE).map_or(SERVICE_CONTROLS, String::as_str);
        let levels = self.list_control_levels(principal, policy_type);
        if !levels.iter().any(ControlLevel::is_limiting) {
            return Vec::new();
        }
        let account = self.world.node(principal).account.id.as_str();
        match change {
            ControlChange::Rewrite => self.list_rewrites(policy_type, &levels),
            ControlChange::Detach => self.list_detachments(policy_type, &levels),
            ControlChange::Attach => {
                let lacks_full_access = |level: &&ControlLevel<'_>| level.policies.iter().all(|(_, p)| level.limits(p));
                levels.iter().filter(lacks_full_access).map(|level| self.attach_full_access(level)).collect()
            }
            ControlChange::Disable => {
                // RCPs apply by the owner of the resource, and the account can be outside of the organization.
                let root = self.world.organization.find_root_and_parent(account).map(|(root, _)| root);
                let root = root.or_else(|| levels.first().map(|level| level.target));
                let arns = root.and_then(|root| self.node_arn(root)).into_iter().collect();
                vec![ControlRequest { arns, lifted: levels.iter().flat_map(ControlLevel::lift).collect() }]
            }
            ControlChange::Move => {
                let Some((root, parent)) = self.world.organization.find_root_and_parent(account) else {
                    return Vec::new();
                };
                let arns = [account, parent, root].into_iter().filter_map(|id| self.node_arn(id)).collect();
                let units = levels.iter().filter(|level| level.target.starts_with("ou-") && level.is_limiting());
                vec![ControlRequest { arns, lifted: units.flat_map(ControlLevel::lift).collect() }]
            }
        }
    }

    /// For each policy that limits something, the request that makes it allow everything.
    fn list_rewrites(&self, policy_type: &str, levels: &[ControlLevel<'_>]) -> Vec<ControlRequest> {
        let mut requests: BTreeMap<&str, Vec<LiftedControl>> = BTreeMap::new();
        for level in levels {
            for (id, _) in level.policies.iter().filter(|(_, policy)| level.limits(policy)) {
                let lifted = requests.entry(id).or_default();
                lifted.push(LiftedControl::without(level.target, id));
                lifted.extend(level.full_access());
            }
        }
        let to_request =
            |(id, lifted)| ControlRequest { arns: self.policy_arn(policy_type, id).into_iter().collect(), lifted };
        requests.into_iter().map(to_request).collect()
    }

    /// The requests that detach policies with a Deny statement.
    fn list_detachments(&self, policy_type: &str, levels: &[ControlLevel<'_>]) -> Vec<ControlRequest> {
        let detachable = levels.iter().flat_map(|level| level.list_detachable().into_iter().map(move |id| (level, id)));
        let detach = |(level, id): (&ControlLevel<'_>, &str)| ControlRequest {
            arns: self.policy_arn(policy_type, id).into_iter().chain(self.node_arn(level.target)).collect(),
            lifted: vec![LiftedControl::without(level.target, id)],
        };
        detachable.map(detach).collect()
    }

    fn attach_full_access(&self, level: &ControlLevel<'_>) -> ControlRequest {
        let id = "policy/service_control_policy/p-FullAWSAccess";
        let policy = format!("arn:{}:organizations::aws:{id}", self.effective.partition.as_str());
        ControlRequest {
            arns: [policy].into_iter().chain(self.node_arn(level.target)).collect(),
            lifted: level.full_access().into_iter().collect(),
        }
    }

    fn node_arn(&self, id: &str) -> Option<String> {
        self.world.organization.node_arn(self.effective.partition, id)
    }

    fn policy_arn(&self, policy_type: &str, id: &str) -> Option<String> {
        self.world.organization.policy_arn(self.effective.partition, policy_type, id)
    }

    /// The SCPs or RCPs of a principal, by what they are attached to.
    fn list_control_levels(&self, principal: usize, policy_type: &str) -> Vec<ControlLevel<'_>> {
        let is_resource_control = policy_type == RESOURCE_CONTROLS;
        let layers = &self.world.node(principal).layers;
        let all: Vec<&PolicyRef> = match is_resource_control {
            true => {
                let levels = layers.rcps.iter().flat_map(|rcps| rcps.levels());
                levels.flat_map(|control| &control.level.policies).collect()
            }
            false => layers.scps.iter().flatten().flat_map(|level| &level.policies).collect(),
        };
        let mut levels: Vec<ControlLevel<'_>> = Vec::new();
        for policy in all {
            let Some((id, target)) = control_of(policy) else { continue };
            match levels.iter_mut().find(|level| level.target == target) {
                Some(level) => level.policies.push((id, policy)),
                None => levels.push(ControlLevel { target, is_resource_control, policies: vec![(id, policy)] }),
            }
        }
        levels
    }

    /// The requests that are allowed on all their resources.
    fn retain_allowed(
        &self,
        technique: &Technique,
        requests: Vec<ControlRequest>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<ControlRequest> {
        let arns: BTreeSet<&String> = requests.iter().flat_map(|request| &request.arns).collect();
        let index = ArnIndex::new(arns.into_iter().cloned().collect());
        let allowed = self.find_allowed_resources(technique, &index, undecided);
        let is_allowed = |arn: &String| index.find(arn).is_some_and(|position| allowed.contains(position));
        let mut requests = requests;
        requests.retain(|request| !request.arns.is_empty() && request.arns.iter().all(is_allowed));
        requests
    }
}

impl<'l> ControlLevel<'l> {
    fn limits(&self, policy: &PolicyRef) -> bool {
        match self.is_resource_control {
            true => policy.has_effect(Effect::Deny),
            false => limits_access(&policy.document),
        }
    }

    fn is_limiting(&self) -> bool {
        self.policies.iter().any(|(_, policy)| self.limits(policy))
    }

    /// An SCP that allows everything. None for RCPs.
    fn full_access(&self) -> Option<LiftedControl> {
        (!self.is_resource_control).then(|| LiftedControl::full_access(self.target))
    }

    /// The change after which the level limits nothing.
    fn lift(&self) -> Vec<LiftedControl> {
        let policies = self.policies.iter().map(|(id, _)| LiftedControl::without(self.target, id));
        policies.chain(self.full_access()).collect()
    }

    /// The policies with a Deny statement that can be detached. Of SCPs, one that allows something must be left.
    // AWS: DetachPolicy: every root, organizational unit and account must have an SCP.
    fn list_detachable(&self) -> Vec<&'l str> {
        let is_left = |policy: &PolicyRef| !policy.has_effect(Effect::Deny) && policy.has_effect(Effect::Allow);
        let can_detach_all = self.is_resource_control || self.policies.iter().any(|(_, policy)| is_left(policy));
        let denying = self.policies.iter().filter(|(_, policy)| policy.has_effect(Effect::Deny));
        let detachable = denying.filter(|(_, policy)| can_detach_all || !policy.has_effect(Effect::Allow));
        detachable.map(|(id, _)| *id).collect()
    }
}
