//! The tags that a search can choose, and the ways to choose them together.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::model::chosen_tags::{ChosenTag, ChosenTags, TagGrant, TargetView, combine_grants};

/// The changes of tags that states can make.
#[derive(Default)]
pub(super) struct ObtainedTags {
    /// With the state that can make them first.
    grants: Vec<(usize, TagGrant)>,
    views: Vec<Arc<TargetView>>,
    is_limit_exceeded: bool,
}

impl ObtainedTags {
    /// Adds changes that the state `at` can make.
    pub(super) fn add(&mut self, at: usize, grants: &[TagGrant]) {
        let mut is_new = false;
        for grant in grants {
            let mut targets = grant.targets.clone();
            let same = self.grants.iter().filter(|(_, known)| known.key == grant.key && known.change == grant.change);
            same.for_each(|(_, known)| targets.difference_with(&known.targets));
            if !targets.is_clear() {
                is_new = true;
                self.grants.push((at, TagGrant { targets, ..grant.clone() }));
            }
        }
        if is_new {
            self.build_views();
        }
    }

    /// The ways to choose all tags. Each view has the tags that can have any value. Empty if no tag can be changed.
    pub(super) fn views(&self) -> &[Arc<TargetView>] {
        &self.views
    }

    pub(super) fn is_limit_exceeded(&self) -> bool {
        self.is_limit_exceeded
    }

    /// The states that can make a choice of tags for a principal: at least one for each tag.
    pub(super) fn find_taggers(&self, principal: usize, tags: &ChosenTags) -> Vec<usize> {
        let is_about = |grant: &TagGrant| {
            let makes = |(key, chosen): &(Arc<str>, ChosenTag)| *key == grant.key && grant.change.may_make(chosen);
            grant.targets.contains(principal) && tags.iter().any(makes)
        };
        let mut taggers: Vec<usize> =
            self.grants.iter().filter(|(_, grant)| is_about(grant)).map(|(at, _)| *at).collect();
        taggers.sort_unstable();
        taggers.dedup();
        taggers
    }

    /// The keys of the tags that some states can change on one of the targets, in lower case.
    pub(super) fn list_keys_on(&self, targets: &FixedBitSet) -> BTreeSet<String> {
        let on_targets = self.grants.iter().filter(|(_, grant)| !grant.targets.is_disjoint(targets));
        on_targets.map(|(_, grant)| grant.key.to_string()).collect()
    }

    fn build_views(&mut self) {
        let (views, is_limit_exceeded) = combine_grants(self.grants.iter().map(|(_, grant)| grant));
        self.is_limit_exceeded |= is_limit_exceeded;
        self.views = views.into_iter().filter(|view| !view.grants.is_empty()).map(Arc::new).collect();
    }
}
