//! IAM001: the principal may do what is not declared.

use std::sync::Arc;

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::advice;
use crate::audit::ask::Founds;
use crate::audit::count::{count, destructive};
use crate::audit::deny;
use crate::audit::finding::Finding;
use crate::audit::topic::{self, Topic};
use crate::baseline::Kind;

static ABOUT: About = About {
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
pub(super) struct Broader;

impl Rule for Broader {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn all_of_principal(&self, judged: &Judged<'_>) -> Vec<Finding> {
        self.of_principal(judged).into_iter().chain(personas(judged)).collect()
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

/// What may be done in another way of using the same credentials, beyond what is declared for that.
fn personas(judged: &Judged<'_>) -> Vec<Finding> {
    if judged.subject.may_be_narrower() {
        return Vec::new();
    }
    let of_topic = |(topic, founds): (&Arc<Topic>, &Founds)| {
        let topic::About::Persona(index) = topic.about else { return None };
        let persona = judged.baseline.personas.get(index)?;
        let mut told = judged.tell_part(founds, topic, persona.kind == Kind::Agent);
        if told.excess.is_empty() {
            return None;
        }
        let name = &persona.name.value;
        let title = format!(
            "as \"{name}\" it may do {} beyond the ceiling of that{}",
            count(told.action_count, "action"),
            destructive(told.destructive_count, told.action_count)
        );
        told.causes.push(format!("persona {name}"));
        let advice = vec![format!(
            "deny it there, in a policy of the principal or in an SCP:\n{}",
            deny::where_it_holds(&told, &persona.when.json)
        )];
        let mut finding = judged.finding(RuleId::Broader, title, told, advice);
        finding.reasons = judged.caveats();
        Some(finding)
    };
    judged.subject.topics.iter().zip(&judged.answer.topics).filter_map(of_topic).collect()
}
