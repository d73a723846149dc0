//! Trust policies that a state can rewrite, and what a session does with a role that then trusts it.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::assume_role::ASSUME_ROLE;
use super::reachable::PASS_ROLE;
use super::request_proof::StepRequest;
use super::step_finder::StepFinder;
use super::step_prover::{StepProver, TechniqueProof};
use crate::iam::ContextKey;
use crate::reach::decide::context_facts::pass_role_fact;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::technique::{Technique, TechniqueKind, find_technique, techniques};
use crate::solve::UndecidedReason;
use crate::trust::TrustGrant;

const UPDATE_TRUST: &str = "iam:UpdateAssumeRolePolicy";

/// The roles that a state can use after their trust policies were rewritten for it.
pub(crate) struct TrustUses {
    /// The roles as which it can act: it assumes them, or passes them to a service.
    pub(crate) acts_as: FixedBitSet,
    /// Those that it can assume with tags of its choice.
    pub(crate) tagged: FixedBitSet,
}

impl StepFinder<'_> {
    /// The roles whose trust policy the state can rewrite.
    pub(super) fn find_rewritable(&self, undecided: &mut BTreeSet<UndecidedReason>) -> FixedBitSet {
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let mut existing = self.account_roles();
        existing.difference_with(&self.world.creatable);
        self.filter_principals(UPDATE_TRUST, required_layers, &existing, None, undecided)
    }

    /// What the state can do with roles whose trust policies name it, or a service.
    pub(crate) fn find_trust_uses(&self, roles: &FixedBitSet, undecided: &mut BTreeSet<UndecidedReason>) -> TrustUses {
        let mut acts_as = self.find_assumable_if_named(roles, undecided);
        let tagged = self.filter_if_named("sts:TagSession", &acts_as, undecided);
        let mut others = roles.clone();
        others.difference_with(&acts_as);
        acts_as.union_with(&self.find_passable_if_trusted(&others, undecided));
        TrustUses { acts_as, tagged }
    }

    /// How the state uses a role after its trust policy was rewritten.
    pub(crate) fn find_trust_use(
        &self,
        role: usize,
        has_session_tags: bool,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> TechniqueKind {
        let mut single = self.world.principals.empty_set();
        single.insert(role);
        let assumable = self.find_assumable_if_named(&single, undecided);
        if has_session_tags {
            let is_tagged = self.filter_if_named("sts:TagSession", &assumable, undecided).contains(role);
            return if is_tagged { TechniqueKind::UpdateTrustForTags } else { TechniqueKind::UpdateTrustForOutsider };
        }
        if assumable.contains(role) {
            return TechniqueKind::UpdateTrustPolicy;
        }
        match self.find_passable_if_trusted(&single, undecided).contains(role) {
            true => TechniqueKind::UpdateTrustThenPass,
            false => TechniqueKind::UpdateTrustForOutsider,
        }
    }

    /// The roles that the state can assume if their trust policies name it.
    pub(super) fn find_assumable_if_named(
        &self,
        roles: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        self.filter_if_named(ASSUME_ROLE, roles, undecided)
    }

    /// The roles on which an action of assuming is allowed if their trust policies name the state.
    fn filter_if_named(
        &self,
        action: &str,
        roles: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        // The new trust policy names the principal, so that it needs no policy of its own. It can name a session of a role,
        // which the role's boundary does not limit. A user's boundary still applies.
        let required_layers =
            if self.is_user() { RequiredLayers::BoundaryOnly } else { RequiredLayers::OrganizationOnly };
        let mut here = roles.clone();
        here.intersect_with(self.account_principals);
        let mut found = self.filter_principals(action, required_layers, &here, None, undecided);
        // In another account, it needs a policy of its own.
        let mut elsewhere = roles.clone();
        elsewhere.difference_with(&here);
        let required_layers = RequiredLayers::IdentityAndBoundary;
        found.union_with(&self.filter_principals(action, required_layers, &elsewhere, None, undecided));
        found
    }

    /// The roles that the state can pass to a service that runs its code, if their trust policies name the service.
    fn find_passable_if_trusted(&self, roles: &FixedBitSet, undecided: &mut BTreeSet<UndecidedReason>) -> FixedBitSet {
        let mut found = self.world.principals.empty_set();
        let mut left = roles.clone();
        left.intersect_with(self.account_principals);
        if left.is_clear() || !self.may_allow(PASS_ROLE) {
            return found;
        }
        let running = self.list_running_techniques(undecided);
        let services: BTreeSet<&str> =
            running.iter().flat_map(|technique| &technique.services).map(String::as_str).collect();
        for service in services {
            let grant = TrustGrant::from_service(service);
            for role in self.filter_passable(service, &left, undecided).ones() {
                found.set(role, self.world.admits_if_rewritten(role, &grant, undecided));
            }
            left.difference_with(&found);
        }
        found
    }
}

