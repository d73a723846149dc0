//! One audit: every principal against its entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::actions::ranking::ActionRanking;
use super::analysis::analyzer::Analyzer;
use super::analysis::escalation::EscalationAnalysis;
use super::analysis::guard_bypass::ClassByArn;
use super::analysis::operator_comparison::candidates::OperatorCandidates;
use super::analysis::shared_role::SharedRoleIndex;
use super::checks::planner::CheckPlanner;
use super::evaluate_principals::Evaluator;
use super::explain::notes::collect_notes;
use super::model::audit::{Audit, AuditSummary, BaselineInfo, CatalogInfo, PrincipalReport, SnapshotInfo, UnreadInput};
use super::model::finding::{AcceptedException, Finding};
use super::model::principal_ref::{PrincipalRef, ReportedClass};
use super::model::principal_status::PrincipalStatus;
use super::model::rule_id::RuleId;
use super::model::severity::Severity;
use super::rules::{BaselineContext, check_baseline};
use super::subject::audited_principal::{AuditedPrincipal, CeilingCache, ResolvedCeiling};
use crate::access::LayerCollector;
use crate::baseline::{Assignment, Baseline, Glob, IgnoreReason, PrincipalView};
use crate::catalog::Catalog;
use crate::classify::{Classification, InferredClass, classify_principals, find_assumers};
use crate::reach::Graph;
use crate::snapshot::Snapshot;
use crate::solve::Solver;
use crate::source::Diagnostics;

/// What of an audit is wanted.
#[derive(Clone, Debug)]
pub struct AuditOptions {
    /// Only principals whose ARN, or name, this matches.
    pub principal: Option<Glob>,
    /// Only principals of these sorts; none: all.
    pub classes: Vec<ReportedClass>,
    /// Only these rules; none: those that are on by default.
    pub rules: Vec<RuleId>,
    /// Only findings at or above this severity. IAM010 is always told.
    pub severity: Option<Severity>,
    /// The day on which exceptions must hold.
    pub today: Date,
}

impl AuditOptions {
    /// Everything, on that day.
    pub fn new(today: Date) -> AuditOptions {
        AuditOptions { principal: None, classes: Vec::new(), rules: Vec::new(), severity: None, today }
    }

    pub(super) fn wants_rule(&self, rule: RuleId) -> bool {
        match self.rules.as_slice() {
            [] => rule.on_by_default(),
            listed => listed.contains(&rule),
        }
    }

    fn selects_principal(&self, principal: &PrincipalRef) -> bool {
        let matches_name = |glob: &Glob| glob.matches(&principal.arn) || glob.matches(&principal.name);
        self.principal.as_ref().is_none_or(matches_name)
            && (self.classes.is_empty() || self.classes.contains(&principal.kind))
    }

    fn is_unfiltered(&self) -> bool {
        self.principal.is_none() && self.classes.is_empty() && self.rules.is_empty()
    }
}

