//! The managed policies and the groups that a state can change. Who holds them or joins them gains from that.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::created_principals::POLICY_ARN_KEY;
use super::step_finder::StepFinder;
use crate::reach::model::attachable_policies::list_attachable_policies;
use crate::reach::model::state_change::PolicyVersionRef;
use crate::solve::UndecidedReason;

const WRITE_GROUP: &str = "iam:PutGroupPolicy";
const ATTACH_TO_GROUP: &str = "iam:AttachGroupPolicy";
const WRITE_POLICY: &str = "iam:CreatePolicyVersion";
const SET_VERSION: &str = "iam:SetDefaultPolicyVersion";

/// What a state can change in policies and groups.
pub(crate) struct PolicyWrites {
    /// The managed policies that it can make allow everything.
    pub(crate) policies: FixedBitSet,
    /// The other versions that it can make the default.
    pub(crate) versions: Vec<PolicyVersionRef>,
    /// The versions whose content is unknown that it can make the default, by the policy.
    pub(crate) unreadable: Vec<(usize, UndecidedReason)>,
    /// The groups that it can make allow everything.
    pub(crate) groups: FixedBitSet,
    /// The managed policies that it can create, or delete and create again, for others to attach.
    pub(crate) created: Vec<Arc<str>>,
    /// The managed policies that it can attach to groups.
    pub(crate) attachments: Vec<(usize, Arc<str>)>,
}

impl PolicyWrites {
    pub(crate) fn is_empty(&self) -> bool {
        self.policies.is_clear()
            && self.versions.is_empty()
            && self.unreadable.is_empty()
            && self.groups.is_clear()
            && self.attachments.is_empty()
            && self.created.is_empty()
    }
}

impl StepFinder<'_> {
    /// The managed policies and groups that the state can change. None if it can change none: compares actions only.
    pub(crate) fn find_policy_writes(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Option<PolicyWrites> {
        let created = self.find_creatable_policies(undecided);
        let writes = [WRITE_GROUP, ATTACH_TO_GROUP, WRITE_POLICY, SET_VERSION];
        if created.is_empty() && !writes.iter().any(|action| self.may_allow(action)) {
            return None;
        }
        let policies = self.filter_policies(WRITE_POLICY, &self.account_policies(), undecided);
        let mut groups = self.find_groups(WRITE_GROUP, None, undecided);
        groups.union_with(&self.find_groups(ATTACH_TO_GROUP, None, undecided));
        let mut attachments = Vec::new();
        let account = self.world.node(self.state.principal).account;
        if self.may_allow(ATTACH_TO_GROUP) && self.has_condition_on(POLICY_ARN_KEY) {
            for policy in list_attachable_policies(account).into_iter().filter(|policy| policy.document.is_some()) {
                let found = self.find_groups(ATTACH_TO_GROUP, Some(&policy.arn), undecided);
                attachments.extend(found.ones().map(|group| (group, Arc::clone(&policy.arn))));
            }
        }
        let (mut versions, mut unreadable) = (Vec::new(), Vec::new());
        for policy in self.filter_policies(SET_VERSION, &self.find_versioned_policies(), undecided).ones() {
            let Some(managed) = account.policies.get(self.world.policies.arn(policy)) else { continue };
            let policy_arn: Arc<str> = Arc::from(managed.arn.as_str());
            versions.extend(managed.other_versions.iter().map(|version| PolicyVersionRef {
                policy_arn: Arc::clone(&policy_arn),
                version_id: version.id.as_str().into(),
            }));
            let reasons = managed.unreadable_versions.iter().map(UndecidedReason::from);
            unreadable.extend(reasons.map(|reason| (policy, reason)));
        }
        Some(PolicyWrites { policies, versions, unreadable, groups, created, attachments })
    }

    /// The customer managed policies of the account with other versions.
    pub(super) fn find_versioned_policies(&self) -> FixedBitSet {
        let account = self.world.node(self.state.principal).account;
        let mut candidates = self.account_policies();
        let has_versions = |policy: &usize| {
            let managed = account.policies.get(self.world.policies.arn(*policy));
            managed.is_some_and(|managed| managed.other_version_count() > 0)
        };
        let without: Vec<usize> = candidates.ones().filter(|policy| !has_versions(policy)).collect();
        without.into_iter().for_each(|policy| candidates.remove(policy));
        candidates
    }
}
