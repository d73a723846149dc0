//! What SCPs do not restrict: a branch without them, if they restrict it and the principal may have it.

use std::sync::{Arc, LazyLock};

use super::formula::StatementUse;
use crate::access::SCP_EXEMPT_SERVICE;
use crate::base::glob::globs_overlap;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{ElementKind, PolicyDocument, Statement};

static EXEMPT_DOCUMENT: LazyLock<Arc<PolicyDocument>> = LazyLock::new(|| {
    let actions = ActionElement::listing([format!("{SCP_EXEMPT_SERVICE}:*")]);
    let statement = Statement::allow(actions, ResourceElement::any());
    Arc::new(PolicyDocument::from_statements("not restricted by SCPs", vec![statement]))
});

/// A layer that allows the actions that SCPs do not restrict. None if the identity policies allow none of them, or if the SCPs do
/// not restrict them.
pub(super) fn build_exempt_layer(
    identity: &[StatementUse],
    (levels, denies): (&[Vec<StatementUse>], &[StatementUse]),
) -> Option<Vec<StatementUse>> {
    let is_listed = |statement_use: &StatementUse| lists_exempt_actions(&statement_use.statement().action);
    let is_open = |level: &Vec<StatementUse>| level.iter().any(|allow| allow.statement().allows_everything());
    let is_restricted = denies.iter().any(is_listed) || !levels.iter().all(is_open);
    (is_restricted && identity.iter().any(is_listed)).then(|| StatementUse::from_document(&EXEMPT_DOCUMENT).collect())
}

/// Whether an element may list one of the actions.
fn lists_exempt_actions(action: &ActionElement) -> bool {
    let all = format!("{SCP_EXEMPT_SERVICE}:*");
    let lower = action.patterns.iter().map(|pattern| pattern.as_written().to_ascii_lowercase());
    match action.kind {
        ElementKind::List => lower.into_iter().any(|pattern| globs_overlap(&pattern, &all)),
        ElementKind::NotList => !lower.into_iter().any(|pattern| pattern == "*" || pattern == all),
    }
}
