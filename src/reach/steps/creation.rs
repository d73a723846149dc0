//! A creation of a user or role, with the choices that its requests depend on.

use std::sync::Arc;

use super::new_resource_kind::NewResource;
use super::new_resources::TAG_KEYS;
use crate::access::KeyFact;
use crate::iam::{ContextKey, Partition};
use crate::reach::decide::context_facts::{pass_role_fact, policy_arn_fact};
use crate::reach::model::chosen_boundary::{BOUNDARY_KEY, ChosenBoundary};
use crate::reach::model::technique::Technique;

/// A user or role that a state may be able to create.
#[derive(Clone)]
pub(super) struct Creation<'c> {
    pub(super) kind: NewResource,
    /// Those of the technique on the ARN of the user or role.
    pub(super) actions: Vec<&'c str>,
    /// Its permissions boundary. None if it has none.
    pub(super) boundary: Option<ChosenBoundary>,
    /// The managed policy that is attached. None if the caller may choose it.
    pub(super) policy_arn: Option<Arc<str>>,
    /// Whether it is created with tags.
    pub(super) is_tagged: bool,
    /// The service to which the role is passed. None if it is assumed, and for a user.
    pub(super) service: Option<&'c str>,
    /// Whether a request to pass the role has its tags.
    pub(super) is_passed_with_tags: bool,
}

impl<'c> Creation<'c> {
    /// The creation with tags.
    pub(super) fn with_tags(mut self) -> Creation<'c> {
        self.actions.push(self.tag_action());
        Creation { is_tagged: true, ..self }
    }

    pub(super) fn tag_action(&self) -> &'static str {
        if self.kind == NewResource::User { "iam:TagUser" } else { "iam:TagRole" }
    }

    /// The fact about a key in a request to create it or to give it permissions.
    pub(super) fn fact(&self, partition: Partition, action: &str, key: &ContextKey) -> Option<KeyFact> {
        let lower = key.lower();
        if let Some(service) = self.service.filter(|_| action == "iam:PassRole") {
            return pass_role_fact(key, service).filter(|fact| !self.is_passed_with_tags || *fact != KeyFact::Missing);
        }
        if lower == BOUNDARY_KEY {
            return Some(self.boundary.as_ref().map_or(KeyFact::Missing, ChosenBoundary::to_fact));
        }
        let is_tag = TAG_KEYS.iter().any(|tag| lower.starts_with(tag));
        if is_tag || lower == "aws:tagkeys" {
            return Some(if self.is_tagged { KeyFact::Free } else { KeyFact::Missing });
        }
        policy_arn_fact(partition, action, self.policy_arn.as_deref(), key)
    }
}

/// The creation by a technique, without the choices.
pub(super) fn build_creation(technique: &Technique) -> Creation<'_> {
    let kind = match technique.required_actions.first() {
        Some(action) => NewResource::of_action(action),
        None => NewResource::Role,
    };
    let own = technique.required_actions.iter().filter(|action| NewResource::of_action(action) == kind);
    Creation {
        kind,
        actions: own.map(String::as_str).collect(),
        boundary: None,
        policy_arn: None,
        is_tagged: false,
        service: None,
        is_passed_with_tags: false,
    }
}
