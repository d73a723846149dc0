//! Tries one set of edits on a copy of the snapshot.

use std::collections::BTreeSet;

use super::affected_principals::{find_affected, find_assumers};
use super::compare_findings::{find_regressions, rate_effect};
use super::kept_access::{is_kept, is_trust_kept};
use super::limited_audit::find_about;
use super::snapshot_editor::SnapshotEditor;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::evaluate_principals::EvaluationTools;
use crate::audit::model::finding::Finding;
use crate::audit::model::fix_verification::FixVerification;
use crate::audit::model::remediation::Remediation;
use crate::audit::plan::{AuditInputs, AuditPlan, PrincipalFacts, plan_audit};
use crate::audit::subject::audited_principal::AuditedPrincipal;

/// The account before edits.
pub(super) struct AccountBefore<'a> {
    /// The inputs, without filters.
    pub inputs: AuditInputs<'a>,
    /// What is known about its principals.
    pub facts: &'a PrincipalFacts<'a>,
    /// All principals that are audited.
    pub subjects: Vec<&'a AuditedPrincipal<'a>>,
    /// The findings about all of them.
    pub findings: &'a [Finding],
    /// Asks the solver about access.
    pub analyzer: &'a Analyzer<'a>,
    /// What all evaluations share.
    pub tools: &'a EvaluationTools<'a>,
}

/// What edits do.
pub(super) enum EditResult {
    /// They are a fix.
    Works(FixVerification),
    /// They are not. The findings appear or grow, or are as large as before.
    Fails(Vec<Finding>),
}

/// A copy of the snapshot with edits, and the findings about the principals that the edits can affect.
pub(super) struct EditedAccount {
    /// The copy.
    pub editor: SnapshotEditor,
    /// Whether declared access is kept, and none is gained.
    pub keeps_access: bool,
    /// The principals that the edits can affect.
    pub affected: BTreeSet<String>,
    /// The findings about them.
    pub findings: Vec<Finding>,
}

/// What is asked about a copy whose access is not kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AskIfNotKept {
    /// Nothing: the edits have failed.
    Nothing,
    /// The findings, all the same.
    Findings,
}

/// Applies edits for a finding about these principals, and asks about the copy. `None` if they cannot be applied.
pub(super) fn apply_and_ask(
    before: &AccountBefore<'_>,
    principals: &[&str],
    edits: &[Remediation],
    if_not_kept: AskIfNotKept,
) -> Option<EditedAccount> {
    let editor = SnapshotEditor::apply(before.inputs.snapshot, principals, edits)?;
    let inputs = AuditInputs { snapshot: &editor.snapshot, ..before.inputs };
    let facts = PrincipalFacts::collect(&editor.snapshot, inputs.baseline);
    // A ceiling that cannot be resolved any more is a failure, too.
    let plan = plan_audit(&inputs, &facts).ok()?;
    let keeps_access = keeps_access(before, &editor, &plan);
    if !keeps_access && if_not_kept == AskIfNotKept::Nothing {
        return None;
    }
    let affected = find_affected(&editor, (before.facts, &facts), &before.subjects, before.findings);
    let findings = find_about(&inputs, &facts, plan, &affected, before.tools);
    drop(facts);
    Some(EditedAccount { editor, keeps_access, affected, findings })
}

/// Tries edits for a finding about these principals.
pub(super) fn try_edits(
    before: &AccountBefore<'_>,
    finding: &Finding,
    principals: &[&str],
    edits: &[Remediation],
) -> EditResult {
    let Some(edited) = apply_and_ask(before, principals, edits, AskIfNotKept::Nothing) else {
        return EditResult::Fails(Vec::new());
    };
    let regressions = find_regressions(before.findings, &edited.findings, &finding.key);
    match rate_effect(finding, &edited.findings) {
        Some(effect) if regressions.is_empty() => EditResult::Works(effect),
        _ => EditResult::Fails(regressions.into_iter().cloned().collect()),
    }
}

/// Whether all principals that edits touch keep their declared access, and gain nothing.
fn keeps_access(before: &AccountBefore<'_>, editor: &SnapshotEditor, plan: &AuditPlan<'_>) -> bool {
    let find_after = |subject: &AuditedPrincipal<'_>| {
        let mut subjects = plan.subjects.iter().chain(&plan.ignored);
        subjects.find(|after| after.principal.arn == subject.principal.arn)
    };
    let is_in =
        |subject: &&&AuditedPrincipal<'_>, arns: &BTreeSet<String>| arns.contains(subject.principal.arn.as_str());
    let touched = before.subjects.iter().filter(|subject| is_in(subject, &editor.touched)).copied();
    let mut concerned = touched.chain(find_assumers(editor, &before.subjects));
    let mut roles = before.subjects.iter().filter(|subject| is_in(subject, &editor.trust_edited));
    concerned.all(|subject| find_after(subject).is_some_and(|after| is_kept(before.analyzer, subject, after)))
        && roles.all(|role| find_after(role).is_some_and(|after| is_trust_kept(before.analyzer, role, after)))
}
