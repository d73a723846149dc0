//! IAM005: the principal can escalate its privileges.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

use super::context::RuleContext;
use super::judgement::describe_exception;
use super::path_fixes::list_path_fixes;
use super::rule::{Rule, RuleInfo, RuleInput};
use crate::access::Request;
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::analysis::analyzer::Requester;
use crate::audit::analysis::escalation::analysis::EscalationAnalysis;
use crate::audit::analysis::escalation::broader_path::BroaderPath;
use crate::audit::analysis::own_credentials::OwnCredentials;
use crate::audit::explain::excess_report::{ExcessRenderer, ExcessReport, UnattachedPolicy, to_witness};
use crate::audit::explain::suggest_break::{suggest_break_at_policy, suggest_break_at_trust};
use crate::audit::extent::coverage_question::CoverageQuestion;
use crate::audit::extent::offer::offer_held;
use crate::audit::model::escalation_step::{EscalationStep, StepTechnique};
use crate::audit::model::excess::ActionCounts;
use crate::audit::model::extent::ExtentOffer;
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::Remediation;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::audit::options::ExtentMode;
use crate::reach::{NodeState, ProvenStep};
use crate::solve::{Access, ActionWorld};

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Escalation,
    explanation: "
**What it does.** Looks for a path from a principal to access that neither its ceiling nor its own policies allow, or to
actions of a guard of its entry without the condition of the guard. The steps of a path are roles that it can assume, roles that it can pass to a service that runs code, resources that run with
a role and whose code it can change, users for which it can create credentials, trust policies that it can rewrite, and
policies that it can attach to itself ([techniques.md](techniques.md) has the list). Each step is decided with permissions boundary,
SCPs and all conditions, and proven by requests that the evaluator confirms. Each end with such access has its own finding
with a shortest path, how to break it, and its assumptions: facts that the snapshot cannot confirm. Ends of paths with the
same first step that have no access beyond another of these ends are listed in the finding about that one. The severity is
that of the access at the end of the path, one step higher for agents. If the `assumable_by` of a role covers the requests of
the principal, the assumption is declared. A path of declared steps alone is not a finding.

**Why is this bad?** No single policy shows it: the access of the principal is as declared, and one call later it is an
administrator.

**Example.** A role can call `iam:PassRole` on `*` and `lambda:CreateFunction`. A role with `AdministratorAccess` trusts
`lambda.amazonaws.com`. The caller creates a function that uses this role, with any code.

**How to fix it.** Break the path at its first step: restrict `iam:PassRole` to the intended roles and service
(`iam:PassedToService`), remove the principal from the trust policy, or set a permissions boundary. If assuming the role is
intended, add the principal to the `assumable_by` of the role.

**How to accept it.** Run `iamdrift baseline accept` with the key of the finding. The exception accepts what the principal
obtains at the end of the path now. More access there is reported at once. It accepts no path to another end.
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
        let mut by_key: IndexMap<&str, Vec<&BroaderPath>> = IndexMap::new();
        for path in &context.escalation.paths {
            by_key.entry(&path.key).or_default().push(path);
        }
        let mut findings: Vec<Finding> = Vec::new();
        for (key, paths) in &by_key {
            let extent = (context.extents == ExtentMode::Offered).then(|| offer_path_ends(context, paths, analysis));
            let accepted = context.find_accepted(key);
            let beyond = accepted.map(|a| Reason::BeyondAccepted { expires: a.exception.expires.value.to_string() });
            findings.push(build_finding(context, paths, analysis).reasons(beyond).extent(extent.flatten()).build());
        }
        let accepted = context.escalation.accepted.iter().filter(|path| !by_key.contains_key(path.key.as_str()));
        findings.extend(accepted.map(|path| {
            let exception = context.find_accepted(&path.key);
            let exception = exception.map(|accepted| describe_exception(context.baseline, accepted.exception));
            build_finding(context, &[path], analysis).accepted(exception).build()
        }));
        findings
    }
}

/// The extent of a finding: what its paths lead to.
fn offer_path_ends(
    context: &RuleContext<'_>,
    paths: &[&BroaderPath],
    analysis: &EscalationAnalysis<'_>,
) -> Option<ExtentOffer> {
    let mut offers = paths.iter().map(|path| offer_path_end(context, path, analysis));
    let first = offers.next()?;
    Some(offers.fold(first, ExtentOffer::join))
}

