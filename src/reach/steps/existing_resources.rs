//! The existing resources that a technique needs: a function that uses the role, a stack. If the snapshot lists them, a
//! step rests on one of them, and there is none without it.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::request_proof::StepRequest;
use super::step_finder::{StepFinder, TargetQuery};
use super::step_prover::{StepProver, TechniqueProof};
use crate::baseline::Glob;
use crate::iam::ContextKey;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::service_index::TypeResources;
use crate::reach::model::technique::{Technique, TechniqueKind};
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The roles that the technique can use with a resource of the account, or with one that the snapshot may lack.
    pub(super) fn filter_by_resources(
        &self,
        technique: &Technique,
        mut roles: FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let (index, account) = (&self.world.service_index, self.effective.account);
        if roles.is_clear() || !index.is_complete(account, technique) {
            return roles;
        }
        let mut used = self.world.principals.empty_set();
        for resources in index.find_types(account, technique) {
            let allowed = self.filter_resources(technique, resources, undecided);
            for resource in allowed.ones() {
                let arn = resources.arns.arn(resource);
                let may_use = |role: &usize| self.may_assume_for(technique, *role, arn);
                match technique.kind {
                    TechniqueKind::ExistingPassRole => {
                        used.extend(resources.roles_of(resource).iter().copied().filter(may_use))
                    }
                    // The technique gives the role to the resource.
                    _ => used.extend(roles.ones().filter(may_use)),
                }
            }
        }
        roles.intersect_with(&used);
        roles
    }

    /// The resources on which all required actions are allowed that are about a resource of this type.
    fn filter_resources(
        &self,
        technique: &Technique,
        resources: &TypeResources,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let mut candidates = (*resources.arns.find_matching("*")).clone();
        for action in &technique.required_actions {
            // The resources of one type have ARNs of one format.
            let first = candidates.minimum().map(|resource| resources.arns.arn(resource));
            if !first.is_some_and(|arn| self.is_about_resource(action, arn)) {
                continue;
            }
            let query = TargetQuery {
                action,
                required_layers: RequiredLayers::IdentityAndBoundary,
                arn_index: &resources.arns,
                candidates: &candidates,
                facts: &|_: usize, key: &ContextKey| technique.context_fact(key),
            };
            candidates = self.filter_allowed(&query, undecided);
        }
        candidates
    }

    /// Whether a service of a technique may assume a role on behalf of a resource, as far as the trust policy names resources
    /// of its kind (`aws:SourceArn`).
    fn may_assume_for(&self, technique: &Technique, role: usize, arn: &str) -> bool {
        let admits = |service: &String| match self.world.trust_index.find_source_arns(role, service) {
            None => true,
            Some(patterns) => {
                patterns.iter().any(|pattern| Glob::new(pattern).matches(arn))
                    || !technique.required_actions.iter().any(|action| self.is_about(action, patterns))
            }
        };
        technique.services.iter().any(admits)
    }

    /// Whether a request for an action can be about a resource.
    fn is_about_resource(&self, action: &str, arn: &str) -> bool {
        let catalog = self.world.solver.catalog;
        let Some(id) = catalog.find_action(action) else { return false };
        let mut types = catalog.resource_types(catalog.shape(id)).iter();
        types.any(|resource_type| catalog.matches_arn_format(*resource_type, arn))
    }

    /// Whether the snapshot lists resources of a type that the technique needs.
    pub(super) fn has_listed_resources(&self, technique: &Technique) -> bool {
        let mut types = self.world.service_index.find_types(self.effective.account, technique);
        types.any(|resources| resources.arns.len() > 0)
    }

    /// What a technique assumes if no resource of the snapshot serves it. None if the snapshot lists all resources, so that
    /// there is none.
    fn find_open_assumptions(&self, technique: &Technique) -> Option<Vec<String>> {
        let (index, account) = (&self.world.service_index, self.effective.account);
        if index.is_complete(account, technique) {
            return None;
        }
        let regions = index.list_read_regions(account, technique);
        let assumption = technique.assumption.iter();
        Some(match regions.as_slice() {
            [] => assumption.cloned().collect(),
            regions => {
                assumption.map(|text| format!("{text}, in another region than {}", regions.join(", "))).collect()
            }
        })
    }
}

impl StepProver<'_> {
    /// The proof of a technique's required actions, which need not be about its target: on a resource of the snapshot, or on
    /// any resource. `source`: patterns over the ARN of the resource. None if the trust policy of the role has none.
    pub(super) fn prove_on_existing(
        &self,
        technique: &'static Technique,
        target: usize,
        source: Option<&[String]>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let (index, account) = (&self.step_finder.world.service_index, self.step_finder.effective.account);
        let mut named: Vec<(Vec<String>, &str)> = Vec::new();
        for resources in index.find_types(account, technique) {
            let allowed = self.step_finder.filter_resources(technique, resources, undecided);
            let serves = |resource: &usize| {
                let is_used = technique.kind != TechniqueKind::ExistingPassRole
                    || resources.roles_of(*resource).contains(&target);
                is_used && self.step_finder.may_assume_for(technique, target, resources.arns.arn(*resource))
            };
            for resource in allowed.ones().filter(serves) {
                let (mut assumptions, arn) =
                    (resources.list_assumptions(resource, technique), resources.arns.arn(resource));
                if !technique.required_actions.iter().any(|action| self.step_finder.is_about_resource(action, arn)) {
                    assumptions.insert(0, format!("the requested resource belongs to {arn}"));
                }
                named.push((assumptions, arn));
            }
        }
        // A resource about which less is assumed comes first.
        named.sort_by_key(|(assumptions, arn)| (assumptions.len(), *arn));
        let on_named = named.into_iter().find_map(|(assumptions, arn)| {
            let requests = self.prove_actions(technique, (Some(arn), source), undecided)?;
            Some(TechniqueProof { technique, requests, assumptions })
        });
        if on_named.is_some() {
            return on_named;
        }
        let assumptions = self.step_finder.find_open_assumptions(technique)?;
        let requests = self.prove_actions(technique, (None, source), undecided)?;
        Some(TechniqueProof { technique, requests, assumptions })
    }

    /// One request for each required action: on the resource, if the action is about it, otherwise on any resource that the
    /// trust policy admits.
    fn prove_actions(
        &self,
        technique: &Technique,
        (resource, source): (Option<&str>, Option<&[String]>),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let facts = |_: usize, key: &ContextKey| technique.context_fact(key);
        let prove = |action: &String| {
            if let Some(arn) = resource.filter(|arn| self.step_finder.is_about_resource(action, arn)) {
                return self.request_prover.prove_on_resource(action, arn, &facts, undecided);
            }
            let patterns = source.filter(|patterns| self.step_finder.is_about(action, patterns));
            self.request_prover.prove_within(action, patterns, &facts, undecided)
        };
        technique.own_actions().map(prove).collect()
    }
}