/// Holds a snapshot against a baseline.
///
/// # Errors
/// A ceiling that cannot be resolved: an AWS managed policy that the snapshot does not hold, a service or level
/// that the catalog does not know.
pub fn audit(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &AuditOptions,
) -> Result<Audit, Diagnostics> {
    let principals: Vec<_> = snapshot.principals().collect();
    let views: Vec<PrincipalView<'_>> =
        principals.iter().map(|(_, principal)| PrincipalView::from_principal(principal)).collect();
    let assignments = baseline.assign(&views);
    let classifications = classify_principals(snapshot, Some(baseline));
    let classes: Vec<InferredClass> =
        classifications.iter().zip(&assignments.by_principal).map(|(r, a)| resolve_class(baseline, a, r)).collect();
    let assumers_by_principal = find_assumers(snapshot, Some(baseline), &classes);
    let mut ceiling_cache = CeilingCache::new(snapshot, baseline, catalog);
    let mut check_planner = CheckPlanner::new(baseline, catalog, options);
    let empty_ceiling = Arc::new(ResolvedCeiling::from_documents(Vec::new()));
    let mut reports = Vec::new();
    let gatherer = LayerCollector::new(snapshot);
    let mut subjects = Vec::new();
    // Those whom nobody asked for, and whom an agent may be held against.
    let mut unselected = Vec::new();
    let mut selected = Vec::with_capacity(principals.len());
    for (index, ((account, principal), assignment)) in principals.iter().zip(&assignments.by_principal).enumerate() {
        let (Some(classification), Some(assumers)) = (classifications.get(index), assumers_by_principal.get(index))
        else {
            continue;
        };
        let entry = match assignment {
            Assignment::Declared(index) => baseline.entries.get(*index),
            _ => None,
        };
        let (kind, status) = match assignment {
            Assignment::Declared(_) => {
                (entry.map_or(ReportedClass::Undeclared, |e| e.class.into()), PrincipalStatus::AsDeclared)
            }
            Assignment::Ignored(IgnoreReason::Ignore(_)) => (ReportedClass::Ignored, PrincipalStatus::Ignored),
            Assignment::Ignored(IgnoreReason::ServiceLinked) => {
                (ReportedClass::ServiceLinked, PrincipalStatus::Ignored)
            }
            Assignment::Undeclared => (ReportedClass::Undeclared, PrincipalStatus::Undeclared),
            Assignment::Ambiguous(_) => (ReportedClass::Ambiguous, PrincipalStatus::Ambiguous),
        };
        let principal_ref = PrincipalRef {
            arn: principal.arn.as_str().to_owned(),
            name: principal.name.clone(),
            kind,
            owner: entry.and_then(|e| e.owner.clone()),
            account: account.id.as_str().to_owned(),
        };
        let is_selected = options.selects_principal(&principal_ref);
        selected.push(is_selected);
        let account_and_principal = (*account, *principal);
        let hints = (classification, assumers.as_slice());
        if !is_selected {
            if matches!(assignment, Assignment::Declared(_) | Assignment::Undeclared) {
                unselected.push(AuditedPrincipal::assemble(
                    snapshot,
                    &gatherer,
                    account_and_principal,
                    principal_ref,
                    hints,
                    entry,
                    (Arc::clone(&empty_ceiling), Vec::new()),
                ));
            }
            continue;
        }
        reports.push(PrincipalReport {
            arn: principal_ref.arn.clone(),
            kind,
            owner: principal_ref.owner.clone(),
            entry: entry.map(|e| e.name.value.clone()),
            account: principal_ref.account.clone(),
            status,
        });
        let ceiling = match assignment {
            Assignment::Declared(index) => ceiling_cache.resolve_entry(*index, account)?,
            Assignment::Undeclared => Arc::clone(&empty_ceiling),
            Assignment::Ignored(_) | Assignment::Ambiguous(_) => continue,
        };
        let entry_index = match assignment {
            Assignment::Declared(index) => Some(*index),
            _ => None,
        };
        let checks = check_planner.plan_checks(
            entry_index,
            resolve_class(baseline, assignment, classification),
            account_and_principal,
            &mut ceiling_cache,
        )?;
        subjects.push(AuditedPrincipal::assemble(
            snapshot,
            &gatherer,
            account_and_principal,
            principal_ref,
            hints,
            entry,
            (ceiling, checks),
        ));
    }
    let ranks = ActionRanking::new(catalog);
    let solver = Solver::with_ranks(catalog, ranks.to_numeric_ranks());
    let wants_rule = |rule| options.wants_rule(rule);
    let analyzer = Analyzer::new(&solver, snapshot, ranks, wants_rule(RuleId::Latent), wants_rule(RuleId::Narrower));
    let all_subjects = subjects.iter().chain(&unselected);
    let operator_candidates =
        wants_rule(RuleId::NotNarrower).then(|| OperatorCandidates::new(&analyzer, baseline, all_subjects));
    let graph = || Graph::new(&solver, snapshot, options.today);
    let escalation =
        wants_rule(RuleId::Escalation).then(|| EscalationAnalysis::new(graph(), snapshot, baseline, &assignments));
    let comparison_graph = (operator_candidates.is_some() && escalation.is_none()).then(graph);
    let shared_graph = escalation.as_ref().map(|reaching| &reaching.graph).or(comparison_graph.as_ref());
    let shared_roles = shared_graph
        .filter(|_| operator_candidates.is_some())
        .map(|graph| SharedRoleIndex::new(graph, snapshot, &classes));
    let class_by_arn: ClassByArn<'_> = views.iter().map(|view| view.arn).zip(classes.iter().copied()).collect();
    let (operator_candidates, escalation) = (operator_candidates.as_ref(), escalation.as_ref());
    let evaluator = Evaluator {
        analyzer: &analyzer,
        baseline,
        classes: &class_by_arn,
        operator_candidates: operator_candidates,
        escalation: escalation,
        shared_roles: shared_roles.as_ref(),
    };
    let mut findings = evaluator.evaluate(&subjects);
    let fingerprints: Vec<String> = findings.iter().map(|finding| finding.fingerprint.clone()).collect();
    let arns: Vec<&str> = views.iter().map(|view| view.arn).collect();
    let baseline_context = BaselineContext {
        baseline,
        assignments: &assignments,
        arns: &arns,
        selected: &selected,
        has_all_principals: !snapshot.may_lack_principals(),
        fingerprints: (options.is_unfiltered() && !snapshot.may_lack_principals()).then_some(fingerprints.as_slice()),
        today: options.today,
    };
    if options.principal.is_none() && options.classes.is_empty() {
        findings.extend(check_baseline(&baseline_context));
    } else {
        // What of the baseline is idle is no matter of these principals; that they are ambiguous is.
        let is_ambiguity = |finding: &Finding| finding.severity >= Severity::High;
        findings.extend(check_baseline(&baseline_context).into_iter().filter(is_ambiguity));
    }
    for finding in &mut findings {
        finding.accepted = find_accepted_exception(baseline, finding, options.today);
    }
    set_statuses(&mut reports, &findings);
    let service_linked = reports.iter().filter(|report| report.kind == ReportedClass::ServiceLinked).count();
    let documents = subjects.iter().flat_map(|subject| {
        let layers = &subject.layers;
        let own = layers.identity.iter().chain(layers.boundary.iter().flatten()).map(|policy| &*policy.document);
        own.chain(subject.ceiling.documents.iter().map(|d| &*d.document))
    });
    let notes = collect_notes(snapshot, catalog, documents);
    let undecided = findings.iter().filter(|f| f.rule == RuleId::Undecided && f.accepted.is_none()).count();
    findings.retain(|finding| {
        let severe = options.severity.is_none_or(|minimum| finding.severity >= minimum);
        options.wants_rule(finding.rule) && (severe || finding.rule == RuleId::Undecided)
    });
    findings.sort_by(|a, b| {
        let principal_arn = |finding: &Finding| finding.principal.as_ref().map(|principal| principal.arn.clone());
        b.severity.cmp(&a.severity).then_with(|| (principal_arn(a), a.rule).cmp(&(principal_arn(b), b.rule)))
    });
    Ok(Audit {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: CatalogInfo { version: catalog.version().to_owned(), updated_at: catalog.updated_at().to_owned() },
        snapshot: describe_snapshot(snapshot),
        baseline: BaselineInfo {
            path: baseline.source().name().to_owned(),
            content_id: baseline.content_id().to_owned(),
        },
        notes,
        summary: summarize_findings(&reports, &findings, undecided, service_linked),
        principals: reports,
        findings,
        unread: list_unread_inputs(snapshot),
    })
}

