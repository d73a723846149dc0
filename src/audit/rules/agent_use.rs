//! IAM004, the default question: what an agent could destroy with the credentials of operators. Nobody declared it, so that it
//! is one finding for each entry, below what is declared.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::context::RuleContext;
use super::iam004_unguarded::rate_guard;
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::explain::deny_statement;
use crate::audit::explain::excess_report::{Actor, ExcessReport};
use crate::audit::explain::policy_room::PolicyUse;
use crate::audit::explain::suggest_denial::suggest_common_denial;
use crate::audit::explain::suggest_persona::{CeilingConformity, suggest_persona};
use crate::audit::extent::pinned_documents::join_pinned;
use crate::audit::model::excess::ActionCounts;
use crate::audit::model::extent::ExtentOffer;
use crate::audit::model::finding::{AcceptedException, Finding, FindingBuilder, list_excess_tokens};
use crate::audit::model::finding_key::build_agent_use_key;
use crate::audit::model::principal_ref::PrincipalRef;
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::{DenyScope, Remediation};
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::Title;
use crate::audit::subject::check::{Check, CheckKind};
use crate::baseline::{Baseline, Entry};
use crate::source::Place;

/// The severity, unless a guard of the entry has a lower one: a step below that of destructive actions.
const DEFAULT_SEVERITY: Severity = Severity::Medium;

/// What an agent could destroy with the credentials of one operator.
pub(in crate::audit) struct AgentUse {
    /// The name of its entry. `None` if the operator is undeclared.
    entry: Option<String>,
    principal: PrincipalRef,
    place: Place,
    /// The name of the check.
    check: String,
    report: ExcessReport,
    actions: NamedActionSet,
    /// What it has of what AWS limits.
    policy_use: PolicyUse,
    /// The exception that accepts everything.
    accepted: Option<AcceptedException>,
    reasons: Vec<Reason>,
    extent: Option<ExtentOffer>,
}

/// What the findings about all entries share.
pub(in crate::audit) struct AgentUseContext<'a> {
    /// What all questions of the run share.
    pub analyzer: &'a Analyzer<'a>,
    /// The baseline.
    pub baseline: &'a Baseline,
    /// Which entries have access beyond their ceilings.
    pub conformity: &'a CeilingConformity,
}

/// What an agent could destroy with the credentials of the principal. `None` if it could destroy nothing, if a guard or a
/// persona decides, or if the principal is no operator.
pub(in crate::audit) fn find_agent_use(context: &RuleContext<'_>) -> Option<AgentUse> {
    if context.subject.has_missing_restricting_layer() {
        return None;
    }
    let checks = context.subject.checks.iter().zip(&context.analysis.check_results);
    let (check, excess) = checks.into_iter().find(|(check, _)| check.kind == CheckKind::DelegatedAgent)?;
    if context.keep_proven(excess).is_empty() {
        return None;
    }
    Some(judge_agent_use(context, check, excess))
}

fn judge_agent_use(context: &RuleContext<'_>, check: &Check, excess: &ExcessByStatement) -> AgentUse {
    let subject = context.subject;
    let entry = subject.entry.map(|entry| entry.name.value.clone());
    let key = build_agent_use_key(entry.as_deref());
    let judgement = context.judge_check((RuleId::Unguarded, key), excess, check);
    let report = context.report_check_excess(&judgement.excess, check, Actor::of_principal(subject));
    let mut actions = NamedActionSet::default();
    context.keep_proven(&judgement.excess).values().for_each(|excess| actions.extend(&excess.actions));
    AgentUse {
        entry,
        principal: subject.principal_ref.clone(),
        place: subject.principal.place.clone(),
        check: check.name.clone(),
        report,
        actions,
        policy_use: PolicyUse::of_holder(subject.principal.arn.as_str(), &subject.principal.identity_policies),
        accepted: judgement.accepted,
        reasons: judgement.reasons.into_iter().chain(context.caveats()).collect(),
        extent: judgement.extent,
    }
}

/// One finding for each entry, and one for all undeclared operators.
pub(in crate::audit) fn build_agent_use_findings(context: &AgentUseContext<'_>, uses: Vec<AgentUse>) -> Vec<Finding> {
    let mut by_entry: BTreeMap<Option<String>, Vec<AgentUse>> = BTreeMap::new();
    for agent_use in uses {
        by_entry.entry(agent_use.entry.clone()).or_default().push(agent_use);
    }
    let find_entry = |name: String| {
        // INVARIANT: the name is that of an entry of this baseline.
        context.baseline.entries.iter().find(|entry| entry.name.value == name).expect("an entry of the baseline")
    };
    by_entry.into_iter().map(|(name, uses)| build_finding(context, name.map(find_entry), uses)).collect()
}

