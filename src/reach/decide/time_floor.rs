//! Denies requests in the past: an attacker makes requests now, with recent credentials.

use std::sync::Arc;

use jiff::civil::Date;

use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::value::{Instant, TypedValue};
use crate::iam::{Condition, ConditionOperator, PolicyDocument, Statement};
use crate::solve::{Access, StatementUse};

/// Condition keys that hold a time, in lower case.
const TIME_KEYS: [&str; 3] = ["aws:tokenissuetime", "aws:currenttime", "aws:epochtime"];

/// The earliest time of a request.
pub(crate) struct TimeFloor {
    /// Denies requests more than two days before the audit. A session lasts up to 36 hours (AWS: GetSessionToken), and
    /// the time zone is unknown.
    past_deny: Arc<PolicyDocument>,
}

impl TimeFloor {
    pub(crate) fn new(today: Date) -> TimeFloor {
        let before = today.saturating_sub(jiff::Span::new().days(2));
        let days_since_epoch = i128::from((before - Date::constant(1970, 1, 1)).get_days());
        let midnight = Instant(days_since_epoch * 86_400_000_000_000);
        let deny_before = |key: &str| {
            let is_before = Condition::on_value(ConditionOperator::DateLessThan, key, TypedValue::Instant(midnight));
            Statement::deny(ActionElement::any(), ResourceElement::any()).under([is_before])
        };
        let statements = vec![deny_before("aws:TokenIssueTime"), deny_before("aws:CurrentTime")];
        TimeFloor { past_deny: Arc::new(PolicyDocument::from_statements("requests in the past", statements)) }
    }

    /// Adds the Deny to each branch with a condition on the time. The others do not need it.
    pub(crate) fn apply(&self, access: &mut Access) {
        for branch in &mut access.branches {
            if branch.uses().any(has_time_condition) {
                branch.deny_statements.extend(StatementUse::from_document(&self.past_deny));
            }
        }
    }
}

fn has_time_condition(statement_use: &StatementUse) -> bool {
    statement_use.statement().conditions.iter().any(|condition| TIME_KEYS.contains(&condition.key.lower()))
}
