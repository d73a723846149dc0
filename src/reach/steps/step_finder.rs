//! One state of the graph, and the resources of its account on which it can perform an action.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::new_resource_kind::NewResource;
use crate::access::{KeyFact, PolicyOrigin, PolicyRef};
use crate::iam::{ContextKey, Statement};
use crate::reach::decide::context_facts::{ContextFacts, find_chosen, policy_arn_fact};
use crate::reach::decide::effective::{EffectiveAccess, RequiredLayers, restrict_to_action};
use crate::reach::decide::resource_query::ResourceQuery;
use crate::reach::decide::world::World;
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::chosen_boundary::BOUNDARY_KEY;
use crate::reach::model::chosen_tags::TargetView;
use crate::reach::model::holdings::{Holding, PrincipalHoldings};
use crate::reach::model::search_techniques::search_techniques;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::tag_condition_keys::find_resource_tag;
use crate::reach::model::technique::{OrganizationAccount, Technique, techniques};
use crate::snapshot::AttachmentKind;
use crate::solve::UndecidedReason;

/// A state whose steps are computed.
pub(crate) struct StepFinder<'g> {
    pub(crate) world: &'g World<'g>,
    pub(crate) state: &'g NodeState,
    pub(crate) effective: &'g EffectiveAccess<'g>,
    /// What other sessions of the account are allowed that make requests of the same steps. Empty if the state acts alone.
    pub(crate) helpers: &'g [EffectiveAccess<'g>],
    /// The tags and boundaries of other principals.
    pub(crate) tags: &'g TargetView,
    /// The principals of its account.
    pub(crate) account_principals: &'g FixedBitSet,
}

/// A question about one action on resources of one kind.
#[derive(Clone, Copy)]
pub(super) struct TargetQuery<'q> {
    pub(super) action: &'q str,
    pub(super) required_layers: RequiredLayers,
    pub(super) arn_index: &'q ArnIndex,
    pub(super) candidates: &'q FixedBitSet,
    pub(super) facts: &'q ContextFacts<'q>,
}

