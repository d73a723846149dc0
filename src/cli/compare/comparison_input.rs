//! The documents and the settings of a comparison.

use std::sync::Arc;

use iamdrift::audit::ActionRanking;
use iamdrift::iam::PolicyDocument;
use iamdrift::solve::compare::{PolicyComparison, compare_policies};
use iamdrift::solve::{ActionWorld, Solver};

/// The two documents of a comparison.
pub(super) struct DocumentPair {
    pub(super) a: Arc<PolicyDocument>,
    pub(super) b: Arc<PolicyDocument>,
}

/// The settings of a comparison.
#[derive(Debug)]
pub(super) struct ComparisonSettings {
    pub(super) ranking: ActionRanking<'static>,
    pub(super) worlds: &'static [ActionWorld],
    pub(super) cubes: usize,
}

impl ComparisonSettings {
    pub(super) fn solver(&self) -> Solver<'static> {
        Solver::with_ranks(self.ranking.catalog, self.ranking.to_numeric_ranks())
    }

    pub(super) fn compare(
        &self,
        solver: &Solver<'_>,
        a: &Arc<PolicyDocument>,
        b: &Arc<PolicyDocument>,
    ) -> PolicyComparison {
        compare_policies(solver, a, b, self.worlds, self.cubes)
    }
}
