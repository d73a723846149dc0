//! IAM007: no entry of the baseline speaks of the principal.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::advice;
use crate::audit::count::{count, destructive};
use crate::audit::finding::Finding;
use crate::kinds::Who;

static ABOUT: About = About {
    id: RuleId::Undeclared,
    title: "undeclared principal",
    on_by_default: true,
    explanation: "
**What it does.** Finds users and roles that no `[[principal]]` of the baseline matches and no `[[ignore]]` leaves
out. Roles that AWS services own are left out by themselves. The severity is that of all the principal may do, one
step up where hints take it for an agent. The finding tells what hints take it for, and why ([kinds.md](kinds.md)).

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
pub(super) struct Undeclared;

impl Rule for Undeclared {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        if judged.subject.entry.is_some() {
            return None;
        }
        let told = judged.tell(&judged.answer.excess, false);
        let may = match told.action_count {
            0 => "nothing that could be proven".to_owned(),
            actions => format!("{}{}", count(actions, "action"), destructive(told.destructive_count, actions)),
        };
        let title = format!("no entry of the baseline speaks of it; it may do {may}");
        let recognised = judged.subject.recognised;
        let advice = advice::declare(&judged.subject.brief, recognised.who);
        let mut finding = judged.finding(RuleId::Undeclared, title, told, advice);
        finding.reasons = vec![match recognised.who {
            Who::Unknown => format!("hints do not tell what it is: {}", recognised.reason),
            who => format!("hints take it for {}, since it {}", described(who), recognised.reason),
        }];
        finding.reasons.extend(judged.caveats());
        Some(finding)
    }
}

/// What hints take it for, in a sentence.
fn described(who: Who) -> &'static str {
    match who {
        Who::Agent => "an agent",
        Who::Operator => "an operator",
        Who::BreakGlass => "access for emergencies",
        Who::Workload => "a workload",
        Who::ServiceLinked => "a service-linked role",
        Who::Unknown => "unknown",
    }
}
