//! What the rules look at.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::access::{Layers, PolicyRef};
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::analysis::analyzer::{Analyzer, PrincipalAnalysis};
use crate::audit::analysis::escalation::{EscalationAnalysis, EscalationResult};
use crate::audit::analysis::guard_bypass::bypass::GuardBypass;
use crate::audit::analysis::operator_comparison::candidates::OperatorComparison;
use crate::audit::analysis::shared_role::SharedRole;
use crate::audit::explain::excess_report::{ExcessRenderer, ExcessReport};
use crate::audit::model::finding::Finding;
use crate::audit::model::fingerprint::compute_fingerprint;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::baseline::{Assignments, Baseline};
use crate::reach::ProvenStep;
use crate::solve::UndecidedReason;
use crate::source::Place;
use crate::trust::TrustAnalysis;

/// One principal with all answers about it.
pub(in crate::audit) struct RuleContext<'a> {
    /// What the run shares.
    pub analyzer: &'a Analyzer<'a>,
    /// The principal.
    pub subject: &'a AuditedPrincipal<'a>,
    /// The policies of its layers, by the index in a tag.
    pub policies: &'a [PolicyRef],
    /// The answers.
    pub analysis: &'a PrincipalAnalysis,
    /// What was declared.
    pub baseline: &'a Baseline,
    /// The guards that it satisfies alone, by their places in the baseline, and how.
    pub guard_bypasses: &'a [(usize, Vec<GuardBypass>)],
    /// How it lies to others, where it is an agent or declared to be narrower than someone.
    pub comparison: Option<&'a OperatorComparison<'a>>,
    /// The people and agents who can take it on, where there are both.
    pub shared_role: Option<&'a SharedRole>,
    /// Who may assume it and is not declared.
    pub trust_analysis: &'a TrustAnalysis,
    /// What it can become.
    pub escalation: &'a EscalationResult,
    /// The graph of becoming; none where it was not asked for.
    pub escalation_analysis: Option<&'a EscalationAnalysis<'a>>,
}

/// The baseline as a whole, and what the audit made of it.
pub(in crate::audit) struct BaselineContext<'a> {
    /// The baseline.
    pub baseline: &'a Baseline,
    /// Which entry binds which principal.
    pub assignments: &'a Assignments,
    /// The principals' ARNs, in the order of the assignments.
    pub arns: &'a [&'a str],
    /// Which of them are audited.
    pub selected: &'a [bool],
    /// Whether the snapshot holds all principals: else nothing that matches none of them is stale.
    pub has_all_principals: bool,
    /// The fingerprints of all findings of principals; none where only some principals or rules were asked for.
    pub fingerprints: Option<&'a [String]>,
    /// The day on which exceptions must hold.
    pub today: Date,
}

impl RuleContext<'_> {
    /// What of it holds whatever the missing policies of resources say: that of which the witness is no request
    /// on such a resource.
    pub fn keep_proven<'f>(&self, excess: &'f ExcessByStatement) -> Cow<'f, ExcessByStatement> {
        let is_proven = |statement_excess: &StatementExcess| {
            statement_excess
                .witness
                .as_ref()
                .is_none_or(|witness| !self.subject.resource_policy_missing_for(&witness.resource))
        };
        if excess.values().all(is_proven) {
            return Cow::Borrowed(excess);
        }
        let proven = excess
            .iter()
            .filter(|(_, found)| is_proven(found))
            .map(|(statement_id, found)| (*statement_id, found.clone()))
            .collect();
        Cow::Owned(proven)
    }

    /// What could not be decided about it.
    pub fn undecided(&self) -> impl Iterator<Item = &UndecidedReason> {
        self.analysis.undecided.iter().chain(&self.trust_analysis.undecided).chain(&self.escalation.undecided)
    }

    /// Tells what was found beyond the ceiling.
    pub fn render_excess(&self, excess: &ExcessByStatement, latent: bool) -> ExcessReport {
        let ceiling_layers = &self.subject.ceiling.layers;
        self.build_renderer(ceiling_layers, latent, self.subject.is_agent()).render(excess)
    }

    /// Tells what was found of a part of what it may do.
    pub fn render_check_excess(&self, excess: &ExcessByStatement, check: &Check, is_agent: bool) -> ExcessReport {
        self.build_renderer(&check.expected.layers, false, is_agent).render(&self.keep_proven(excess))
    }

    fn build_renderer<'t>(&'t self, reference: &'t Layers, latent: bool, is_agent: bool) -> ExcessRenderer<'t> {
        ExcessRenderer {
            analyzer: self.analyzer,
            subject: self.subject,
            policies: self.policies,
            expected_layers: reference,
            is_future: latent,
            is_agent,
        }
    }

    /// Tells what was found beyond something else than the ceiling.
    pub fn render_excess_over(&self, excess: &ExcessByStatement, reference: &Layers) -> ExcessReport {
        self.build_renderer(reference, false, self.subject.is_agent()).render(&self.keep_proven(excess))
    }

    /// Tells what was found beyond the ceiling by the policies of another.
    pub fn render_excess_of_policies(&self, policies: &[PolicyRef], excess: &ExcessByStatement) -> ExcessReport {
        let ceiling_layers = &self.subject.ceiling.layers;
        ExcessRenderer { policies, ..self.build_renderer(ceiling_layers, false, self.subject.is_agent()) }
            .render(excess)
    }

    /// The ARN of a principal of the graph.
    pub fn principal_arn(&self, principal: usize) -> &str {
        self.escalation_analysis.map_or("", |reaching| reaching.graph.arn(principal))
    }

    /// Whether whoever takes a step is declared to.
    pub fn is_declared_assumption(&self, step: &ProvenStep) -> bool {
        self.escalation_analysis.is_some_and(|reaching| reaching.is_declared_assumption(step))
    }

    /// A finding about the principal that rests on excess.
    pub fn build_finding(&self, rule: RuleId, title: String, report: ExcessReport, advice: Vec<String>) -> Finding {
        let arn = self.subject.principal.arn.as_str();
        Finding {
            rule,
            severity: report.severity,
            fingerprint: compute_fingerprint(rule, arn, report.severity, report.causes),
            principal: Some(self.subject.principal_ref.clone()),
            title,
            action_count: report.action_count,
            destructive_count: report.destructive_count,
            excess: report.excess,
            reasons: Vec::new(),
            path: Vec::new(),
            place: Some(self.subject.principal.place.clone()),
            advice,
            first_seen: None,
            accepted: None,
        }
    }

    /// What of the snapshot could take back what was found, in a line each.
    pub fn caveats(&self) -> Vec<String> {
        self.subject.missing_documents.iter().map(|missing| format!("{missing}; it could deny some of this")).collect()
    }
}

/// A finding about something of the baseline.
pub(super) fn build_baseline_finding(
    severity: Severity,
    subject: &str,
    title: String,
    place: Place,
    causes: Vec<String>,
) -> Finding {
    Finding {
        rule: RuleId::Baseline,
        severity,
        fingerprint: compute_fingerprint(RuleId::Baseline, subject, severity, causes),
        principal: None,
        title,
        action_count: 0,
        destructive_count: 0,
        excess: Vec::new(),
        reasons: Vec::new(),
        path: Vec::new(),
        place: Some(place),
        advice: Vec::new(),
        first_seen: None,
        accepted: None,
    }
}
