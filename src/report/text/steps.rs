//! What a principal does in a step of an escalation path.

use super::names::shorten_arn;
use crate::audit::EscalationStep;

/// `creates a Lambda function with this role and invokes it (iam:PassRole)`.
pub fn render_step(step: &EscalationStep) -> String {
    let summaries: Vec<&str> = step.techniques.iter().map(|technique| technique.summary.as_str()).collect();
    match (&step.grantor, summaries.split_first()) {
        (Some(grantor), Some((first, rest))) => {
            format!("{}, after {} {first}", rest.join(" and "), shorten_arn(grantor))
        }
        _ => summaries.join(" and "),
    }
}
