//! Proves that a state can change the tags of a principal.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::step_prover::{StepProver, TechniqueProof};
use super::tag_changes::TagChangeRequest;
use crate::iam::ContextKey;
use crate::reach::model::chosen_tags::ChosenTag;
use crate::reach::model::search_techniques::find_search_technique;
use crate::reach::steps::request_proof::StepRequest;
use crate::solve::UndecidedReason;

impl StepProver<'_> {
    /// The technique that changes a tag of a principal as it was chosen. None if a request is not proven.
    pub(crate) fn prove_tag_change(
        &self,
        target: usize,
        (key, chosen): (&Arc<str>, &ChosenTag),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<TechniqueProof> {
        let world = self.step_finder.world;
        let (tag, untag) = match world.principal_sets.users.contains(target) {
            true => ("iam:TagUser", "iam:UntagUser"),
            false => ("iam:TagRole", "iam:UntagRole"),
        };
        let value = match chosen {
            ChosenTag::Value(value) => Some(&**value),
            ChosenTag::Any | ChosenTag::AnyValue | ChosenTag::Removed => None,
        };
        // The principal may have to remove the tag that it has.
        let removes = *chosen == ChosenTag::Removed || (*chosen == ChosenTag::Any && world.node(target).has_tag(key));
        let sets = *chosen != ChosenTag::Removed;
        let mut requests = Vec::new();
        for action in [Some(tag).filter(|_| sets), Some(untag).filter(|_| removes)].into_iter().flatten() {
            let value = value.filter(|_| action == tag);
            requests.push(self.prove_tag_request(action, target, (key, value), undecided)?);
        }
        Some(TechniqueProof::new(find_search_technique(if sets { tag } else { untag }), requests))
    }

    fn prove_tag_request(
        &self,
        action: &str,
        target: usize,
        (key, value): (&Arc<str>, Option<&str>),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<StepRequest> {
        let world = self.step_finder.world;
        let named = world.tag_index.keys().get(key)?;
        self.step_finder.list_name_sets(action, named).into_iter().find_map(|names| {
            let request = TagChangeRequest { key, value, names };
            let facts =
                |_: usize, key: &ContextKey| request.fact(key).or_else(|| self.step_finder.principal_fact(target, key));
            let mut proof = self.request_prover.prove_on_resource(action, world.arn(target), &facts, undecided)?;
            request.complete(&mut proof.request.context);
            Some(proof)
        })
    }
}
