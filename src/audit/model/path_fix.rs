//! What ends an escalation path, and the paths that end together.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::severity::Severity;

/// What grants a step of an escalation path. Without it, the path ends.
#[derive(Clone, Debug, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PathFix {
    /// A statement of a policy.
    Statement {
        /// The name of the policy.
        policy: String,
        /// The ARN of the managed policy, or of the user, role or group with the inline policy.
        owner: String,
        /// The position of the statement, from 0.
        statement: usize,
    },
    /// The trust policy of a role.
    Trust {
        /// The ARN of the role.
        role: String,
        /// Whether it admits the principals of its account whose own policies allow it.
        account_wide: bool,
    },
}

/// Escalation paths that end together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EscalationGroup {
    /// What ends them.
    pub fix: PathFix,
    /// The severity of the worst.
    pub severity: Severity,
    /// The number of paths: those that are findings, and those that findings cover (`also_reaches`).
    pub paths: usize,
    /// The number of principals with these paths.
    pub principals: usize,
    /// The keys of their findings.
    pub keys: BTreeSet<String>,
}
