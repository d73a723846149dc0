//! Assembles the result of an audit: findings about the baseline, exceptions, statuses, counts.

use std::collections::BTreeMap;

use super::accepted_unread::AcceptedUnread;
use super::account_reports::build_account_reports;
use super::chosen_part::{ChosenPart, UnreadSource};
use super::describe_inputs::{compute_run_id, describe_baseline, describe_catalog, describe_snapshot};
use super::explain::dead_grants::LocatedDeadGrant;
use super::explain::notes::collect_notes;
use super::finding_tally::FindingTally;
use super::group_paths::group_paths;
use super::model::audit::{Audit, AuditHead, Note, UnreadInput};
use super::model::finding::Finding;
use super::model::principal_report::PrincipalReport;
use super::model::principal_status::PrincipalStatus;
use super::model::severity::Severity;
use super::plan::{AuditInputs, AuditPlan, PrincipalFacts};
use super::rules::{BaselineContext, check_baseline, judge_baseline_finding};
use super::subject::accepted_extents::AcceptedExtents;
use super::subject::audited_principal::AuditedPrincipal;
use crate::snapshot::{CollectionGap, Snapshot, SnapshotProblem};

/// What is known of an audit before its first finding.
pub(super) fn describe_audit(inputs: &AuditInputs<'_>) -> AuditHead {
    let AuditInputs { snapshot, baseline, catalog, options } = *inputs;
    let (snapshot, baseline) = (describe_snapshot(snapshot, options.now), describe_baseline(baseline));
    let catalog = describe_catalog(catalog);
    AuditHead {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: compute_run_id(&snapshot, &baseline, &catalog, options),
        generated_at: format!("{:.0}", options.now),
        catalog,
        snapshot,
        baseline,
    }
}

/// The result of an audit without its findings, after the last of them.
pub(super) fn assemble_audit(
    inputs: &AuditInputs<'_>,
    head: AuditHead,
    plan: AuditPlan<'_>,
    tally: FindingTally<'_>,
    dead_grants: &[LocatedDeadGrant],
) -> Audit {
    let FindingTally { mut summary, statuses, accepted_undecided, open_paths, .. } = tally;
    let accepted_unread = AcceptedUnread::new(&plan, &accepted_undecided);
    let is_open = |(source, _): &(UnreadSource<'_>, UnreadInput)| !accepted_unread.covers(source);
    let open: Vec<_> = list_unread_inputs(inputs.snapshot).into_iter().filter(is_open).collect();
    let notes = collect_policy_notes(inputs, &plan.subjects, dead_grants);
    let mut reports = plan.reports.clone();
    set_statuses(&mut reports, &statuses);
    reports.iter().for_each(|principal| summary.add_principal(principal));
    let accounts = build_account_reports(inputs.snapshot, &reports, &summary, &open);
    let (unread, not_examined) = ChosenPart::new(*inputs, &plan).divide(open);
    Audit {
        head,
        notes,
        summary,
        accounts,
        principals: reports,
        findings: Vec::new(),
        escalation_groups: group_paths(&open_paths),
        unread,
        not_examined,
    }
}

/// The findings about the baseline itself.
pub(super) fn find_in_baseline(
    inputs: &AuditInputs<'_>,
    facts: &PrincipalFacts<'_>,
    plan: &AuditPlan<'_>,
    tally: &FindingTally<'_>,
) -> Vec<Finding> {
    let AuditInputs { snapshot, baseline, options, .. } = *inputs;
    let arns: Vec<&str> = facts.arns().collect();
    let has_all_principals = !snapshot.may_lack_principals();
    // Of an audit that ended early, it is not known which findings there are.
    let has_all_findings = options.is_unfiltered() && has_all_principals && !tally.is_cut_short;
    let context = BaselineContext {
        baseline,
        assignments: &facts.assignments,
        arns: &arns,
        selected: &plan.selected,
        has_all_principals,
        keys: has_all_findings.then_some(&tally.used_keys),
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
fn set_statuses(reports: &mut [PrincipalReport], worst: &BTreeMap<String, PrincipalStatus>) {
    for report in reports {
        if let Some(status) = worst.get(report.arn.as_str()) {
            // An ambiguous principal stays ambiguous, unless a finding about it is worse.
            let is_ambiguous = report.status == PrincipalStatus::Ambiguous;
            report.status = if is_ambiguous { report.status.min(*status) } else { *status };
        }
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
        self.summary.worst.is_some_and(|worst| worst >= at_least)
    }
}
