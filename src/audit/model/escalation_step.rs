//! One step of an escalation path.

use super::excess::Witness;

/// One step by which a principal becomes another principal, or grants itself permissions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EscalationStep {
    /// The ARN of the principal that takes the step.
    pub from: String,
    /// The ARN of the principal that it becomes. The same as `from` if it grants itself permissions.
    pub to: String,
    /// The techniques of the step (`docs/reach.md`), in order.
    pub techniques: Vec<StepTechnique>,
    /// The ARN of the principal that used the first technique, if an earlier principal of the path did.
    pub grantor: Option<String>,
    /// The requests of the step, in order. Each is allowed.
    pub witnesses: Vec<Witness>,
    /// The facts that the step depends on and that the snapshot cannot confirm.
    pub assumptions: Vec<String>,
    /// Whether the role that is assumed lists the principal in `assumable_by`.
    pub declared: bool,
}

/// A technique as `techniques.toml` describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StepTechnique {
    /// Its id: `lambda-001`.
    pub id: String,
    /// What the principal does to the target: `assumes it`.
    pub summary: String,
}
