//! Proves a request on a user, group or other target, under another name if necessary, and the requests that free a name.

use std::collections::BTreeSet;

use super::new_resource_kind::NewResource;
use super::request_proof::StepRequest;
use super::step_prover::StepProver;
use crate::iam::ContextKey;
use crate::reach::decide::context_facts::{ContextFacts, policy_arn_fact};
use crate::solve::UndecidedReason;

impl StepProver<'_> {
    /// A request on a target. If it is not allowed, the target is a user or a group that the state can rename: the requests
    /// that rename it, and the request on its new ARN. None if they are not proven.
    pub(super) fn prove_on_target(
        &self,
        action: &str,
        target: &str,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        if let Some(request) = self.request_prover.prove_on_resource(action, target, facts, undecided) {
            return Some(vec![request]);
        }
        let kind = NewResource::of_arn(target)?;
        let rename = kind.rename_action()?;
        let new = self.step_finder.find_new_name((kind, target), action, facts, undecided)?;
        let requests = [(rename, target), (rename, &new), (action, &new)];
        let proofs = requests
            .into_iter()
            .map(|(action, arn)| self.request_prover.prove_on_resource(action, arn, facts, undecided));
        proofs.collect()
    }

    /// The requests that free the name in an ARN, for something new or `instead_of` the ARN of the same user. Empty if the
    /// name is not in use. None if they are not proven.
    pub(super) fn prove_freed_name(
        &self,
        kind: NewResource,
        (arn, instead_of): (&str, Option<&str>),
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<Vec<StepRequest>> {
        let Some(holder) = self.step_finder.find_name_holder(kind, arn) else { return Some(Vec::new()) };
        if instead_of == Some(&holder) {
            return Some(Vec::new());
        }
        let position = self.step_finder.world.principals.find(&holder)?;
        let requests = self.step_finder.find_freeing_requests(kind, &holder, undecided)?;
        let partition = self.step_finder.effective.partition;
        let proofs = requests.iter().map(|request| {
            let facts = |_: usize, key: &ContextKey| {
                policy_arn_fact(partition, request.action, request.policy_arn.as_deref(), key)
                    .or_else(|| self.step_finder.principal_fact(position, key))
            };
            match &request.resource {
                Some(arn) => self.request_prover.prove_on_resource(request.action, arn, &facts, undecided),
                None => self.request_prover.prove_on_any_resource(request.action, &facts, undecided),
            }
        });
        proofs.collect()
    }
}
