//! Escalation paths that end together, as the JSON report has them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::audit::{EscalationGroup, PathFix, Severity};
use crate::report::text::render_escalation_group;

/// Escalation paths that end together.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "EscalationGroup")]
pub struct EscalationGroupJson<'a> {
    /// What ends them.
    pub ended_by: &'a PathFix,
    /// The same as a sentence: `the account-wide trust of role/x ends 1,200 paths of 1,200 principals`.
    pub text: String,
    /// The severity of the worst.
    pub severity: Severity,
    /// The number of paths: those of the findings, and those that the findings list in `also_reaches`.
    pub paths: usize,
    /// The number of principals with these paths.
    pub principals: usize,
    /// The keys of the findings.
    pub keys: &'a BTreeSet<String>,
}

impl<'a> From<&'a EscalationGroup> for EscalationGroupJson<'a> {
    fn from(group: &'a EscalationGroup) -> EscalationGroupJson<'a> {
        EscalationGroupJson {
            ended_by: &group.fix,
            text: render_escalation_group(group),
            severity: group.severity,
            paths: group.paths,
            principals: group.principals,
            keys: &group.keys,
        }
    }
}
