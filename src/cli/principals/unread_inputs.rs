//! What the list of principals could lack.

use iamdrift::snapshot::{CollectionGap, PrincipalSelection, SnapshotProblem};

/// The parts of the snapshot that could not be read and concern the listed principals or could contain more of them, one line
/// each.
pub(super) fn list_unread_inputs(selection: &PrincipalSelection<'_>) -> Vec<String> {
    let snapshot = selection.snapshot;
    let first_diagnostic = |problem: &SnapshotProblem| problem.diagnostics.0.first().map(ToString::to_string);
    let problems = snapshot.problems.iter().filter(|problem| selection.is_concerned_by(problem));
    let problem_lines =
        problems.map(|problem| (problem.subject.clone(), first_diagnostic(problem).unwrap_or_default()));
    let may_select_in = |gap: &CollectionGap| gap.account.as_ref().is_none_or(|id| selection.may_select_in(id));
    let hiding_gaps = snapshot.collection_gaps.iter().filter(|gap| gap.may_hide_principals() && may_select_in(gap));
    hiding_gaps
        .map(|gap| (gap.to_string(), gap.reason()))
        .chain(problem_lines)
        .map(|(subject, reason)| format!("{subject}: {reason}"))
        .collect()
}
