//! One audit: plan, evaluate, assemble.

use std::io;
use std::sync::atomic::Ordering;

use super::assemble::{assemble_audit, describe_audit, find_in_baseline};
use super::evaluate_principals::{EvaluationTools, FindingReceiver, evaluate_principals};
use super::finding_sink::{AuditError, FindingCollector, FindingSink};
use super::finding_tally::FindingTally;
use super::fold_findings::{FindingFolder, FoldMode};
use super::model::audit::Audit;
use super::model::finding::FindingOrder;
use super::model::finding_class::FindingClass;
use super::options::AuditOptions;
use super::plan::{AuditInputs, PrincipalFacts, plan_audit};
use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::snapshot::Snapshot;
use crate::source::Diagnostics;

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
    let mut collector = FindingCollector::default();
    match run_audit(&AuditInputs { snapshot, baseline, catalog, options }, FoldMode::Separate, &mut collector) {
        Ok(audit) => Ok(Audit { findings: collector.into_sorted_findings(), ..audit }),
        Err(AuditError::Inputs(diagnostics)) => Err(diagnostics),
        // INVARIANT: a collector takes everything.
        Err(AuditError::Output(error)) => unreachable!("a collector fails: {error}"),
    }
}

/// The same, and hands on the findings while they are made. The result has no findings. Equivalent principals share a finding.
///
/// # Errors
/// As [`audit`], and the first error of the sink.
#[doc(hidden)]
pub fn audit_into(
    snapshot: &Snapshot,
    baseline: &Baseline,
    catalog: &Catalog,
    options: &AuditOptions,
    sink: &mut dyn FindingSink,
) -> Result<Audit, AuditError> {
    run_audit(&AuditInputs { snapshot, baseline, catalog, options }, FoldMode::Folded, sink)
}

fn run_audit(inputs: &AuditInputs<'_>, mode: FoldMode, sink: &mut dyn FindingSink) -> Result<Audit, AuditError> {
    let facts = PrincipalFacts::collect(inputs.snapshot, inputs.baseline);
    let plan = plan_audit(inputs, &facts).map_err(AuditError::Inputs)?;
    let head = describe_audit(inputs);
    sink.begin(&head, &plan.reports).map_err(AuditError::Output)?;
    let mut output =
        AuditOutput { tally: FindingTally::new(inputs.baseline, inputs.options), sink, written: Ok(()), group: 0 };
    let mut receive = |classes: Vec<FindingClass>| output.receive(classes);
    let receiver = FindingReceiver { mode, receive: &mut receive };
    let tools = EvaluationTools::new(inputs.catalog);
    let dead_grants = evaluate_principals(inputs, &facts, &plan, &tools, receiver).dead_grants;
    let mut about_baseline = FindingFolder::new(mode);
    let found = find_in_baseline(inputs, &facts, &plan, &output.tally);
    found.into_iter().for_each(|finding| about_baseline.add(finding));
    output.receive(about_baseline.into_classes());
    output.written.map_err(AuditError::Output)?;
    Ok(assemble_audit(inputs, head, plan, output.tally, &dead_grants))
}

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
    let receiver = FindingReceiver { mode: FoldMode::Separate, receive: &mut drop };
    let evaluation = evaluate_principals(&inputs, &facts, &plan, &tools, receiver);
    let questions = tools.solver.answered.load(Ordering::Relaxed);
    Ok(AuditEffort { questions, end_questions: evaluation.end_questions })
}

/// Counts findings and hands them on.
struct AuditOutput<'a, 's> {
    tally: FindingTally<'a>,
    sink: &'s mut dyn FindingSink,
    /// The first error. After it, the audit goes on without output: its threads cannot be stopped.
    written: io::Result<()>,
    /// The number of groups of findings so far.
    group: usize,
}

impl AuditOutput<'_, '_> {
    fn receive(&mut self, mut classes: Vec<FindingClass>) {
        classes.retain(|class| self.tally.add(class));
        for (position, class) in classes.iter_mut().enumerate() {
            class.finding.order = FindingOrder { group: self.group, position };
        }
        self.group += 1;
        if self.written.is_ok() && !classes.is_empty() {
            self.written = self.sink.write(classes);
        }
    }
}
