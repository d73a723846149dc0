//! The state of the search for a bypass, and the questions that all kinds of bypass share.

use std::collections::BTreeSet;

use super::bypass::CallersByArn;
use super::guard_condition::free_guard_keys;
use crate::access::{Layers, Request};
use crate::audit::analysis::analyzer::{Analyzer, Query, QueryAnswer, Requester};
use crate::audit::analysis::replay_decisions::ReplayDecisions;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::build_ceiling;
use crate::baseline::Guard;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Interpretation, Statement};
use crate::solve::{Access, StatementUse, UndecidedReason};

/// Searches for bypasses of one guard by one principal.
pub(crate) struct BypassFinder<'a> {
    pub(crate) analyzer: &'a Analyzer<'a>,
    pub(crate) subject: &'a AuditedPrincipal<'a>,
    pub(crate) guard: &'a Guard,
    /// The check of the guard.
    pub(crate) check: &'a Check,
    pub(crate) callers: &'a CallersByArn<'a>,
    /// Why parts of the search for a bypass of the current condition are undecided.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

impl BypassFinder<'_> {
    /// Whether any guarded action is allowed once the conditions of the guard match. Otherwise a bypass has no effect. True
    /// if that is undecided.
    pub(crate) fn may_have_guarded_access(&self) -> bool {
        let known = free_guard_keys(&self.subject.known_context, self.guard);
        let (access, _) = self.analyzer.compute_effective_access(&self.subject.layers);
        let guarded_access = access.intersect(&self.check.expected.access);
        let requester = Requester::from_subject(self.subject).with_context(&known);
        !Query::new_verdict(self.analyzer, requester).find_excess(&guarded_access, &Access::default()).is_contained()
    }

    /// The requests of some actions that satisfy the guard already.
    pub(crate) fn restrict_guard_to_actions(&self, actions: &[String]) -> ResolvedCeiling {
        let statement = Statement::allow(ActionElement::listing(actions), ResourceElement::any());
        build_ceiling(&self.check.name, vec![statement.under(self.guard.unless.conditions.iter().cloned())])
    }

    /// Whether a granting statement lists one of these actions. A quick test: most principals cannot tag anything.
    pub(crate) fn has_grant_for(&self, access: &Access, actions: &[String]) -> bool {
        let granting_statements = access.branches.iter().filter_map(|branch| branch.allow_layers.first()).flatten();
        let mut statements = granting_statements.map(StatementUse::statement);
        statements.any(|statement| actions.iter().any(|action| statement.action.lists_action(action)))
    }

    /// Those of some requests of the principal about itself that it may send without satisfying the guard.
    pub(crate) fn query_own_requests(
        &self,
        access: &Access,
        actions: &[String],
        requests: &ResolvedCeiling,
    ) -> QueryAnswer {
        let known = self.build_own_context(access);
        let requester = Requester::from_subject(self.subject).with_context(&known);
        self.query_unguarded(requester, access, requests, &self.restrict_guard_to_actions(actions))
    }

    /// The requests in a scope that the principal may send, without those that satisfy the guard already: if setting a value
    /// requires the value, the principal cannot set it by itself.
    pub(crate) fn query_unguarded(
        &self,
        requester: Requester<'_>,
        access: &Access,
        scope: &ResolvedCeiling,
        already_guarded: &ResolvedCeiling,
    ) -> QueryAnswer {
        let replay = |request: &Request, interpretation: Interpretation| {
            let is_allowed = |layers: &Layers| self.analyzer.is_allowed(layers, request, interpretation);
            ReplayDecisions {
                allowed: is_allowed(&self.subject.layers) && is_allowed(&scope.layers),
                expected: is_allowed(&already_guarded.layers),
            }
            .check_excess(request)
        };
        let query = Query::new_difference(self.analyzer, requester, &replay);
        query.find_excess(&access.intersect(&scope.access), &already_guarded.access)
    }
}
