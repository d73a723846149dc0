//! IAM003: an agent is not narrower than its operator, or humans and agents share a role.

use super::context::RuleContext;
use super::judgement::{ComparedAccess, Judgement, OfferedIf};
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::access::{Layers, Request};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::operator_comparison::candidates::ComparisonResult;
use crate::audit::analysis::operator_comparison::pairwise::PairComparison;
use crate::audit::explain::excess_report::ExcessReport;
use crate::audit::model::finding::Finding;
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::synthetic::{build_ceiling, list_class_actions};
use crate::catalog::RiskClass;
use crate::iam::Statement;
use crate::iam::element::ResourceElement;
use crate::solve::ActionWorld;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::NotNarrower,
    explanation: "
**What it does.** Compares the effective access of an agent with that of its operators: the principals of the entry that
`narrower_than` names, or only those in the account of the agent if there are any. The access of the agent must be a
strict subset of the access of one operator, and must not equal the access of any operator. Agent and operator must not
share destructive actions that the ceiling of the agent does not have. If neither has any access, nothing is reported.

Two findings need no declaration: an agent that has exactly the access of an operator in its account, and a role that
both humans and agents can assume. The second considers the principals that the trust policy names ([classification.md](classification.md))
and, if it trusts an account, the principals of that account whose own policies allow the assumption. Humans count only
if their policies name this role or a pattern for such roles, not all roles. All comparisons use effective access, not
names or attachments.

**Why is this bad?** A person knows what not to do. An agent with the same permissions takes every step that leads to its goal,
including deleting and recreating resources, and nothing in the account distinguishes its actions from those of the
person.

**Example.** `agents/lantern-cost-explorer` was created with a copy of the policies of the on-call role. Both can delete
any stack.

**How to fix it.** Give the agent its own policies with the permissions that it needs and no destructive actions. Split a
role that humans and agents share, so that trust policies, conditions and CloudTrail can distinguish them.

**How to accept it.** If the agent is meant to perform a destructive action, add it to the ceiling and have the change
reviewed. To accept the finding for a limited time, run `iamdrift baseline accept` with its key: the
exception accepts what the agent holds now.
",
};

/// The rule compares what agents and operators can do today.
const EXISTING: &[ActionWorld] = &[ActionWorld::Existing];

/// IAM003.
pub(super) struct NotNarrowerRule;

impl Rule for NotNarrowerRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        let findings = [find_not_narrower(context), find_same_access(context), find_shared_role(context)];
        findings.into_iter().flatten().collect()
    }
}

/// The declared operators that the agent is not narrower than.
fn find_not_narrower(context: &RuleContext<'_>) -> Option<Finding> {
    let comparison = context.comparison?;
    let entry = context.subject.entry.and_then(|entry| entry.narrower_than.as_ref());
    let key = (RuleId::NotNarrower, KeyPart::Operators(entry.map_or("", |name| name.value.as_str())));
    let is_sharing = |pair: &&PairComparison<'_>| !context.keep_proven(&pair.shared_excess).is_empty();
    let sharing_pair = comparison.declared_pairs.iter().find(is_sharing);
    let count_shared = |pair: &PairComparison<'_>| context.report_excess(&pair.shared_excess).counts.destructive;
    let also_shares = || sharing_pair.map(|pair| Reason::SharesDestructiveActions { count: count_shared(pair) });
    match comparison.result() {
        ComparisonResult::Equivalent(pair) => {
            let judgement = context.judge_all_allowed(key, &comparison.granted, EXISTING);
            let report = context.report_excess_over(&judgement.excess, &empty_layers());
            let title = Title::SameAsDeclaredOperator { operator: arn_of(pair.operator), actions: report.counts };
            build_comparison_finding(context, (title, pair.operator), report, judgement, also_shares())
        }
        ComparisonResult::Exceeds(pair, excess) => {
            let judgement = context.judge_all_allowed(key, excess, EXISTING);
            let report = context.report_excess_over(&judgement.excess, &pair.operator.layers);
            let title = Title::ExceedsOperator { operator: arn_of(pair.operator), actions: report.counts };
            build_comparison_finding(context, (title, pair.operator), report, judgement, also_shares())
        }
        ComparisonResult::Narrower | ComparisonResult::Undecided(_) => {
            let pair = sharing_pair?;
            let judgement = judge_destructive(context, key, &pair.shared_excess);
            let report = context.report_excess(&judgement.excess);
            let count = report.counts.destructive;
            let title = Title::SharesDestructiveActions { operator: arn_of(pair.operator), count };
            build_comparison_finding(context, (title, pair.operator), report, judgement, None)
        }
    }
}

