//! Denies requests in the past: an attacker makes requests now, with recent credentials.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use crate::iam::{DocumentKind, PolicyDocument};
use crate::solve::{Access, StatementUse};
use crate::source::SourceFile;

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
        let deny_before = |key: &str| {
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                    "Condition": { "DateLessThan": { key: format!("{before}T00:00:00Z") } } })
        };
        let text = json!({ "Version": "2012-10-17",
                           "Statement": [deny_before("aws:TokenIssueTime"), deny_before("aws:CurrentTime")] });
        let source = SourceFile::new("requests in the past", text.to_string());
        let document = PolicyDocument::parse(&source, DocumentKind::Identity);
        TimeFloor { past_deny: Arc::new(document.expect("a valid document")) }
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
    let conditions = statement_use.statement().map(|statement| &statement.conditions);
    conditions.into_iter().flatten().any(|condition| TIME_KEYS.contains(&condition.key.lower()))
}
