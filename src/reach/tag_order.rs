//! Whether the tags that the steps of a path need can be there one after the other.
//!
//! Each request is decided by itself, with the tags that it needs. That is enough if a tag can be changed again and again.
//! It is not if a change of the tag ends the permission to change it, or if only some values can be set: then a later step
//! could need a value that is gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::graph::Graph;
use super::model::chosen_tags::ChosenTag;
use super::model::state::NodeState;
use super::model::tag_condition_keys::find_decisive_tag;
use super::path::PathStep;
use super::proven_step::ProvenStep;
use crate::iam::ContextKey;
use crate::solve::UndecidedReason;

const TAG_ACTIONS: [&str; 4] = ["iam:TagRole", "iam:TagUser", "iam:UntagRole", "iam:UntagUser"];

impl PathStep {
    /// The states that make requests in the step.
    fn actors(&self) -> impl Iterator<Item = &NodeState> {
        let earlier = self.earlier_change.iter().flat_map(|earlier| [&earlier.by].into_iter().chain(&earlier.others));
        [&self.from].into_iter().chain(earlier)
    }

    /// Whether the step sets or removes tags of its end.
    fn changes_tags(&self) -> bool {
        let is_same = self.from.principal == self.to.principal && self.from.change.tags == self.to.change.tags;
        !is_same && !self.to.change.tags.is_empty() && !self.to.change.is_federated
    }
}

impl Graph<'_> {
    /// The first tag of which the steps of a path may need several values that cannot follow each other. None if the path
    /// can be taken in its order.
    pub(super) fn find_tag_conflict(&self, path: &[PathStep], proven: &[ProvenStep]) -> Option<UndecidedReason> {
        let changes = path.iter().enumerate().filter(|(_, step)| step.changes_tags());
        let conflicts = changes.flat_map(|(position, step)| {
            let tags = step.to.change.tags.iter();
            tags.filter(move |tag| self.is_conflicting((path, proven), position, tag)).map(|(key, _)| {
                UndecidedReason::TagOrder { principal: self.arn(step.to.principal).to_owned(), key: key.to_string() }
            })
        });
        conflicts.into_iter().next()
    }

    fn is_conflicting(
        &self,
        (path, proven): (&[PathStep], &[ProvenStep]),
        position: usize,
        (key, chosen): &(Arc<str>, ChosenTag),
    ) -> bool {
        let Some(change) = path.get(position) else { return false };
        let principal = change.to.principal;
        let later = find_dependent_steps(path, position);
        let is_free = matches!(chosen, ChosenTag::Any | ChosenTag::AnyValue);
        if !is_free {
            // The value is fixed: no later step may need another one.
            let has_other_value = |state: &NodeState| {
                let value = state.change.tags.iter().find(|(other, _)| other == key).map(|(_, value)| value);
                state.principal == principal && value != Some(chosen)
            };
            return later.iter().filter_map(|at| path.get(*at)).any(|step| step.actors().any(has_other_value));
        }
        if !change.actors().any(|actor| self.rests_on_tag(actor, principal, key)) {
            return false;
        }
        // The tag may be set once only: all later requests must need the same value.
        let arn = self.arn(principal);
        let values_of_step = |at: usize| {
            let step = path.get(at).zip(proven.get(at));
            step.into_iter().flat_map(|(step, proven)| find_tag_values(step, proven, (principal, arn), key))
        };
        let mut values: BTreeSet<Option<String>> =
            [position].into_iter().chain(later).flat_map(values_of_step).collect();
        let end = path.last().filter(|end| end.to.principal == principal);
        if end.is_some_and(|end| self.names_principal_tag(&end.to, key)) {
            values.insert(Some("of the request at the end".to_owned()));
        }
        values.len() > 1
    }

    fn names_principal_tag(&self, state: &NodeState, key: &str) -> bool {
        let effective = self.world.effective(state);
        let name = format!("aws:principaltag/{key}");
        effective.access.uses().any(|statement_use| statement_use.statement().keys().any(|key| key.lower() == name))
    }

    /// Whether the permissions of a state to change tags name a tag of this principal.
    fn rests_on_tag(&self, state: &NodeState, principal: usize, key: &str) -> bool {
        let effective = self.world.effective(state);
        let is_itself = state.principal == principal;
        let names_tag = |lower: &str| match find_decisive_tag(lower) {
            Some(tag) if tag == key => is_itself || !lower.starts_with("aws:principaltag/"),
            _ => false,
        };
        let mut about_tags = effective.access.uses().filter(|statement_use| {
            let action = &statement_use.statement().action;
            TAG_ACTIONS.iter().any(|name| action.lists_action(name))
        });
        about_tags.any(|statement_use| statement_use.statement().keys().any(|key| names_tag(key.lower())))
    }
}

/// The values of a principal's tag in the requests of a step that name it, except in those that change tags.
fn find_tag_values(
    step: &PathStep,
    proven: &ProvenStep,
    (principal, arn): (usize, &str),
    key: &str,
) -> Vec<Option<String>> {
    let is_actor = step.actors().any(|actor| actor.principal == principal);
    let about_principal = ["aws:resourcetag/", "iam:resourcetag/"].map(|prefix| format!("{prefix}{key}"));
    let of_principal = [format!("aws:principaltag/{key}")];
    let mut values = Vec::new();
    for step_request in &proven.requests {
        let request = &step_request.request;
        if TAG_ACTIONS.contains(&request.action.as_str()) {
            continue;
        }
        let own = of_principal.iter().filter(|_| is_actor);
        let target = about_principal.iter().filter(|_| request.resource == arn);
        for name in own.chain(target) {
            let value = request.context.get(&ContextKey::new(name));
            values.extend(value.map(|value| value.values().first().cloned()));
        }
    }
    values
}

/// The positions of the steps that rest on a step: they need its end, or the end of a step that does.
fn find_dependent_steps(path: &[PathStep], position: usize) -> Vec<usize> {
    let mut dependent: Vec<usize> = Vec::new();
    for (at, step) in path.iter().enumerate().skip(position + 1) {
        let mut earlier = [position].into_iter().chain(dependent.iter().copied()).filter_map(|at| path.get(at));
        if earlier.any(|earlier| step.actors().any(|actor| *actor == earlier.to)) {
            dependent.push(at);
        }
    }
    dependent
}
