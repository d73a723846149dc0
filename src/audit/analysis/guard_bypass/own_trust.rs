//! The trust policy of the role itself: if the role can rewrite it, it lets callers set a value that satisfies a condition.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bypass::GuardBypass;
use super::caller_session::{ASSUME_ROLE, SessionCall};
use super::finder::BypassFinder;
use super::guard_condition::requires_missing_key;
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::synthetic::build_ceiling;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ElementKind, PolicyDocument, PrincipalElement, PrincipalEntry, Statement};
use crate::snapshot::IamEntityKind;
use crate::solve::UndecidedReason;
use crate::source::Span;
use crate::trust::TrustGrant;

const UPDATE_TRUST: &str = "iam:UpdateAssumeRolePolicy";

impl BypassFinder<'_> {
    /// The role can rewrite its own trust policy, without the approval, so that a call which needs `action` and matches some
    /// conditions sets the value.
    pub(crate) fn find_rewritten_trust(
        &mut self,
        condition: &Condition,
        action: &'static str,
        request_conditions: Vec<Condition>,
    ) -> Option<GuardBypass> {
        let role = self.subject.principal;
        // AWS alone changes the roles of IAM Identity Center.
        if role.entity_kind != IamEntityKind::Role || requires_missing_key(condition) {
            return None;
        }
        let actions = [UPDATE_TRUST.to_owned()];
        let (access, policies) = self.analyzer.compute_effective_access(&self.subject.layers);
        if !self.has_grant_for(&access, &actions) {
            return None;
        }
        let on_itself = ResourceElement::listing([role.arn.as_str()]);
        let statement = Statement::allow(ActionElement::listing(&actions), on_itself);
        let rewriting = build_ceiling("requests that rewrite the trust policy", vec![statement]);
        let answer = self.query_own_requests(&access, &actions, &rewriting);
        let mut undecided = BTreeSet::new();
        let proof = answer.collect_into(&mut undecided);
        if proof.is_empty() && undecided.is_empty() {
            return None;
        }
        if !self.can_set_if_trusted(action, request_conditions, &mut undecided) || proof.is_empty() {
            self.undecided.extend(undecided);
            return None;
        }
        let method =
            GuardBypassMethod::RewritesTrust { key: condition.key.as_written().to_owned(), action: UPDATE_TRUST };
        Some(GuardBypass { method, proof, policies })
    }

    /// Whether the role itself, or a principal of an account outside, can set the value if the trust policy admits it.
    fn can_set_if_trusted(
        &self,
        action: &'static str,
        request_conditions: Vec<Condition>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) -> bool {
        let role = self.subject.principal;
        let this_role = ResourceElement::listing([role.arn.as_str()]);
        let statement = Statement::allow(ActionElement::listing([ASSUME_ROLE]), this_role).under(request_conditions);
        let call = SessionCall {
            action,
            trust_policy: PolicyRef::new("rewritten trust policy", PolicyOrigin::Given, trust_anyone(action)),
            requests: build_ceiling("calls that set the value", vec![statement]),
        };
        let itself = TrustGrant::Principal(role.arn.clone());
        let is_set = !self.query_caller(&itself, &call).collect_into(undecided).is_empty();
        is_set || {
            let analysis =
                self.analyzer.trust_analyzer.analyze_rewritten(self.subject.account, role, &TrustGrant::Anyone);
            undecided.extend(analysis.undecided);
            !analysis.undeclared.is_empty()
        }
    }
}

/// A trust policy that admits anyone, with an action besides that of assuming the role.
fn trust_anyone(action: &str) -> Arc<PolicyDocument> {
    let mut statement = Statement::allow(ActionElement::listing([ASSUME_ROLE, action]), ResourceElement::any());
    let span = Span { start: 0, end: 0 };
    statement.principal =
        Some(PrincipalElement { kind: ElementKind::List, entries: vec![PrincipalEntry::Anyone], span });
    Arc::new(PolicyDocument::from_statements("rewritten trust policy", vec![statement]))
}
