//! One principal after the other: what is asked of each, and what the rules tell of the answers.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use rayon::prelude::*;

use super::analysis::analyzer::{Analyzer, PrincipalAnalysis};
use super::analysis::escalation::EscalationAnalysis;
use super::analysis::guard_bypass::{self, ClassByArn, GuardBypass};
use super::analysis::operator_comparison::candidates::{ComparisonResult, OperatorCandidates, OperatorComparison};
use super::analysis::shared_role::SharedRoleIndex;
use super::checks::planner;
use super::model::finding::Finding;
use super::rules::{RuleContext, check_principal};
use super::subject::audited_principal::AuditedPrincipal;
use super::subject::equivalence_key::EquivalenceKey;
use crate::access::{Layers, Request};
use crate::baseline::Baseline;
use crate::iam::Interpretation;
use crate::solve::UndecidedReason;

/// What decides, and what is told of it.
pub(super) struct Evaluator<'a> {
    pub analyzer: &'a Analyzer<'a>,
    pub baseline: &'a Baseline,
    pub classes: &'a ClassByArn<'a>,
    pub operator_candidates: Option<&'a OperatorCandidates<'a>>,
    pub escalation: Option<&'a EscalationAnalysis<'a>>,
    pub shared_roles: Option<&'a SharedRoleIndex<'a>>,
}

impl Evaluator<'_> {
    /// Decides all principals, those that are alike once, and tells what the rules find.
    pub fn evaluate(&self, subjects: &[AuditedPrincipal<'_>]) -> Vec<Finding> {
        let mut members_by_key: IndexMap<EquivalenceKey, Vec<usize>> = IndexMap::new();
        for (index, subject) in subjects.iter().enumerate() {
            members_by_key.entry(EquivalenceKey::from_subject(subject)).or_default().push(index);
        }
        let groups: Vec<Vec<usize>> = members_by_key.into_values().collect();
        let findings_by_group = groups.par_iter().map(|members| {
            let mut members = members.iter().filter_map(|index| subjects.get(*index));
            let Some(first) = members.next() else { return Vec::new() };
            let analysis = self.analyzer.analyze(first);
            let mut findings = self.apply_rules(first, analysis.clone());
            for subject in members {
                let own_analysis = transfer_analysis_to_account(self.analyzer, first, subject, &analysis)
                    .unwrap_or_else(|| self.analyzer.analyze(subject));
                findings.extend(self.apply_rules(subject, own_analysis));
            }
            findings
        });
        findings_by_group.flatten_iter().collect()
    }

    fn apply_rules(&self, subject: &AuditedPrincipal<'_>, mut analysis: PrincipalAnalysis) -> Vec<Finding> {
        let (_, policies) = self.analyzer.compute_effective_access(&subject.layers);
        let comparison = self.operator_candidates.and_then(|peers| peers.compare(self.analyzer, subject, &analysis));
        if let Some(ComparisonResult::Undecided(reasons)) = comparison.as_ref().map(OperatorComparison::result) {
            analysis.undecided.extend(reasons.into_iter().map(UndecidedReason::UnreadInput));
        }
        let comparison = comparison.as_ref();
        let guard_bypasses = self.find_guard_bypasses(subject, &mut analysis);
        let trust = &self.analyzer.analyze_trust(subject);
        let reached =
            &self.escalation.map(|reaching| reaching.find_broader_path(self.analyzer, subject)).unwrap_or_default();
        let shared = &self.shared_roles.and_then(|sharing| sharing.find_shared_role(subject));
        let Evaluator { analyzer, baseline, escalation, .. } = *self;
        let (policies, analysis, guard_bypasses) = (policies.as_slice(), &analysis, guard_bypasses.as_slice());
        let shared = shared.as_ref();
        let context = RuleContext {
            analyzer,
            subject,
            policies,
            analysis: analysis,
            baseline,
            guard_bypasses: guard_bypasses,
            comparison,
            shared_role: shared,
            trust_analysis: trust,
            escalation: reached,
            escalation_analysis: escalation,
        };
        check_principal(&context)
    }

    /// The guards that a principal satisfies alone, and how.
    fn find_guard_bypasses(
        &self,
        subject: &AuditedPrincipal<'_>,
        analysis: &mut PrincipalAnalysis,
    ) -> Vec<(usize, Vec<GuardBypass>)> {
        let mut guard_bypasses = Vec::new();
        for check in &subject.checks {
            let planner::CheckKind::Guard(index) = check.kind else { continue };
            let Some(guard) = self.baseline.guards.get(index) else { continue };
            let mut reasons = BTreeSet::new();
            let bypasses =
                guard_bypass::find_bypasses(self.analyzer, subject, guard, check, self.classes, &mut reasons);
            match bypasses {
                Some(bypasses) => guard_bypasses.push((index, bypasses)),
                None => {
                    let to_undecided =
                        |reason| UndecidedReason::UnreadInput(format!("whether {} is void: {reason}", check.name));
                    analysis.undecided.extend(reasons.iter().map(to_undecided));
                }
            }
        }
        guard_bypasses
    }
}

/// The answer for a principal that is like another, its witnesses in its own account; none where one of them
/// proves nothing there.
fn transfer_analysis_to_account(
    analyzer: &Analyzer<'_>,
    from: &AuditedPrincipal<'_>,
    to: &AuditedPrincipal<'_>,
    analysis: &PrincipalAnalysis,
) -> Option<PrincipalAnalysis> {
    let mut transferred = analysis.clone();
    let (old, new) = (format!(":{}:", from.account.id.as_str()), format!(":{}:", to.account.id.as_str()));
    let declared = &to.ceiling.layers;
    let allows = |layers: &Layers, request: &Request| analyzer.is_allowed(layers, request, Interpretation::default());
    for (excess, check) in transferred.check_results.iter_mut().zip(&to.checks) {
        for request in excess.values_mut().filter_map(|statement_excess| statement_excess.witness.as_mut()) {
            request.resource = request.resource.replace(&old, &new);
            let in_scope = allows(&to.layers, request) && allows(&check.scope.layers, request);
            if !in_scope || allows(&check.expected.layers, request) {
                return None;
            }
        }
    }
    for (excess, effective_first) in
        [(&mut transferred.excess, true), (&mut transferred.future_excess, true), (&mut transferred.not_granted, false)]
    {
        for request in excess.values_mut().filter_map(|statement_excess| statement_excess.witness.as_mut()) {
            request.resource = request.resource.replace(&old, &new);
            let decisions = |request: &Request| (allows(&to.layers, request), allows(declared, request));
            if decisions(request) != (effective_first, !effective_first) {
                return None;
            }
        }
    }
    Some(transferred)
}
