//! Changes of what applies to the whole account, or to the keys of the account: it leaves its organization, and a principal
//! grants itself the use of a KMS key.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::iam::{Effect, PolicyDocument};
use crate::reach::decide::action_bounds::is_on_all_resources;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::technique::Technique;
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The states of the targets without SCPs and RCPs, after their account left its organization.
    pub(super) fn leave_organization(
        &self,
        technique: &Technique,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut members = targets.clone();
        members.intersect_with(self.account_principals);
        let limited = members.ones().filter(|member| self.is_limited_by_organization(*member));
        let limited: Vec<usize> =
            limited.filter(|member| !self.current_change(*member).has_left_organization).collect();
        if limited.is_empty() || !self.can_perform_required(technique, undecided) {
            return Vec::new();
        }
        let leave = |principal| {
            let change = StateChange { has_left_organization: true, ..self.current_change(principal) };
            NodeState::new(principal, change)
        };
        limited.into_iter().map(leave).collect()
    }

    pub(super) fn is_limited_by_organization(&self, principal: usize) -> bool {
        let layers = &self.world.node(principal).layers;
        let mut scps = layers.scps.iter().flatten().flat_map(|level| &level.policies);
        scps.any(|policy| limits_access(&policy.document))
            || layers.rcps.as_ref().is_some_and(|rcps| rcps.denying_levels().next().is_some())
    }

    /// The state that can use the KMS keys for which it can create grants.
    pub(super) fn grant_key_use(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<NodeState> {
        let change = &self.state.change;
        if change.has_key_grants || change.is_separate() || !self.can_perform_required(technique, undecided) {
            return None;
        }
        let change = StateChange { has_key_grants: true, ..change.to_change() };
        Some(NodeState::new(self.state.principal, change))
    }
}

/// Whether a policy is something else than one that allows everything.
pub(super) fn limits_access(document: &PolicyDocument) -> bool {
    let allows_all = document.statements.iter().any(|statement| {
        statement.effect == Effect::Allow
            && statement.conditions.is_empty()
            && is_on_all_resources(statement)
            && statement.action.patterns.iter().any(|pattern| pattern.as_written() == "*")
    });
    !allows_all || document.statements.iter().any(|statement| statement.effect == Effect::Deny)
}
