//! Escalation paths that end together.

use super::counts::format_count;
use super::names::shorten_arn;
use crate::audit::{EscalationGroup, PathFix};

/// `the account-wide trust of role/x ends 1,200 paths of 1,200 principals`.
///
/// ```
/// use iamdrift::audit::{EscalationGroup, PathFix, Severity};
/// use iamdrift::report::text::render_escalation_group;
///
/// let role = "arn:aws:iam::111122223333:role/x".to_owned();
/// let group = EscalationGroup {
///     fix: PathFix::Trust { role, account_wide: true },
///     severity: Severity::High,
///     paths: 2,
///     principals: 1,
///     keys: Default::default(),
/// };
/// assert_eq!(render_escalation_group(&group), "the account-wide trust of role/x ends 2 paths of 1 principal");
/// ```
pub fn render_escalation_group(group: &EscalationGroup) -> String {
    format!(
        "{} ends {} of {}",
        render_path_fix(&group.fix),
        format_count(group.paths, "path"),
        format_count(group.principals, "principal")
    )
}

fn render_path_fix(fix: &PathFix) -> String {
    match fix {
        PathFix::Trust { role, account_wide: true } => format!("the account-wide trust of {}", shorten_arn(role)),
        PathFix::Trust { role, account_wide: false } => format!("the trust policy of {}", shorten_arn(role)),
        PathFix::Statement { policy, owner, statement } => {
            let owner = shorten_arn(owner);
            let statement = statement + 1;
            match owner.starts_with("policy/") {
                true => format!("statement {statement} of {owner}"),
                false => format!("statement {statement} of {policy} of {owner}"),
            }
        }
    }
}