/// What a principal is: as its entry says, else as hints have it.
fn resolve_class(baseline: &Baseline, assignment: &Assignment, classification: &Classification) -> InferredClass {
    match assignment {
        Assignment::Declared(index) => baseline.entries.get(*index).map_or(classification.class, |e| e.class.into()),
        _ => classification.class,
    }
}

fn find_accepted_exception(baseline: &Baseline, finding: &Finding, today: Date) -> Option<AcceptedException> {
    let exception = baseline.find_exception(&finding.fingerprint).filter(|exception| !exception.is_expired(today))?;
    Some(AcceptedException {
        reason: exception.reason.clone(),
        requested_by: exception.requested_by.clone(),
        approved_by: exception.approved_by.clone(),
        expires: exception.expires.value.to_string(),
        place: baseline.place(exception.span),
    })
}

/// What became of each principal, by the worst that was found.
fn set_statuses(reports: &mut [PrincipalReport], findings: &[Finding]) {
    let mut worst: BTreeMap<&str, PrincipalStatus> = BTreeMap::new();
    for finding in findings {
        let Some(principal) = &finding.principal else { continue };
        let status = match finding.rule {
            _ if finding.accepted.is_some() => PrincipalStatus::Accepted,
            RuleId::Broader => PrincipalStatus::Broader,
            RuleId::Latent => PrincipalStatus::Latent,
            RuleId::Escalation => PrincipalStatus::Escalatable,
            RuleId::Trust => PrincipalStatus::UndeclaredTrust,
            RuleId::Undeclared => PrincipalStatus::Undeclared,
            RuleId::NotNarrower | RuleId::Unguarded | RuleId::Boundary => PrincipalStatus::RequirementViolated,
            RuleId::Undecided => PrincipalStatus::Undecided,
            RuleId::Narrower => PrincipalStatus::Narrower,
            RuleId::Baseline => continue,
        };
        let worst_status = worst.entry(&principal.arn).or_insert(status);
        *worst_status = (*worst_status).min(status);
    }
    for report in reports {
        if let Some(status) = worst.get(report.arn.as_str()) {
            report.status = *status;
        }
    }
}