/// An agent with the same access as an operator, declared or not.
fn find_same_access(context: &RuleContext<'_>) -> Option<Finding> {
    let comparison = context.comparison?;
    let [first, others @ ..] = comparison.equivalent_operators.as_slice() else { return None };
    let judgement =
        context.judge_all_allowed((RuleId::NotNarrower, KeyPart::SameAccess), &comparison.granted, EXISTING);
    let report = context.report_excess_over(&judgement.excess, &empty_layers());
    let title = Title::SameAsOperator { operator: arn_of(first), actions: report.counts };
    let reasons = others.iter().map(|operator| Reason::SameAsAlso { operator: arn_of(operator) });
    build_comparison_finding(context, (title, first), report, judgement, reasons)
}

/// The finding of a comparison. None without excess.
fn build_comparison_finding(
    context: &RuleContext<'_>,
    (title, operator): (Title, &AuditedPrincipal<'_>),
    report: ExcessReport,
    judgement: Judgement<'_>,
    reasons: impl IntoIterator<Item = Reason>,
) -> Option<Finding> {
    if report.excess.is_empty() {
        return None;
    }
    let ceiling_report = context.report_excess(&context.analysis.excess);
    let mut remediations = context.narrowing().suggest_removals(&ceiling_report);
    remediations.push(Remediation::SeparatePolicies { operator: arn_of(operator) });
    let finding = context.start_finding(RuleId::NotNarrower, title, report);
    let finding = judgement.apply(finding).causes([format!("compared with {}", operator.principal.arn)]);
    Some(finding.remediations(remediations).reasons(reasons).reasons(context.caveats()).build())
}

/// A role that both humans and agents can assume.
fn find_shared_role(context: &RuleContext<'_>) -> Option<Finding> {
    let shared_role = context.shared_role?;
    if context.subject.has_missing_restricting_layer() {
        return None;
    }
    let (access, _) = context.analyzer.compute_effective_access(&context.subject.layers);
    let granted = context.analyzer.find_all_allowed(context.subject, &access);
    if context.keep_proven(&granted).is_empty() {
        return None;
    }
    let judgement = context.judge_all_allowed((RuleId::NotNarrower, KeyPart::SharedRole), &granted, EXISTING);
    let mut report = context.report_excess_over(&judgement.excess, &empty_layers());
    if !context.subject.is_agent() {
        // An agent can do everything that the role can do.
        report.severity = report.severity.raise_one_step();
    }
    let reasons = [
        Reason::HumansAssume { evidence: shared_role.human_evidence.clone() },
        Reason::AgentsAssume { evidence: shared_role.agent_evidence.clone() },
    ];
    let finding = context.start_finding(RuleId::NotNarrower, Title::SharedRole(report.counts), report);
    let finding =
        judgement.apply(finding).causes(["shared role".to_owned()]).remediations([Remediation::SeparateRoles]);
    Some(finding.reasons(reasons).reasons(context.caveats()).build())
}

/// Compares the destructive actions beyond the ceiling with what is accepted.
fn judge_destructive<'e>(
    context: &RuleContext<'_>,
    (rule, part): (RuleId, KeyPart<'_>),
    excess: &'e ExcessByStatement,
) -> Judgement<'e> {
    let destructive = list_class_actions(context.analyzer.catalog(), RiskClass::Destructive);
    let scope = build_ceiling("destructive actions", vec![Statement::allow(destructive, ResourceElement::any())]);
    let ceiling = &context.subject.ceiling;
    let allowed = context.effective.intersect(&scope.access);
    let is_excess = |request: &Request, interpretation| {
        context.allows(&context.subject.layers, request, interpretation)
            && context.allows(&scope.layers, request, interpretation)
            && !ceiling.allows(|layers| context.allows(layers, request, interpretation))
    };
    let (expected, worlds, offered) = (&ceiling.access, EXISTING, OfferedIf::Open);
    let compared = ComparedAccess { allowed: &allowed, expected, is_excess: &is_excess, known: None, worlds, offered };
    context.judge((rule, context.key(rule, part)), excess, &compared)
}

fn arn_of(subject: &AuditedPrincipal<'_>) -> String {
    subject.principal.arn.as_str().to_owned()
}

fn empty_layers() -> Layers {
    Layers::from_identity(Vec::new())
}
