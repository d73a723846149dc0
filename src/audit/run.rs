//! One audit: plan, evaluate, assemble.

use std::sync::atomic::Ordering;

use super::assemble::assemble_audit;
use super::evaluate_principals::{EvaluationTools, evaluate_principals};
use super::model::audit::Audit;
use super::options::AuditOptions;
use super::plan::{AuditInputs, PrincipalFacts, plan_audit};
use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::snapshot::Snapshot;
use crate::source::Diagnostics;

/// How much an audit asked.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct AuditEffort {
    /// The questions that the solver answered.
    pub questions: usize,
    /// Those about the ends of escalation paths.
    pub end_questions: usize,
}

/// How much the audit of a snapshot asks: tests compare it at two sizes.
///
/// # Errors
/// Those of [`audit`].
#[doc(hidden)]
pub fn measure_effort(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &AuditOptions,
) -> Result<AuditEffort, Diagnostics> {
    let inputs = AuditInputs { snapshot, baseline, catalog, options };
    let facts = PrincipalFacts::collect(snapshot, baseline);
    let plan = plan_audit(&inputs, &facts)?;
    let tools = EvaluationTools::new(catalog);
    let evaluation = evaluate_principals(&inputs, &facts, &plan, &tools);
    let questions = tools.solver.answered.load(Ordering::Relaxed);
    Ok(AuditEffort { questions, end_questions: evaluation.end_questions })
}

/// Compares a snapshot with a baseline.
///
/// ```
/// use iamdrift::audit::{AuditOptions, audit};
/// use iamdrift::baseline::Baseline;
/// use iamdrift::catalog::Catalog;
/// use iamdrift::snapshot::Snapshot;
/// # let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
///
/// let catalog = Catalog::embedded();
/// let snapshot = Snapshot::load(&folder.join("snapshot"))?;
/// let baseline = Baseline::load_with_catalog(&folder.join("baseline"), catalog)?;
/// // Exceptions expire, so the audit needs a date.
/// let audit = audit(&snapshot, &baseline, catalog, &AuditOptions::new(jiff::civil::date(2026, 11, 27)))?;
/// for finding in &audit.findings {
///     println!("{} {}", finding.rule.as_str(), finding.fingerprint);
///     for excess in &finding.excess {
///         println!("  {} on {}", excess.witness.action, excess.witness.resource);
///     }
/// }
/// # assert!(!audit.findings.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A ceiling that cannot be resolved: an AWS managed policy that the snapshot does not have, or a service or access level
/// that the catalog does not know.
pub fn audit(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &AuditOptions,
) -> Result<Audit, Diagnostics> {
    let inputs = AuditInputs { snapshot, baseline, catalog, options };
    let facts = PrincipalFacts::collect(snapshot, baseline);
    let plan = plan_audit(&inputs, &facts)?;
    let evaluation = evaluate_principals(&inputs, &facts, &plan, &EvaluationTools::new(catalog));
    Ok(assemble_audit(&inputs, &facts, plan, evaluation))
}
