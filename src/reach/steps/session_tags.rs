//! Federated sessions of a user, with tags that it chooses.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::request_proof::StepRequest;
use super::step_finder::{StepFinder, TargetQuery};
use super::step_prover::{StepProver, TechniqueProof};
use super::tag_changes::TagChangeRequest;
use super::tag_value_choices::TagValueQuery;
use crate::iam::ContextKey;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::arn_index::ArnIndex;
use crate::reach::model::chosen_tags::{
    ChosenTag, ChosenTags, TagEdit, TagGrant, TargetView, combine_grants, tag_combination_limit,
};
use crate::reach::model::search_techniques::find_search_technique;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::tag_index::NamedTag;
use crate::solve::UndecidedReason;

const FEDERATE: &str = "sts:GetFederationToken";
/// A request for a session with tags needs permission for both. AWS: Pass session tags in AWS STS
const ACTIONS: [&str; 2] = [FEDERATE, "sts:TagSession"];

impl StepFinder<'_> {
    /// The user's federated sessions, with the tags that it can choose. A session without tags allows no more than the
    /// user has.
    pub(super) fn find_federated_sessions(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<NodeState> {
        let state = self.state;
        let may_federate = self.is_user()
            && !state.change.is_federated
            && state.change.created.is_none()
            && self.world.tag_index.matters_to(state.principal)
            && ACTIONS.iter().all(|action| self.may_allow(action));
        if !may_federate {
            return Vec::new();
        }
        let mut targets = self.world.principals.empty_set();
        targets.insert(state.principal);
        let mut grants: Vec<TagGrant> = Vec::new();
        for (key, named) in self.world.tag_index.keys() {
            for edit in self.list_session_tag_edits(key, named, undecided) {
                grants.push(TagGrant { targets: targets.clone(), key: Arc::clone(key), change: edit });
            }
        }
        let (views, is_limit_exceeded) = combine_grants(grants.iter());
        if is_limit_exceeded {
            undecided.insert(tag_combination_limit());
        }
        let node = self.world.node(state.principal);
        let to_state = |view: TargetView| {
            // The session has the tags of the user, too. AWS: GetFederationToken (STS API Reference)
            let mut tags = view.find_tags(state.principal, |key| node.has_tag(key));
            let is_replaced = |key: &Arc<str>| tags.iter().any(|(other, _)| other == key);
            let kept: ChosenTags = state.change.tags.iter().filter(|(key, _)| !is_replaced(key)).cloned().collect();
            tags.extend(kept);
            tags.sort();
            let change = StateChange { is_federated: true, tags, ..state.change.to_change() };
            NodeState::new(state.principal, change)
        };
        views.into_iter().filter(|view| !view.grants.is_empty()).map(to_state).collect()
    }

    fn list_session_tag_edits(
        &self,
        key: &Arc<str>,
        named: &NamedTag,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<TagEdit> {
        ACTIONS.iter().for_each(|action| self.report_untried_names(action, undecided));
        let is_allowed = |value: Option<&str>, undecided: &mut BTreeSet<UndecidedReason>| {
            let name_sets = ACTIONS.iter().flat_map(|action| self.list_name_sets(action, named));
            let name_sets: BTreeSet<Vec<String>> = name_sets.collect();
            name_sets.into_iter().any(|names| {
                let request = TagChangeRequest { key, value, names };
                ACTIONS.iter().all(|action| !self.find_session_resources(action, &request, undecided).is_empty())
            })
        };
        let is_limited = ACTIONS.iter().any(|action| self.limits_tag_value(action, key));
        if !is_limited {
            let any = is_allowed(None, undecided).then_some(TagEdit::SetAny);
            if any.is_none() || !named.is_variable {
                return any.into_iter().collect();
            }
        }
        let mut targets = self.world.principals.empty_set();
        targets.insert(self.state.principal);
        let query = TagValueQuery { action: FEDERATE, tag: (key, named), is_limited, targets: &targets };
        let values = self.list_tag_values(&query, undecided);
        let is_settable = |value: &String| is_allowed(Some(value), undecided);
        values.into_iter().filter(is_settable).map(|value| TagEdit::Set(Arc::from(value))).collect()
    }

    /// The resources of the request on which an action is allowed: the user, or its session.
    fn find_session_resources(
        &self,
        action: &str,
        request: &TagChangeRequest<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<String> {
        let session =
            format!("arn:{}:sts::{}:federated-user/example", self.effective.partition.as_str(), self.effective.account);
        let index = ArnIndex::new(vec![self.world.arn(self.state.principal).to_owned(), session]);
        let facts =
            |_: usize, key: &ContextKey| request.fact(key).or_else(|| self.principal_fact(self.state.principal, key));
        let query = TargetQuery {
            action,
            required_layers: RequiredLayers::IdentityAndBoundary,
            arn_index: &index,
            candidates: &index.find_matching("*"),
            facts: &facts,
        };
        self.filter_allowed(&query, undecided).ones().map(|position| index.arn(position).to_owned()).collect()
    }
}

impl StepProver<'_> {
    /// The requests for a federated session with these tags. None if one of them is not proven.
    pub(crate) fn prove_federation(
        &self,
        tags: &ChosenTags,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let mut requests = Vec::new();
        for (key, chosen) in tags {
            let value = match chosen {
                ChosenTag::Value(value) => Some(&**value),
                ChosenTag::Any | ChosenTag::AnyValue | ChosenTag::Removed => None,
            };
            // A tag of the user that no policy names is not a choice.
            let named = self.step_finder.world.tag_index.keys().get(key)?;
            let name_sets = ACTIONS.iter().flat_map(|action| self.step_finder.list_name_sets(action, named));
            let name_sets: BTreeSet<Vec<String>> = name_sets.collect();
            let proofs = name_sets.into_iter().find_map(|names| {
                let request = TagChangeRequest { key, value, names };
                ACTIONS.iter().map(|action| self.prove_session_request(action, &request, undecided)).collect()
            });
            let proofs: Vec<StepRequest> = proofs?;
            requests.extend(proofs);
        }
        (!requests.is_empty()).then(|| TechniqueProof::new(find_search_technique(FEDERATE), requests))
    }

    fn prove_session_request(
        &self,
        action: &str,
        request: &TagChangeRequest<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let resources = self.step_finder.find_session_resources(action, request, undecided);
        let principal = self.step_finder.state.principal;
        let facts =
            |_: usize, key: &ContextKey| request.fact(key).or_else(|| self.step_finder.principal_fact(principal, key));
        resources.iter().find_map(|resource| {
            let mut proof = self.request_prover.prove_on_resource(action, resource, &facts, undecided)?;
            request.complete(&mut proof.request.context);
            Some(proof)
        })
    }
}
