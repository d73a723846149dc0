//! Whether one statement matches a request (`docs/semantics.md` §2).

use super::condition_match;
use super::layers::PolicyRef;
use super::matching::{self, MidSegmentStar, NoMatch, RequestedAction};
use super::principal_match::Asker;
use super::request::Request;
use super::trace::{Mismatch, Outcome, StatementRef, StatementTrace};
use crate::iam::document::{ActionElement, ResourceElement};
use crate::iam::{Choice, Listing, Readings, Statement};

/// What every statement is held against.
#[derive(Copy, Clone, Debug)]
pub(super) struct Matcher<'a, 'b> {
    pub asker: Asker<'a>,
    pub request: &'a Request,
    /// The action of the request.
    pub action: &'b RequestedAction,
    pub readings: Readings,
}

impl<'a> Matcher<'a, '_> {
    /// What the statements of some policies make of the request.
    pub fn statements(&self, policies: impl IntoIterator<Item = &'a PolicyRef>) -> Vec<StatementTrace<'a>> {
        policies
            .into_iter()
            .flat_map(|policy| {
                policy.document.statements.iter().map(move |statement| StatementRef { policy, statement })
            })
            .map(|statement| StatementTrace { statement, outcome: self.outcome(statement.statement) })
            .collect()
    }

    fn outcome(&self, statement: &'a Statement) -> Outcome<'a> {
        let naming = match &statement.principal {
            None => None,
            Some(element) => match self.asker.named_by(element) {
                Some(naming) => Some(naming),
                None => return Outcome::Failed(Mismatch::Principal),
            },
        };
        if !self.speaks_of_action(&statement.action) {
            return Outcome::Failed(Mismatch::Action);
        }
        // Without the element the statement is about whatever its policy is on.
        if !statement.resource.as_ref().is_none_or(|element| self.resource(element)) {
            return Outcome::Failed(Mismatch::Resource);
        }
        match statement.conditions.iter().find(|c| !condition_match::holds(c, &self.request.context, self.readings)) {
            Some(condition) => {
                Outcome::Failed(Mismatch::Condition { condition, found: self.request.context.get(&condition.key) })
            }
            None => Outcome::Matched(naming),
        }
    }

    fn speaks_of_action(&self, element: &ActionElement) -> bool {
        let listed = element.patterns.iter().any(|pattern| matching::action(pattern, self.action));
        listed == (element.listing == Listing::Only)
    }

    fn resource(&self, element: &ResourceElement) -> bool {
        let star = match self.readings.is_other(Choice::MidSegmentStar) {
            false => MidSegmentStar::CrossesColons,
            true => MidSegmentStar::StaysInSegment,
        };
        let mut results = element
            .patterns
            .iter()
            .map(|pattern| matching::resource(pattern, &self.request.resource, &self.request.context, star));
        match element.listing {
            Listing::Only => results.any(|r| r.is_ok()),
            Listing::AllBut => !results.any(|r| match r {
                Ok(()) => true,
                Err(NoMatch::Text) => false,
                Err(NoMatch::Unresolved) => self.readings.is_other(Choice::NotResourceUnresolved),
            }),
        }
    }
}
