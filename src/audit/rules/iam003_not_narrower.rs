//! IAM003: an agent may do all that its operator may; or people and agents share one role.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::access::Layers;
use crate::audit::analysis::operator_comparison::candidates::ComparisonResult;
use crate::audit::analysis::operator_comparison::pairwise::PairComparison;
use crate::audit::explain::excess_report::ExcessReport;
use crate::audit::explain::remediation;
use crate::audit::model::finding::Finding;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::base::plural::{format_count, format_destructive_share};

static INFO: RuleInfo = RuleInfo {
    id: RuleId::NotNarrower,
    title: "agent not narrower than its operator; or human and agent share one role",
    on_by_default: true,
    explanation: "
**What it does.** Holds an agent's effective access against that of the principals of the entry that `narrower_than`
names, those of its own account where there are some. It must be contained in that of one of them, and be the same as
that of none (where neither may do anything, there is nothing to tell); and what destroys it may not share with them
unless its ceiling has it. Also without a declaration: an agent that may do exactly what an operator of its account may;
and a role that both people and agents can take on: those whom its trust policy names ([kinds.md](kinds.md)), and where
it trusts an account, those of it whose own policies let them (of people only those whom they let assume this role or its
like, not every one). All of this is decided over effective access, not over names or attachments.

**Why is this bad?** A person knows what not to do. An agent that holds the same permissions does whatever it takes for
the way to its goal, deleting and building anew included, and nothing in the account tells its acts from the person's.

**Example.** `agents/lantern-cost-explorer` was made with a copy of the on-call's attachments. Both may delete any
stack.

**How to fix it.** Give the agent policies of its own that hold what it needs, and nothing that destroys. Where people
and agents share a role, make one for each, so that trust, conditions and CloudTrail can tell them apart.

**How to accept it.** What the agent may destroy on purpose belongs in its ceiling, in review. For a while, an
`[[exception]]` with the finding's fingerprint.
",
};

/// IAM003.
pub(super) struct NotNarrowerRule;

impl Rule for NotNarrowerRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_all_for_principal(&self, context: &RuleContext<'_>) -> Vec<Finding> {
        let findings = [find_not_narrower(context), find_same_access(context), find_shared_role(context)];
        findings.into_iter().flatten().collect()
    }
}

/// What was declared, and does not hold.
fn find_not_narrower(context: &RuleContext<'_>) -> Option<Finding> {
    let comparison = context.comparison?;
    let is_sharing = |pair: &&PairComparison<'_>| !context.keep_proven(&pair.shared_excess).is_empty();
    let sharing_pair = comparison.declared_pairs.iter().find(is_sharing);
    let (title, pair, report, additional_pair) = match comparison.result() {
        ComparisonResult::Equivalent(pair) => {
            let report = context.render_excess_over(&comparison.granted, &empty_layers());
            let operator_name = principal_name(pair.operator);
            (
                format!("no narrower than its operator {operator_name}: the same {}", describe_extent(&report)),
                pair,
                report,
                sharing_pair,
            )
        }
        ComparisonResult::Exceeds(pair, excess) => {
            let report = context.render_excess_over(excess, &pair.operator.layers);
            let operator_name = principal_name(pair.operator);
            (
                format!("may do {} that its operator {operator_name} may not", describe_extent(&report)),
                pair,
                report,
                sharing_pair,
            )
        }
        ComparisonResult::Narrower | ComparisonResult::Undecided(_) => {
            let pair = sharing_pair?;
            let report = context.render_excess(&context.keep_proven(&pair.shared_excess), false);
            let operator_name = principal_name(pair.operator);
            let title = format!(
                "shares {} with its operator {operator_name} that its ceiling has not",
                describe_destructive_count(&report)
            );
            (title, pair, report, None)
        }
    };
    if report.excess.is_empty() {
        return None;
    }
    let reasons = additional_pair.map(|pair| {
        let report = context.render_excess(&context.keep_proven(&pair.shared_excess), false);
        format!("both may do {} that its ceiling has not", describe_destructive_count(&report))
    });
    let reasons = reasons.into_iter().collect();
    Some(build_comparison_finding(context, title, pair.operator, report, reasons))
}

/// Agents that may do what some operator may, declared or not.
fn find_same_access(context: &RuleContext<'_>) -> Option<Finding> {
    let comparison = context.comparison?;
    let [first, others @ ..] = comparison.equivalent_operators.as_slice() else { return None };
    let report = context.render_excess_over(&comparison.granted, &empty_layers());
    if report.excess.is_empty() {
        return None;
    }
    let title = format!(
        "may do exactly what the operator {} may: the same {}",
        principal_name(first),
        describe_extent(&report)
    );
    let reasons = others.iter().map(|operator| format!("{} may do the same, too", principal_name(operator))).collect();
    Some(build_comparison_finding(context, title, first, report, reasons))
}

fn build_comparison_finding(
    context: &RuleContext<'_>,
    title: String,
    operator: &AuditedPrincipal<'_>,
    mut report: ExcessReport,
    mut reasons: Vec<String>,
) -> Finding {
    let mut advice = Vec::new();
    if !context.analysis.excess.is_empty() {
        let ceiling_report = context.render_excess(&context.keep_proven(&context.analysis.excess), false);
        let removable = &context.analysis.removable_policies;
        advice = remediation::suggest_narrowing(context.subject, context.policies, &ceiling_report, removable);
        advice.truncate(removable.len());
    }
    advice.push(format!(
        "give it policies of its own that hold what it needs, and less than {} has",
        principal_name(operator)
    ));
    report.causes.push(format!("held against {}", operator.principal.arn));
    reasons.extend(context.caveats());
    let mut finding = context.build_finding(RuleId::NotNarrower, title, report, advice);
    finding.reasons = reasons;
    finding
}

/// A role that both people and agents can take on.
fn find_shared_role(context: &RuleContext<'_>) -> Option<Finding> {
    let shared_role = context.shared_role?;
    if context.subject.has_missing_restricting_layer() {
        return None;
    }
    let (access, _) = context.analyzer.compute_effective_access(&context.subject.layers);
    let mut report =
        context.render_excess_over(&context.analyzer.find_all_allowed(context.subject, &access), &empty_layers());
    if report.excess.is_empty() {
        return None;
    }
    if !context.subject.is_agent() {
        // What it may do, an agent may.
        report.severity = report.severity.raise_one_step();
    }
    let title = format!("both people and agents can take it on; it may do {}", describe_extent(&report));
    report.causes =
        vec![format!("people: {}", shared_role.human_evidence), format!("agents: {}", shared_role.agent_evidence)];
    let advice = vec!["make a role for each, and let its trust policy name those alone".to_owned()];
    let mut finding = context.build_finding(RuleId::NotNarrower, title, report, advice);
    finding.reasons = vec![
        format!("people: it {}", shared_role.human_evidence),
        format!("agents: it {}", shared_role.agent_evidence),
    ];
    finding.reasons.extend(context.caveats());
    Some(finding)
}

/// `412 actions, 57 of them destructive`.
fn describe_extent(report: &ExcessReport) -> String {
    format!(
        "{}{}",
        format_count(report.action_count, "action"),
        format_destructive_share(report.destructive_count, report.action_count)
    )
}

fn describe_destructive_count(report: &ExcessReport) -> String {
    format_count(report.destructive_count, "destructive action")
}

fn principal_name<'s>(subject: &'s AuditedPrincipal<'_>) -> &'s str {
    subject.principal.arn.resource()
}

fn empty_layers() -> Layers {
    Layers::from_identity(Vec::new())
}
