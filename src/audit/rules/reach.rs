//! IAM005: the principal can become, or grant itself, something broader.

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::count::{count, destructive};
use crate::audit::excess::{name_of, shown};
use crate::audit::finding::{Finding, Origin, Step};
use crate::reach::{Being, Link};

static ABOUT: About = About {
    id: RuleId::Reach,
    title: "reach: can become, or grant itself, something broader",
    on_by_default: true,
    explanation: "
**What it does.** Looks for a path from a principal to something that neither its ceiling nor its own policies allow:
roles that it can assume, roles that it can pass to a service that runs code, things that run with a role and whose
code it can change, users that it can make credentials for, trust policies that it can rewrite, and policies that it
can write into itself ([reach.md](reach.md) has the list). Each step is decided with permissions boundary, SCPs and
every condition, and shown by requests that the evaluator confirms. The shortest path is told, with its first link to
cut; what a path rests on and the snapshot does not tell is told with it. The severity is that of what stands at the
end, one step up for agents. A role that lists the principal in `assumable_by` is agreed to.

**Why is this bad?** No single policy shows it: the principal is as narrow as declared, and one call later it is an
administrator.

**Example.** A role may `iam:PassRole` on `*` and `lambda:CreateFunction`. A role with `AdministratorAccess` trusts
`lambda.amazonaws.com`: a function that runs with it does whatever the caller wants.

**How to fix it.** Cut the first link: limit `iam:PassRole` to the roles that are meant and to the service
(`iam:PassedToService`), take the principal out of the trust policy, or give it a permissions boundary. Where assuming
the role is meant, list the principal in the role's `assumable_by`.

**How to accept it.** Add an `[[exception]]` with the finding's fingerprint, a reason, two people and a date: until then
it is told as accepted and does not count.
",
};

/// IAM005.
pub(super) struct Reach;

impl Rule for Reach {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        let reached = judged.reached.found.as_ref()?;
        if judged.subject.may_be_narrower() {
            return None;
        }
        let mut told = judged.tell_of(&reached.policies, &reached.founds);
        for excess in &mut told.excess {
            if excess.granted_by.origin == Origin::Ceiling {
                excess.granted_by.origin = Origin::Itself;
                excess.granted_by.place = judged.subject.principal.place.clone();
            }
        }
        let steps: Vec<Step> = reached.links.iter().map(|link| step(judged, link)).collect();
        let last = reached.links.last()?;
        let own = last.to.principal == reached.links.first()?.from.principal;
        let whom = match own {
            true => "can make itself broader".to_owned(),
            false => format!("can become {}", short(judged, &last.to)),
        };
        let far = match reached.links.len() {
            1 => String::new(),
            several => format!(" in {}", count(several, "step")),
        };
        let title = format!(
            "{whom}{far}, and do {} beyond its ceiling{}",
            count(told.action_count, "action"),
            destructive(told.destructive_count, told.action_count)
        );
        let cut = reached.links.iter().find(|link| !judged.is_agreed(link)).unwrap_or(last);
        let advice = advice(judged, cut);
        told.causes = reached.links.iter().map(|link| cause(judged, link)).collect();
        let mut finding = judged.finding(RuleId::Reach, title, told, advice);
        let rests_on = reached.links.iter().flat_map(|link| link.rests_on.iter());
        finding.reasons =
            rests_on.map(|what| format!("it rests on this, which the snapshot does not tell: {what}")).collect();
        finding.reasons.extend(judged.caveats());
        finding.path = steps;
        Some(finding)
    }
}

/// What identifies a step from week to week: whom it leads to, and by which paths.
fn cause(judged: &Judged<'_>, link: &Link) -> String {
    let by: Vec<&str> = link.by.iter().map(|path| path.id.as_str()).collect();
    let widened = if link.to.change.widened { " widened" } else { "" };
    format!("{}{widened} by {}", judged.arn_of(link.to.principal), by.join("+"))
}

fn short(judged: &Judged<'_>, being: &Being) -> String {
    let arn = judged.arn_of(being.principal);
    arn.splitn(6, ':').nth(5).unwrap_or(arn).to_owned()
}

fn step(judged: &Judged<'_>, link: &Link) -> Step {
    Step {
        from: judged.arn_of(link.from.principal).to_owned(),
        to: judged.arn_of(link.to.principal).to_owned(),
        how: link.says(|being| short(judged, being)),
        paths: link.by.iter().map(|path| path.id.clone()).collect(),
        requests: link.asks.iter().map(|asks| shown(&asks.request)).collect(),
        rests_on: link.rests_on.iter().map(|what| (*what).to_owned()).collect(),
        declared: judged.is_agreed(link),
    }
}

fn advice(judged: &Judged<'_>, link: &Link) -> Vec<String> {
    let from = name_of(judged.arn_of(link.from.principal));
    let granted = link.asks.iter().find_map(|asks| Some((asks, asks.granted_by.as_ref()?)));
    let mut lines = vec![match granted {
        Some((asks, (policy, statement))) => {
            let action = &asks.request.action;
            let statement = statement + 1;
            match asks.request.resource.as_str() {
                "*" => format!("cut the first link: take {action} out of statement {statement} of {policy}"),
                resource => {
                    format!("cut the first link: take {action} on {resource} out of statement {statement} of {policy}")
                }
            }
        }
        None => {
            let to = short(judged, &link.to);
            format!(
                "cut the first link: let the trust policy of {to} not name {from}, nor its account without a condition"
            )
        }
    }];
    if link.is_assumption() && judged.subject.entry.is_some() {
        let to = short(judged, &link.to);
        let arn = judged.arn_of(link.from.principal);
        lines.push(format!("or agree to it: list {arn} in `assumable_by` of the entry of {to}"));
    }
    lines
}
