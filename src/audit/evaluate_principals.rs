//! Evaluates principals: runs the queries about each of them, and applies the rules to the answers.

use std::sync::OnceLock;
use std::time::Instant;

use indexmap::IndexMap;
use rayon::prelude::*;

use super::actions::ranking::ActionRanking;
use super::analysis::analyzer::{AnalysisOptions, Analyzer};
use super::analysis::escalation::analysis::EscalationAnalysis;
use super::analysis::escalation::broader_path::EscalationResult;
use super::analysis::guard_bypass::bypass::{CallerFacts, CallersByArn, GuardBypass};
use super::analysis::guard_bypass::find::{GuardEffect, find_bypasses};
use super::analysis::operator_comparison::candidates::{ComparisonResult, OperatorCandidates, OperatorComparison};
use super::analysis::own_credentials::OwnCredentials;
use super::analysis::principal_analysis::PrincipalAnalysis;
use super::analysis::shared_role::SharedRoleIndex;
use super::analysis_transfer::transfer_analysis_to_account;
use super::explain::dead_grants::{LocatedDeadGrant, find_dead_grants};
use super::explain::suggest_persona::CeilingConformity;
use super::extent::latent_access::LatentAccess;
use super::fold_findings::{FindingFolder, FoldMode};
use super::model::finding::Finding;
use super::model::finding_class::FindingClass;
use super::model::rule_id::RuleId;
use super::options::AuditOptions;
use super::ordered_results::OrderedResults;
use super::plan::{AuditInputs, AuditPlan, PrincipalFacts, find_entries};
use super::rules::{
    AgentUse, AgentUseContext, RuleContext, build_agent_use_findings, build_exhausted_finding, check_principal,
    check_trust, find_agent_use,
};
use super::subject::accepted_extents::AcceptedExtents;
use super::subject::audited_principal::AuditedPrincipal;
use super::subject::check::CheckKind;
use super::subject::equivalence_key::EquivalenceKey;
use crate::base::allowance::{Allowance, AllowanceExhausted, run_within, spend_steps};
use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::classify::InferredClass;
use crate::reach::Graph;
use crate::solve::{Access, Solver, UndecidedReason};
use crate::trust::TrustAnalysis;

/// What evaluations with one catalog share. The solver compiles each document once.
pub(super) struct EvaluationTools<'c> {
    /// The ranking of actions.
    pub ranking: ActionRanking<'c>,
    /// The solver.
    pub solver: Solver<'c>,
}

impl<'c> EvaluationTools<'c> {
    /// The tools for a catalog.
    pub fn new(catalog: &'c Catalog) -> EvaluationTools<'c> {
        let ranking = ActionRanking::new(catalog);
        let solver = Solver::with_ranks(catalog, ranking.to_numeric_ranks());
        EvaluationTools { ranking, solver }
    }
}

/// What receives the findings of an evaluation, in a fixed order.
pub(super) struct FindingReceiver<'r> {
    /// Whether equivalent principals share a finding.
    pub mode: FoldMode,
    /// Takes the findings about some principals, and drops them when it has used them.
    pub receive: &'r mut (dyn FnMut(Vec<FindingClass>) + Send),
}

/// What is known after the last finding about a principal.
pub(super) struct EvaluationTotals {
    /// The trust grants that admit nobody.
    pub dead_grants: Vec<LocatedDeadGrant>,
    /// How many questions about the ends of escalation paths were asked.
    pub end_questions: usize,
}

