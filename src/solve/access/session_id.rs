//! The `aws:userid` of the sessions that resource policies name: it ends with the name of the session, so that a grant to
//! one session holds only with that value. AWS: *AWS global condition context keys*, `aws:userid`.

use std::sync::Arc;

use super::formula::{Branch, StatementUse};
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Arn, Condition, ConditionOperator, PolicyDocument, Statement};

/// Restricts branches to the requests of one session. `None`: of the sessions that are not in `named`.
pub(super) fn restrict_to_session(branches: &mut [Branch], session: Option<&Arn>, named: &[&Arn]) {
    let pattern = |session: &Arn| format!("*:{}", session.resource().rsplit('/').next().unwrap_or_default());
    let condition = match session {
        Some(session) => Condition::on_texts(ConditionOperator::StringNotLike, "aws:userid", [pattern(session)]),
        None if named.is_empty() => return,
        None => {
            let patterns = named.iter().map(|session| pattern(session));
            Condition::on_texts(ConditionOperator::StringLike, "aws:userid", patterns)
        }
    };
    let statement = Statement::deny(ActionElement::any(), ResourceElement::any()).under([condition]);
    let document = Arc::new(PolicyDocument::from_statements("requests of other sessions", vec![statement]));
    for branch in branches {
        branch.deny_statements.extend(StatementUse::from_document(&document));
    }
}
