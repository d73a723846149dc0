//! AWS managed policies that a state can attach, and whose documents are not in the snapshot.

use std::collections::BTreeSet;

use super::created_principals::POLICY_ARN_KEY;
use super::step_finder::StepFinder;

use crate::base::glob::{list_rests, matches_glob};
use crate::reach::model::attachable_policies::find_attachable_policy;
use crate::solve::UndecidedReason;

/// Managed policies of AWS that the snapshot does not have.
pub(super) struct UnreadPolicies {
    /// Their ARNs, as a pattern.
    pub(super) pattern: String,
    /// One of these ARNs, for a request.
    pub(super) example: String,
}

impl StepFinder<'_> {
    /// The AWS managed policies outside of the snapshot, by the patterns that the state's policies compare `iam:PolicyARN`
    /// with: those that a pattern matches, and those that no value matches.
    pub(super) fn list_unread_policies(&self, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<UnreadPolicies> {
        let account = self.world.node(self.state.principal).account;
        let prefix = format!("arn:{}:iam::aws:policy/", self.effective.partition.as_str());
        let values = self.list_condition_values(POLICY_ARN_KEY, undecided);
        let plain = values.iter().filter(|value| !value.contains("${"));
        let rests: BTreeSet<String> = plain.flat_map(|value| list_rests(value, &prefix)).collect();
        let other = |rest: &&str| !rests.iter().any(|pattern| matches_glob(pattern, rest));
        let of_values = rests.iter().map(|rest| (rest.as_str(), rest.replace('*', "example").replace('?', "a")));
        let of_others = Some("example").filter(other).map(|example| ("*", example.to_owned()));
        let unread = of_values.chain(of_others).map(|(rest, example)| UnreadPolicies {
            pattern: format!("{prefix}{rest}"),
            example: format!("{prefix}{example}"),
        });
        let is_known = |policies: &UnreadPolicies| {
            find_attachable_policy(account, &policies.example).is_some()
                || policies.example.ends_with(":policy/AdministratorAccess")
        };
        unread.filter(|policies| !is_known(policies)).collect()
    }
}
