//! Verifies the fixes of an audit.

use rayon::prelude::*;

use super::choose_edits::choose_edits;
use super::try_edits::AccountBefore;
use crate::audit::actions::ranking::ActionRanking;
use crate::audit::analysis::analyzer::{AnalysisOptions, Analyzer};
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
use crate::solve::Solver;
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
    let unfiltered = AuditOptions::new(options.today);
    let is_complete =
        options.is_unfiltered() && options.severity.is_none() && options.extents == ExtentMode::Without;
    // Findings that the audit left out must not grow, either.
    let findings = match is_complete {
        true => audit.findings.clone(),
        false => run_audit(snapshot, baseline, catalog, &unfiltered)?.findings,
    };
    let inputs = AuditInputs { snapshot, baseline, catalog, options: &unfiltered };
    let facts = PrincipalFacts::collect(snapshot, baseline);
    let plan = plan_audit(&inputs, &facts)?;
    let ranking = ActionRanking::new(catalog);
    let solver = Solver::with_ranks(catalog, ranking.to_numeric_ranks());
    let analysis_options = AnalysisOptions { future_excess: true, not_granted: false };
    let analyzer = Analyzer::new(&solver, snapshot, ranking, analysis_options);
    let subjects = plan.subjects.iter().chain(&plan.ignored).collect();
    let before = AccountBefore { inputs, facts: &facts, subjects, findings: &findings, analyzer: &analyzer };
    let chosen: Vec<_> = wanted
        .par_iter()
        .filter_map(|index| Some((*index, choose_edits(&before, audit.findings.get(*index)?))))
        .collect();
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
