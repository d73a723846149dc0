//! IAM001: the principal may do what is not declared.

use std::sync::Arc;

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::explain::deny_statement;
use crate::audit::explain::remediation;
use crate::audit::model::finding::Finding;
use crate::audit::subject::check::{Check, CheckKind};
use crate::base::plural::{format_count, format_destructive_share};
use crate::baseline::PrincipalClass;

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Broader,
    title: "broader than declared",
    on_by_default: true,
    explanation: "
**What it does.** Finds principals whose effective permissions (identity policies, cut by permissions boundary and
organization policies, with what resource policies add) allow a request that no document of their ceiling allows.
The finding names each granting statement, a request that proves it, and the declared statement that comes nearest.
A `[[persona]]` has a ceiling of its own for some of the requests, such as those through an agent: each is a finding by
itself.

**Why is this bad?** Whoever acts as the principal, a person, a program or an agent, can do more than anyone agreed
to. Nobody notices until it is done.

**Example.** The ceiling allows `ce:Get*`. The role has a policy `OperatorPower` attached that allows
`cloudformation:*` on `*`: deleting any stack is allowed and nowhere declared.

**How to fix it.** The finding says which attachment can go because nothing declared depends on it, decided and not
guessed, or which statement to narrow. Where the permission is meant, declare it: widen the ceiling in review.

**How to accept it.** What is meant to stay belongs in the ceiling. What is to go later: an `[[exception]]` with the
finding's fingerprint, a reason, someone else who approves, and a last day.
",
};

/// IAM001.
pub(super) struct BroaderRule;

impl Rule for BroaderRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_all_for_principal(&self, context: &RuleContext<'_>) -> Vec<Finding> {
        self.find_for_principal(context).into_iter().chain(find_persona_excess(context)).collect()
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        if context.subject.entry.is_none() || context.subject.has_missing_restricting_layer() {
            return None;
        }
        let report = context.render_excess(&context.keep_proven(&context.analysis.excess), false);
        if report.excess.is_empty() {
            return None;
        }
        let title = format!(
            "may do {} beyond its ceiling{}",
            format_count(report.action_count, "action"),
            format_destructive_share(report.destructive_count, report.action_count)
        );
        let advice = remediation::suggest_narrowing(
            context.subject,
            context.policies,
            &report,
            &context.analysis.removable_policies,
        );
        let mut finding = context.build_finding(RuleId::Broader, title, report, advice);
        finding.reasons = context.caveats();
        Some(finding)
    }
}

/// What may be done in another way of using the same credentials, beyond what is declared for that.
fn find_persona_excess(context: &RuleContext<'_>) -> Vec<Finding> {
    if context.subject.has_missing_restricting_layer() {
        return Vec::new();
    }
    let find_for_check = |(check, excess): (&Arc<Check>, &ExcessByStatement)| {
        let CheckKind::Persona(index) = check.kind else { return None };
        let persona = context.baseline.personas.get(index)?;
        let mut report = context.render_check_excess(excess, check, persona.class == PrincipalClass::Agent);
        if report.excess.is_empty() {
            return None;
        }
        let name = &persona.name.value;
        let title = format!(
            "as \"{name}\" it may do {} beyond the ceiling of that{}",
            format_count(report.action_count, "action"),
            format_destructive_share(report.destructive_count, report.action_count)
        );
        report.causes.push(format!("persona {name}"));
        let advice = vec![format!(
            "deny it there, in a policy of the principal or in an SCP:\n{}",
            deny_statement::render_deny_where(&report, &persona.when.json)
        )];
        let mut finding = context.build_finding(RuleId::Broader, title, report, advice);
        finding.reasons = context.caveats();
        Some(finding)
    };
    context.subject.checks.iter().zip(&context.analysis.check_results).filter_map(find_for_check).collect()
}
