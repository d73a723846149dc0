//! The principals to which a state can grant all permissions with a new policy or a new group.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::created_principals::POLICY_ARN_KEY;
use super::new_resource_kind::NewResource;
use super::new_resources::{NameLimits, NewRequest};
use super::step_finder::StepFinder;
use crate::access::KeyFact;
use crate::iam::ContextKey;
use crate::reach::decide::context_facts::policy_arn_fact;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::technique::Technique;
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The principals to which a new managed policy can be attached, directly or through a group. `attach` is the action.
    pub(super) fn find_targets_of_new_policies(
        &self,
        attach: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let mut targets = self.world.principals.empty_set();
        for policy in self.find_new_policies(POLICY_ARN_KEY, undecided) {
            targets.union_with(&self.find_attach_targets(attach, &policy, undecided));
        }
        targets
    }

    /// The principals to which a managed policy can be attached by an action.
    pub(super) fn find_attach_targets(
        &self,
        attach: &str,
        policy: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let candidates = match NewResource::of_action(attach) {
            NewResource::Group => {
                let mut members = self.world.principals.empty_set();
                let groups = self.find_groups(attach, Some(policy), undecided);
                groups.ones().for_each(|group| members.union_with(&self.find_members(group)));
                return members;
            }
            NewResource::User => self.account_users(),
            NewResource::Role | NewResource::Policy => self.account_roles(),
        };
        self.filter_principals(attach, RequiredLayers::IdentityAndBoundary, &candidates, Some(policy), undecided)
    }

    /// A group of a target to which a managed policy can be attached. None if there is none.
    pub(super) fn find_group_of(
        &self,
        attach: &str,
        policy: &str,
        target: usize,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        let groups = self.find_groups(attach, Some(policy), undecided);
        let group = groups.ones().find(|group| self.find_members(*group).contains(target));
        group.map(|group| self.world.groups.arn(group).to_owned())
    }

    /// The ARN of a group of the account, by its position there.
    pub(super) fn find_group_arn(&self, position: usize) -> Option<String> {
        let account = self.world.principal_sets.account_of(self.state.principal);
        let is_group = |group: &usize| {
            let found = self.world.group_position(*group);
            found.account == account && found.position == position
        };
        let group = (0..self.world.groups.len()).find(is_group)?;
        Some(self.world.groups.arn(group).to_owned())
    }

    /// A group that the state can create, give a policy and fill. None if there is none.
    pub(super) fn find_new_group(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<NewGroup> {
        if !self.may_perform(technique) {
            return None;
        }
        let needs_policy = technique.requires_action("iam:CreatePolicy");
        let policies: Vec<Option<String>> = match needs_policy {
            true => self.find_new_policies(POLICY_ARN_KEY, undecided).into_iter().map(Some).collect(),
            false => vec![None],
        };
        policies.into_iter().find_map(|policy| {
            let names = self.find_new_group_with(technique, policy.as_deref(), undecided)?;
            Some(NewGroup { names, policy })
        })
    }

    /// The ARN of a new group for each required action about it: one for all, or else one for each, if the state can rename
    /// the group from one to the next.
    fn find_new_group_with(
        &self,
        technique: &Technique,
        policy: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<(String, String)>> {
        let partition = self.effective.partition;
        let about_group = |action: &&String| NewResource::of_action(action) == NewResource::Group;
        let actions: Vec<&String> = technique.required_actions.iter().filter(about_group).collect();
        let to_facts = |action: &&String| {
            let action = (*action).clone();
            move |_: usize, key: &ContextKey| -> Option<KeyFact> { policy_arn_fact(partition, &action, policy, key) }
        };
        let facts: Vec<_> = actions.iter().map(to_facts).collect();
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let pairs = actions.iter().zip(&facts);
        let requests: Vec<NewRequest<'_>> =
            pairs.map(|(action, facts)| NewRequest { action, required_layers, facts }).collect();
        let arns = self.list_new_arns(NewResource::Group, &requests, undecided);
        let names = match self.choose_new_arn(&arns, NameLimits::default(), undecided) {
            Some(arn) => vec![arn; actions.len()],
            None => self.choose_names_by_action(NewResource::Group, &requests, undecided)?,
        };
        Some(actions.into_iter().cloned().zip(names).collect())
    }

    /// An ARN of something new for each request, from each of which the state can rename it to the next one. None if there is
    /// none for a request.
    // AWS: UpdateGroup, UpdateUser: the caller needs permission on the old and on the new ARN.
    pub(super) fn choose_names_by_action(
        &self,
        kind: NewResource,
        requests: &[NewRequest<'_>],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<String>> {
        let rename = kind.rename_action().filter(|rename| self.may_allow(rename))?;
        let no_facts = |_: usize, _: &ContextKey| None;
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let rename = NewRequest { action: rename, required_layers, facts: &no_facts };
        let mut choose = |request: &NewRequest<'_>| {
            let arns = self.list_new_arns(kind, &[*request, rename], undecided);
            self.choose_unused_arn(&arns, NameLimits::default(), undecided)
        };
        requests.iter().map(&mut choose).collect()
    }
}

/// A group that a state can create.
pub(super) struct NewGroup {
    /// The actions about it, each with the ARN that it has then.
    pub(super) names: Vec<(String, String)>,
    /// The ARN of the new policy that it needs. None if it needs none.
    pub(super) policy: Option<String>,
}
