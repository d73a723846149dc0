//! The principals that a technique gives access to: roles to assume or to pass to a service, users to create credentials
//! for.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::assume_role::find_assumable_roles;
use super::new_resource_kind::NewResource;
use super::step_finder::{StepFinder, TargetQuery};
use crate::access::KeyFact;
use crate::iam::ContextKey;
use crate::reach::decide::context_facts::pass_role_fact;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::state::NodeState;
use crate::reach::model::technique::{FILL_PROFILE_ACTION, Technique, TechniqueKind};
use crate::solve::UndecidedReason;

/// The name of the ambiguity whether a request to pass a role has the tags of the role (`docs/semantics.md`).
// AWS: Grant a user permissions to pass a role to an AWS service: `aws:ResourceTag` "does not have reliable results"
pub(super) const PASS_ROLE_TAGS: &str = "pass-role-tags";
pub(super) const PASS_ROLE: &str = "iam:PassRole";

impl StepFinder<'_> {
    /// The principals that the state can act as by a technique.
    pub(super) fn find_reachable(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let world = self.world;
        let mut found = world.principals.empty_set();
        match technique.kind {
            TechniqueKind::Assume => {
                found = find_assumable_roles(world, self.state, self.effective, self.tags, undecided)
            }
            TechniqueKind::NewPassRole if self.can_use_service_roles(technique, undecided) => {
                for service in &technique.services {
                    found.union_with(&self.find_passable_roles(technique, service, undecided));
                }
                found = self.filter_by_resources(technique, found, undecided);
            }
            TechniqueKind::PassRoleThenAssume if self.can_use_service_roles(technique, undecided) => {
                for service in &technique.services {
                    for role in self.find_passable_roles(technique, service, undecided).ones() {
                        found.union_with(&self.find_roles_assumed_by(role, undecided));
                    }
                }
            }
            TechniqueKind::NamedRoleThenAssume if self.can_use_service_roles(technique, undecided) => {
                for service in &technique.services {
                    let used = self.find_service_roles(technique, service, undecided);
                    for role in used.ones().filter(|role| self.is_service_role(technique, *role)) {
                        found.union_with(&self.find_roles_assumed_by(role, undecided));
                    }
                }
            }
            TechniqueKind::ExistingPassRole if self.can_use_service_roles(technique, undecided) => {
                for service in &technique.services {
                    found.union_with(&self.find_service_roles(technique, service, undecided));
                }
                found = self.filter_by_resources(technique, found, undecided);
            }
            TechniqueKind::WebIdentityToken if self.can_perform_required(technique, undecided) => {
                for issuer in &technique.services {
                    found.union_with(&self.find_token_roles(issuer));
                }
            }
            TechniqueKind::ChangeProvider => {
                for (_, roles) in self.find_changeable_providers(technique, undecided) {
                    found.union_with(roles);
                }
                found.intersect_with(&world.principal_sets.roles);
            }
            TechniqueKind::CreateCredentials => {
                found = self.filter_by_required_actions(technique, self.account_users(), undecided);
            }
            TechniqueKind::UpdateTrustPolicy => {
                let rewritable = self.find_rewritable(undecided);
                found = self.find_assumable_if_named(&rewritable, undecided);
            }
            _ => {}
        }
        found
    }

    /// Whether the state is allowed the required actions of a technique for roles of a service, and the account has such roles.
    /// Most accounts have roles of few services: looking for them first saves most decisions.
    fn can_use_service_roles(&self, technique: &Technique, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        let (trust_index, account) = (&self.world.trust_index, self.effective.account);
        let may_have_roles = |service: &String| {
            let roles = trust_index.find_service_roles(account, service).map(|(roles, _)| roles);
            technique.any_account
                || trust_index.find_undecided_issuers(account, service).is_some()
                || roles.is_some_and(|roles| !roles.is_disjoint(&self.world.principal_sets.roles))
        };
        technique.services.iter().any(may_have_roles) && self.can_perform_required(technique, undecided)
    }

    /// Whether all required actions are allowed on at least one resource. `iam:PassRole` is decided for each role.
    pub(super) fn can_perform_required(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        if !self.may_perform(technique) {
            return false;
        }
        let mut other_actions = technique.required_actions.iter().filter(|action| *action != PASS_ROLE);
        if technique.context.is_empty() {
            return other_actions.all(|action| self.is_allowed_on_any_resource(action, undecided));
        }
        other_actions.all(|action| {
            self.sessions().any(|session| {
                let mut known = session.known.clone().into_owned();
                for (key, value) in &technique.context {
                    known.set(key, KeyFact::Value(value.clone()));
                }
                self.world.is_allowed_on_any_resource(&session.with_known(&known), action, undecided)
            })
        })
    }

    /// The roles that the state can pass to a service for a technique.
    pub(super) fn find_passable_roles(
        &self,
        technique: &Technique,
        service: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let candidates = self.find_service_roles(technique, service, undecided);
        let trust_index = &self.world.trust_index;
        let Some((_, service_name)) = trust_index.find_service_roles(self.effective.account, service) else {
            return candidates;
        };
        self.filter_passable(service_name, &candidates, undecided)
    }

    /// The roles, out of `candidates`, that the state is allowed to pass to a service.
    pub(super) fn filter_passable(
        &self,
        service: &str,
        candidates: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let query = TargetQuery {
            action: PASS_ROLE,
            required_layers: RequiredLayers::IdentityAndBoundary,
            arn_index: &self.world.principals,
            candidates,
            facts: &|_: usize, key: &ContextKey| pass_role_fact(key, service),
        };
        let passable = self.filter_allowed(&query, undecided);
        let mut rest = candidates.clone();
        rest.difference_with(&passable);
        if !rest.is_clear() && self.has_condition_on_tags() {
            let facts =
                |role: usize, key: &ContextKey| self.principal_fact(role, key).or_else(|| pass_role_fact(key, service));
            if !self.filter_allowed(&TargetQuery { candidates: &rest, facts: &facts, ..query }, undecided).is_clear() {
                undecided.insert(UndecidedReason::Ambiguity(PASS_ROLE_TAGS));
            }
        }
        passable
    }

    /// Whether a role has the name that a service looks for.
    fn is_service_role(&self, technique: &Technique, role: usize) -> bool {
        technique.service_role.as_deref() == Some(self.world.node(role).principal.name.as_str())
    }

    /// The roles that another role can assume.
    pub(super) fn find_roles_assumed_by(&self, role: usize, undecided: &mut BTreeSet<UndecidedReason>) -> FixedBitSet {
        let state = NodeState::unchanged(role);
        find_assumable_roles(self.world, &state, &self.world.effective(&state), self.tags, undecided)
    }

    /// The roles of the account that a service can use for a technique.
    pub(super) fn find_service_roles(
        &self,
        technique: &Technique,
        service: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let sets = &self.world.principal_sets;
        let trust_index = &self.world.trust_index;
        let undecided_trust = trust_index.find_undecided_issuers(self.effective.account, service);
        undecided.extend(undecided_trust.into_iter().flatten().cloned());
        let mut roles = match trust_index.find_service_roles(self.effective.account, service) {
            _ if technique.any_account => trust_index.find_issuer_roles(service, self.world.principals.empty_set()),
            Some((roles, _)) => roles.clone(),
            None => return self.world.principals.empty_set(),
        };
        roles.intersect_with(&sets.roles);
        if technique.instance_profile
            && !(technique.kind == TechniqueKind::NewPassRole && self.can_fill_profiles(undecided))
        {
            roles.difference_with(&sets.roles_without_profile);
        }
        self.retain_with_source(technique, service, &mut roles, undecided);
        roles
    }

    /// The identity providers that the state can change by a technique, with the roles that trust them.
    pub(super) fn find_changeable_providers(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<(&str, &FixedBitSet)> {
        if !self.may_perform(technique) {
            return Vec::new();
        }
        let (trust_index, account) = (&self.world.trust_index, self.effective.account);
        let mut changeable = Vec::new();
        for kind in &technique.services {
            let providers = trust_index.list_providers(account, kind);
            let index = ArnIndex::new(providers.iter().map(|(arn, _)| (*arn).to_owned()).collect());
            let allowed = self.find_allowed_resources(technique, &index, undecided);
            changeable.extend(
                providers.into_iter().enumerate().filter(|(at, _)| allowed.contains(*at)).map(|(_, found)| found),
            );
            undecided.extend(trust_index.find_undecided_issuers(account, kind).into_iter().flatten().cloned());
        }
        changeable
    }

    /// The resources of an index on which all required actions of a technique are allowed.
    pub(super) fn find_allowed_resources(
        &self,
        technique: &Technique,
        resources: &ArnIndex,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let mut candidates = (*resources.find_matching("*")).clone();
        for action in &technique.required_actions {
            let query = TargetQuery {
                action,
                required_layers: RequiredLayers::IdentityAndBoundary,
                arn_index: resources,
                candidates: &candidates,
                facts: &|_: usize, key: &ContextKey| technique.context_fact(key),
            };
            candidates = self.filter_allowed(&query, undecided);
        }
        candidates
    }

    /// Whether the state can put a role into an instance profile: a new one, or one that exists.
    pub(super) fn can_fill_profiles(&self, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        self.is_allowed_on_any_resource(FILL_PROFILE_ACTION, undecided)
    }

    /// The candidates on which all required actions are allowed.
    pub(super) fn filter_by_required_actions(
        &self,
        technique: &Technique,
        mut candidates: FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        if !self.may_perform(technique) {
            candidates.clear();
        }
        for action in &technique.required_actions {
            let facts = |principal: usize, key: &ContextKey| {
                technique.context_fact(key).or_else(|| self.principal_fact(principal, key))
            };
            let query = TargetQuery {
                action,
                required_layers: RequiredLayers::IdentityAndBoundary,
                arn_index: &self.world.principals,
                candidates: &candidates,
                facts: &facts,
            };
            candidates = self.filter_allowed_or_renamed(NewResource::User, &query, undecided);
        }
        candidates
    }
}
