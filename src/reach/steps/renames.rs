//! Users and groups that a state can rename or move to another path: what their own requests are then allowed, and what the
//! state is allowed on their new ARNs.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::new_resource_kind::NewResource;
use super::new_resources::{NameLimits, NewRequest};
use super::step_finder::{StepFinder, TargetQuery};
use crate::iam::{ContextKey, PolicyDocument};
use crate::reach::decide::context_facts::ContextFacts;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::attachable_policies::list_attachable_documents;
use crate::reach::model::name_patterns::USER_NAME;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::solve::UndecidedReason;

const UPDATE_USER: &str = "iam:UpdateUser";

/// Whether a document allows or denies something to principals with some names. A variable with the name gives each principal the same
/// on itself.
fn has_condition_on_name(document: &PolicyDocument) -> bool {
    let conditions = document.statements.iter().flat_map(|statement| &statement.conditions);
    conditions.into_iter().any(|condition| matches!(condition.key.lower(), "aws:principalarn" | USER_NAME))
}

impl StepFinder<'_> {
    /// The states of the targets under other names, one for each pattern over names that policies distinguish. `widened`: those that
    /// can get policies, and not everything.
    // AWS: UpdateUser: the caller needs permission on the user and on the user under the new name.
    pub(super) fn rename_users(
        &self,
        targets: &FixedBitSet,
        widened: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut users = self.account_users();
        users.intersect_with(targets);
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let renameable = self.filter_principals(UPDATE_USER, required_layers, &users, None, undecided);
        let mut states = Vec::new();
        for user in renameable.ones() {
            let change = self.current_change(user);
            if change.renamed.is_some() || change.is_separate() {
                continue;
            }
            for arn in self.choose_other_names((user, widened.contains(user)), &change, undecided) {
                let renamed = Some(Arc::from(arn));
                states.push(NodeState::new(user, StateChange { renamed, ..change.clone() }));
            }
        }
        states
    }

    /// An ARN for a user that is not in use, and that the state can give it. None if there is none.
    pub(super) fn find_unused_name(&self, user: usize, undecided: &mut BTreeSet<UndecidedReason>) -> Option<String> {
        let facts = |_: usize, key: &ContextKey| self.principal_fact(user, key);
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let request = NewRequest { action: UPDATE_USER, required_layers, facts: &facts };
        let arns = self.list_new_arns(NewResource::User, &[request], undecided);
        self.choose_unused_arn(&arns, NameLimits::default(), undecided)
    }

    /// The ARNs that the state can give a user, one for each way in which the policies that apply to it treat names, or those that
    /// it can get.
    fn choose_other_names(
        &self,
        (user, is_widened): (usize, bool),
        change: &StateChange,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> BTreeSet<String> {
        let layers = self.world.node(user).build_layers_after(change);
        let mut patterns = self.world.name_patterns.clone();
        let policies = layers.identity.iter().chain(layers.boundary.iter().flatten());
        let documents: Vec<_> = policies.map(|policy| &policy.document).collect();
        documents.iter().for_each(|document| self.add_own_patterns(document, &mut patterns));
        let attachable = list_attachable_documents(self.world.node(user).account).filter(|_| is_widened);
        let attachable = attachable.filter(|document| has_condition_on_name(document));
        attachable.for_each(|document| patterns.add_document(self.world.solver, document));
        let names_itself = documents.iter().any(|document| {
            let mut variables = document.statements.iter().flat_map(|statement| statement.variables());
            variables.any(|key| key.lower() == USER_NAME)
        });
        if patterns.is_empty() && !names_itself {
            return BTreeSet::new();
        }
        let facts = |_: usize, key: &ContextKey| self.principal_fact(user, key);
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let request = NewRequest { action: UPDATE_USER, required_layers, facts: &facts };
        let arns = self.list_new_arns(NewResource::User, &[request], undecided);
        self.choose_names(&arns, patterns, Some(self.world.arn(user)), undecided)
    }

    /// The candidates on which an action is allowed: as they are, or under another name that the state can give them.
    pub(super) fn filter_allowed_or_renamed(
        &self,
        kind: NewResource,
        query: &TargetQuery<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let mut found = self.filter_allowed(query, undecided);
        let Some(rename) = kind.rename_action().filter(|rename| *rename != query.action) else { return found };
        let is_own_request = query.required_layers == RequiredLayers::IdentityAndBoundary;
        if !is_own_request || !self.may_allow(rename) || !self.may_allow(query.action) {
            return found;
        }
        let is_of_kind = |at: &usize| NewResource::of_arn(query.arn_index.arn(*at)) == Some(kind);
        let mut others = query.arn_index.empty_set();
        others.extend(query.candidates.ones().filter(|at| !found.contains(*at)).filter(is_of_kind));
        let renameable = self.filter_allowed(&TargetQuery { action: rename, candidates: &others, ..*query }, undecided);
        for target in renameable.ones() {
            let facts = |_: usize, key: &ContextKey| (query.facts)(target, key);
            let arn = query.arn_index.arn(target);
            if self.find_new_name((kind, arn), query.action, &facts, undecided).is_some() {
                found.insert(target);
            }
        }
        found
    }

    /// An ARN for a user or group that is not in use, that the state can give it, and on which an action is allowed. None if
    /// there is none.
    pub(super) fn find_new_name(
        &self,
        (kind, arn): (NewResource, &str),
        action: &str,
        facts: &ContextFacts<'_>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<String> {
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let requests = [kind.rename_action()?, action].map(|action| NewRequest { action, required_layers, facts });
        let arns = self.list_new_arns(kind, &requests, undecided);
        let limits = NameLimits { instead_of: Some(arn), ..NameLimits::default() };
        self.choose_unused_arn(&arns, limits, undecided)
    }
}