impl StepFinder<'_> {
    /// The roles for which the state can act with a part of their permissions, if their trust policies name a service: each
    /// with a technique that passes it to the service.
    pub(crate) fn find_limited_uses(
        &self,
        roles: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<(usize, &'static str)> {
        let mut here = roles.clone();
        here.intersect_with(self.account_principals);
        if here.is_clear() || !self.may_allow(PASS_ROLE) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for technique in techniques() {
            let is_limited = technique.kind == TechniqueKind::NewPassRole && technique.acts_as_part();
            if !is_limited
                || !self.can_perform_required(technique, undecided)
                || (technique.instance_profile && !self.can_fill_profiles(undecided))
            {
                continue;
            }
            let mut usable = self.world.principals.empty_set();
            for service in &technique.services {
                let grant = TrustGrant::from_service(service);
                for role in self.filter_passable(service, &here, undecided).ones() {
                    if self.world.admits_if_rewritten(role, &grant, undecided) {
                        usable.insert(role);
                    }
                }
            }
            found.extend(usable.ones().map(|role| (role, technique.id.as_str())));
        }
        found
    }
}

impl StepProver<'_> {
    /// A technique that passes a role to a service, and gives a part of its permissions. The role trusts the service. None if
    /// a request is not proven.
    pub(crate) fn prove_limited_use(
        &self,
        role: usize,
        technique: &str,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let technique = find_technique(technique)?;
        let requests = self.prove_passing_by(technique, (self.step_finder.world.arn(role), None), undecided)?;
        Some(TechniqueProof::new(technique, requests))
    }

    /// The requests that pass a role to a service which runs code of the state, with the technique. The role trusts the
    /// service.
    ///
    /// `wanted`: the service. None for any service.
    pub(crate) fn prove_passing(
        &self,
        role_arn: &str,
        wanted: Option<&str>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<(&'static Technique, Vec<StepRequest>)> {
        self.step_finder.list_running_techniques(undecided).into_iter().find_map(|running| {
            let requests = self.prove_passing_by(running, (role_arn, wanted), undecided)?;
            Some((running, requests))
        })
    }

    fn prove_passing_by(
        &self,
        technique: &'static Technique,
        (role_arn, wanted): (&str, Option<&str>),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let mut services = technique.services.iter().filter(|service| wanted.is_none_or(|wanted| **service == wanted));
        let pass = services.find_map(|service| {
            let facts = |_: usize, key: &ContextKey| pass_role_fact(key, service);
            let mut pass = self.request_prover.prove_on_resource(PASS_ROLE, role_arn, &facts, undecided)?;
            pass.request.context.set("iam:PassedToService", service.as_str());
            Some(pass)
        })?;
        let mut requests = vec![pass];
        if technique.instance_profile {
            requests.extend(self.prove_filled_profile(undecided)?.requests);
        }
        for action in &technique.required_actions {
            let facts = |_: usize, key: &ContextKey| technique.context_fact(key);
            requests.push(self.request_prover.prove_on_any_resource(action, &facts, undecided)?);
        }
        Some(requests)
    }
}
