//! The permissions boundaries that a state can give to users and roles, or take from them.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::iam::Arn;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::attachable_policies::list_attachable_policies;
use crate::reach::model::chosen_boundary::{BOUNDARY_KEY, BoundaryGrant, ChosenBoundary, is_administrator_access};
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::technique::{SET_BOUNDARY_ACTIONS, Technique, TechniqueKind, techniques};
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The targets with the boundary that a technique gives them, or with none: those that a boundary limits, and those of
    /// which it matters for a condition which boundary they have.
    pub(super) fn replace_boundaries(
        &self,
        technique: &Technique,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let conditions = &self.world.boundary_conditions;
        let limited = self.find_limited();
        let mut candidates = targets.clone();
        candidates.intersect_with(self.account_principals);
        if conditions.is_empty() {
            candidates.intersect_with(&limited);
        }
        if candidates.is_clear() {
            return Vec::new();
        }
        let mut states = Vec::new();
        for BoundaryGrant { mut targets, boundary } in self.find_boundary_grants(technique, &candidates, undecided) {
            if !conditions.may_depend_on(&boundary) {
                targets.intersect_with(&limited);
            }
            for principal in targets.ones() {
                let own = self.world.node(principal).principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
                // Unless a policy distinguishes boundaries, it does not matter which one limits nothing.
                let is_same = conditions.is_empty()
                    && boundary.limiting_policy().is_none()
                    && boundary.policy_arn().is_none_or(|arn| is_administrator_access(arn) || Some(&**arn) == own);
                let boundary = Some(if is_same { ChosenBoundary::Removed } else { boundary.clone() });
                let current = self.current_change(principal);
                states.push(NodeState::new(principal, StateChange { boundary, ..current }));
            }
        }
        states
    }

    /// The boundaries that the state can give to users and roles, as far as it matters which one they have: for conditions
    /// on the boundary, or because another state can write the policy.
    pub(super) fn find_boundary_choices(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<BoundaryGrant> {
        let conditions = &self.world.boundary_conditions;
        if conditions.is_empty() && !self.has_condition_on(BOUNDARY_KEY) {
            return Vec::new();
        }
        let mut everyone = self.account_users();
        everyone.union_with(&self.account_roles());
        let mut limited = self.find_limited();
        limited.intersect_with(&everyone);
        let mut choices = Vec::new();
        let changing = techniques().iter().filter(|technique| {
            technique.kind.changes_boundary()
                && technique.kind != TechniqueKind::RewriteBoundaryPolicy
                && self.may_perform(technique)
        });
        for technique in changing {
            let candidates = if conditions.is_empty() { &limited } else { &everyone };
            for mut grant in self.find_boundary_grants(technique, candidates, undecided) {
                if !conditions.may_depend_on(&grant.boundary) {
                    // Only a policy that is still to be written matters.
                    grant.targets.intersect_with(&limited);
                    if grant.boundary.limiting_policy().is_none() {
                        continue;
                    }
                }
                if !grant.targets.is_clear() {
                    choices.push(grant);
                }
            }
        }
        choices
    }

    /// The principals whose permissions boundary is a customer managed policy.
    pub(super) fn find_bounded(&self, policy: usize) -> FixedBitSet {
        let mut bounded = self.world.principal_sets.bounded_principals(policy).clone();
        let arn = self.world.policies.arn(policy);
        let is_policy = |boundary: &ChosenBoundary| boundary.policy_arn().is_some_and(|chosen| **chosen == *arn);
        if let Some(grant) = &self.tags.boundary {
            match is_policy(&grant.boundary) {
                true => bounded.union_with(&grant.targets),
                false => bounded.difference_with(&grant.targets),
            }
        }
        if let Some(own) = &self.state.change.boundary {
            bounded.set(self.state.principal, is_policy(own));
        }
        bounded
    }

    /// The principals that a permissions boundary limits.
    pub(super) fn find_limited(&self) -> FixedBitSet {
        let mut limited = self.world.principal_sets.bounded().clone();
        if let Some(grant) = &self.tags.boundary {
            match grant.boundary.limiting_policy() {
                Some(_) => limited.union_with(&grant.targets),
                None => limited.difference_with(&grant.targets),
            }
        }
        if let Some(own) = &self.state.change.boundary {
            limited.set(self.state.principal, own.limiting_policy().is_some());
        }
        limited
    }

    /// The boundaries that a technique can give to some of the candidates.
    fn find_boundary_grants(
        &self,
        technique: &Technique,
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<BoundaryGrant> {
        let Some(action) = technique.required_actions.first() else { return Vec::new() };
        let mut eligible = candidates.clone();
        let sets = &self.world.principal_sets;
        match technique.kind {
            TechniqueKind::RemoveUserBoundary | TechniqueKind::SetUserBoundary => eligible.intersect_with(&sets.users),
            TechniqueKind::RemoveRoleBoundary | TechniqueKind::SetRoleBoundary => {
                eligible.intersect_with(&sets.modifiable_roles)
            }
            _ => {}
        }
        match technique.kind {
            TechniqueKind::RewriteBoundaryPolicy => {
                let rewritable = self.filter_policies(action, &self.account_policies(), undecided);
                let grant = |policy| {
                    let mut targets = self.find_bounded(policy);
                    targets.intersect_with(&eligible);
                    let boundary = ChosenBoundary::Rewritten(Arc::from(self.world.policies.arn(policy)));
                    BoundaryGrant { targets, boundary }
                };
                rewritable.ones().map(grant).collect()
            }
            TechniqueKind::SetUserBoundary | TechniqueKind::SetRoleBoundary => {
                self.find_settable_grants(technique, action, &eligible, undecided)
            }
            _ => {
                let required_layers = RequiredLayers::IdentityAndBoundary;
                let targets = self.filter_principals(action, required_layers, &eligible, None, undecided);
                let boundary = match SET_BOUNDARY_ACTIONS.contains(&action.as_str()) {
                    true => ChosenBoundary::Policy(self.administrator_access()),
                    false => ChosenBoundary::Removed,
                };
                vec![BoundaryGrant { targets, boundary }]
            }
        }
    }

    /// The boundaries that a technique can set out of those that a policy admits. The boundary that the state has is left out, unless
    /// the technique writes it. Another principal can get its boundary back after it had another one.
    fn find_settable_grants(
        &self,
        technique: &Technique,
        set: &str,
        eligible: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<BoundaryGrant> {
        let is_written = technique.required_actions.len() > 1;
        let mut grants = Vec::new();
        for (arn, is_readable) in self.list_settable(technique, set, eligible, undecided) {
            let has_it = |principal: &usize| {
                *principal == self.state.principal
                    && self.state.change.boundary.is_none()
                    && self.world.node(*principal).has_boundary(&arn)
            };
            let required_layers = RequiredLayers::IdentityAndBoundary;
            let mut targets = self.filter_principals(set, required_layers, eligible, Some(&arn), undecided);
            let same: Vec<usize> = targets.ones().filter(|principal| !is_written && has_it(principal)).collect();
            same.into_iter().for_each(|principal| targets.remove(principal));
            let boundary = match is_written {
                _ if targets.is_clear() => continue,
                true => ChosenBoundary::Rewritten(arn),
                false if is_readable => ChosenBoundary::Policy(arn),
                false => {
                    // The boundary could allow anything.
                    undecided.insert(UndecidedReason::UnreadablePolicy { arn: arn.to_string() });
                    continue;
                }
            };
            grants.push(BoundaryGrant { targets, boundary });
        }
        grants
    }

    /// The policies that a technique may set as a boundary, and whether their documents are known. Empty if no policy
    /// limits which ones: then [`TechniqueKind::RemoveRoleBoundary`] is enough.
    fn list_settable(
        &self,
        technique: &Technique,
        set: &str,
        eligible: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<(Arc<str>, bool)> {
        let is_limited = self.has_condition_on(BOUNDARY_KEY);
        let conditions = &self.world.boundary_conditions;
        if eligible.is_clear() || !self.may_allow(set) || (!is_limited && conditions.is_empty()) {
            return Vec::new();
        }
        if technique.required_actions.len() > 1 {
            let create = technique.requires_action("iam:CreatePolicy");
            let arns =
                if create { self.find_new_boundaries(undecided) } else { self.find_rewritable_policies(undecided) };
            return arns.into_iter().map(|arn| (arn, true)).collect();
        }
        let matters = |arn: &Arc<str>| is_limited || conditions.may_depend_on(&ChosenBoundary::Policy(Arc::clone(arn)));
        let others = self.list_boundaries(undecided).into_iter().filter(|(arn, _)| !is_administrator_access(arn));
        others.filter(|(arn, _)| matters(arn)).collect()
    }

    /// The boundaries that the state can write itself, so that they limit nothing.
    pub(super) fn list_written_boundaries(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<ChosenBoundary> {
        let mut written = self.find_new_boundaries(undecided);
        for policy in
            self.find_rewritable_policies(undecided).into_iter().chain(self.find_recreatable_policies(undecided))
        {
            if !written.contains(&policy) {
                written.push(policy);
            }
        }
        written.into_iter().map(ChosenBoundary::Rewritten).collect()
    }

    fn find_new_boundaries(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<Arc<str>> {
        self.find_new_policies(BOUNDARY_KEY, undecided).into_iter().map(Arc::from).collect()
    }

    fn find_rewritable_policies(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<Arc<str>> {
        let rewritable = self.filter_policies("iam:CreatePolicyVersion", &self.account_policies(), undecided);
        rewritable.ones().map(|policy| Arc::from(self.world.policies.arn(policy))).collect()
    }

    /// The policies that can be a boundary, and whether their documents are known.
    pub(super) fn list_boundaries(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<(Arc<str>, bool)> {
        let account = self.world.node(self.state.principal).account;
        let mut all: Vec<(Arc<str>, bool)> = vec![(self.administrator_access(), true)];
        let known = list_attachable_policies(account).into_iter();
        all.extend(known.map(|policy| (policy.arn, policy.document.is_some())));
        for named in self.list_condition_values(BOUNDARY_KEY, undecided) {
            let is_name = !named.contains(['*', '?', '$']);
            // AWS: PutRolePermissionsBoundary: a policy of the account, or one of AWS
            let is_usable = Arn::parse(&named)
                .is_some_and(|arn| arn.service() == "iam" && ["aws", self.effective.account].contains(&arn.account()));
            if is_name && is_usable && !all.iter().any(|(arn, _)| **arn == *named) {
                all.push((Arc::from(named), false));
            }
        }
        all
    }

    fn administrator_access(&self) -> Arc<str> {
        Arc::from(format!("arn:{}:iam::aws:policy/AdministratorAccess", self.effective.partition.as_str()))
    }
}
