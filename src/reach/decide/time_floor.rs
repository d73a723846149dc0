//! Denies requests with old credentials: an attacker makes requests now, with recent credentials.

use std::sync::Arc;

use jiff::civil::Date;

use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::value::{Instant, TypedValue};
use crate::iam::{Condition, ConditionOperator, PolicyDocument, Statement};
use crate::solve::{Access, StatementUse};

/// When the credentials of a request were issued.
const TOKEN_ISSUE_TIME: &str = "aws:TokenIssueTime";

/// The earliest time at which credentials in use were issued. The day of the request is a fact about its context.
pub(crate) struct TimeFloor {
    /// Denies requests with credentials from more than two days before the audit. A session lasts up to 36 hours (AWS: GetSessionToken), and
    /// the time zone is unknown.
    past_deny: Arc<PolicyDocument>,
}

impl TimeFloor {
    pub(crate) fn new(today: Date) -> TimeFloor {
        let before = today.saturating_sub(jiff::Span::new().days(2));
        let days_since_epoch = i128::from((before - Date::constant(1970, 1, 1)).get_days());
        let midnight = Instant(days_since_epoch * 86_400_000_000_000);
        let operator = ConditionOperator::DateLessThan;
        let is_before = Condition::on_value(operator, TOKEN_ISSUE_TIME, TypedValue::Instant(midnight));
        let statement = Statement::deny(ActionElement::any(), ResourceElement::any()).under([is_before]);
        TimeFloor { past_deny: Arc::new(PolicyDocument::from_statements("old credentials", vec![statement])) }
    }

    /// Adds the Deny to each branch with a condition on the time of issue. The others do not need it.
    pub(crate) fn apply(&self, access: &mut Access) {
        for branch in &mut access.branches {
            if branch.uses().any(has_time_condition) {
                branch.deny_statements.extend(StatementUse::from_document(&self.past_deny));
            }
        }
    }
}

fn has_time_condition(statement_use: &StatementUse) -> bool {
    statement_use
        .statement()
        .conditions
        .iter()
        .any(|condition| condition.key.lower().eq_ignore_ascii_case(TOKEN_ISSUE_TIME))
}