/// Evaluates the principals of a plan.
///
/// The findings come in the order of the snapshot, those about equivalent principals with those about the first of them, and
/// last those about several principals and about ignored roles. The order is the same for any number of threads.
pub(super) fn evaluate_principals(
    inputs: &AuditInputs<'_>,
    facts: &PrincipalFacts<'_>,
    plan: &AuditPlan<'_>,
    tools: &EvaluationTools<'_>,
    receiver: FindingReceiver<'_>,
) -> EvaluationTotals {
    let AuditInputs { snapshot, baseline, options, .. } = *inputs;
    let (ranking, solver) = (tools.ranking.clone(), &tools.solver);
    let analysis_options = AnalysisOptions {
        future_excess: options.wants_rule(RuleId::Latent),
        not_granted: options.wants_rule(RuleId::Narrower),
        day: Some(options.today),
    };
    let analyzer = Analyzer::new(solver, snapshot, ranking, analysis_options);
    let operator_candidates = options
        .wants_rule(RuleId::NotNarrower)
        .then(|| OperatorCandidates::new(&analyzer, baseline, list_in_order(plan)));
    let build_graph = || Graph::new(solver, snapshot, options.today);
    let escalation = options
        .wants_rule(RuleId::Escalation)
        .then(|| EscalationAnalysis::new(build_graph(), snapshot, baseline, &facts.assignments));
    // Shared roles need the graph, too.
    let comparison_graph = (operator_candidates.is_some() && escalation.is_none()).then(build_graph);
    let graph = escalation.as_ref().map(|escalation| &escalation.graph).or(comparison_graph.as_ref());
    let shared_roles = graph
        .filter(|_| operator_candidates.is_some())
        .map(|graph| SharedRoleIndex::new(graph, snapshot, &facts.classes));
    let callers = list_callers(facts, baseline);
    let evaluator = Evaluator {
        analyzer: &analyzer,
        baseline,
        options,
        callers: &callers,
        operator_candidates: operator_candidates.as_ref(),
        escalation: escalation.as_ref(),
        shared_roles: shared_roles.as_ref(),
        accepted_extents: AcceptedExtents::new(baseline, options.today),
        asks_future_actions: analysis_options.future_excess,
        mode: receiver.mode,
    };
    let (mut agent_uses, mut exceeded_entries) = (Vec::new(), Vec::new());
    evaluator.evaluate(&plan.subjects, &mut |result: GroupResult| {
        agent_uses.extend(result.agent_uses);
        exceeded_entries.extend(result.exceeded_entries);
        (receiver.receive)(result.classes);
    });
    let conformity = summarize_conformity(exceeded_entries, options.has_all_principals());
    let context = AgentUseContext { analyzer: &analyzer, baseline, conformity: &conformity };
    let mut last = FindingFolder::new(receiver.mode);
    build_agent_use_findings(&context, agent_uses).into_iter().for_each(|finding| last.add(finding));
    evaluator.evaluate_ignored(&plan.ignored).into_iter().for_each(|finding| last.add(finding));
    (receiver.receive)(last.into_classes());
    let roles: Vec<&AuditedPrincipal<'_>> = plan.subjects.iter().chain(&plan.ignored).collect();
    let dead_grants = roles.par_iter().flat_map_iter(|role| find_dead_grants(&analyzer, role)).collect();
    let end_questions = escalation.as_ref().map_or(0, EscalationAnalysis::count_end_questions);
    EvaluationTotals { dead_grants, end_questions }
}

/// The principals of the snapshot, as callers that assume a role under a guard.
fn list_callers<'a>(facts: &PrincipalFacts<'a>, baseline: &'a Baseline) -> CallersByArn<'a> {
    let guards = facts.assignments.by_principal.iter().map(|assignment| {
        let entries = find_entries(baseline, &facts.assignments, assignment).into_iter();
        entries.flat_map(|entry| &entry.guards).map(|name| name.value.as_str()).collect()
    });
    let to_facts = |((arn, class), guards): ((&'a str, &InferredClass), Vec<&'a str>)| {
        (arn, CallerFacts { class: *class, guards })
    };
    facts.arns().zip(&facts.classes).zip(guards).map(to_facts).collect()
}

/// The principals that agents are compared with, in the order of the snapshot, whichever of them are selected.
fn list_in_order<'p>(plan: &'p AuditPlan<'p>) -> Vec<&'p AuditedPrincipal<'p>> {
    let mut principals: Vec<&AuditedPrincipal<'_>> = plan.subjects.iter().chain(&plan.unselected).collect();
    principals.sort_by_key(|subject| (subject.account.id.as_str(), subject.principal.arn.as_str()));
    principals
}

/// What the rules find about one principal.
struct PrincipalResult {
    findings: Vec<Finding>,
    /// What an agent could destroy with its credentials. `None` if nothing is to report.
    agent_use: Option<AgentUse>,
    /// The names of its entries, if it is not proven to be within its ceiling.
    exceeded_entries: Vec<String>,
}

/// What the rules find about equivalent principals.
struct GroupResult {
    classes: Vec<FindingClass>,
    agent_uses: Vec<AgentUse>,
    exceeded_entries: Vec<String>,
}

/// Which entries have principals beyond their ceilings.
fn summarize_conformity(exceeded_entries: Vec<String>, has_all_principals: bool) -> CeilingConformity {
    if !has_all_principals {
        return CeilingConformity::Unknown;
    }
    CeilingConformity::Examined(exceeded_entries.into_iter().collect())
}

/// What the evaluation of all principals shares. An analysis is `None` if its rule is not requested.
struct Evaluator<'a> {
    analyzer: &'a Analyzer<'a>,
    baseline: &'a Baseline,
    options: &'a AuditOptions,
    callers: &'a CallersByArn<'a>,
    operator_candidates: Option<&'a OperatorCandidates<'a>>,
    escalation: Option<&'a EscalationAnalysis<'a>>,
    shared_roles: Option<&'a SharedRoleIndex<'a>>,
    accepted_extents: AcceptedExtents<'a>,
    asks_future_actions: bool,
    mode: FoldMode,
}

