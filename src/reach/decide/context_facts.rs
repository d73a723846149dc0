//! What is fixed about condition keys in a request on one resource, in addition to what is fixed about the principal.

use crate::access::{KeyFact, KnownContext};
use crate::iam::Statement;
use crate::iam::{ContextKey, Partition};
use crate::reach::model::chosen_boundary::BOUNDARY_KEY;
use crate::reach::model::chosen_tags::ChosenTags;
use crate::reach::model::node::PrincipalNode;
use crate::reach::model::technique::SET_BOUNDARY_ACTIONS;
use crate::solve::{Access, StatementUse};

/// The fact about a key in a request on a resource, by the resource's position. None if nothing is known.
pub(crate) type ContextFacts<'f> = dyn Fn(usize, &ContextKey) -> Option<KeyFact> + Sync + 'f;

/// The known context, with the facts about a resource for all keys that the access formula uses.
pub(crate) fn add_context_facts(
    known: &KnownContext,
    access: &Access,
    resource: usize,
    facts: &ContextFacts<'_>,
) -> KnownContext {
    let mut known = known.clone();
    for key in access.uses().map(StatementUse::statement).flat_map(Statement::keys) {
        if let Some(fact) = facts(resource, key) {
            known.set(key.as_written(), fact);
        }
    }
    known
}

/// The fact about a key in a request on a user or role: its tags and its permissions boundary. None for other keys.
pub(crate) fn principal_fact(target: &PrincipalNode<'_>, key: &ContextKey) -> Option<KeyFact> {
    let principal = &target.principal;
    let lower = key.lower();
    if lower == BOUNDARY_KEY {
        let boundary = principal.boundary.as_ref();
        return Some(boundary.map_or(KeyFact::Missing, |boundary| KeyFact::Value(boundary.arn.clone())));
    }
    let tag = resource_tag(lower)?;
    let found = principal.tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
    Some(found.map_or(KeyFact::Missing, |(_, value)| KeyFact::Value(value.clone())))
}

/// The fact about a key in an `iam:PassRole` request. The role's tags are not in the request. None for other keys.
///
/// AWS: Grant a user permissions to pass a role to an AWS service
pub(crate) fn pass_role_fact(key: &ContextKey, service: &str) -> Option<KeyFact> {
    match key.lower() {
        "iam:passedtoservice" => Some(KeyFact::Value(service.to_owned())),
        lower => resource_tag(lower).map(|_| KeyFact::Missing),
    }
}

/// The fact about a key that holds the managed policy of a request: the policy to attach, to detach or to set as the
/// boundary. None for other keys.
///
/// `policy_arn`: `None` if the caller may choose the policy. The fact is then `AdministratorAccess`.
pub(crate) fn policy_arn_fact(
    partition: Partition,
    action: &str,
    policy_arn: Option<&str>,
    key: &ContextKey,
) -> Option<KeyFact> {
    let is_policy_key =
        key.lower() == "iam:policyarn" || (key.lower() == BOUNDARY_KEY && SET_BOUNDARY_ACTIONS.contains(&action));
    let broadest = || format!("arn:{}:iam::aws:policy/AdministratorAccess", partition.as_str());
    is_policy_key.then(|| KeyFact::Value(policy_arn.map_or_else(broadest, str::to_owned)))
}

/// The fact about a tag that was chosen. None if it was not.
pub(crate) fn find_chosen(tags: &ChosenTags, tag: &str) -> Option<KeyFact> {
    tags.iter().find(|(key, _)| **key == *tag).map(|(_, chosen)| chosen.to_fact())
}

fn resource_tag(lower_key: &str) -> Option<&str> {
    lower_key.strip_prefix("aws:resourcetag/").or_else(|| lower_key.strip_prefix("iam:resourcetag/"))
}
