//! The part of a search that chooses tags of principals.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::Graph;
use super::model::chosen_tags::{ChosenTags, TargetView};
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::obtained::{ObtainableState, Obtained};
use super::path::{Change, Origin};
use crate::solve::UndecidedReason;

/// What was computed for the ways to choose tags.
#[derive(Default)]
pub(super) struct TagProgress {
    /// The principals to which the tags of a view were given.
    tagged: FxHashMap<Arc<TargetView>, FixedBitSet>,
    /// The states whose successors were computed with the tags of a view.
    expanded: FxHashSet<(usize, Arc<TargetView>)>,
}

impl Graph<'_> {
    /// Adds the states that result from chosen tags.
    pub(super) fn choose_tags(
        &self,
        progress: &mut TagProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        // With the tags of a view, further tags can be changed.
        let mut chosen: FxHashSet<Arc<TargetView>> = FxHashSet::default();
        while let Some(view) = obtained.tags.views().iter().find(|view| !chosen.contains(*view)).cloned() {
            self.choose_view(&view, progress, obtained, new, undecided);
            chosen.insert(view);
        }
    }

    /// Adds the states that result from the tags of a view.
    fn choose_view(
        &self,
        view: &Arc<TargetView>,
        progress: &mut TagProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let tagged = progress.tagged.entry(Arc::clone(view));
        let tagged = tagged.or_insert_with(|| self.world.principals.empty_set());
        let mut targets = view.targets(&self.world.principals.empty_set());
        targets.intersect_with(&obtained.list_changeable());
        targets.difference_with(tagged);
        tagged.union_with(&targets);
        for principal in targets.ones().filter(|principal| self.world.tag_index.matters_to(*principal)) {
            self.add_tag_change(principal, view, obtained, new);
        }
        for at in obtained.list_expanded() {
            if progress.expanded.insert((at, Arc::clone(view))) {
                self.expand_with_tags(at, view, obtained, new, undecided);
            }
        }
    }

    /// Adds what a state can do only if other principals have the tags of a view.
    fn expand_with_tags(
        &self,
        at: usize,
        view: &Arc<TargetView>,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let state = obtained.state(at).clone();
        let original = self.successors(&state);
        if !original.depends_on_tags {
            return;
        }
        let tagged = self.successors_with_tags(&state, view);
        undecided.extend(tagged.undecided.iter().cloned());
        obtained.tags.add(at, &tagged.tag_grants);
        let added = |with_tags: &FixedBitSet, without: &FixedBitSet| {
            let mut added = with_tags.clone();
            added.difference_with(without);
            added.ones().collect::<Vec<usize>>()
        };
        for principal in added(&tagged.shared.grant_targets, &original.shared.grant_targets) {
            let grant = StateChange { grants_all: true, ..StateChange::default() };
            self.add_conditional_change(at, NodeState::new(principal, grant), view, obtained, new);
        }
        let original_changes = self.reached_changes(&state, &self.original_tags);
        let tagged_changes = self.reached_changes(&state, view);
        undecided.extend(tagged_changes.undecided.iter().cloned());
        for changed in &tagged_changes.states {
            if !original_changes.states.contains(changed) {
                self.add_conditional_change(at, changed.clone(), view, obtained, new);
            }
        }
        let exists = |principal: &usize| !self.world.creatable.contains(*principal);
        for principal in added(&tagged.reachable, &original.reachable).into_iter().filter(exists) {
            if let Some(change) = self.build_tag_change(principal, view, obtained) {
                let reached = NodeState { principal, change: change.change.clone() };
                obtained.add_reached_with_tags(principal);
                new.push((reached, Origin::changed(at, Some(change))));
            }
        }
    }

    /// Adds a change that a state can make to a principal only if that principal has the tags of a view.
    fn add_conditional_change(
        &self,
        at: usize,
        changed: NodeState,
        view: &TargetView,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        let principal = changed.principal;
        let required_tags = self.find_tags(principal, view);
        if required_tags.is_empty() {
            return;
        }
        self.add_tag_change(principal, view, obtained, new);
        let change = Change { required_tags, ..Change::new(at, changed.change) };
        obtained.add_change(principal, change, new);
    }

    fn add_tag_change(
        &self,
        principal: usize,
        view: &TargetView,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
    ) {
        if let Some(change) = self.build_tag_change(principal, view, obtained) {
            obtained.add_change(principal, change, new);
        }
    }

    /// The change of a principal's tags to those of a view. None if the view does not change them.
    fn build_tag_change(&self, principal: usize, view: &TargetView, obtained: &Obtained) -> Option<Change> {
        let tags = self.find_tags(principal, view);
        let taggers = obtained.tags.find_taggers(principal, &tags);
        let (by, others) = taggers.split_first()?;
        let change = StateChange { tags, ..StateChange::default() }.into();
        Some(Change { others: others.to_vec(), ..Change::new(*by, change) })
    }

    fn find_tags(&self, principal: usize, view: &TargetView) -> ChosenTags {
        let node = self.world.node(principal);
        view.find_tags(principal, |key| node.has_tag(key))
    }
}
