//! IAM001: effective access exceeds the declared ceiling.

use super::context::RuleContext;
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::explain::deny_statement;
use crate::audit::explain::excess_report::Actor;
use crate::audit::explain::suggest_denial::suggest_denial;
use crate::audit::explain::suggest_remediation::describe_narrowing;
use crate::audit::model::finding::Finding;
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::remediation::DenyScope;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::audit::subject::check::{Check, CheckKind};
use crate::baseline::PrincipalClass;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Broader,
    explanation: "
**What it does.** Finds principals whose effective access allows a request that no document of their ceiling allows.
Effective access is what the identity policies and resource policies allow, limited by the permissions boundary and the
organization policies. A trust policy that names the principal is one of them: it may then assume the role, which its ceiling or
the `assumable_by` of the role declares. The finding names each granting statement, a request that proves it, and the closest
declared statement. A `[[persona]]` declares another ceiling for some of the requests, such as those that an agent sends. Excess
over that ceiling is a finding of its own.

The severity is that of the worst action: critical if it can lead to more permissions, high if it destroys or changes
permissions, medium if it reads or writes data, otherwise low; one step higher for agents. Actions that reach only the
credentials of the principal's own user, such as `iam:CreateAccessKey` on its own ARN, are medium: they give nobody more
access.

**Why is this bad?** A person, program or agent that acts as the principal can do more than was agreed.
Nobody notices until it happens.

**Example.** The ceiling allows `ce:Get*`. The attached policy `OperatorPower` allows `cloudformation:*` on `*`. The
role can delete any stack, which is not declared.

**How to fix it.** The finding suggests which policy to detach, if the solver has proven that no declared access depends
on it, or which statement to restrict, with the statements to write instead. A policy of AWS cannot be changed: the finding
shows a policy of your own to attach instead. [report.md](report.md#a-fix) says how a fix is verified. If the permission
is intended, declare it: extend the ceiling and have the change reviewed.

**How to accept it.** Access that should stay belongs in the ceiling. For access that will be removed later, run
`iamdrift baseline accept` with the key of the finding. The exception accepts what the principal holds now, as a policy
document: access beyond that is reported at once, and access that shrinks stays accepted.
",
};

/// IAM001.
pub(super) struct BroaderRule;

impl Rule for BroaderRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        if context.subject.has_missing_restricting_layer() {
            return Vec::new();
        }
        find_ceiling_excess(context).into_iter().chain(find_persona_excess(context)).collect()
    }
}

fn find_ceiling_excess(context: &RuleContext<'_>) -> Option<Finding> {
    context.subject.entry?;
    let excess = &context.analysis.excess;
    if context.keep_proven(excess).is_empty() {
        return None;
    }
    let judgement = context.judge_ceiling((RuleId::Broader, KeyPart::Only), excess);
    let report = context.report_excess(&judgement.excess);
    let remediations = context.narrowing().suggest(&report, describe_narrowing);
    let finding = context.start_finding(RuleId::Broader, Title::BeyondCeiling(report.counts), report);
    Some(judgement.apply(finding).remediations(remediations).reasons(context.caveats()).build())
}

/// The excess over the ceilings of personas.
fn find_persona_excess(context: &RuleContext<'_>) -> Vec<Finding> {
    let checks = context.subject.checks.iter().zip(&context.analysis.check_results);
    checks.filter_map(|(check, excess)| find_excess_of_check(context, check, excess)).collect()
}

fn find_excess_of_check(context: &RuleContext<'_>, check: &Check, excess: &ExcessByStatement) -> Option<Finding> {
    let CheckKind::Persona(index) = check.kind else { return None };
    // INVARIANT: the planner takes the index from this baseline.
    let persona = context.baseline.personas.get(index).expect("the persona of a check exists");
    let actor = if persona.class == PrincipalClass::Agent { Actor::Agent } else { Actor::Other };
    if context.keep_proven(excess).is_empty() {
        return None;
    }
    let name = &persona.name.value;
    let judgement =
        context.judge_check((RuleId::Broader, context.key(RuleId::Broader, KeyPart::Persona(name))), excess, check);
    let report = context.report_check_excess(&judgement.excess, check, actor);
    let title = Title::BeyondPersona { persona: name.clone(), actions: report.counts };
    let statements = deny_statement::deny_where(&report, &persona.when.json);
    let deny = suggest_denial(context.subject, DenyScope::Persona, statements);
    let finding = context.start_finding(RuleId::Broader, title, report);
    Some(
        judgement
            .apply(finding)
            .causes([format!("persona {name}")])
            .remediations(deny)
            .reasons(context.caveats())
            .build(),
    )
}