/// The extent of a finding: what the principal can do at the end of the path and not by its ceiling. What it can do itself is
/// a part of the extent: if it loses that, the path still leads no further.
fn offer_path_end(context: &RuleContext<'_>, path: &BroaderPath, analysis: &EscalationAnalysis<'_>) -> ExtentOffer {
    let (layers, access, policies) = analysis.graph.build_layers(&path.end);
    let (known_context, partition, account) = analysis.graph.known_context(&path.end);
    let ceiling = &context.subject.ceiling;
    if path.guard.is_some() {
        // The ceiling allows the guarded actions. An exception accepts them at this end, and what the end is allowed besides.
        let is_excess = |request: &Request, interpretation| context.allows(&layers, request, interpretation);
        let question = CoverageQuestion {
            requester: Requester { known_context: &known_context, partition, account },
            allowed: &access,
            expected: &Access::default(),
            is_excess: &is_excess,
            world: ActionWorld::Existing,
        };
        return offer_held(context.analyzer, &[question], (&access, &policies));
    }
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

/// The finding about the paths to one end. The path to the worst access is shown first.
fn build_finding(
    context: &RuleContext<'_>,
    paths: &[&BroaderPath],
    analysis: &EscalationAnalysis<'_>,
) -> FindingBuilder {
    let mut rendered: Vec<(&BroaderPath, ExcessReport)> =
        paths.iter().map(|path| (*path, render_excess(context, path, analysis))).collect();
    rendered.sort_by_key(|(path, report)| {
        (Reverse((report.severity, report.counts.all, report.counts.destructive)), path.steps.len())
    });
    let report = join_reports(context, &mut rendered, analysis);
    let paths: Vec<&BroaderPath> = rendered.into_iter().map(|(path, _)| path).collect();
    // INVARIANT: a finding has a path, and the search returns paths of at least one step.
    let (worst, others) = paths.split_first().expect("a finding has a path");
    let (first, last) = worst.steps.first().zip(worst.steps.last()).expect("a path has a step");
    let end = analysis.graph.state_arn(&last.to);
    let title = Title::Escalation {
        target: (end != analysis.graph.state_arn(&first.from)).then(|| end.to_owned()),
        steps: worst.steps.len(),
        actions: report.counts,
        guard: worst.guard.clone(),
    };
    let mut remediations: Vec<Remediation> = Vec::new();
    for remediation in paths.iter().flat_map(|path| suggest_remediations(context, path, analysis)) {
        if !remediations.contains(&remediation) {
            remediations.push(remediation);
        }
    }
    let assumptions: IndexSet<&str> = paths
        .iter()
        .flat_map(|path| &path.steps)
        .flat_map(|step| step.assumptions.iter().map(String::as_str))
        .collect();
    let covered_ends: BTreeSet<&String> = paths.iter().flat_map(|path| &path.covered_ends).collect();
    let build_path = |path: &BroaderPath| path.steps.iter().map(|step| build_step(step, analysis)).collect();
    context
        .start_finding(RuleId::Escalation, title, report)
        .key(worst.key.clone())
        .path(build_path(worst))
        .other_paths(others.iter().map(|path| build_path(path)).collect())
        .also_reaches(covered_ends.into_iter().cloned().collect())
        .path_fixes(list_path_fixes(worst, analysis))
        .reasons(assumptions.into_iter().map(|assumption| Reason::Assumes(assumption.to_owned())))
        .reasons(paths.iter().any(|path| path.leaves_out_others).then_some(Reason::FurtherPathsLeftOut))
        .reasons(context.caveats())
        .remediations(remediations)
}

/// The access at the ends of all paths together. Its causes are the steps.
fn join_reports(
    context: &RuleContext<'_>,
    rendered: &mut [(&BroaderPath, ExcessReport)],
    analysis: &EscalationAnalysis<'_>,
) -> ExcessReport {
    let mut joined = ExcessReport::empty();
    let mut actions = NamedActionSet::default();
    let is_single = rendered.len() == 1;
    for (path, report) in rendered {
        joined.severity = joined.severity.max(report.severity);
        joined.excess.append(&mut report.excess);
        joined.causes.extend(path.steps.iter().map(|step| build_cause(step, analysis)));
        joined.counts = report.counts;
        if !is_single {
            path.excess.values().for_each(|excess| actions.extend(&excess.actions));
        }
    }
    if !is_single {
        let destructive = actions.count_destructive(&context.analyzer.ranking);
        joined.counts = ActionCounts { all: actions.len(), destructive };
    }
    joined
}

/// The access at the end of a path beyond the ceiling.
fn render_excess(context: &RuleContext<'_>, path: &BroaderPath, analysis: &EscalationAnalysis<'_>) -> ExcessReport {
    let (_, _, policies) = analysis.graph.build_layers(&path.end);
    let renderer = ExcessRenderer {
        policies: &policies,
        unattached_policy: UnattachedPolicy::SelfAttached,
        // The actions are those of the principal at the end of the path.
        own_credentials: OwnCredentials::NONE,
        // The steps identify the finding.
        has_statement_causes: false,
        ..context.renderer()
    };
    renderer.render(&path.excess)
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
        assumptions: step.assumptions.clone(),
        declared: analysis.is_declared_assumption(step),
    }
}

fn suggest_remediations(
    context: &RuleContext<'_>,
    path: &BroaderPath,
    analysis: &EscalationAnalysis<'_>,
) -> Vec<Remediation> {
    let undeclared = path.steps.iter().find(|step| !analysis.is_declared_assumption(step));
    let Some(step) = undeclared.or(path.steps.last()) else { return Vec::new() };
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
