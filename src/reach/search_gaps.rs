//! Changes that are possible and that the search does not combine: the result is undecided by name.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::model::chosen_boundary::ChosenBoundary;
use super::obtained::Obtained;
use super::search_holdings::HoldingProgress;
use super::steps::step_finder::StepFinder;
use crate::solve::UndecidedReason;

const BOUNDARY_AND_TAGS: &str = "a chosen boundary and chosen tags of one principal";
const CREATION_WITH_TAGS: &str = "the creation of a user or role that must have tags with changes by other sessions";
const CREATION_WITH_BOUNDARY: &str = "the creation of a user or role with a boundary that another session writes";

impl Graph<'_> {
    /// Adds the changes that the search did not combine.
    pub(super) fn find_uncombined_changes(
        &self,
        holdings: &HoldingProgress,
        obtained: &Obtained,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        undecided.extend(self.find_uncombined_holdings(holdings, obtained));
        let mut both = self.world.principals.empty_set();
        obtained.boundaries().iter().for_each(|(_, grant)| both.union_with(&grant.targets));
        let mut tagged = self.world.principals.empty_set();
        let no_principals = self.world.principals.empty_set();
        obtained.tags.views().iter().for_each(|view| tagged.union_with(&view.targets(&no_principals)));
        both.intersect_with(&tagged);
        let both = both.ones().next();
        let created_policies = holdings.list_created_policies();
        let expanded = obtained.list_expanded();
        for at in &expanded {
            let state = obtained.state(*at);
            let uncombined = |principal: usize, changes: &'static str| UndecidedReason::Uncombined {
                principal: self.arn(principal).to_owned(),
                changes,
            };
            if let Some(principal) = both {
                let successors = self.successors(state);
                if successors.depends_on_boundaries && successors.depends_on_tags {
                    undecided.insert(uncombined(principal, BOUNDARY_AND_TAGS));
                }
            }
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective, &self.original_tags);
            let is_other = |other: &usize| obtained.state(*other).principal != state.principal;
            if expanded.iter().any(is_other) && step_finder.creates_only_with_tags(undecided) {
                undecided.insert(uncombined(state.principal, CREATION_WITH_TAGS));
            }
            let by_others = created_policies.iter().filter(|(_, by)| is_other(by));
            let boundaries: Vec<ChosenBoundary> =
                by_others.map(|(policy, _)| ChosenBoundary::Rewritten(policy.clone())).collect();
            if step_finder.creates_only_with_boundary(&boundaries, undecided) {
                undecided.insert(uncombined(state.principal, CREATION_WITH_BOUNDARY));
            }
        }
    }
}
