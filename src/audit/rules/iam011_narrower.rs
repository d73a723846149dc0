//! IAM011: declared access is not granted.

use super::context::RuleContext;
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::explain::excess_report::{Actor, ExcessRenderer};
use crate::audit::model::finding::Finding;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::Title;
use crate::baseline::CeilingDocument;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Narrower,
    explanation: "
**What it does.** Finds principals that lack access that their ceiling allows, by declaring statement.

**Why is this bad?** It is not drift. But a ceiling that is too wide lets permissions grow up to it without a finding, and
work that was agreed on may fail.

**Example.** The ceiling allows `s3:*` on the reports bucket. The role can read it, but not write.

**How to fix it.** Narrow the ceiling to what is needed. If the permission is needed, grant it.

**How to accept it.** The finding is informational and does not affect the exit status. Leave the rule off.
",
};

/// IAM011.
pub(super) struct NarrowerRule;

impl Rule for NarrowerRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        find_missing_access(context).into_iter().collect()
    }
}

fn find_missing_access(context: &RuleContext<'_>) -> Option<Finding> {
    let subject = context.subject;
    // A missing document could grant the access.
    if subject.entry.is_none() || !subject.missing_documents.is_empty() {
        return None;
    }
    let to_policy_ref =
        |document: &CeilingDocument| PolicyRef::new(&document.name, PolicyOrigin::Given, document.document.clone());
    let policies: Vec<PolicyRef> = subject.ceiling.documents.iter().map(to_policy_ref).collect();
    let renderer = ExcessRenderer {
        policies: &policies,
        expected_layers: &subject.layers,
        actor: Actor::Other,
        ..context.renderer()
    };
    let mut report = renderer.render(&context.analysis.not_granted);
    if report.excess.is_empty() {
        return None;
    }
    report.severity = Severity::Info;
    report.excess.iter_mut().for_each(|excess| excess.severity = Severity::Info);
    let remediations: Vec<Remediation> =
        report.excess.iter().map(|excess| Remediation::RemoveOrGrant(excess.granted_by.clone())).collect();
    let title = Title::NotGranted { count: report.counts.all };
    Some(context.start_finding(RuleId::Narrower, title, report).remediations(remediations).build())
}