fn build_finding(context: &AgentUseContext<'_>, entry: Option<&Entry>, mut uses: Vec<AgentUse>) -> Finding {
    // The worst first. Its excess has the witness of the finding.
    uses.sort_by_key(|agent_use| {
        let counts = agent_use.report.counts;
        (Reverse((counts.destructive, counts.all)), agent_use.principal.arn.clone())
    });
    let extent = join_extents(&mut uses);
    // An exception accepts the finding as a whole, or else the operators with more than that are reported.
    let is_accepted = uses.iter().all(|agent_use| agent_use.accepted.is_some());
    uses.retain(|agent_use| is_accepted || agent_use.accepted.is_none());
    let mut actions = NamedActionSet::default();
    uses.iter().for_each(|agent_use| actions.extend(&agent_use.actions));
    let destructive = actions.count_destructive(&context.analyzer.ranking);
    let title = Title::UnguardedAgentUse { operators: uses.len(), count: destructive };
    let counts = ActionCounts { all: actions.len(), destructive };
    let causes: Vec<String> = uses.iter().flat_map(list_causes).collect();
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in uses.iter().flat_map(|agent_use| &agent_use.reasons) {
        if !reasons.contains(reason) {
            reasons.push(reason.clone());
        }
    }
    let accepted = uses.iter().find_map(|agent_use| agent_use.accepted.clone()).filter(|_| is_accepted);
    let deny = deny_for_agents(context.analyzer, &uses, &actions);
    let persona = entry.map(|entry| suggest_persona(context.baseline, entry, context.conformity));
    let principals = uses.iter().map(|agent_use| agent_use.principal.clone()).collect();
    // INVARIANT: a group has a member, and the exception accepts all of them or the others stay.
    let first = uses.into_iter().next().expect("an entry of the groups has an operator");
    let place = entry.map_or(first.place, |entry| context.baseline.place(entry.span));
    let severity = rate_below_guards(context.baseline, entry);
    let name = entry.map(|entry| entry.name.value.clone());
    FindingBuilder::for_entry(severity, title, (name, principals), place)
        .excess(first.report.excess, counts)
        .causes(causes)
        .reasons(reasons)
        .remediations(deny)
        .remediations(persona)
        .accepted(accepted)
        .extent(extent.filter(|_| !is_accepted))
        .build()
}

/// The extent of the finding: what each operator holds now. `None` if the audit was not asked for it.
fn join_extents(uses: &mut [AgentUse]) -> Option<ExtentOffer> {
    let offers: Option<Vec<(String, ExtentOffer)>> =
        uses.iter_mut().map(|agent_use| Some((agent_use.principal.arn.clone(), agent_use.extent.take()?))).collect();
    offers.map(join_pinned)
}

/// What identifies the contents of the finding: the operators, and what each could do.
fn list_causes(agent_use: &AgentUse) -> Vec<String> {
    let arn = &agent_use.principal.arn;
    let tokens = agent_use.report.excess.iter().flat_map(list_excess_tokens);
    let own = agent_use.report.causes.iter().cloned().chain(tokens).map(|token| format!("{arn} {token}"));
    std::iter::once(agent_use.check.clone()).chain(own).collect()
}

/// A denial of the actions in the requests that an MCP server of AWS forwards, for each of the operators. `None` if AWS would
/// accept none.
fn deny_for_agents(analyzer: &Analyzer<'_>, uses: &[AgentUse], actions: &NamedActionSet) -> Option<Remediation> {
    let summary = analyzer.summary_cache.get_or_summarize(&analyzer.ranking, actions);
    let when = serde_json::json!({ "Bool": { "aws:ViaAWSMCPService": "true" } });
    let patterns = summary.patterns.iter().map(|action| action.pattern.as_str());
    let holders: Vec<(&str, PolicyUse)> =
        uses.iter().map(|agent_use| (agent_use.principal.arn.as_str(), agent_use.policy_use)).collect();
    suggest_common_denial(&holders, DenyScope::Agents, deny_statement::deny_actions(patterns, &when))
}

/// A severity below that of every guard of the entry, as far as there is one.
fn rate_below_guards(baseline: &Baseline, entry: Option<&Entry>) -> Severity {
    let guards = entry.into_iter().flat_map(|entry| &entry.guards).filter_map(|name| baseline.find_guard(&name.value));
    guards.map(|guard| rate_guard(guard).lower_one_step()).fold(DEFAULT_SEVERITY, Severity::min)
}
