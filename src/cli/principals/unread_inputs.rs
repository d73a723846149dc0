//! What the list of principals could lack.

use iamdrift::snapshot::{Snapshot, SnapshotProblem};

/// The parts of the snapshot that could not be read and could contain principals, one line each.
pub(super) fn list_unread_inputs(snapshot: &Snapshot) -> Vec<String> {
    let first_diagnostic = |problem: &SnapshotProblem| problem.diagnostics.0.first().map(ToString::to_string);
    let problem_lines = snapshot
        .problems
        .iter()
        .map(|problem| (problem.subject.clone(), first_diagnostic(problem).unwrap_or_default()));
    let hiding_gaps = snapshot.collection_gaps.iter().filter(|gap| gap.may_hide_principals());
    hiding_gaps
        .map(|gap| (gap.to_string(), gap.reason()))
        .chain(problem_lines)
        .map(|(subject, reason)| format!("{subject}: {reason}"))
        .collect()
}
