//! IAM001: the principal may do what is not declared.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::advice;
use crate::audit::count::{count, destructive};
use crate::audit::finding::Finding;

static ABOUT: About = About {
    id: RuleId::Broader,
    title: "broader than declared",
    on_by_default: true,
    explanation: "
**What it does.** Finds principals whose effective permissions (identity policies, cut by permissions boundary and
organization policies, with what resource policies add) allow a request that no document of their ceiling allows.
The finding names each granting statement, a request that proves it, and the declared statement that comes nearest.

**Why is this bad?** Whoever acts as the principal, a person, a program or an agent, can do more than anyone agreed
to. Nobody notices until it is done.

**Example.** The ceiling allows `ce:Get*`. The role has a policy `OperatorPower` attached that allows
`cloudformation:*` on `*`: deleting any stack is allowed and nowhere declared.

**How to fix it.** The finding says which attachment can go because nothing declared depends on it, decided and not
guessed, or which statement to narrow. Where the permission is meant, declare it: widen the ceiling in review.

**How to accept it.** Add an `[[exception]]` with the finding's fingerprint, a reason, two people and a date: until then
it is told as accepted and does not count.
",
};

/// IAM001.
pub(super) struct Broader;

impl Rule for Broader {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        if judged.subject.entry.is_none() || judged.subject.may_be_narrower() {
            return None;
        }
        let told = judged.tell(&judged.proven(&judged.answer.excess), false);
        if told.excess.is_empty() {
            return None;
        }
        let title = format!(
            "may do {} beyond its ceiling{}",
            count(told.action_count, "action"),
            destructive(told.destructive_count, told.action_count)
        );
        let advice = advice::narrow(judged.subject, judged.policies, &told, &judged.answer.removable);
        let mut finding = judged.finding(RuleId::Broader, title, told, advice);
        finding.reasons = judged.caveats();
        Some(finding)
    }
}
