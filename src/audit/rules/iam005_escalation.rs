//! IAM005: the principal can become, or grant itself, something broader.

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::explain::excess_report::{last_path_segment, to_witness};
use crate::audit::model::finding::{EscalationStep, Finding, PolicySource};
use crate::base::plural::{format_count, format_destructive_share};
use crate::reach::{NodeState, ProvenStep};

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Escalation,
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
pub(super) struct EscalationRule;

impl Rule for EscalationRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        let path = context.escalation.path.as_ref()?;
        if context.subject.has_missing_restricting_layer() {
            return None;
        }
        let mut report = context.render_excess_of_policies(&path.policies, &path.excess);
        for excess in &mut report.excess {
            if excess.granted_by.origin == PolicySource::Ceiling {
                excess.granted_by.origin = PolicySource::Itself;
                excess.granted_by.place = context.subject.principal.place.clone();
            }
        }
        let steps: Vec<EscalationStep> =
            path.steps.iter().map(|proven_step| build_step(context, proven_step)).collect();
        let last = path.steps.last()?;
        let is_self_escalation = last.to.principal == path.steps.first()?.from.principal;
        let outcome = match is_self_escalation {
            true => "can make itself broader".to_owned(),
            false => format!("can become {}", short_name(context, &last.to)),
        };
        let distance = match path.steps.len() {
            1 => String::new(),
            several => format!(" in {}", format_count(several, "step")),
        };
        let title = format!(
            "{outcome}{distance}, and do {} beyond its ceiling{}",
            format_count(report.action_count, "action"),
            format_destructive_share(report.destructive_count, report.action_count)
        );
        let step_to_cut =
            path.steps.iter().find(|proven_step| !context.is_declared_assumption(proven_step)).unwrap_or(last);
        let remediation = suggest_remediation(context, step_to_cut);
        report.causes = path.steps.iter().map(|proven_step| build_cause(context, proven_step)).collect();
        let mut finding = context.build_finding(RuleId::Escalation, title, report, remediation);
        let assumptions = path.steps.iter().flat_map(|proven_step| proven_step.assumptions.iter());
        finding.reasons = assumptions
            .map(|assumption| format!("it rests on this, which the snapshot does not tell: {assumption}"))
            .collect();
        finding.reasons.extend(context.caveats());
        finding.path = steps;
        Some(finding)
    }
}

/// What identifies a step from week to week: whom it leads to, and by which paths.
fn build_cause(context: &RuleContext<'_>, proven_step: &ProvenStep) -> String {
    let techniques: Vec<&str> = proven_step.techniques.iter().map(|technique| technique.id.as_str()).collect();
    let suffix = if proven_step.to.change.grants_all { " widened" } else { "" };
    format!("{}{suffix} by {}", context.principal_arn(proven_step.to.principal), techniques.join("+"))
}

fn short_name(context: &RuleContext<'_>, state: &NodeState) -> String {
    let arn = context.principal_arn(state.principal);
    arn.splitn(6, ':').nth(5).unwrap_or(arn).to_owned()
}

fn build_step(context: &RuleContext<'_>, proven_step: &ProvenStep) -> EscalationStep {
    EscalationStep {
        from: context.principal_arn(proven_step.from.principal).to_owned(),
        to: context.principal_arn(proven_step.to.principal).to_owned(),
        summary: proven_step.summarize(|state| short_name(context, state)),
        paths: proven_step.techniques.iter().map(|technique| technique.id.clone()).collect(),
        witnesses: proven_step.requests.iter().map(|asks| to_witness(&asks.request)).collect(),
        assumptions: proven_step.assumptions.iter().map(|assumption| (*assumption).to_owned()).collect(),
        declared: context.is_declared_assumption(proven_step),
    }
}

fn suggest_remediation(context: &RuleContext<'_>, proven_step: &ProvenStep) -> Vec<String> {
    let from = last_path_segment(context.principal_arn(proven_step.from.principal));
    let granted = proven_step.requests.iter().find_map(|asks| Some((asks, asks.granted_by.as_ref()?)));
    let mut lines = vec![match granted {
        Some((step_request, (policy, statement))) => {
            let action = &step_request.request.action;
            let statement = statement + 1;
            match step_request.request.resource.as_str() {
                "*" => format!("cut the first link: take {action} out of statement {statement} of {policy}"),
                resource => {
                    format!("cut the first link: take {action} on {resource} out of statement {statement} of {policy}")
                }
            }
        }
        None => {
            let to = short_name(context, &proven_step.to);
            format!(
                "cut the first link: let the trust policy of {to} not name {from}, nor its account without a condition"
            )
        }
    }];
    if proven_step.is_role_assumption() && context.subject.entry.is_some() {
        let to = short_name(context, &proven_step.to);
        let arn = context.principal_arn(proven_step.from.principal);
        lines.push(format!("or agree to it: list {arn} in `assumable_by` of the entry of {to}"));
    }
    lines
}
