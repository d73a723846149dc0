//! IAM007: no baseline entry matches the principal.

use super::rule::{Rule, RuleInfo, RuleInput};
use crate::audit::explain::suggest_declaration::suggest_declaration;
use crate::audit::model::finding::Finding;
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::reason::Reason;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::solve::ActionWorld;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Undeclared,
    explanation: "
**What it does.** Finds users and roles that no `[[principal]]` of the baseline matches and no `[[ignore]]` excludes.
Service-linked roles with the trust policy of AWS are skipped. The severity is that of all access of the principal, one step higher if hints classify
it as an agent. The finding shows the inferred class and the evidence ([classification.md](classification.md)).

**Why is this bad?** Nobody reviews a principal that is not declared: forgotten test roles, users of people who have left,
and roles that someone created to keep access.

**Example.** A role `tmp-debug` has `AdministratorAccess`. The baseline declares `role/operators/*` only.

**How to fix it.** Delete the principal if nobody needs it. Otherwise declare it with an owner and a ceiling, or ignore it
with a reason.

**How to accept it.** An `[[ignore]]` with a reason excludes the access of the principal from every audit. `iamdrift
baseline accept` accepts its access as it is today: what it can do beyond that, today or when AWS releases actions, is reported
at once.
",
};

/// No other finding reports the future actions of an undeclared principal.
const WORLDS: &[ActionWorld] = &[ActionWorld::Existing, ActionWorld::Future];

/// IAM007.
pub(super) struct UndeclaredRule;

impl Rule for UndeclaredRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        if context.subject.entry.is_some() {
            return Vec::new();
        }
        let key = (RuleId::Undeclared, KeyPart::Only);
        let judgement = context.judge_all_allowed(key, &context.analysis.excess, WORLDS);
        let report = match judgement.world {
            ActionWorld::Existing => context.report_unproven_excess(&judgement.excess),
            ActionWorld::Future => context.report_unproven_future_excess(&judgement.excess),
        };
        let classification = context.subject.classification;
        let evidence = Reason::Classified { class: classification.class, reason: classification.reason.clone() };
        let (snapshot, principal) = (context.analyzer.snapshot(), &context.subject.principal_ref);
        let remediations = suggest_declaration(context.baseline, snapshot, principal, classification.class);
        let title = match judgement.world {
            ActionWorld::Existing => Title::Undeclared(report.counts),
            ActionWorld::Future => Title::UndeclaredLatent { patterns: report.list_patterns() },
        };
        let finding = context.start_finding(RuleId::Undeclared, title, report);
        vec![judgement.apply(finding).remediations(remediations).reasons([evidence]).reasons(context.caveats()).build()]
    }
}
