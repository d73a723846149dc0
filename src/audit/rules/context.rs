//! What the rules examine: a principal with the answers about it, and the baseline.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use jiff::civil::Date;

use crate::access::{Layers, PolicyRef};
use crate::audit::actions::by_statement::{ExcessByStatement, StatementExcess};
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::analysis::escalation::analysis::EscalationAnalysis;
use crate::audit::analysis::escalation::broader_path::EscalationResult;
use crate::audit::analysis::guard_bypass::bypass::GuardBypass;
use crate::audit::analysis::operator_comparison::candidates::OperatorComparison;
use crate::audit::analysis::own_credentials::OwnCredentials;
use crate::audit::analysis::principal_analysis::PrincipalAnalysis;
use crate::audit::analysis::shared_role::SharedRole;
use crate::audit::explain::excess_report::{Actor, ExcessRenderer, ExcessReport, ReportedActions, UnattachedPolicy};
use crate::audit::explain::suggest_remediation::NarrowingSuggester;
use crate::audit::model::finding::FindingBuilder;
use crate::audit::model::reason::Reason;
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::title::Title;
use crate::audit::options::{AuditOptions, ExtentMode};
use crate::audit::subject::accepted_extents::AcceptedExtents;
use crate::audit::subject::audited_principal::AuditedPrincipal;
use crate::audit::subject::check::Check;
use crate::baseline::{Assignments, Baseline};
use crate::solve::{Access, UndecidedReason};
use crate::trust::TrustAnalysis;

/// One principal with all answers about it.
pub(in crate::audit) struct RuleContext<'a> {
    /// What all questions of the run share.
    pub analyzer: &'a Analyzer<'a>,
    /// The principal.
    pub subject: &'a AuditedPrincipal<'a>,
    /// The policies of its layers, by the policy index of a statement id.
    pub policies: &'a [PolicyRef],
    /// The answers of the solver.
    pub analysis: &'a PrincipalAnalysis,
    /// The baseline.
    pub baseline: &'a Baseline,
    /// What is examined.
    pub options: &'a AuditOptions,
    /// The guards that it satisfies by itself, by their index in the baseline, and how.
    pub guard_bypasses: &'a [(usize, Vec<GuardBypass>)],
    /// The comparison with operators. None if it is not an agent and not declared to be narrower than an operator.
    pub comparison: Option<&'a OperatorComparison<'a>>,
    /// How humans and agents can assume it. None if not both can.
    pub shared_role: Option<&'a SharedRole>,
    /// The principals that can assume it and are not declared.
    pub trust_analysis: &'a TrustAnalysis,
    /// What it can escalate to.
    pub escalation: &'a EscalationResult,
    /// The attack graph. None if IAM005 is not requested.
    pub escalation_analysis: Option<&'a EscalationAnalysis<'a>>,
    /// What the principal is allowed, with the policies of `policies`.
    pub effective: &'a Access,
    /// What reaches only the credentials of its own user: computed when excess is rendered first.
    pub own_credentials: OnceLock<OwnCredentials>,
    /// What the exceptions of the baseline accept.
    pub accepted_extents: &'a AcceptedExtents<'a>,
    /// Whether findings have extents.
    pub extents: ExtentMode,
}

/// The baseline, and how the audit used it.
pub(in crate::audit) struct BaselineContext<'a> {
    /// The baseline.
    pub baseline: &'a Baseline,
    /// Which entry applies to which principal.
    pub assignments: &'a Assignments,
    /// The ARNs of the principals, in the order of the assignments.
    pub arns: &'a [&'a str],
    /// Which of them are audited.
    pub selected: &'a [bool],
    /// Whether the snapshot has all principals. If not, an entry that matches nothing is not stale.
    pub has_all_principals: bool,
    /// The keys of exceptions that findings about principals use. None if only some principals or rules are requested.
    pub keys: Option<&'a BTreeSet<String>>,
    /// The day on which exceptions must apply.
    pub today: Date,
}

