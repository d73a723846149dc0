//! IAM003: an agent may do all that its operator may; or people and agents share one role.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::access::Layers;
use crate::audit::advice;
use crate::audit::against::Compared;
use crate::audit::count::{count, destructive};
use crate::audit::excess::Told;
use crate::audit::finding::Finding;
use crate::audit::peers::{Narrowness, everything};
use crate::audit::subject::Subject;

static ABOUT: About = About {
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
pub(super) struct NotNarrower;

impl Rule for NotNarrower {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn all_of_principal(&self, judged: &Judged<'_>) -> Vec<Finding> {
        let found = [declared(judged), same(judged), shared_role(judged)];
        found.into_iter().flatten().collect()
    }
}

/// What was declared, and does not hold.
fn declared(judged: &Judged<'_>) -> Option<Finding> {
    let comparison = judged.comparison?;
    let shares = |compared: &&Compared<'_>| !judged.proven(&compared.shared).is_empty();
    let shared = comparison.declared.iter().find(shares);
    let (title, other, told, also) = match comparison.narrowness() {
        Narrowness::Same(compared) => {
            let told = judged.tell_beyond(&comparison.all, &nothing());
            let name = name(compared.operator);
            (format!("no narrower than its operator {name}: the same {}", extent(&told)), compared, told, shared)
        }
        Narrowness::Beyond(compared, founds) => {
            let told = judged.tell_beyond(founds, &compared.operator.layers);
            let name = name(compared.operator);
            (format!("may do {} that its operator {name} may not", extent(&told)), compared, told, shared)
        }
        Narrowness::Narrower | Narrowness::Unknown(_) => {
            let compared = shared?;
            let told = judged.tell(&judged.proven(&compared.shared), false);
            let name = name(compared.operator);
            let title = format!("shares {} with its operator {name} that its ceiling has not", destroying(&told));
            (title, compared, told, None)
        }
    };
    if told.excess.is_empty() {
        return None;
    }
    let reasons = also.map(|compared| {
        let told = judged.tell(&judged.proven(&compared.shared), false);
        format!("both may do {} that its ceiling has not", destroying(&told))
    });
    let reasons = reasons.into_iter().collect();
    Some(finding(judged, title, other.operator, told, reasons))
}

/// Agents that may do what some operator may, declared or not.
fn same(judged: &Judged<'_>) -> Option<Finding> {
    let comparison = judged.comparison?;
    let [first, others @ ..] = comparison.same.as_slice() else { return None };
    let told = judged.tell_beyond(&comparison.all, &nothing());
    if told.excess.is_empty() {
        return None;
    }
    let title = format!("may do exactly what the operator {} may: the same {}", name(first), extent(&told));
    let reasons = others.iter().map(|other| format!("{} may do the same, too", name(other))).collect();
    Some(finding(judged, title, first, told, reasons))
}

fn finding(
    judged: &Judged<'_>,
    title: String,
    operator: &Subject<'_>,
    mut told: Told,
    mut reasons: Vec<String>,
) -> Finding {
    let mut advice = Vec::new();
    if !judged.answer.excess.is_empty() {
        let beyond = judged.tell(&judged.proven(&judged.answer.excess), false);
        let removable = &judged.answer.removable;
        advice = advice::narrow(judged.subject, judged.policies, &beyond, removable);
        advice.truncate(removable.len());
    }
    advice.push(format!("give it policies of its own that hold what it needs, and less than {} has", name(operator)));
    told.causes.push(format!("held against {}", operator.principal.arn));
    reasons.extend(judged.caveats());
    let mut finding = judged.finding(RuleId::NotNarrower, title, told, advice);
    finding.reasons = reasons;
    finding
}

/// A role that both people and agents can take on.
fn shared_role(judged: &Judged<'_>) -> Option<Finding> {
    let shared = judged.shared?;
    if judged.subject.may_be_narrower() {
        return None;
    }
    let (access, _) = judged.asker.effective(&judged.subject.layers);
    let mut told = judged.tell_beyond(&everything(judged.asker, judged.subject, &access), &nothing());
    if told.excess.is_empty() {
        return None;
    }
    if !judged.subject.is_agent() {
        // What it may do, an agent may.
        told.severity = told.severity.raised();
    }
    let title = format!("both people and agents can take it on; it may do {}", extent(&told));
    told.causes = vec![format!("people: {}", shared.people), format!("agents: {}", shared.agents)];
    let advice = vec!["make a role for each, and let its trust policy name those alone".to_owned()];
    let mut finding = judged.finding(RuleId::NotNarrower, title, told, advice);
    finding.reasons = vec![format!("people: it {}", shared.people), format!("agents: it {}", shared.agents)];
    finding.reasons.extend(judged.caveats());
    Some(finding)
}

/// `412 actions, 57 of them destructive`.
fn extent(told: &Told) -> String {
    format!("{}{}", count(told.action_count, "action"), destructive(told.destructive_count, told.action_count))
}

fn destroying(told: &Told) -> String {
    count(told.destructive_count, "destructive action")
}

fn name<'s>(subject: &'s Subject<'_>) -> &'s str {
    subject.principal.arn.resource()
}

fn nothing() -> Layers {
    Layers::of_identity(Vec::new())
}
