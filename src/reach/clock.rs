//! What lies in the past cannot be asked any more: a request is made now, with credentials that are not old.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use crate::iam::{DocumentKind, PolicyDocument};
use crate::solve::{Access, Allowing};
use crate::source::SourceFile;

/// Keys of the clock.
const KEYS: [&str; 3] = ["aws:tokenissuetime", "aws:currenttime", "aws:epochtime"];

/// The day of a snapshot or an audit.
pub(super) struct Clock {
    /// Denies requests of the past. The longest session lasts 36 hours (*GetSessionToken*), and no time zone is
    /// known: two days are spared.
    past: Option<Arc<PolicyDocument>>,
}

impl Clock {
    pub(super) fn on(today: Date) -> Clock {
        let before = today.saturating_sub(jiff::Span::new().days(2));
        let test = |key: &str| {
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                    "Condition": { "DateLessThan": { key: format!("{before}T00:00:00Z") } } })
        };
        let text = json!({ "Version": "2012-10-17",
                           "Statement": [test("aws:TokenIssueTime"), test("aws:CurrentTime")] });
        Clock { past: document("the past", &text.to_string()) }
    }

    /// Denies requests of the past where a statement asks for the time.
    pub(super) fn bind(&self, access: &mut Access) {
        let Some(past) = &self.past else { return };
        for branch in &mut access.branches {
            if branch.uses().any(asks_for_the_time) {
                branch.forbid.extend(Allowing::all_of(past));
            }
        }
    }
}

fn asks_for_the_time(one: &Allowing) -> bool {
    let conditions = one.statement().map(|statement| &statement.conditions);
    conditions.into_iter().flatten().any(|condition| KEYS.contains(&condition.key.lower()))
}

fn document(name: &str, text: &str) -> Option<Arc<PolicyDocument>> {
    PolicyDocument::parse(&SourceFile::new(name, text), DocumentKind::Identity).ok().map(Arc::new)
}
