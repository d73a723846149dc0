//! Changes that are possible and that the search does not combine: the result is undecided by name.

use std::collections::BTreeSet;

use super::graph::Graph;
use super::model::chosen_boundary::ChosenBoundary;
use super::model::creatable_principals::CREATING_ACTIONS;
use super::model::technique::{REMOVE_BOUNDARY_ACTIONS, SET_BOUNDARY_ACTIONS};
use super::obtained::Obtained;
use super::search_holdings::HoldingProgress;
use super::steps::step_finder::StepFinder;
use crate::solve::UndecidedReason;

const BOUNDARY_AND_TAGS: &str = "a chosen boundary and chosen tags of one principal";
const CREATION_WITH_TAGS: &str = "the creation of a user or role that must have tags with changes by other sessions";
const CHANGE_BY_TAGS: &str = "the creation of a user or role with tags that its boundary or name can be changed by";
const CREATION_WITH_BOUNDARY: &str = "the creation of a user or role with a boundary that another session writes";

const RENAME_USER: &str = "iam:UpdateUser";

impl Graph<'_> {
    /// Adds the changes that the search did not combine.
    pub(super) fn find_uncombined_changes(
        &self,
        holdings: &HoldingProgress,
        obtained: &Obtained,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        undecided.extend(self.find_uncombined_holdings(holdings, obtained));
        let both = self.find_bounded_and_tagged(obtained);
        let created_policies = holdings.list_created_policies();
        let expanded = obtained.list_expanded();
        let boundary_actions = [REMOVE_BOUNDARY_ACTIONS, SET_BOUNDARY_ACTIONS].concat();
        let changing_actions = [&boundary_actions[..], &[RENAME_USER]].concat();
        let mut changes_boundaries = false;
        // The states that create principals, and whether others act beside them.
        let mut creating: Vec<(usize, bool)> = Vec::new();
        // The tags of a target by which principals can change its boundary or name.
        let mut changing: Vec<(usize, BTreeSet<String>)> = Vec::new();
        for at in &expanded {
            let state = obtained.state(*at);
            if let Some(principal) = both {
                let successors = self.successors(state);
                if successors.depends_on_boundaries && successors.depends_on_tags {
                    undecided.insert(self.describe_uncombined(principal, BOUNDARY_AND_TAGS));
                }
            }
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective, &self.original_tags);
            undecided.extend(step_finder.find_unread_administrators());
            let is_other = |other: &usize| obtained.state(*other).principal != state.principal;
            let may = |actions: &[&str]| actions.iter().any(|action| step_finder.may_allow(action));
            changes_boundaries |= may(&boundary_actions);
            if may(&CREATING_ACTIONS) {
                creating.push((*at, expanded.iter().any(is_other)));
            }
            if may(&changing_actions) {
                let tags = step_finder.list_resource_tags(&changing_actions);
                changing.extend((!tags.is_empty()).then_some((state.principal, tags)));
            }
            let by_others = created_policies.iter().filter(|(_, by)| is_other(by));
            let boundaries: Vec<ChosenBoundary> =
                by_others.map(|(policy, _)| ChosenBoundary::Rewritten(policy.clone())).collect();
            if step_finder.creates_only_with_boundary(&boundaries, undecided) {
                undecided.insert(self.describe_uncombined(state.principal, CREATION_WITH_BOUNDARY));
            }
        }
        if !creating.is_empty() && !changing.is_empty() {
            self.find_changes_by_tags(&changing, obtained, undecided);
        }
        creating.retain(|(_, has_others)| *has_others || changes_boundaries);
        for (at, _) in creating {
            let state = obtained.state(at);
            let effective = self.world.effective(state);
            let step_finder = StepFinder::new(&self.world, state, &effective, &self.original_tags);
            if step_finder.creates_only_with_tags(changes_boundaries, undecided) {
                undecided.insert(self.describe_uncombined(state.principal, CREATION_WITH_TAGS));
            }
        }
    }

    /// A principal for which both a boundary and tags can be chosen. None if there is none.
    fn find_bounded_and_tagged(&self, obtained: &Obtained) -> Option<usize> {
        let mut both = self.world.principals.empty_set();
        obtained.boundaries().iter().for_each(|(_, grant)| both.union_with(&grant.targets));
        let mut tagged = self.world.principals.empty_set();
        let no_principals = self.world.principals.empty_set();
        obtained.tags.views().iter().for_each(|view| tagged.union_with(&view.targets(&no_principals)));
        both.intersect_with(&tagged);
        both.ones().next()
    }

    /// Adds that tags of a new principal allow changes of its boundary or name. `changing`: principals, with the tags of a target
    /// by which they can change it.
    fn find_changes_by_tags(
        &self,
        changing: &[(usize, BTreeSet<String>)],
        obtained: &Obtained,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let settable = obtained.tags.list_keys_on(&self.world.creatable);
        let by_tags = changing.iter().filter(|(_, tags)| !tags.is_disjoint(&settable));
        undecided.extend(by_tags.map(|(principal, _)| self.describe_uncombined(*principal, CHANGE_BY_TAGS)));
    }

    /// That changes of a principal are possible and not combined.
    pub(super) fn describe_uncombined(&self, principal: usize, changes: &'static str) -> UndecidedReason {
        UndecidedReason::Uncombined { principal: self.arn(principal).to_owned(), changes }
    }
}
