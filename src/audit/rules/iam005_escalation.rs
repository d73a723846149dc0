//! IAM005: the principal can escalate its privileges.

use super::context::RuleContext;
use super::judgement::describe_exception;
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::access::Request;
use crate::audit::analysis::analyzer::Requester;
use crate::audit::analysis::escalation::{BroaderPath, EscalationAnalysis};
use crate::audit::analysis::own_credentials::OwnCredentials;
use crate::audit::explain::excess_report::{ExcessRenderer, UnattachedPolicy, to_witness};
use crate::audit::explain::suggest_break::{suggest_break_at_policy, suggest_break_at_trust};
use crate::audit::extent::coverage_question::CoverageQuestion;
use crate::audit::extent::offer::offer_held;
use crate::audit::model::escalation_step::{EscalationStep, StepTechnique};
use crate::audit::model::extent::ExtentOffer;
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::audit::options::ExtentMode;
use crate::reach::{NodeState, ProvenStep};
use crate::solve::ActionWorld;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Escalation,
    explanation: "
**What it does.** Looks for a path from a principal to access that neither its ceiling nor its own policies allow. The
steps of a path are roles that it can assume, roles that it can pass to a service that runs code, resources that run with
a role and whose code it can change, users for which it can create credentials, trust policies that it can rewrite, and
policies that it can attach to itself ([techniques.md](techniques.md) has the list). Each step is decided with permissions boundary,
SCPs and all conditions, and proven by requests that the evaluator confirms. The finding shows the shortest path, how to
break it, and its assumptions: facts that the snapshot cannot confirm. The severity is that of the access at the end of
the path, one step higher for agents. If the `assumable_by` of a role covers the requests of the principal, the assumption is
declared.

**Why is this bad?** No single policy shows it: the access of the principal is as declared, and one call later it is an
administrator.

**Example.** A role can call `iam:PassRole` on `*` and `lambda:CreateFunction`. A role with `AdministratorAccess` trusts
`lambda.amazonaws.com`. The caller creates a function that uses this role, with any code.

**How to fix it.** Break the path at its first step: restrict `iam:PassRole` to the intended roles and service
(`iam:PassedToService`), remove the principal from the trust policy, or set a permissions boundary. If assuming the role is
intended, add the principal to the `assumable_by` of the role.

**How to accept it.** Run `iamdrift baseline accept` with the key of the finding. The exception accepts what the principal
obtains at the end of the path now. More access there, and a path to another end, is reported at once.
",
};

/// IAM005.
pub(super) struct EscalationRule;

impl Rule for EscalationRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        if context.subject.has_missing_restricting_layer() {
            return Vec::new();
        }
        let Some(analysis) = context.escalation_analysis else { return Vec::new() };
        let accepted = context.escalation.accepted.iter().map(|path| {
            let exception = context.find_accepted(&path.key);
            let exception = exception.map(|accepted| describe_exception(context.baseline, accepted.exception));
            build_finding(context, path, analysis).accepted(exception).build()
        });
        let mut findings: Vec<Finding> = Vec::new();
        for path in &context.escalation.paths {
            let is_offered = context.extents == ExtentMode::Offered;
            let offer = is_offered.then(|| offer_path_end(context, path, analysis));
            match findings.iter_mut().find(|finding| finding.key == path.key) {
                // Another path to the same end, with more access there.
                Some(same) => same.extent = same.extent.take().zip(offer).map(|(first, more)| first.join(more)),
                None => {
                    let accepted = context.find_accepted(&path.key);
                    let beyond =
                        accepted.map(|a| Reason::BeyondAccepted { expires: a.exception.expires.value.to_string() });
                    findings.push(build_finding(context, path, analysis).reasons(beyond).extent(offer).build());
                }
            }
        }
        findings.extend(accepted);
        findings
    }
}

