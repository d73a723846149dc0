//! Whether a statement matches a request (`docs/semantics.md` §2).

use super::access_points::is_left_to_access_points;
use super::condition_match;
use super::pattern_match::{self, MidSegmentStar, PatternMismatch, RequestedAction};
use super::policy_ref::PolicyRef;
use super::principal_match::RequestPrincipal;
use super::request::Request;
use super::trace::{Mismatch, StatementOutcome, StatementRef, StatementTrace};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Ambiguity, ElementKind, Interpretation, Statement, Template};

/// The request that statements are matched with.
#[derive(Copy, Clone, Debug)]
pub(super) struct StatementMatcher<'a, 'b> {
    pub principal: RequestPrincipal<'a>,
    pub request: &'a Request,
    /// The action of the request.
    pub action: &'b RequestedAction,
    pub interpretation: Interpretation,
}

impl<'a> StatementMatcher<'a, '_> {
    /// The outcome of each statement of some policies.
    pub fn trace_statements(&self, policies: impl IntoIterator<Item = &'a PolicyRef>) -> Vec<StatementTrace<'a>> {
        policies
            .into_iter()
            .flat_map(|policy| {
                policy.document.statements.iter().map(move |statement| StatementRef { policy, statement })
            })
            .map(|statement| StatementTrace { statement, outcome: self.match_statement(statement.statement) })
            .collect()
    }

    fn match_statement(&self, statement: &'a Statement) -> StatementOutcome<'a> {
        if is_left_to_access_points(statement, self.interpretation) {
            return StatementOutcome::Failed(Mismatch::Principal);
        }
        let principal_match = match &statement.principal {
            None => None,
            Some(element) => match self.principal.match_element(element, statement.effect) {
                Some(principal_match) => Some(principal_match),
                None => return StatementOutcome::Failed(Mismatch::Principal),
            },
        };
        if !self.matches_action(&statement.action) {
            return StatementOutcome::Failed(Mismatch::Action);
        }
        // A statement without the element applies to the resource that its policy is attached to.
        if !statement.resource.as_ref().is_none_or(|element| self.matches_resource(element)) {
            return StatementOutcome::Failed(Mismatch::Resource);
        }
        match statement
            .conditions
            .iter()
            .find(|c| !condition_match::is_satisfied(c, &self.request.context, self.interpretation))
        {
            Some(condition) => StatementOutcome::Failed(Mismatch::Condition {
                condition,
                found: self.request.context.get(&condition.key),
            }),
            None => StatementOutcome::Matched(principal_match),
        }
    }

    fn matches_action(&self, element: &ActionElement) -> bool {
        let under_interpretation = element.under(self.interpretation);
        let mut patterns = under_interpretation.as_ref().unwrap_or(element).patterns.iter();
        let is_listed = patterns.any(|pattern| pattern_match::matches_action(pattern, self.action));
        is_listed == (element.kind == ElementKind::List)
    }

    fn matches_resource(&self, element: &ResourceElement) -> bool {
        let star = match self.interpretation.is_alternative(Ambiguity::MidSegmentStar) {
            false => MidSegmentStar::CrossesColons,
            true => MidSegmentStar::StaysInSegment,
        };
        let early_variables = self.interpretation.is_alternative(Ambiguity::EarlyVariable);
        let default_patterns = self.interpretation.is_alternative(Ambiguity::DefaultWildcard);
        let match_pattern = |pattern: &Template| {
            let early = early_variables.then(|| pattern.with_early_variables()).flatten();
            let pattern = early.as_ref().unwrap_or(pattern);
            let expanded = default_patterns
                .then(|| pattern.with_default_patterns(|key| self.request.context.get(key).is_none()))
                .flatten();
            let pattern = expanded.as_ref().unwrap_or(pattern);
            pattern_match::match_resource(pattern, &self.request.resource, &self.request.context, star)
        };
        let mut results = element.patterns_under(self.interpretation).map(match_pattern);
        match element.kind {
            ElementKind::List => results.any(|r| r.is_ok()),
            ElementKind::NotList => !results.any(|r| match r {
                Ok(()) => true,
                Err(PatternMismatch::TextDiffers) => false,
                Err(PatternMismatch::UnresolvedVariable) => {
                    self.interpretation.is_alternative(Ambiguity::NotResourceUnresolved)
                }
            }),
        }
    }
}
