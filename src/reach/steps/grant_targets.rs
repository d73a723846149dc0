//! The principals to which a technique can grant all permissions, by writing or attaching a policy.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::reach::decide::effective::RequiredLayers;
use crate::reach::model::technique::{Technique, TechniqueKind, WriteTarget};
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The principals whose policies the state can make allow everything by a technique.
    pub(crate) fn find_grant_targets(
        &self,
        technique: &Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> FixedBitSet {
        let mut found = self.world.principals.empty_set();
        if !self.may_perform(technique) {
            return found;
        }
        let Some(action) = technique.required_actions.first() else { return found };
        let required_layers = RequiredLayers::IdentityAndBoundary;
        match technique.kind.write_target() {
            Some(WriteTarget::User) => {
                found = self.filter_principals(action, required_layers, &self.account_users(), None, undecided);
            }
            Some(WriteTarget::Role) => {
                found = self.filter_principals(action, required_layers, &self.account_roles(), None, undecided);
            }
            Some(WriteTarget::Group) => {
                for group in self.find_groups(action, None, undecided).ones() {
                    found.union_with(&self.find_members(group));
                }
            }
            Some(WriteTarget::Policy) => {
                for policy in self.filter_policies(action, &self.account_policies(), undecided).ones() {
                    found.union_with(&self.find_holders(policy));
                }
            }
            None if technique.kind == TechniqueKind::AttachNewPolicy => {
                found = self.find_targets_of_new_policies(action, undecided);
            }
            None if technique.kind == TechniqueKind::CreateGroup
                && !self.account_users().is_clear()
                && self.find_new_group(technique, undecided).is_some() =>
            {
                found = self.account_users();
            }
            None => {}
        }
        found
    }
}
