//! Changes of the permission sets of IAM Identity Center, to which roles under `/aws-reserved/` belong.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::reach::model::chosen_boundary::ChosenBoundary;
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::technique::{RemovedPolicy, Technique};
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The states of the targets without the permissions boundary of their permission set.
    pub(super) fn remove_permission_set_boundaries(
        &self,
        technique: &Technique,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut limited = self.find_limited();
        limited.intersect_with(&self.world.principal_sets.sso_roles);
        limited.intersect_with(targets);
        if limited.is_clear() || !self.can_perform_required(technique, undecided) {
            return Vec::new();
        }
        let without_boundary = |principal| {
            let change = StateChange { boundary: Some(ChosenBoundary::Removed), ..self.current_change(principal) };
            NodeState::new(principal, change)
        };
        limited.ones().map(without_boundary).collect()
    }

    /// The states of the targets after policies with a Deny statement are removed from their permission set.
    pub(super) fn remove_permission_set_policies(
        &self,
        technique: &Technique,
        removes: RemovedPolicy,
        targets: &FixedBitSet,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let mut denied = self.world.principal_sets.denied().clone();
        denied.intersect_with(&self.world.principal_sets.sso_roles);
        denied.intersect_with(targets);
        let Some(action) = technique.required_actions.first() else { return Vec::new() };
        if denied.is_clear() || !self.can_perform_required(technique, undecided) {
            return Vec::new();
        }
        denied.ones().flat_map(|role| self.remove_policies_of(role, removes, action, undecided)).collect()
    }
}