/// The extent of a finding: what the principal can do at the end of the path and not by its ceiling. What it can do itself is
/// a part of the extent: if it loses that, the path still leads no further.
fn offer_path_end(context: &RuleContext<'_>, path: &BroaderPath, analysis: &EscalationAnalysis<'_>) -> ExtentOffer {
    let (layers, access, policies) = analysis.graph.build_layers(&path.end);
    let (known_context, partition, account) = analysis.graph.known_context(&path.end);
    let ceiling = &context.subject.ceiling;
    let is_excess = |request: &Request, interpretation| {
        context.allows(&layers, request, interpretation)
            && !ceiling.allows(|layers| context.allows(layers, request, interpretation))
    };
    let question = CoverageQuestion {
        requester: Requester { known_context: &known_context, partition, account },
        allowed: &access,
        expected: &ceiling.access,
        is_excess: &is_excess,
        world: ActionWorld::Existing,
    };
    offer_held(context.analyzer, &[question], (&access, &policies))
}

fn build_finding(context: &RuleContext<'_>, path: &BroaderPath, analysis: &EscalationAnalysis<'_>) -> FindingBuilder {
    // INVARIANT: the search returns paths of at least one step.
    let (first, last) = path.steps.first().zip(path.steps.last()).expect("a path has a step");
    let mut report = ExcessRenderer {
        policies: &path.policies,
        unattached_policy: UnattachedPolicy::SelfAttached,
        // The actions are those of the principal at the end of the path.
        own_credentials: OwnCredentials::NONE,
        ..context.renderer()
    }
    .render(&path.excess);
    report.causes = path.steps.iter().map(|step| build_cause(step, analysis)).collect();
    let end = analysis.graph.state_arn(&last.to);
    let title = Title::Escalation {
        target: (end != analysis.graph.state_arn(&first.from)).then(|| end.to_owned()),
        steps: path.steps.len(),
        actions: report.counts,
    };
    let step_to_break = path.steps.iter().find(|step| !analysis.is_declared_assumption(step)).unwrap_or(last);
    let remediations = suggest_remediations(context, step_to_break, analysis);
    let assumptions = path.steps.iter().flat_map(|step| step.assumptions.iter());
    context
        .start_finding(RuleId::Escalation, title, report)
        .key(path.key.clone())
        .path(path.steps.iter().map(|step| build_step(step, analysis)).collect())
        .reasons(assumptions.map(|assumption| Reason::Assumes((*assumption).to_owned())))
        .reasons(context.caveats())
        .remediations(remediations)
}

/// What identifies a step in every audit: its target and its techniques.
fn build_cause(step: &ProvenStep, analysis: &EscalationAnalysis<'_>) -> String {
    let techniques: Vec<&str> = step.techniques.iter().map(|technique| technique.id.as_str()).collect();
    let suffix = if step.to.change.grants_all { " widened" } else { "" };
    format!("{}{suffix} by {}", analysis.graph.arn(step.to.principal), techniques.join("+"))
}

fn build_step(step: &ProvenStep, analysis: &EscalationAnalysis<'_>) -> EscalationStep {
    let arn_of = |state: &NodeState| analysis.graph.state_arn(state).to_owned();
    let techniques = step.techniques.iter();
    EscalationStep {
        from: arn_of(&step.from),
        to: arn_of(&step.to),
        techniques: techniques
            .map(|technique| StepTechnique { id: technique.id.clone(), summary: technique.summary.clone() })
            .collect(),
        grantor: step.grantor.as_ref().map(arn_of),
        witnesses: step.requests.iter().map(|step_request| to_witness(&step_request.request)).collect(),
        assumptions: step.assumptions.iter().map(|assumption| (*assumption).to_owned()).collect(),
        declared: analysis.is_declared_assumption(step),
    }
}

fn suggest_remediations(
    context: &RuleContext<'_>,
    step: &ProvenStep,
    analysis: &EscalationAnalysis<'_>,
) -> Vec<Remediation> {
    let (role, assumer) =
        (analysis.graph.arn(step.to.principal).to_owned(), analysis.graph.arn(step.from.principal).to_owned());
    let granted = step.requests.iter().find_map(|request| Some((&request.request, request.granted_by.as_ref()?)));
    let suggestion = match granted {
        Some((request, (policy, statement))) => Some(suggest_break_at_policy(&assumer, request, (policy, *statement))),
        None => suggest_break_at_trust(context.analyzer.snapshot(), &role, &assumer),
    };
    let mut remediations: Vec<Remediation> = suggestion.into_iter().collect();
    if step.is_role_assumption() && context.subject.entry.is_some() {
        remediations.push(Remediation::DeclareAssumer { role, assumer });
    }
    remediations
}