impl Evaluator<'_> {
    /// Evaluates all principals in parallel. Equivalent principals share one analysis.
    fn evaluate(&self, subjects: &[AuditedPrincipal<'_>], receive: &mut (dyn FnMut(GroupResult) + Send)) {
        let mut groups: IndexMap<EquivalenceKey, Vec<&AuditedPrincipal<'_>>> = IndexMap::new();
        for subject in subjects {
            groups.entry(EquivalenceKey::from_subject(subject)).or_default().push(subject);
        }
        let results = OrderedResults::new(receive);
        // Groups are taken in order, so that few results wait for an earlier one.
        groups.values().enumerate().par_bridge().for_each(|(position, members)| {
            results.add(position, self.evaluate_group(members));
        });
    }

    /// Checks trust in external principals, for the roles that an `[[ignore]]` excludes.
    fn evaluate_ignored(&self, subjects: &[AuditedPrincipal<'_>]) -> Vec<Finding> {
        let check_trust_of = |subject: &AuditedPrincipal<'_>| {
            let trust_analysis = self.analyzer.analyze_trust(subject, &[]);
            check_trust(&RuleContext {
                analyzer: self.analyzer,
                subject,
                policies: &[],
                analysis: &PrincipalAnalysis::default(),
                baseline: self.baseline,
                options: self.options,
                guard_bypasses: &[],
                comparison: None,
                shared_role: None,
                trust_analysis: &trust_analysis,
                escalation: &EscalationResult::default(),
                escalation_analysis: None,
                // The access of an ignored role is not examined.
                effective: &Access::default(),
                own_credentials: OnceLock::from(OwnCredentials::default()),
                accepted_extents: &self.accepted_extents,
                extents: self.options.extents,
            })
        };
        let evaluate = |subject: &AuditedPrincipal<'_>| {
            let findings = self.within_allowance(|| check_trust_of(subject));
            findings.unwrap_or_else(|_| vec![build_exhausted_finding(subject, self.exhausted_reason())])
        };
        subjects.par_iter().flat_map_iter(evaluate).collect()
    }

    fn evaluate_group(&self, members: &[&AuditedPrincipal<'_>]) -> GroupResult {
        // INVARIANT: `evaluate` adds a member to each group that it creates.
        let (first, _) = members.split_first().expect("a group has a member");
        let analysis = match self.options.questions().excess {
            true => self.within_allowance(|| self.analyzer.analyze(first)).map(Some),
            false => Ok(None),
        };
        let mut folder = FindingFolder::new(self.mode);
        let (mut agent_uses, mut exceeded_entries) = (Vec::new(), Vec::new());
        for (position, subject) in members.iter().enumerate() {
            let result = match &analysis {
                // The analysis of an equivalent principal would take as long.
                Err(AllowanceExhausted) => self.report_exhausted(subject),
                Ok(analysis) => {
                    let analyze = || match analysis {
                        None => PrincipalAnalysis::default(),
                        Some(analysis) if position == 0 => analysis.clone(),
                        // If a witness proves nothing for this principal, it is analyzed by itself.
                        Some(analysis) => transfer_analysis_to_account(self.analyzer, first, subject, analysis)
                            .unwrap_or_else(|| self.analyzer.analyze(subject)),
                    };
                    self.within_allowance(|| self.apply_rules(subject, analyze()))
                        .unwrap_or_else(|_| self.report_exhausted(subject))
                }
            };
            result.findings.into_iter().for_each(|finding| folder.add(finding));
            agent_uses.extend(result.agent_use);
            exceeded_entries.extend(result.exceeded_entries);
        }
        GroupResult { classes: folder.into_classes(), agent_uses, exceeded_entries }
    }

    /// Does a part of the work about one principal.
    fn within_allowance<T>(&self, work: impl FnOnce() -> T) -> Result<T, AllowanceExhausted> {
        let budget = &self.options.budget;
        let own = budget.principal_time.and_then(|time| Instant::now().checked_add(time));
        let deadline = [own, budget.deadline].into_iter().flatten().min();
        run_within(Allowance { steps: budget.principal_steps, deadline }, || {
            spend_steps(1);
            work()
        })
    }

    fn exhausted_reason(&self) -> UndecidedReason {
        match self.options.budget.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            true => UndecidedReason::AuditBudget,
            false => UndecidedReason::PrincipalBudget,
        }
    }

    /// The result about a principal that could not be decided within its budget, or within that of the audit.
    fn report_exhausted(&self, subject: &AuditedPrincipal<'_>) -> PrincipalResult {
        PrincipalResult {
            findings: vec![build_exhausted_finding(subject, self.exhausted_reason())],
            agent_use: None,
            exceeded_entries: subject.entries().map(|entry| entry.name.value.clone()).collect(),
        }
    }

    /// The escalation paths of a principal. The search has an allowance of its own: what else is found about the principal is
    /// reported even if the search takes too long.
    fn find_paths(&self, escalation: &EscalationAnalysis<'_>, subject: &AuditedPrincipal<'_>) -> EscalationResult {
        let find =
            || escalation.find_broader_paths(self.analyzer, subject, &self.accepted_extents, self.options.extents);
        self.within_allowance(find).unwrap_or_else(|_| EscalationResult {
            undecided: [self.exhausted_reason()].into(),
            ..EscalationResult::default()
        })
    }

    fn apply_rules(&self, subject: &AuditedPrincipal<'_>, mut analysis: PrincipalAnalysis) -> PrincipalResult {
        let (effective, policies) = self.analyzer.compute_effective_access(&subject.layers);
        let comparison =
            self.operator_candidates.and_then(|candidates| candidates.compare(self.analyzer, subject, &analysis));
        if let Some(ComparisonResult::Undecided(reasons)) = comparison.as_ref().map(OperatorComparison::result) {
            analysis.undecided.extend(reasons);
        }
        self.add_future_excess_beyond_accepted(subject, &effective, &mut analysis);
        let guard_bypasses = self.find_guard_bypasses(subject, &mut analysis);
        let trust_analysis = match self.options.questions().trust {
            true => self.analyzer.analyze_trust(subject, &[]),
            false => TrustAnalysis::default(),
        };
        let escalation = self.escalation.map(|escalation| self.find_paths(escalation, subject));
        let shared_role = self.shared_roles.and_then(|shared_roles| shared_roles.find_shared_role(subject));
        let context = RuleContext {
            analyzer: self.analyzer,
            subject,
            policies: &policies,
            analysis: &analysis,
            baseline: self.baseline,
            options: self.options,
            guard_bypasses: &guard_bypasses,
            comparison: comparison.as_ref(),
            shared_role: shared_role.as_ref(),
            trust_analysis: &trust_analysis,
            // If the rule is not requested, the result has neither a path nor undecided reasons.
            escalation: &escalation.unwrap_or_default(),
            escalation_analysis: self.escalation,
            effective: &effective,
            own_credentials: OnceLock::new(),
            accepted_extents: &self.accepted_extents,
            extents: self.options.extents,
        };
        let is_within_ceiling = analysis.excess.is_empty() && analysis.undecided.is_empty();
        let exceeded = subject.entries().filter(|_| !is_within_ceiling);
        PrincipalResult {
            findings: check_principal(&context),
            agent_use: find_agent_use(&context),
            exceeded_entries: exceeded.map(|entry| entry.name.value.clone()).collect(),
        }
    }

    /// Asks for future actions of statements with excess if an exception accepts the excess of the principal. The analysis, which principals
    /// share, leaves out statements with excess.
    fn add_future_excess_beyond_accepted(
        &self,
        subject: &AuditedPrincipal<'_>,
        effective: &Access,
        analysis: &mut PrincipalAnalysis,
    ) {
        if !self.asks_future_actions || subject.entry.is_none() {
            return;
        }
        let latent = LatentAccess::new(subject, effective, &analysis.excess, &self.accepted_extents);
        if let Some(answer) = latent.find_beyond_accepted(self.analyzer) {
            analysis.future_excess.extend(answer.collect_into(&mut analysis.undecided));
        }
    }

    /// The guards that a principal satisfies by itself, by their index in the baseline.
    fn find_guard_bypasses(
        &self,
        subject: &AuditedPrincipal<'_>,
        analysis: &mut PrincipalAnalysis,
    ) -> Vec<(usize, Vec<GuardBypass>)> {
        let mut guard_bypasses = Vec::new();
        for check in &subject.checks {
            let CheckKind::Guard(index) = check.kind else { continue };
            // INVARIANT: checks refer to guards of this baseline.
            let guard = self.baseline.guards.get(index).expect("a guard of the baseline");
            match find_bypasses(self.analyzer, subject, guard, check, self.callers) {
                GuardEffect::Effective => {}
                GuardEffect::Bypassed(bypasses) => guard_bypasses.push((index, bypasses)),
                GuardEffect::Undecided(reasons) => {
                    let of_guard = |reason| UndecidedReason::GuardEffect { name: check.name.clone(), reason };
                    analysis.undecided.extend(reasons.into_iter().map(Box::new).map(of_guard));
                }
            }
        }
        guard_bypasses
    }
}
