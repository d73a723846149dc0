//! Assembles the result of an audit: findings about the baseline, exceptions, statuses, counts.

use std::collections::BTreeMap;

use super::accepted_unread::AcceptedUnread;
use super::chosen_part::{ChosenPart, UnreadSource};
use super::evaluate_principals::EvaluatedPrincipals;
use super::explain::dead_grants::LocatedDeadGrant;
use super::explain::notes::collect_notes;
use super::group_paths::group_paths;
use super::model::audit::{
    Audit, AuditSummary, BaselineInfo, CatalogInfo, Note, PrincipalReport, SnapshotInfo, UnreadInput,
};
use super::model::declared_class::DeclaredClass;
use super::model::finding::Finding;
use super::model::principal_status::PrincipalStatus;
use super::model::rule_id::RuleId;
use super::model::severity::Severity;
use super::options::AuditOptions;
use super::plan::{AuditInputs, AuditPlan, PrincipalFacts};
use super::rules::{BaselineContext, check_baseline, judge_baseline_finding};
use super::subject::accepted_extents::AcceptedExtents;
use super::subject::audited_principal::AuditedPrincipal;
use crate::snapshot::{CollectionGap, Snapshot, SnapshotProblem};

/// The result of an audit.
pub(super) fn assemble_audit(
    inputs: &AuditInputs<'_>,
    facts: &PrincipalFacts<'_>,
    plan: AuditPlan<'_>,
    evaluation: EvaluatedPrincipals,
) -> Audit {
    let EvaluatedPrincipals { mut findings, dead_grants, .. } = evaluation;
    let AuditInputs { snapshot, baseline, catalog, options } = *inputs;
    findings.extend(find_in_baseline(inputs, facts, &plan, &findings));
    let accepted_unread = AcceptedUnread::new(&plan, &findings);
    let is_open = |(source, _): &(UnreadSource<'_>, UnreadInput)| !accepted_unread.covers(source);
    let open = list_unread_inputs(snapshot).into_iter().filter(is_open).collect();
    let (unread, not_examined) = ChosenPart::new(*inputs, &plan).divide(open);
    let notes = collect_policy_notes(inputs, &plan.subjects, &dead_grants);
    let mut reports = plan.reports;
    set_statuses(&mut reports, &findings);
    let undecided = findings.iter().filter(|f| f.rule == RuleId::Undecided && f.accepted.is_none()).count();
    findings.retain(|finding| is_reported(finding, options));
    sort_findings(&mut findings);
    Audit {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        catalog: CatalogInfo { version: catalog.version().to_owned(), updated_at: catalog.updated_at().to_owned() },
        snapshot: describe_snapshot(snapshot),
        baseline: BaselineInfo {
            path: baseline.source().name().to_owned(),
            content_id: baseline.content_id().to_owned(),
        },
        notes,
        summary: summarize_findings(&reports, &findings, undecided),
        principals: reports,
        escalation_groups: group_paths(&findings),
        findings,
        unread,
        not_examined,
    }
}

/// The findings about the baseline itself.
fn find_in_baseline(
    inputs: &AuditInputs<'_>,
    facts: &PrincipalFacts<'_>,
    plan: &AuditPlan<'_>,
    findings: &[Finding],
) -> Vec<Finding> {
    let AuditInputs { snapshot, baseline, options, .. } = *inputs;
    let accepting = |finding: &Finding| finding.accepted.as_ref().map(|accepted| accepted.finding.clone());
    let keys: Vec<String> =
        findings.iter().flat_map(|finding| [Some(finding.key.clone()), accepting(finding)]).flatten().collect();
    let arns: Vec<&str> = facts.arns().collect();
    let has_all_principals = !snapshot.may_lack_principals();
    let context = BaselineContext {
        baseline,
        assignments: &facts.assignments,
        arns: &arns,
        selected: &plan.selected,
        has_all_principals,
        keys: (options.is_unfiltered() && has_all_principals).then_some(keys.as_slice()),
        today: options.today,
    };
    let accepted_extents = AcceptedExtents::new(baseline, options.today);
    let judged = |finding| judge_baseline_finding(baseline, &accepted_extents, options.extents, finding);
    let found = check_baseline(&context).into_iter().map(judged);
    // Stale parts of the baseline do not concern a selection of principals. Ambiguous entries, which are of high severity,
    // do.
    found.filter(|finding| options.has_all_principals() || finding.severity >= Severity::High).collect()
}

/// Sets the status of each principal to that of its worst finding.
fn set_statuses(reports: &mut [PrincipalReport], findings: &[Finding]) {
    let mut worst: BTreeMap<&str, PrincipalStatus> = BTreeMap::new();
    for finding in findings {
        let Some(status) = finding_status(finding) else { continue };
        for principal in finding.all_principals() {
            let worst_status = worst.entry(&principal.arn).or_insert(status);
            *worst_status = (*worst_status).min(status);
        }
    }
    for report in reports {
        if let Some(status) = worst.get(report.arn.as_str()) {
            // An ambiguous principal stays ambiguous, unless a finding about it is worse.
            let is_ambiguous = report.status == PrincipalStatus::Ambiguous;
            report.status = if is_ambiguous { report.status.min(*status) } else { *status };
        }
    }
}

/// The status of a principal with this finding. `None` if the finding is about the baseline.
fn finding_status(finding: &Finding) -> Option<PrincipalStatus> {
    if finding.accepted.is_some() {
        return Some(PrincipalStatus::Accepted);
    }
    match finding.rule {
        RuleId::Broader => Some(PrincipalStatus::Broader),
        RuleId::Latent => Some(PrincipalStatus::Latent),
        RuleId::Escalation => Some(PrincipalStatus::Escalatable),
        RuleId::Trust => Some(PrincipalStatus::UndeclaredTrust),
        RuleId::Undeclared => Some(PrincipalStatus::Undeclared),
        RuleId::NotNarrower | RuleId::Unguarded | RuleId::Boundary => Some(PrincipalStatus::RequirementViolated),
        RuleId::Undecided => Some(PrincipalStatus::Undecided),
        RuleId::Narrower => Some(PrincipalStatus::Narrower),
        RuleId::Baseline => None,
    }
}

/// What a reader must know about the policies of the audited principals and their ceilings.
fn collect_policy_notes(
    inputs: &AuditInputs<'_>,
    subjects: &[AuditedPrincipal<'_>],
    dead_grants: &[LocatedDeadGrant],
) -> Vec<Note> {
    let documents = subjects.iter().flat_map(|subject| {
        let layers = &subject.layers;
        let own = layers.identity.iter().chain(layers.boundary.iter().flatten()).map(|policy| &*policy.document);
        own.chain(subject.ceiling.documents.iter().map(|d| &*d.document))
    });
    collect_notes(inputs.snapshot, inputs.catalog, documents, dead_grants)
}

fn is_reported(finding: &Finding, options: &AuditOptions) -> bool {
    let is_severe = options.severity.is_none_or(|minimum| finding.severity >= minimum);
    // What is undecided about the chosen part is always reported.
    finding.rule == RuleId::Undecided || (options.wants_rule(finding.rule) && is_severe)
}

/// Sorts findings by severity, then by principal and rule.
fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let principal_arn = |finding: &Finding| finding.all_principals().next().map(|principal| principal.arn.clone());
        b.severity.cmp(&a.severity).then_with(|| (principal_arn(a), a.rule).cmp(&(principal_arn(b), b.rule)))
    });
}

