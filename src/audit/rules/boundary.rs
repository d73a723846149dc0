//! IAM008: the declared boundary is missing, or the principal can change it.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::count::count;
use crate::audit::finding::Finding;
use crate::audit::fingerprint::fingerprint;
use crate::audit::severity::Severity;
use crate::audit::topic::{self, DETACHING, MAKING, REWRITING, SETTING};
use crate::iam::ActionPattern;

static ABOUT: About = About {
    id: RuleId::Boundary,
    title: "declared boundary missing, or changeable by the principal itself",
    on_by_default: true,
    explanation: "
**What it does.** Where an entry declares a `boundary`, each of its principals must have a permissions boundary that the
glob matches. And it must not be able to get past it: to take a boundary off or to set another one
(`iam:DeleteRolePermissionsBoundary`, `iam:PutRolePermissionsBoundary`, the same of users), to give the boundary's policy
another content (`iam:CreatePolicyVersion`, `iam:SetDefaultPolicyVersion`), or to make a user or role without it
(`iam:CreateUser`, `iam:CreateRole` where `iam:PermissionsBoundary` is missing or another). Where the glob leaves room for
several policies and the principal may set one, it must not be able to write such a policy either (`iam:CreatePolicy`).
Decided over effective access: the boundary itself, denies, conditions and SCPs count. A boundary that is in use cannot be
deleted, nor the version of its policy that is in force, so that is no way past it. What others there already are without
the boundary, and can be become, is reach (IAM005).

**Why is this bad?** A boundary is what lets a team, or an agent, manage roles without becoming an administrator. Whoever
can lift it has no boundary.

**Example.** `agents/builder` has the boundary `agent-boundary`, whose policy allows `iam:*` on roles of its own path: it
takes the boundary off a role that it has made, and is what that role is.

**How to fix it.** Attach the boundary. Deny the four kinds of requests in the boundary's own policy: taking off on
everything, rewriting on the policy's ARN, setting and making unless `iam:PermissionsBoundary` is the boundary. Where the
glob is about several policies, deny `iam:CreatePolicy` on such names, too.

**How to accept it.** Leave `boundary` out of the entry, in review, or except the finding for a while with an
`[[exception]]`.
",
};

/// IAM008.
pub(super) struct Boundary;

impl Rule for Boundary {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn all_of_principal(&self, judged: &Judged<'_>) -> Vec<Finding> {
        [missing(judged), changeable(judged)].into_iter().flatten().collect()
    }
}

fn missing(judged: &Judged<'_>) -> Option<Finding> {
    let subject = judged.subject;
    let duty = subject.entry?.boundary.as_ref()?;
    let declared = duty.globs.first()?.as_str();
    let attached = subject.principal.boundary.as_ref().map(|boundary| boundary.arn.as_str());
    if attached.is_some_and(|arn| duty.globs.iter().any(|glob| glob.matches(arn))) {
        return None;
    }
    let title = match attached {
        Some(other) => format!("its boundary is {other}, and not {declared}"),
        None => format!("its declared boundary {declared} is not attached"),
    };
    let severity = if subject.is_agent() { Severity::High.raised() } else { Severity::High };
    let arn = subject.principal.arn.as_str();
    Some(Finding {
        rule: RuleId::Boundary,
        severity,
        fingerprint: fingerprint(RuleId::Boundary, arn, severity, [title.clone()]),
        principal: Some(subject.brief.clone()),
        title,
        action_count: 0,
        destructive_count: 0,
        excess: Vec::new(),
        reasons: vec![format!("\"{}\" declares it: {}", subject.entry?.name.value, judged.baseline.place(duty.span))],
        path: Vec::new(),
        place: Some(subject.principal.place.clone()),
        advice: vec![format!("set {declared} as its permissions boundary")],
        first_seen: None,
        accepted: None,
    })
}

fn changeable(judged: &Judged<'_>) -> Option<Finding> {
    let subject = judged.subject;
    if subject.may_be_narrower() {
        return None;
    }
    let mut topics = subject.topics.iter().zip(&judged.answer.topics);
    let (topic, founds) = topics.find(|(topic, _)| topic.about == topic::About::Boundary)?;
    let told = judged.tell_part(founds, topic, subject.is_agent());
    if told.excess.is_empty() {
        return None;
    }
    let catalog = judged.asker.catalog();
    let may = |names: &[&str]| {
        let patterns: Vec<ActionPattern> = names.iter().filter_map(|name| ActionPattern::parse(name)).collect();
        founds.values().any(|found| patterns.iter().any(|pattern| found.actions.meets(catalog, pattern)))
    };
    let [put_role, put_user, create_role, create_user] = SETTING;
    let ways = [
        (may(&DETACHING), "take a boundary off"),
        (may(&[put_role, put_user]), "set another one"),
        (may(&REWRITING), "rewrite it"),
        (may(&[MAKING]), "make another one of such a name"),
        (may(&[create_role, create_user]), "make a principal without it"),
    ];
    let ways: Vec<&str> = ways.iter().filter(|(may, _)| *may).map(|(_, words)| *words).collect();
    let title = format!("can get past its boundary: it may {}", ways.join(", "));
    let advice = vec![format!(
        "deny {} in the boundary's own policy, as IAM008 in docs/rules.md tells",
        if told.action_count == 1 {
            "that".to_owned()
        } else {
            format!("these {}", count(told.action_count, "action"))
        }
    )];
    let mut finding = judged.finding(RuleId::Boundary, title, told, advice);
    finding.reasons = judged.caveats();
    Some(finding)
}
