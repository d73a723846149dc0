//! Ends on the way of a long path that are allowed nothing beyond the ceiling but the next step of the path. They are listed with
//! the end of the path: in a chain of N roles, each principal would have a finding for each of the others.

use super::analysis::EscalationAnalysis;
use super::gain_search::GainedState;
use crate::audit::analysis::analyzer::Analyzer;
use crate::audit::model::severity::Severity;
use crate::iam::ElementKind;
use crate::reach::{NodeState, PathStep};

/// The number of steps from which a path is long.
const LONG_PATH: usize = 8;

const ASSUME_ROLE: &str = "sts:assumerole";

impl EscalationAnalysis<'_> {
    /// For each gain, the position of the one with the longest path that passes it and makes use of all that it gives. None if
    /// there is none. `may_fold`: whether a gain may be listed with another one.
    pub(super) fn find_ends_on_the_way(
        &self,
        analyzer: &Analyzer<'_>,
        gained: &[GainedState],
        may_fold: &dyn Fn(&GainedState) -> bool,
    ) -> Vec<Option<usize>> {
        let is_long = |other: &GainedState| other.steps.len() >= LONG_PATH;
        if !gained.iter().any(is_long) {
            return vec![None; gained.len()];
        }
        let rated: Vec<(&GainedState, Option<Severity>)> =
            gained.iter().map(|gained| (gained, rate(analyzer, gained))).collect();
        let find_longest = |(end, severity): &(&GainedState, Option<Severity>)| {
            let passing = rated.iter().enumerate().filter(|(_, (other, other_severity))| {
                is_long(other)
                    && other.steps.len() > end.steps.len()
                    && other.steps.starts_with(&end.steps)
                    && may_fold(other)
                    && other_severity >= severity
            });
            let (position, (longest, _)) = passing.max_by_key(|(_, (other, _))| other.steps.len())?;
            let next = longest.steps.get(end.steps.len())?;
            (may_fold(end) && self.is_all_for_step(end, next)).then_some(position)
        };
        let found: Vec<Option<usize>> = rated.iter().map(find_longest).collect();
        // One that is listed with another lists none.
        let is_kept = |at: &usize| found.get(*at).is_some_and(Option::is_none);
        found.iter().map(|at| at.filter(is_kept)).collect()
    }

    /// Whether an end is allowed nothing beyond the ceiling but a step: to assume this one role.
    fn is_all_for_step(&self, end: &GainedState, next: &PathStep) -> bool {
        if next.from != end.state || next.to != NodeState::unchanged(next.to.principal) {
            return false;
        }
        let (_, _, policies) = self.graph.build_layers(&end.state);
        let role = self.graph.arn(next.to.principal);
        end.gain.excess.iter().all(|((policy, statement), excess)| {
            let policy = policy.find(&policies);
            let resource = policy.and_then(|policy| policy.document.statements.get(*statement)?.resource.as_ref());
            let is_this_role = resource.is_some_and(|resource| {
                resource.kind == ElementKind::List
                    && resource.patterns.iter().all(|pattern| pattern.as_written() == role)
            });
            let action = excess.witness.as_ref().map(|witness| witness.action.to_lowercase());
            excess.actions.len() == 1 && action.as_deref() == Some(ASSUME_ROLE) && is_this_role
        })
    }
}

/// The severity of what a gain gives.
fn rate(analyzer: &Analyzer<'_>, gained: &GainedState) -> Option<Severity> {
    let summarize = |actions| analyzer.summary_cache.get_or_summarize(&analyzer.ranking, actions).severity;
    gained.gain.excess.values().map(|excess| summarize(&excess.actions)).max()
}