fn summarize_findings(reports: &[PrincipalReport], findings: &[Finding], undecided: usize) -> AuditSummary {
    let service_linked = reports.iter().filter(|report| report.kind == DeclaredClass::ServiceLinked).count();
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

/// The inputs that could not be collected, then those that could not be read.
fn list_unread_inputs(snapshot: &Snapshot) -> Vec<(UnreadSource<'_>, UnreadInput)> {
    let from_problem = |problem: &SnapshotProblem| {
        let first = problem.diagnostics.0.first();
        UnreadInput {
            subject: problem.subject.clone(),
            place: first.map(|diagnostic| diagnostic.place()),
            reason: first.map(|diagnostic| diagnostic.message.clone()).unwrap_or_default(),
            account: None,
            permission: None,
        }
    };
    let from_gap = |gap: &CollectionGap| UnreadInput {
        subject: gap.to_string(),
        place: Some(gap.place.clone()),
        reason: gap.reason(),
        account: gap.account.as_ref().map(|account| account.as_str().to_owned()),
        permission: gap.unread.permission.clone(),
    };
    let uncollected = snapshot.collection_gaps.iter().map(|gap| (UnreadSource::Gap(gap), from_gap(gap)));
    let problems = snapshot.problems.iter().map(|problem| (UnreadSource::Problem(problem), from_problem(problem)));
    uncollected.chain(problems).collect()
}

impl Audit {
    /// Whether an input could not be read, or a question could not be decided.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, audit};
    /// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    /// # let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # let options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    ///
    /// let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options)?;
    /// if audit.is_incomplete() {
    ///     for input in &audit.unread {
    ///         eprintln!("{}: {}", input.subject, input.reason);
    ///     }
    /// }
    /// # assert!(audit.is_incomplete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_incomplete(&self) -> bool {
        self.summary.undecided > 0 || !self.unread.is_empty()
    }

    /// Whether a finding of at least this severity has no accepted exception.
    ///
    /// ```
    /// use iamdrift::audit::{AuditOptions, Severity, audit};
    /// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
    /// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    /// # let snapshot = Snapshot::load(&folder.join("snapshot"))?;
    /// # let baseline = Baseline::load(&folder.join("baseline"))?;
    /// # let options = AuditOptions::new(jiff::civil::date(2026, 11, 27));
    ///
    /// let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options)?;
    /// assert!(audit.has_drift(Severity::Critical));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn has_drift(&self, at_least: Severity) -> bool {
        self.findings.iter().any(|finding| finding.accepted.is_none() && finding.severity >= at_least)
    }
}
