//! Policies that allow everything except one action or one resource. A question for the excess over such a policy asks
//! about that action or resource alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::technique::{TechniqueKind, techniques};
use crate::catalog::{ActionId, Catalog};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{PolicyDocument, Statement};

/// For each action that a technique needs on any resource: a policy that allows all other actions.
pub(crate) struct ComplementPolicies(FxHashMap<ActionId, Arc<PolicyDocument>>);

impl ComplementPolicies {
    pub(crate) fn new(catalog: &Catalog) -> ComplementPolicies {
        let actions = techniques()
            .iter()
            // An identity provider can be new.
            .filter(|technique| !technique.has_target_resource() || technique.kind == TechniqueKind::ChangeProvider)
            .flat_map(|technique| &technique.required_actions);
        let unique_actions: BTreeSet<&str> = actions.map(String::as_str).collect();
        ComplementPolicies(
            unique_actions
                .into_iter()
                .filter_map(|action| Some((catalog.find_action(action)?, allow_all_except(action))))
                .collect(),
        )
    }

    /// The policy that allows all actions but this one. None if no technique needs the action on any resource.
    pub(crate) fn get(&self, action: ActionId) -> Option<&Arc<PolicyDocument>> {
        self.0.get(&action)
    }
}

/// A policy that allows all actions but one.
pub(crate) fn allow_all_except(action: &str) -> Arc<PolicyDocument> {
    let statement = Statement::allow(ActionElement::all_except(action), ResourceElement::any());
    Arc::new(PolicyDocument::from_statements("all other actions", vec![statement]))
}

/// A policy that allows all actions on all resources but one.
pub(crate) fn allow_all_except_resource(resource: &str) -> Arc<PolicyDocument> {
    let statement = Statement::allow(ActionElement::any(), ResourceElement::all_except(resource));
    Arc::new(PolicyDocument::from_statements("all other resources", vec![statement]))
}

/// A policy that allows everything but an action pattern on a resource pattern.
///
/// `resource_pattern`: `None` if the action pattern is excluded on all resources.
pub(crate) fn allow_all_except_pattern(action: &str, resource_pattern: Option<&str>) -> Arc<PolicyDocument> {
    let mut statements = vec![Statement::allow(ActionElement::all_except(action), ResourceElement::any())];
    statements.extend(
        resource_pattern
            .map(|pattern| Statement::allow(ActionElement::listing([action]), ResourceElement::all_except(pattern))),
    );
    Arc::new(PolicyDocument::from_statements("everything outside the query", statements))
}
