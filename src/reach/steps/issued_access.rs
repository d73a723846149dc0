//! Access that is issued for something other than a request to assume the role: for a token of AWS STS, for the tasks of
//! a service, or for a principal that does not exist yet.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;

use super::step_finder::StepFinder;
use crate::access::{KeyFact, decide_condition};
use crate::iam::{Effect, Statement};
use crate::reach::model::state::NodeState;
use crate::reach::model::state_change::StateChange;
use crate::reach::model::technique::Technique;
use crate::solve::UndecidedReason;

impl StepFinder<'_> {
    /// The roles that trust tokens of an issuer, with the state's principal as their subject.
    pub(super) fn find_token_roles(&self, issuer: &str) -> FixedBitSet {
        let mut roles = self.world.trust_index.find_issuer_roles(issuer, self.world.principals.empty_set());
        roles.intersect_with(&self.world.principal_sets.roles);
        let others: Vec<usize> = roles.ones().filter(|role| !self.may_be_subject(*role)).collect();
        others.into_iter().for_each(|role| roles.remove(role));
        roles
    }

    /// Whether the trust policy of a role admits a token with the state's principal as its subject. The solver has decided
    /// that it admits a token of the issuer.
    fn may_be_subject(&self, role: usize) -> bool {
        // AWS: GetWebIdentityToken: the subject is the ARN of the principal; for a session, of its role.
        let subject = KeyFact::Value(self.world.state_arn(self.state).to_owned());
        let admits = |statement: &Statement| {
            let mut on_subject =
                statement.conditions.iter().filter(|condition| condition.key.lower().ends_with(":sub"));
            on_subject.all(|condition| decide_condition(condition, &subject) != Some(false))
        };
        let policy = self.world.node(role).principal.trust_policy.as_ref();
        let mut statements = policy.iter().flat_map(|policy| &policy.document.statements);
        statements.any(|statement| statement.effect == Effect::Allow && admits(statement))
    }

    /// The state's account as a new principal that is allowed everything. None if the technique is not allowed.
    pub(super) fn find_new_principal(
        &self,
        technique: &'static Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Option<NodeState> {
        let limited_by = (!technique.limited_to.is_empty()).then_some(technique.id.as_str());
        let change = StateChange { is_new_principal: true, limited_by, ..StateChange::default() };
        let state = NodeState::new(self.state.principal, change);
        self.can_perform_required(technique, undecided).then_some(state)
    }

    /// The principals that the state can act for, with the permissions that the technique names.
    pub(super) fn find_limited_states(
        &self,
        technique: &'static Technique,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> Vec<NodeState> {
        let change = StateChange { limited_by: Some(&technique.id), ..StateChange::default() };
        let reachable = self.find_reachable(technique, undecided);
        let others = reachable.ones().filter(|target| *target != self.state.principal);
        others.map(|principal| NodeState::new(principal, change.clone())).collect()
    }
}
