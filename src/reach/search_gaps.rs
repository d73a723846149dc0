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
const CHANGE_BY_TAGS: &str = "the creation of a user or role with tags that its boundary or name can be changed by";
const CREATION_WITH_BOUNDARY: &str = "the creation of a user or role with a boundary that another session writes";

const CREATING_ACTIONS: [&str; 2] = ["iam:CreateRole", "iam:CreateUser"];
const BOUNDARY_ACTIONS: [&str; 4] = [
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
];

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
        let may = |at: &usize, actions: &[&str]| {
            let effective = self.world.effective(obtained.state(*at));
            actions.iter().filter_map(|action| self.world.find_action(action)).any(|id| effective.may_allow(id))
        };
        let creates = expanded.iter().any(|at| may(at, &CREATING_ACTIONS));
        let changes_boundaries = expanded.iter().any(|at| may(at, &BOUNDARY_ACTIONS));
        let settable = if creates { obtained.tags.list_keys_on(&self.world.creatable) } else { BTreeSet::new() };
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
            undecided.extend(step_finder.find_unread_administrators());
            let is_other = |other: &usize| obtained.state(*other).principal != state.principal;
            let has_others = expanded.iter().any(is_other);
            if (has_others || changes_boundaries) && step_finder.creates_only_with_tags(changes_boundaries, undecided) {
                undecided.insert(uncombined(state.principal, CREATION_WITH_TAGS));
            }
            let changing = [&BOUNDARY_ACTIONS[..], &["iam:UpdateUser"]].concat();
            if !settable.is_empty() && !step_finder.list_resource_tags(&changing).is_disjoint(&settable) {
                undecided.insert(uncombined(state.principal, CHANGE_BY_TAGS));
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
