//! IAM004: what is to be done under a guard only is allowed without it.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::access::Layers;
use crate::audit::count::{count, destructive};
use crate::audit::deny;
use crate::audit::excess::{Telling, Told};
use crate::audit::finding::Finding;
use crate::audit::severity::Severity;
use crate::audit::topic::{self, Topic};
use crate::audit::void::Way;
use crate::baseline::{Guard, GuardSeverity};

static ABOUT: About = About {
    id: RuleId::Unguarded,
    title: "destructive action without the declared guard (second person, MFA, …)",
    on_by_default: true,
    explanation: "
**What it does.** Three things. A `[[guard]]` that an entry names must hold: no request of its actions may be allowed
outside of its `unless`; a request that is, is the proof. A guard that holds must mean something: where the principal
can satisfy its condition alone, it is reported as void. It may have the tag for good, set it (`iam:TagRole` or
`iam:TagUser` on itself, a tag of the resource), federate itself with it, or whoever takes the role on may bring it
(`sts:TagSession` or `sts:SetSourceIdentity` in the trust policy); or the caller writes the value. And for operators: what
could an agent destroy that runs with their credentials, through an MCP server of AWS's (`aws:ViaAWSMCPService`), by
requests of which no persona of kind `agent` speaks, with no guard for it that asks for another person or keeps agents
out? `policies/` has guards to copy, and the policies by which they hold; all of it: [guards.md](guards.md).

**Why is this bad?** Nobody had to approve: whoever, or whatever, holds the credentials destroys on its own.

**Example.** The guard \"second person\" asks for `aws:PrincipalTag/change-approval` on what destroys. The operator's
role may `cloudformation:DeleteStack` without it. Or no such request is allowed, and the role may `iam:TagRole` itself.

**How to fix it.** Attach the statement that the finding shows, or one of `policies/guards/`, as a policy of the
principal or as an SCP. Where a guard is void, take away the way to set the value: let a broker or the identity provider
bring it. What agents may do with an operator's credentials can be declared with a `[[persona]]`.

**How to accept it.** Leave the guard off the entry, in review, or except the finding for a while with an
`[[exception]]`. `through_agents = false` in `[settings]` turns the question about agents off for all operators.
",
};

/// IAM004.
pub(super) struct Unguarded;

impl Rule for Unguarded {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn all_of_principal(&self, judged: &Judged<'_>) -> Vec<Finding> {
        if judged.subject.may_be_narrower() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for (topic, founds) in judged.subject.topics.iter().zip(&judged.answer.topics) {
            let tell = || judged.tell_part(founds, topic, judged.subject.is_agent());
            match topic.about {
                topic::About::Guard(index) => {
                    let Some(guard) = judged.baseline.guards.get(index) else { continue };
                    findings.extend(failing(judged, guard, tell()));
                }
                topic::About::ThroughAgent => findings.extend(through_an_agent(judged, topic, tell())),
                topic::About::Persona(_) | topic::About::Boundary => {}
            }
        }
        for (index, ways) in judged.voids {
            if let Some(guard) = judged.baseline.guards.get(*index) {
                findings.push(void(judged, guard, ways));
            }
        }
        findings
    }
}

/// A guard that does not hold.
fn failing(judged: &Judged<'_>, guard: &Guard, mut told: Told) -> Option<Finding> {
    if told.excess.is_empty() {
        return None;
    }
    let extent =
        format!("{}{}", count(told.action_count, "action"), destructive(told.destructive_count, told.action_count));
    let is = if told.action_count == 1 { "is" } else { "are" };
    let title = format!("\"{}\" does not hold: {extent}, {is} allowed without {}", guard.name.value, keys(guard));
    told.severity = severity(guard);
    told.causes.push(format!("guard {}", guard.name.value));
    let advice = match deny::where_it_fails(&told, &guard.unless) {
        Some(text) => format!("deny it otherwise, in a policy of the principal or in an SCP:\n{text}"),
        None => format!("deny it where the condition of the guard \"{}\" does not hold", guard.name.value),
    };
    let mut finding = judged.finding(RuleId::Unguarded, title, told, vec![advice]);
    finding.reasons = judged.caveats();
    Some(finding)
}

/// What an agent could destroy with the credentials of an operator.
fn through_an_agent(judged: &Judged<'_>, topic: &Topic, mut told: Told) -> Option<Finding> {
    if told.excess.is_empty() {
        return None;
    }
    let title = format!(
        "an agent that runs with its credentials could do {}, and no guard stands between",
        count(told.destructive_count, "destructive action")
    );
    told.causes.push(topic.name.clone());
    let when = serde_json::json!({ "Bool": { "aws:ViaAWSMCPService": "true" } });
    let mut advice = vec![format!(
        "deny it to agents, in a policy of the principal or in an SCP:\n{}",
        deny::where_it_holds(&told, &when)
    )];
    if let Some(entry) = judged.subject.entry {
        let of = serde_json::Value::from(entry.name.value.as_str());
        let name = serde_json::Value::from(format!("{}, through an agent", entry.name.value));
        let when = "{ Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }";
        advice.push(format!(
            "or declare what agents may do:\n[[persona]]\nname  = {name}\nof    = {of}\nwhen  = {when}\nkind  = \"agent\"\nallow = []"
        ));
    }
    let mut finding = judged.finding(RuleId::Unguarded, title, told, advice);
    finding.reasons = judged.caveats();
    Some(finding)
}

/// A guard that the principal satisfies alone.
fn void(judged: &Judged<'_>, guard: &Guard, ways: &[Way]) -> Finding {
    let nothing = Layers::of_identity(Vec::new());
    let proof = ways.iter().find(|way| !way.founds.is_empty());
    let mut told = match proof {
        Some(way) => Telling {
            asker: judged.asker,
            subject: judged.subject,
            policies: &way.policies,
            other: &nothing,
            latent: false,
            is_agent: judged.subject.is_agent(),
        }
        .tell(&way.founds),
        None => Told::nothing(),
    };
    let severity = severity(guard);
    told.severity = severity;
    told.causes.extend(ways.iter().map(|way| way.words.clone()));
    told.causes.push(format!("void guard {}", guard.name.value));
    let words: Vec<&str> = ways.iter().map(|way| way.words.as_str()).collect();
    let title = format!("\"{}\" is void: {}", guard.name.value, words.join(", and "));
    let advice = vec![
        "take that away from the principal, and from those who take it on".to_owned(),
        "or let something bring the value that someone else decides on: an identity provider, a broker's role"
            .to_owned(),
    ];
    let mut finding = judged.finding(RuleId::Unguarded, title, told, advice);
    finding.reasons = judged.caveats();
    finding
}

/// The keys that a guard asks for.
fn keys(guard: &Guard) -> String {
    let mut keys: Vec<&str> = guard.unless.conditions.iter().map(|condition| condition.key.as_written()).collect();
    keys.dedup();
    keys.join(" and ")
}

fn severity(guard: &Guard) -> Severity {
    match guard.severity {
        GuardSeverity::Low => Severity::Low,
        GuardSeverity::Medium => Severity::Medium,
        GuardSeverity::High => Severity::High,
        GuardSeverity::Critical => Severity::Critical,
    }
}
