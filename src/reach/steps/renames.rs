//! Users and groups that a state can rename or move to another path: what their own requests are then allowed, and what the
//! state is allowed on their new ARNs.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::new_resource_kind::NewResource;
use super::new_resources::{NameLimits, NewRequest};
use super::step_finder::{StepFinder, TargetQuery};
use crate::iam::ContextKey;
use crate::iam::template::TemplatePart;
use crate::reach::decide::context_facts::ContextFacts;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::principal_arn_patterns::list_patterns;
use crate::reach::model::state::{NodeState, StateChange};
use crate::solve::UndecidedReason;

/// The largest number of patterns over names that are tried.
const MAX_PATTERNS: usize = 64;
const UPDATE_USER: &str = "iam:UpdateUser";

impl StepFinder<'_> {
    /// The states of the targets under other names, one for each pattern over names that policies distinguish.
    // AWS: UpdateUser: the caller needs permission on the user and on the user under the new name.
    pub(super) fn rename_users(
        &self,
        targets: &FixedBitSet,
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
            for arn in self.choose_other_names(user, undecided) {
                let renamed = Some(Arc::from(arn));
                states.push(NodeState { principal: user, change: StateChange { renamed, ..change.clone() } });
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

    /// One ARN within each pattern over names, and one that none of them matches.
    fn choose_other_names(&self, user: usize, undecided: &mut BTreeSet<UndecidedReason>) -> BTreeSet<String> {
        let (patterns, names_itself) = self.list_name_patterns(user);
        let mut found = BTreeSet::new();
        if patterns.is_empty() && !names_itself {
            return found;
        }
        let facts = |_: usize, key: &ContextKey| self.principal_fact(user, key);
        let required_layers = RequiredLayers::IdentityAndBoundary;
        let request = NewRequest { action: UPDATE_USER, required_layers, facts: &facts };
        let arns = self.list_new_arns(NewResource::User, &[request], undecided);
        let instead_of = Some(self.world.arn(user));
        let outside = NameLimits { outside: &patterns, ..NameLimits::default() };
        let within = patterns.iter().take(MAX_PATTERNS).map(|pattern| NameLimits::within(pattern));
        for limits in [outside].into_iter().chain(within) {
            found.extend(self.choose_new_arn(&arns, NameLimits { instead_of, ..limits }, undecided));
        }
        if patterns.len() > MAX_PATTERNS {
            undecided.insert(UndecidedReason::LimitExceeded);
        }
        found
    }

    /// The patterns over the ARN of a user that decide what it is allowed, and whether its policies name its own name as a
    /// part of resources.
    fn list_name_patterns(&self, user: usize) -> (Vec<String>, bool) {
        let node = self.world.node(user);
        let mut patterns = self.world.principal_arn_patterns.clone();
        let mut names_itself = false;
        let policies = node.layers.identity.iter().chain(node.layers.boundary.iter().flatten());
        for document in policies.map(|policy| &policy.document) {
            patterns.extend(list_patterns(document));
            let resources = document.statements.iter().filter_map(|statement| statement.resource.as_ref());
            for pattern in resources.flat_map(|resource| &resource.patterns) {
                let names = pattern.variables().any(|key| key.lower() == "aws:username");
                names_itself |= names;
                if names {
                    patterns.extend(self.list_names_in(pattern.parts()));
                }
            }
        }
        (patterns.into_iter().collect(), names_itself)
    }

    /// The names with which a resource pattern, `role/${aws:username}-admin`, names a user or role of the account.
    fn list_names_in(&self, parts: &[TemplatePart]) -> Vec<String> {
        let [TemplatePart::Literal(before), TemplatePart::Variable { .. }, rest @ ..] = parts else {
            return Vec::new();
        };
        let principals = self.account_principals.ones().map(|principal| self.world.arn(principal));
        let name = |arn: &str| {
            let after = arn.strip_prefix(before.as_ref())?;
            let name = match rest.first() {
                Some(TemplatePart::Literal(end)) => after.split_once(end.as_ref())?.0,
                _ => after,
            };
            let is_name = !name.is_empty() && !name.contains(['/', '*', '?', '$']);
            let (partition, account) = (self.effective.partition.as_str(), self.effective.account);
            is_name.then(|| format!("arn:{partition}:iam::{account}:user/{name}"))
        };
        principals.filter_map(name).collect()
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
