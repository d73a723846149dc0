//! What lies in the past cannot be asked any more: a request is made now, with credentials that are not old.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use crate::iam::{DocumentKind, PolicyDocument};
use crate::solve::{Access, StatementUse};
use crate::source::SourceFile;

/// Keys of the clock.
const TIME_KEYS: [&str; 3] = ["aws:tokenissuetime", "aws:currenttime", "aws:epochtime"];

/// The day of a snapshot or an audit.
pub(crate) struct TimeFloor {
    /// Denies requests of the past. The longest session lasts 36 hours (*GetSessionToken*), and no time zone is
    /// known: two days are spared.
    past_deny: Option<Arc<PolicyDocument>>,
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
        TimeFloor { past_deny: parse_document("the past", &text.to_string()) }
    }

    /// Denies requests of the past where a statement asks for the time.
    pub(crate) fn apply(&self, access: &mut Access) {
        let Some(past) = &self.past_deny else { return };
        for branch in &mut access.branches {
            if branch.uses().any(has_time_condition) {
                branch.deny_statements.extend(StatementUse::from_document(past));
            }
        }
    }
}

fn has_time_condition(statement_use: &StatementUse) -> bool {
    statement_use.statement().conditions.iter().any(|condition| TIME_KEYS.contains(&condition.key.lower()))
}

fn parse_document(name: &str, text: &str) -> Option<Arc<PolicyDocument>> {
    PolicyDocument::parse(&SourceFile::new(name, text), DocumentKind::Identity).ok().map(Arc::new)
}
