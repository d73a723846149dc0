//! `[[guard]]`: actions that may be allowed only under a condition.

use super::condition_block::ConditionBlock;
use super::spanned::Spanned;
use crate::catalog::RiskClass;
use crate::source::Span;

/// One `[[guard]]`.
#[derive(Clone, Debug)]
pub struct Guard {
    /// `name`, unique among the guards.
    pub name: Spanned<String>,
    /// `actions`.
    pub actions: Vec<GuardedActions>,
    /// `unless`: the condition that a request must satisfy to be allowed.
    pub unless: ConditionBlock,
    /// `severity` of the finding if the guard is not enforced.
    pub severity: GuardSeverity,
    /// Where the table begins.
    pub span: Span,
}

/// An item of a guard's `actions`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GuardedActions {
    /// `class:destructive`: a risk class of the catalog.
    Class(RiskClass),
    /// An action pattern as in a policy: `iam:*`.
    Pattern(String),
}

/// `severity` of a guard.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
#[allow(missing_docs)]
pub enum GuardSeverity {
    Low,
    Medium,
    High,
    Critical,
}

impl GuardSeverity {
    /// All severities, with their names in the manifest.
    pub const ALL: [(&'static str, GuardSeverity); 4] = [
        ("low", GuardSeverity::Low),
        ("medium", GuardSeverity::Medium),
        ("high", GuardSeverity::High),
        ("critical", GuardSeverity::Critical),
    ];
}
