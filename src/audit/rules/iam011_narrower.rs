//! IAM011: the principal may not do all that is declared.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::access::{PolicyOrigin, PolicyRef};
use crate::audit::explain::excess_report::ExcessRenderer;
use crate::audit::explain::remediation;
use crate::audit::model::finding::Finding;
use crate::audit::model::severity::Severity;
use crate::base::plural::format_count;

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Narrower,
    title: "narrower than declared",
    on_by_default: false,
    explanation: "
**What it does.** Finds principals that may not do all that their ceiling allows, by declaring statement.

**Why is this bad?** It is no drift. But a ceiling with room lets permissions grow unseen up to it, and work that
was agreed on may fail.

**Example.** The ceiling allows `s3:*` on the reports bucket; the role reads it and has never written.

**How to fix it.** Narrow the ceiling to what is needed. Where the permission is needed, grant it.

**How to accept it.** It is information, and does not count for the exit status. Leave the rule off.
",
};

/// IAM011.
pub(super) struct NarrowerRule;

impl Rule for NarrowerRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        let subject = context.subject;
        // With something missing it may do more than the layers at hand say.
        if subject.entry.is_none() || !subject.missing_documents.is_empty() {
            return None;
        }
        let to_policy_ref = |document: &crate::baseline::CeilingDocument| PolicyRef {
            name: document.name.clone(),
            origin: PolicyOrigin::Given,
            document: document.document.clone(),
        };
        let policies: Vec<PolicyRef> = subject.ceiling.documents.iter().map(to_policy_ref).collect();
        let (analyzer, effective_layers) = (context.analyzer, &subject.layers);
        let renderer = ExcessRenderer {
            analyzer: analyzer,
            subject,
            policies: &policies,
            expected_layers: effective_layers,
            is_future: false,
            is_agent: false,
        };
        let mut report = renderer.render(&context.analysis.not_granted);
        if report.excess.is_empty() {
            return None;
        }
        report.severity = Severity::Info;
        report.excess.iter_mut().for_each(|excess| excess.severity = Severity::Info);
        let title = format!("may not do {} that its ceiling allows", format_count(report.action_count, "action"));
        let advice = remediation::suggest_granting(&report);
        Some(context.build_finding(RuleId::Narrower, title, report, advice))
    }
}
