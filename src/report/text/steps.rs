//! What a principal does in a step of an escalation path.

use super::names::shorten_arn;
use crate::audit::EscalationStep;

/// `creates a Lambda function with this role and invokes it (iam:PassRole)`.
///
/// ```
/// use iamdrift::audit::{EscalationStep, StepTechnique};
/// use iamdrift::report::text::render_step;
///
/// let step = EscalationStep {
///     from: "arn:aws:iam::111122223333:user/alice".to_owned(),
///     to: "arn:aws:iam::111122223333:role/admin".to_owned(),
///     techniques: vec![StepTechnique { id: "sts-001".to_owned(), summary: "assumes it".to_owned() }],
///     grantor: None,
///     witnesses: Vec::new(),
///     assumptions: Vec::new(),
///     declared: false,
/// };
/// assert_eq!(render_step(&step), "assumes it");
/// ```
pub fn render_step(step: &EscalationStep) -> String {
    let summaries: Vec<&str> = step.techniques.iter().map(|technique| technique.summary.as_str()).collect();
    match (&step.grantor, summaries.split_first()) {
        (Some(grantor), Some((first, []))) => {
            format!("{} {first}", shorten_arn(grantor))
        }
        (Some(grantor), Some((first, rest))) => {
            format!("{}, after {} {first}", rest.join(" and "), shorten_arn(grantor))
        }
        _ => summaries.join(" and "),
    }
}