impl RuleContext<'_> {
    /// The part of an excess that missing resource policies cannot deny.
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
            .filter(|(_, statement_excess)| is_proven(statement_excess))
            .map(|(statement_id, statement_excess)| (*statement_id, statement_excess.clone()))
            .collect();
        Cow::Owned(proven)
    }

    /// Whether something could not be decided that the requested rules ask.
    pub fn is_undecided(&self) -> bool {
        let is_access_undecided = !self.subject.missing_documents.is_empty()
            || !self.analysis.undecided.is_empty()
            || !self.escalation.undecided.is_empty();
        let questions = self.options.questions();
        (questions.access && is_access_undecided) || (questions.trust && !self.trust_analysis.undecided.is_empty())
    }

    /// What could not be decided about the principal.
    pub fn undecided(&self) -> impl Iterator<Item = &UndecidedReason> {
        self.analysis.undecided.iter().chain(&self.trust_analysis.undecided).chain(&self.escalation.undecided)
    }

    /// A renderer of excess over the ceiling.
    pub fn renderer(&self) -> ExcessRenderer<'_> {
        ExcessRenderer {
            analyzer: self.analyzer,
            subject: self.subject,
            policies: self.policies,
            expected_layers: &self.subject.ceiling.layers,
            reported_actions: ReportedActions::Existing,
            actor: Actor::of_principal(self.subject),
            own_credentials: self
                .own_credentials
                .get_or_init(|| OwnCredentials::find(self.analyzer, self.subject, self.effective)),
            unattached_policy: UnattachedPolicy::Ceiling,
            has_statement_causes: true,
        }
    }

    /// Suggests edits that remove excess over the ceiling.
    pub fn narrowing(&self) -> NarrowingSuggester<'_> {
        NarrowingSuggester {
            analyzer: self.analyzer,
            subject: self.subject,
            policies: self.policies,
            removable: &self.analysis.removable_policies,
        }
    }

    /// The excess over the ceiling, proven or not.
    pub fn report_unproven_excess(&self, excess: &ExcessByStatement) -> ExcessReport {
        self.renderer().render(excess)
    }

    /// The excess of future actions over the ceiling, proven or not.
    pub fn report_unproven_future_excess(&self, excess: &ExcessByStatement) -> ExcessReport {
        ExcessRenderer { reported_actions: ReportedActions::Future, ..self.renderer() }.render(excess)
    }

    /// The excess over the ceiling.
    pub fn report_excess(&self, excess: &ExcessByStatement) -> ExcessReport {
        self.renderer().render(&self.keep_proven(excess))
    }

    /// The excess of future actions over the ceiling.
    pub fn report_future_excess(&self, excess: &ExcessByStatement) -> ExcessReport {
        self.report_unproven_future_excess(&self.keep_proven(excess))
    }

    /// The excess over what a check requires.
    pub fn report_check_excess(&self, excess: &ExcessByStatement, check: &Check, actor: Actor) -> ExcessReport {
        ExcessRenderer { expected_layers: &check.expected.layers, actor, ..self.renderer() }
            .render(&self.keep_proven(excess))
    }

    /// The excess over other access than the ceiling.
    pub fn report_excess_over(&self, excess: &ExcessByStatement, expected: &Layers) -> ExcessReport {
        ExcessRenderer { expected_layers: expected, ..self.renderer() }.render(&self.keep_proven(excess))
    }

    /// Starts a finding about the principal. The finding has the excess and the severity of the report.
    pub fn start_finding(&self, rule: RuleId, title: Title, report: ExcessReport) -> FindingBuilder {
        FindingBuilder::for_principal(
            rule,
            report.severity,
            title,
            self.subject.principal_ref.clone(),
            self.subject.principal.place.clone(),
        )
        .excess(report.excess, report.counts)
        .causes(report.causes)
    }

    /// The missing documents that could deny some of what a finding reports.
    pub fn caveats(&self) -> impl Iterator<Item = Reason> {
        self.subject.missing_documents.iter().cloned().map(Reason::Caveat)
    }
}
