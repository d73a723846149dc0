//! The principals that `--principal` chooses, and which unread parts of the snapshot concern them.

use iamdrift::reach::Graph;
use iamdrift::snapshot::{CollectionGap, PrincipalSelection, SnapshotProblem};

use super::who_can_request::AccessScope;

/// The principals that `--principal` chooses.
pub struct ChosenPrincipals<'a> {
    selection: PrincipalSelection<'a>,
    /// Whether one of them could act as another principal, whose documents then concern the answer.
    may_escalate: bool,
}

impl<'a> ChosenPrincipals<'a> {
    /// The chosen principals of a graph.
    pub fn new(graph: &Graph<'_>, scope: AccessScope, selection: PrincipalSelection<'a>) -> ChosenPrincipals<'a> {
        let mut chosen = selection.selected.iter().enumerate().filter(|(_, selected)| **selected);
        let may_escalate =
            scope == AccessScope::WithEscalation && chosen.any(|(position, _)| graph.may_escalate(position));
        ChosenPrincipals { selection, may_escalate }
    }
}

impl ChosenPrincipals<'_> {
    /// Whether a part of the snapshot that was not collected concerns them.
    fn are_concerned_by_gap(&self, gap: &CollectionGap) -> bool {
        let Some(account) = &gap.account else { return true };
        self.may_escalate
            || self.selection.has_principal_in(account)
            || (gap.may_hide_principals() && self.selection.may_select_in(account))
    }

    fn are_concerned_by(&self, problem: &SnapshotProblem) -> bool {
        self.may_escalate || self.selection.is_concerned_by(problem)
    }

    /// The parts of the snapshot that could not be read and that concern them, one line each.
    pub fn list_unread_inputs(&self) -> Vec<String> {
        let snapshot = self.selection.snapshot;
        let first_diagnostic = |problem: &SnapshotProblem| problem.diagnostics.0.first().map(ToString::to_string);
        let problems = snapshot.problems.iter().filter(|problem| self.are_concerned_by(problem));
        let problem_lines = problems.map(|p| format!("{}: {}", p.subject, first_diagnostic(p).unwrap_or_default()));
        let gaps = snapshot.collection_gaps.iter().filter(|gap| self.are_concerned_by_gap(gap));
        gaps.map(|gap| format!("{gap}: {}", gap.reason())).chain(problem_lines).collect()
    }
}