fn summarize_findings(
    reports: &[PrincipalReport],
    findings: &[Finding],
    undecided: usize,
    service_linked: usize,
) -> AuditSummary {
    let mut summary = AuditSummary { undecided, service_linked, ..AuditSummary::default() };
    for report in reports {
        *summary.principals.entry(report.status).or_insert(0) += 1;
    }
    for finding in findings {
        match (&finding.accepted, finding.rule) {
            (Some(_), _) => summary.accepted += 1,
            (None, RuleId::Undecided) => {}
            (None, _) => *summary.findings.entry(finding.severity).or_insert(0) += 1,
        }
    }
    summary
}

fn describe_snapshot(snapshot: &Snapshot) -> SnapshotInfo {
    let mut partitions: Vec<String> = snapshot.accounts.iter().map(|a| a.partition.as_str().to_owned()).collect();
    partitions.sort();
    partitions.dedup();
    SnapshotInfo {
        origin: snapshot.origin.display().to_string(),
        taken_at: snapshot.taken_at.clone(),
        accounts: snapshot.accounts.iter().map(|account| account.id.as_str().to_owned()).collect(),
        partitions,
        organization: snapshot.organization.is_some(),
    }
}

fn list_unread_inputs(snapshot: &Snapshot) -> Vec<UnreadInput> {
    let from_problem = |problem: &crate::snapshot::SnapshotProblem| {
        let first = problem.diagnostics.0.first();
        UnreadInput {
            subject: problem.subject.clone(),
            place: first.map(|d| d.place()),
            reason: first.map(|d| d.message.clone()).unwrap_or_default(),
            account: None,
            permission: None,
        }
    };
    let uncollected = snapshot.collection_gaps.iter().map(|gap| UnreadInput {
        subject: gap.to_string(),
        place: Some(gap.place.clone()),
        reason: gap.reason(),
        account: gap.account.as_ref().map(|account| account.as_str().to_owned()),
        permission: gap.unread.permission.clone(),
    });
    uncollected.chain(snapshot.problems.iter().map(from_problem)).collect()
}

impl Audit {
    /// Whether something could not be read or decided.
    pub fn is_incomplete(&self) -> bool {
        self.summary.undecided > 0 || !self.unread.is_empty()
    }

    /// Whether there is a finding at or above a severity that no exception accepts.
    pub fn has_drift(&self, at_least: Severity) -> bool {
        self.findings.iter().any(|finding| finding.accepted.is_none() && finding.severity >= at_least)
    }
}