impl<'g> StepFinder<'g> {
    pub(crate) fn new(
        world: &'g World<'g>,
        state: &'g NodeState,
        effective: &'g EffectiveAccess<'g>,
        tags: &'g TargetView,
    ) -> StepFinder<'g> {
        let account_principals = world.principal_sets.neighbors(state.principal);
        StepFinder { world, state, effective, helpers: &[], tags, account_principals }
    }

    /// What the state and its helpers are allowed.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &EffectiveAccess<'g>> {
        [self.effective].into_iter().chain(self.helpers)
    }

    /// Whether a statement of a session has a condition on a key, given in lower case.
    pub(crate) fn has_condition_on(&self, key: &str) -> bool {
        self.sessions().any(|session| session.has_condition_on(key))
    }

    /// The statements of the sessions.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.sessions().flat_map(|session| &session.policies).flat_map(|policy| &policy.document.statements)
    }

    /// Whether a session is allowed an action on at least one resource.
    pub(super) fn is_allowed_on_any_resource(&self, action: &str, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        self.sessions().any(|session| self.world.is_allowed_on_any_resource(session, action, undecided))
    }

    /// Whether the upper bound of the state's access contains the required actions of a technique, and the account of the
    /// state is in its organization what the technique requires.
    pub(super) fn may_perform(&self, technique: &Technique) -> bool {
        let required = technique.organization_account;
        technique.required_actions.iter().all(|action| self.may_allow(action))
            && required.is_none_or(|required| self.world.organization.is_account_as(self.effective.account, required))
    }

    /// Why it is unknown whether the account of the state may perform a technique of delegated administrators that the state is
    /// allowed. None if that is known, or if it is allowed none.
    pub(crate) fn find_unread_administrators(&self) -> Option<UndecidedReason> {
        let reason = self.world.organization.find_unread_administrators(self.effective.account)?;
        let is_concerned = |technique: &Technique| {
            technique.organization_account == Some(OrganizationAccount::Administrator)
                && technique.required_actions.iter().all(|action| self.may_allow(action))
                && !self.may_perform(technique)
        };
        let name = "delegated administrators of the organization".to_owned();
        let missing = || UndecidedReason::MissingDocument { name, reason: reason.clone() };
        techniques().iter().chain(search_techniques()).any(is_concerned).then(missing)
    }

    /// That changes which the state can make are not combined.
    pub(super) fn describe_uncombined(&self, changes: &'static str) -> UndecidedReason {
        UndecidedReason::Uncombined { principal: self.world.state_arn(self.state).to_owned(), changes }
    }

    /// Whether the upper bound of the state's access contains an action.
    pub(crate) fn may_allow(&self, action: &str) -> bool {
        self.world.find_action(action).is_some_and(|id| self.sessions().any(|session| session.may_allow(id)))
    }

    pub(super) fn is_user(&self) -> bool {
        match &self.state.change.created {
            Some(created) => created.is_user,
            None => self.world.principal_sets.users.contains(self.state.principal),
        }
    }

    /// The changes made to a principal so far: those of the state, if it is the state's principal.
    pub(super) fn current_change(&self, principal: usize) -> StateChange {
        let is_own = principal == self.state.principal && self.state.change.created.is_none();
        if is_own { self.state.change.to_change() } else { StateChange::default() }
    }

    /// The users of the account.
    pub(super) fn account_users(&self) -> FixedBitSet {
        let mut users = self.world.principal_sets.users.clone();
        users.intersect_with(self.account_principals);
        users
    }

    /// The roles of the account that the account can modify.
    pub(super) fn account_roles(&self) -> FixedBitSet {
        let mut roles = self.world.principal_sets.modifiable_roles.clone();
        roles.intersect_with(self.account_principals);
        roles
    }

    /// The customer managed policies of the account.
    pub(super) fn account_policies(&self) -> FixedBitSet {
        let pattern = format!("arn:{}:iam::{}:policy/*", self.effective.partition.as_str(), self.effective.account);
        (*self.world.policies.find_matching(&pattern)).clone()
    }

    /// The candidates on which an action is allowed. `policy_arn`: the managed policy in the request ([`policy_arn_fact`]).
    pub(super) fn filter_principals(
        &self,
        action: &str,
        required_layers: RequiredLayers,
        candidates: &FixedBitSet,
        policy_arn: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let facts = |principal: usize, key: &ContextKey| {
            self.policy_arn_fact(action, policy_arn, key).or_else(|| self.principal_fact(principal, key))
        };
        let arn_index = &self.world.principals;
        let query = TargetQuery { action, required_layers, arn_index, candidates, facts: &facts };
        self.filter_allowed_or_renamed(NewResource::User, &query, undecided)
    }

    /// Whether an action is allowed on a principal.
    pub(super) fn is_allowed_on(
        &self,
        principal: usize,
        action: &str,
        policy_arn: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let mut single = self.world.principals.empty_set();
        single.insert(principal);
        let required_layers = RequiredLayers::IdentityAndBoundary;
        !self.filter_principals(action, required_layers, &single, policy_arn, undecided).is_clear()
    }

    /// The groups of the account on which an action is allowed.
    pub(super) fn find_groups(
        &self,
        action: &str,
        policy_arn: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let pattern = format!("arn:{}:iam::{}:group/*", self.effective.partition.as_str(), self.effective.account);
        let query = TargetQuery {
            action,
            required_layers: RequiredLayers::IdentityAndBoundary,
            arn_index: &self.world.groups,
            candidates: &self.world.groups.find_matching(&pattern),
            facts: &|_, key| self.policy_arn_fact(action, policy_arn, key),
        };
        self.filter_allowed_or_renamed(NewResource::Group, &query, undecided)
    }

    /// The customer managed policies, out of `candidates`, on which an action is allowed.
    pub(super) fn filter_policies(
        &self,
        action: &str,
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let query = TargetQuery {
            action,
            required_layers: RequiredLayers::IdentityAndBoundary,
            arn_index: &self.world.policies,
            candidates,
            facts: &|_, key| self.policy_arn_fact(action, None, key),
        };
        self.filter_allowed(&query, undecided)
    }

    /// Whether an action is allowed on a customer managed policy of the account. False for other policies.
    pub(super) fn is_allowed_on_policy(
        &self,
        action: &str,
        policy_arn: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let Some(policy) = self.world.policies.find(policy_arn) else { return false };
        self.filter_policies(action, &self.account_policies(), undecided).contains(policy)
    }

    pub(super) fn filter_allowed(
        &self,
        query: &TargetQuery<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let none = || query.arn_index.empty_set();
        // The catalog lists the actions of all techniques (a test checks this).
        let Some(action) = self.world.find_action(query.action) else { return none() };
        let mut allowed = none();
        for session in self.sessions() {
            let is_denied = query.required_layers == RequiredLayers::IdentityAndBoundary && !session.may_allow(action);
            if query.candidates.is_clear() || is_denied {
                continue;
            }
            let access = restrict_to_action(self.world.solver, session, action, query.required_layers);
            let resource_query = ResourceQuery {
                world: self.world,
                effective: session,
                action,
                access: &access,
                arn_index: query.arn_index,
                candidates: query.candidates,
                facts: query.facts,
            };
            allowed.union_with(&resource_query.find_allowed(undecided));
        }
        allowed
    }

    /// The fact about a key in a request on a user or role: its tags and its permissions boundary. None for other keys.
    pub(super) fn principal_fact(&self, principal: usize, key: &ContextKey) -> Option<KeyFact> {
        if principal == self.state.principal
            && let Some(tag) = find_resource_tag(key.lower())
            && let Some(fact) = find_chosen(&self.state.change.tags, tag)
        {
            return Some(fact);
        }
        if principal == self.state.principal
            && key.lower() == BOUNDARY_KEY
            && let Some(boundary) = &self.state.change.boundary
        {
            return Some(boundary.to_fact());
        }
        self.world.principal_fact(principal, self.tags, key)
    }

    fn policy_arn_fact(&self, action: &str, policy_arn: Option<&str>, key: &ContextKey) -> Option<KeyFact> {
        policy_arn_fact(self.effective.partition, action, policy_arn, key)
    }

    /// The members of a group, including the state's principal if it joined.
    pub(super) fn find_members(&self, group: usize) -> FixedBitSet {
        let mut members = self.world.principal_sets.group_members(group).clone();
        let group = self.world.group_position(group);
        let is_joined = self.state.change.joined_groups.contains(&group.position)
            && self.world.principal_sets.account_of(self.state.principal) == group.account;
        if is_joined {
            members.insert(self.state.principal);
        }
        if let Some(PrincipalHoldings { principal, holdings }) = &self.tags.holdings
            && holdings.contains(&Holding::Group(group.position))
            && self.world.principal_sets.account_of(*principal) == group.account
        {
            members.insert(*principal);
        }
        members
    }

    /// The principals that hold a customer managed policy, including the state's principal if it was attached or came
    /// with a group that it joined.
    pub(super) fn find_holders(&self, policy: usize) -> FixedBitSet {
        let mut holders = self.world.principal_sets.policy_holders(policy).clone();
        let policy_arn = self.world.policies.arn(policy);
        let is_this_policy = |policy: &PolicyRef| matches!(&policy.origin, PolicyOrigin::Identity(AttachmentKind::Attached { arn, .. }) if arn == policy_arn);
        let change = &self.state.change;
        let is_holder = change.attached_policies.iter().any(|attached| **attached == *policy_arn)
            || (!change.joined_groups.is_empty() && self.effective.layers.identity.iter().any(is_this_policy));
        if is_holder {
            holders.insert(self.state.principal);
        }
        if let Some(PrincipalHoldings { principal, holdings }) = &self.tags.holdings
            && holdings.iter().any(|holding| self.world.node(*principal).includes_policy(holding, policy_arn))
        {
            holders.insert(*principal);
        }
        holders
    }
}
