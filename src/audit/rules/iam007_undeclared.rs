//! IAM007: no entry of the baseline speaks of the principal.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::explain::remediation;
use crate::audit::model::finding::Finding;
use crate::base::plural::{format_count, format_destructive_share};
use crate::baseline::PrincipalClass;
use crate::classify::InferredClass;

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Undeclared,
    title: "undeclared principal",
    on_by_default: true,
    explanation: "
**What it does.** Finds users and roles that no `[[principal]]` of the baseline matches and no `[[ignore]]` leaves
out. Roles that AWS services own are left out by themselves. The severity is that of all the principal may do, one
step up where hints take it for an agent. The finding tells what hints take it for, and why ([classification.md](classification.md)).

**Why is this bad?** What nobody declared nobody reviews: forgotten test roles, users of people who have left, and
roles that someone made to come back.

**Example.** A role `tmp-debug` has `AdministratorAccess`; the baseline speaks of `role/operators/*` only.

**How to fix it.** Delete the principal if nobody needs it. Else declare it with an owner and a ceiling, or ignore it
with a reason.

**How to accept it.** An `[[ignore]]` with a reason leaves the principal out of every audit. An `[[exception]]` accepts it
as it is today: once it may do more, the finding is back.
",
};

/// IAM007.
pub(super) struct UndeclaredRule;

impl Rule for UndeclaredRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        if context.subject.entry.is_some() {
            return None;
        }
        let report = context.render_excess(&context.analysis.excess, false);
        let access_text = match report.action_count {
            0 => "nothing that could be proven".to_owned(),
            actions => format!(
                "{}{}",
                format_count(actions, "action"),
                format_destructive_share(report.destructive_count, actions)
            ),
        };
        let title = format!("no entry of the baseline speaks of it; it may do {access_text}");
        let classification = context.subject.classification;
        let advice = remediation::suggest_declaration(&context.subject.principal_ref, classification.class);
        let mut finding = context.build_finding(RuleId::Undeclared, title, report, advice);
        finding.reasons = vec![match classification.class {
            InferredClass::Unknown => format!("hints do not tell what it is: {}", classification.reason),
            class => format!("hints take it for {}, since it {}", describe_class(class), classification.reason),
        }];
        finding.reasons.extend(context.caveats());
        Some(finding)
    }
}

/// What hints take it for, in a sentence.
fn describe_class(class: InferredClass) -> &'static str {
    match class {
        InferredClass::Known(PrincipalClass::Agent) => "an agent",
        InferredClass::Known(PrincipalClass::Operator) => "an operator",
        InferredClass::Known(PrincipalClass::BreakGlass) => "access for emergencies",
        InferredClass::Known(PrincipalClass::Workload) => "a workload",
        InferredClass::ServiceLinked => "a service-linked role",
        InferredClass::Unknown => "unknown",
    }
}
