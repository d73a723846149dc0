//! Evaluates principals: runs the queries about each of them, and applies the rules to the answers.

use std::sync::OnceLock;

use indexmap::IndexMap;
use rayon::prelude::*;

use super::actions::by_statement::ExcessByStatement;
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
use super::explain::dead_grants::{LocatedDeadGrant, find_dead_grants};
use super::explain::suggest_persona::CeilingConformity;
use super::extent::latent_access::LatentAccess;
use super::model::finding::Finding;
use super::model::rule_id::RuleId;
use super::options::AuditOptions;
use super::plan::{AuditInputs, AuditPlan, PrincipalFacts, find_entries};
use super::rules::{
    AgentUse, AgentUseContext, RuleContext, build_agent_use_findings, check_principal, check_trust, find_agent_use,
};
use super::subject::accepted_extents::AcceptedExtents;
use super::subject::audited_principal::AuditedPrincipal;
use super::subject::check::CheckKind;
use super::subject::equivalence_key::EquivalenceKey;
use crate::access::{Layers, Request};
use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::classify::InferredClass;
use crate::iam::{AccountId, Arn, Interpretation};
use crate::reach::Graph;
use crate::solve::{Access, Solver, UndecidedReason};
use crate::trust::TrustAnalysis;

/// What an audit finds about its principals.
pub(super) struct EvaluatedPrincipals {
    /// The findings.
    pub findings: Vec<Finding>,
    /// The trust grants that admit nobody.
    pub dead_grants: Vec<LocatedDeadGrant>,
    /// How many questions about the ends of escalation paths were asked.
    pub end_questions: usize,
}

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

/// Evaluates the principals of a plan.
pub(super) fn evaluate_principals(
    inputs: &AuditInputs<'_>,
    facts: &PrincipalFacts<'_>,
    plan: &AuditPlan<'_>,
    tools: &EvaluationTools<'_>,
) -> EvaluatedPrincipals {
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
    };
    let results = evaluator.evaluate(&plan.subjects);
    let conformity = summarize_conformity(&results, options.has_all_principals());
    let (mut findings, mut agent_uses) = (Vec::new(), Vec::new());
    for result in results {
        findings.extend(result.findings);
        agent_uses.extend(result.agent_use);
    }
    let context = AgentUseContext { analyzer: &analyzer, baseline, conformity: &conformity };
    findings.extend(build_agent_use_findings(&context, agent_uses));
    findings.extend(evaluator.evaluate_ignored(&plan.ignored));
    let roles: Vec<&AuditedPrincipal<'_>> = plan.subjects.iter().chain(&plan.ignored).collect();
    let dead_grants = roles.par_iter().flat_map_iter(|role| find_dead_grants(&analyzer, role)).collect();
    let end_questions = escalation.as_ref().map_or(0, EscalationAnalysis::count_end_questions);
    EvaluatedPrincipals { findings, dead_grants, end_questions }
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

/// Which entries have principals beyond their ceilings.
fn summarize_conformity(results: &[PrincipalResult], has_all_principals: bool) -> CeilingConformity {
    if !has_all_principals {
        return CeilingConformity::Unknown;
    }
    CeilingConformity::Examined(results.iter().flat_map(|result| &result.exceeded_entries).cloned().collect())
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
}

impl Evaluator<'_> {
    /// Evaluates all principals in parallel. Equivalent principals share one analysis.
    fn evaluate(&self, subjects: &[AuditedPrincipal<'_>]) -> Vec<PrincipalResult> {
        let mut groups: IndexMap<EquivalenceKey, Vec<&AuditedPrincipal<'_>>> = IndexMap::new();
        for subject in subjects {
            groups.entry(EquivalenceKey::from_subject(subject)).or_default().push(subject);
        }
        let groups: Vec<Vec<&AuditedPrincipal<'_>>> = groups.into_values().collect();
        groups.par_iter().flat_map_iter(|members| self.evaluate_group(members)).collect()
    }

    /// Checks trust in external principals, for the roles that an `[[ignore]]` excludes.
    fn evaluate_ignored(&self, subjects: &[AuditedPrincipal<'_>]) -> Vec<Finding> {
        let evaluate = |subject: &AuditedPrincipal<'_>| {
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
        subjects.par_iter().flat_map_iter(evaluate).collect()
    }

    fn evaluate_group(&self, members: &[&AuditedPrincipal<'_>]) -> Vec<PrincipalResult> {
        // INVARIANT: `evaluate` adds a member to each group that it creates.
        let (first, others) = members.split_first().expect("a group has a member");
        if !self.options.questions().excess {
            return members.iter().map(|subject| self.apply_rules(subject, PrincipalAnalysis::default())).collect();
        }
        let analysis = self.analyzer.analyze(first);
        let mut results = vec![self.apply_rules(first, analysis.clone())];
        for subject in others {
            // If a witness proves nothing for this principal, it is analyzed by itself.
            let own_analysis = transfer_analysis_to_account(self.analyzer, first, subject, &analysis)
                .unwrap_or_else(|| self.analyzer.analyze(subject));
            results.push(self.apply_rules(subject, own_analysis));
        }
        results
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
        let escalation = self.escalation.map(|escalation| {
            escalation.find_broader_paths(self.analyzer, subject, &self.accepted_extents, self.options.extents)
        });
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

/// The analysis of an equivalent principal, with witnesses in its own account. `None` if a witness proves nothing there.
///
/// INVARIANT: equivalent principals differ in account and ARN only: the equivalence key has everything else that the
/// analysis depends on.
fn transfer_analysis_to_account(
    analyzer: &Analyzer<'_>,
    from: &AuditedPrincipal<'_>,
    to: &AuditedPrincipal<'_>,
    analysis: &PrincipalAnalysis,
) -> Option<PrincipalAnalysis> {
    let mut transferred = analysis.clone();
    let (old, new) = (&from.account.id, &to.account.id);
    let allows = |layers: &Layers, request: &Request| analyzer.is_allowed(layers, request, Interpretation::default());
    for (excess, check) in transferred.check_results.iter_mut().zip(&to.checks) {
        transfer_witnesses(excess, old, new, |request| {
            allows(&to.layers, request)
                && allows(&check.scope.layers, request)
                && !allows(&check.expected.layers, request)
        })?;
    }
    let is_declared = |request: &Request| to.ceiling.allows(|layers| allows(layers, request));
    let exceeds_ceiling = |request: &Request| allows(&to.layers, request) && !is_declared(request);
    let is_not_granted = |request: &Request| !allows(&to.layers, request) && allows(&to.ceiling.layers, request);
    transfer_witnesses(&mut transferred.excess, old, new, exceeds_ceiling)?;
    transfer_witnesses(&mut transferred.future_excess, old, new, exceeds_ceiling)?;
    transfer_witnesses(&mut transferred.not_granted, old, new, is_not_granted)?;
    Some(transferred)
}

/// Moves the witnesses of an excess to another account. `None` if a witness proves nothing there.
fn transfer_witnesses(
    excess: &mut ExcessByStatement,
    old: &AccountId,
    new: &AccountId,
    is_proof: impl Fn(&Request) -> bool,
) -> Option<()> {
    for request in excess.values_mut().filter_map(|statement_excess| statement_excess.witness.as_mut()) {
        if let Some(arn) = Arn::parse(&request.resource)
            && arn.account() == old.as_str()
        {
            request.resource = format!(
                "arn:{}:{}:{}:{}:{}",
                arn.partition(),
                arn.service(),
                arn.region(),
                new.as_str(),
                arn.resource()
            );
        }
        if !is_proof(request) {
            return None;
        }
    }
    Some(())
}
