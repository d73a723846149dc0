//! Roles that a service may assume on behalf of some resources only (`aws:SourceArn`): whether the state can create or change
//! such a resource by a technique.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::access::KeyFact;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{PolicyDocument, Statement};
use crate::reach::decide::effective::{RequiredLayers, restrict_to_action};
use crate::reach::model::technique::Technique;
use crate::solve::{Access, Branch, Question, StatementUse, UndecidedReason};

impl StepFinder<'_> {
    /// Removes the roles whose trust policy requires a resource on which the required actions are not allowed.
    pub(super) fn retain_with_source(
        &self,
        technique: &Technique,
        service: &str,
        roles: &mut FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let mut decided: BTreeMap<Arc<[String]>, bool> = BTreeMap::new();
        for role in
            self.world.trust_index.roles_with_source(service).filter(|role| roles.contains(*role)).collect::<Vec<_>>()
        {
            let Some(patterns) = self.world.trust_index.find_source_arns(role, service) else { continue };
            let can_use = *decided
                .entry(Arc::clone(patterns))
                .or_insert_with(|| self.can_use_source(technique, patterns, undecided));
            roles.set(role, can_use);
        }
    }

    /// Whether each required action that is about such a resource is allowed on one. True if none is.
    fn can_use_source(
        &self,
        technique: &Technique,
        patterns: &[String],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        // A wildcard that is not one is escaped: `${*}`.
        let is_pattern = |pattern: &String| pattern.replace("${*}", "").replace("${?}", "").contains(['*', '?']);
        if technique.new_source && !patterns.iter().any(is_pattern) {
            return false;
        }
        let about_source = technique.required_actions.iter().filter(|action| self.is_about(action, patterns));
        about_source.into_iter().all(|action| self.is_allowed_within(technique, action, patterns, undecided))
    }

    /// Whether an action can be about a resource that a pattern matches.
    pub(super) fn is_about(&self, action: &str, patterns: &[String]) -> bool {
        let allow = StatementUse::from_document(&allow_within(action, patterns)).collect();
        let access = Access { branches: vec![Branch { allow_layers: vec![allow], ..Branch::default() }] };
        let answer = self.world.solver.answer(&self.world.build_question(self.effective, &access, &Access::default()));
        !answer.grants.is_empty()
    }

    fn is_allowed_within(
        &self,
        technique: &Technique,
        action: &str,
        patterns: &[String],
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        // The catalog lists the actions of all techniques (a test checks this).
        let Some(id) = self.world.find_action(action) else { return false };
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let mut access = restrict_to_action(self.world.solver, self.effective, id, required_layers);
        limit_to(&mut access, action, patterns);
        let mut known = self.effective.known.clone().into_owned();
        for (key, value) in &technique.context {
            known.set(key, KeyFact::Value(value.clone()));
        }
        let nothing = Access::default();
        let question = self.world.build_question(self.effective, &access, &nothing);
        let answer = self.world.solver.answer(&Question { known: &known, ..question });
        let is_allowed = !answer.grants.is_empty();
        if !is_allowed {
            undecided.extend(answer.undecided);
        }
        is_allowed
    }
}

/// Limits an access formula for one action to the resources that some patterns match.
pub(super) fn limit_to(access: &mut Access, action: &str, patterns: &[String]) {
    let document = allow_within(action, patterns);
    for branch in &mut access.branches {
        branch.allow_layers.push(StatementUse::from_document(&document).collect());
    }
}

fn allow_within(action: &str, patterns: &[String]) -> Arc<PolicyDocument> {
    let statement = Statement::allow(ActionElement::listing([action]), ResourceElement::listing(patterns));
    Arc::new(PolicyDocument::from_statements("resources of a service", vec![statement]))
}
