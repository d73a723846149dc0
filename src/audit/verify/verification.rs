//! Verifies the fixes of an audit.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::choose_edits::choose_edits;
use super::try_edits::{AccountBefore, AskIfNotKept, apply_and_ask};
use crate::audit::analysis::analyzer::{AnalysisOptions, Analyzer};
use crate::audit::evaluate_principals::EvaluationTools;
use crate::audit::model::audit::Audit;
use crate::audit::model::finding::Finding;
use crate::audit::model::fix_verification::FixVerification;
use crate::audit::model::remediation::Remediation;
use crate::audit::options::{AuditOptions, ExtentMode};
use crate::audit::plan::{AuditInputs, PrincipalFacts, plan_audit};
use crate::audit::run::audit as run_audit;
use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::snapshot::Snapshot;
use crate::source::Diagnostics;

/// Tries the suggested edits of some findings on copies of the snapshot, and keeps those that work.
///
/// The inputs are those of the audit. A finding whose edits fail has no edits afterwards.
///
/// ```
/// use iamdrift::audit::{AuditOptions, FixVerification, Severity, audit, verify_fixes};
/// # use iamdrift::{baseline::Baseline, catalog::Catalog, snapshot::Snapshot};
/// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
/// # let snapshot = Snapshot::load(&folder.join("snapshot"))?;
/// # let baseline = Baseline::load(&folder.join("baseline"))?;
/// let (catalog, options) = (Catalog::embedded(), AuditOptions::new(jiff::civil::date(2026, 11, 27)));
/// let mut audit = audit(&snapshot, &baseline, catalog, &options)?;
/// verify_fixes(&mut audit, &snapshot, &baseline, catalog, &options, &|finding| {
///     finding.key == "iam001/111122223333/user/people/j.verhoeven"
/// })?;
/// assert!(audit.findings.iter().any(|finding| finding.fix_verification == FixVerification::Ends));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`audit`](crate::audit::audit).
pub fn verify_fixes(
    audit: &mut Audit,
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &AuditOptions,
    is_wanted: &dyn Fn(&Finding) -> bool,
) -> Result<(), Diagnostics> {
    let wanted: Vec<usize> = audit
        .findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.remediations.iter().any(Remediation::is_edit) && is_wanted(finding))
        .map(|(index, _)| index)
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    // Findings that the audit left out must not grow, either.
    let is_complete = options.is_unfiltered() && options.severity.is_none() && options.extents == ExtentMode::Without;
    let unfiltered = AuditOptions { budget: options.budget, ..AuditOptions::new(options.today) };
    let findings = match is_complete {
        true => audit.findings.clone(),
        false => run_audit(snapshot, baseline, catalog, &unfiltered)?.findings,
    };
    let inputs = AuditInputs { snapshot, baseline, catalog, options: &unfiltered };
    let chosen: Vec<_> = with_account_before(inputs, &findings, |before| {
        let choose = |index: &usize| Some((*index, choose_edits(before, audit.findings.get(*index)?)));
        wanted.par_iter().filter_map(choose).collect()
    })?;
    for (index, chosen) in chosen {
        if let Some(finding) = audit.findings.get_mut(index) {
            finding.remediations.retain(|remediation| !remediation.is_edit());
            let (edits, verification) = chosen.unwrap_or((Vec::new(), FixVerification::Failed));
            finding.remediations.splice(0..0, edits);
            finding.fix_verification = verification;
        }
    }
    Ok(())
}

/// Prepares what all edits are compared with.
fn with_account_before<R>(
    inputs: AuditInputs<'_>,
    findings: &[Finding],
    ask: impl FnOnce(&AccountBefore<'_>) -> R,
) -> Result<R, Diagnostics> {
    let facts = PrincipalFacts::collect(inputs.snapshot, inputs.baseline);
    let plan = plan_audit(&inputs, &facts)?;
    let tools = EvaluationTools::new(inputs.catalog);
    let analysis_options = AnalysisOptions { future_excess: true, not_granted: false, day: Some(inputs.options.today) };
    let analyzer = Analyzer::new(&tools.solver, inputs.snapshot, tools.ranking.clone(), analysis_options);
    let subjects = plan.subjects.iter().chain(&plan.ignored).collect();
    Ok(ask(&AccountBefore { inputs, facts: &facts, subjects, findings, analyzer: &analyzer, tools: &tools }))
}

/// A copy of a snapshot with the edits of a finding, and what verification asks about it.
#[doc(hidden)]
#[derive(Debug)]
pub struct EditedCopy {
    /// The copy.
    pub snapshot: Snapshot,
    /// Whether declared access is kept, and none is gained.
    pub keeps_access: bool,
    /// The principals whose findings are asked for.
    pub affected: BTreeSet<String>,
    /// The findings about them.
    pub findings: Vec<Finding>,
}

/// The questions of verification about the edits of some findings, for tests that compare them with whole audits. `None` for a
/// finding whose edits cannot be applied. `findings` are those of an audit without filters.
#[doc(hidden)]
pub fn ask_about_edits(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &AuditOptions,
    (findings, wanted): (&[Finding], &[&Finding]),
) -> Result<Vec<Option<EditedCopy>>, Diagnostics> {
    let inputs = AuditInputs { snapshot, baseline, catalog, options };
    let ask = |before: &AccountBefore<'_>, finding: &Finding| {
        let edits: Vec<Remediation> = finding.remediations.iter().filter(|edit| edit.is_edit()).cloned().collect();
        let principals: Vec<&str> = finding.all_principals().map(|principal| principal.arn.as_str()).collect();
        if edits.is_empty() || principals.is_empty() {
            return None;
        }
        let edited = apply_and_ask(before, &principals, &edits, AskIfNotKept::Findings)?;
        Some(EditedCopy {
            snapshot: edited.editor.snapshot,
            keeps_access: edited.keeps_access,
            affected: edited.affected,
            findings: edited.findings,
        })
    };
    with_account_before(inputs, findings, |before| wanted.iter().map(|finding| ask(before, finding)).collect())
}
