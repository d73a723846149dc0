//! Which state of a search can do something with a principal first.

use fixedbitset::FixedBitSet;

/// Principals, each with the position of the first state that can do something with it.
pub(super) struct FirstStates {
    principals: FixedBitSet,
    /// Disjoint sets of principals.
    by_state: Vec<(usize, FixedBitSet)>,
}

impl FirstStates {
    pub(super) fn new(no_principals: &FixedBitSet) -> FirstStates {
        FirstStates { principals: no_principals.clone(), by_state: Vec::new() }
    }

    /// Adds the principals of the state `at`. Returns those that are new.
    pub(super) fn add(&mut self, at: usize, principals: &FixedBitSet) -> FixedBitSet {
        let mut added = principals.clone();
        added.difference_with(&self.principals);
        if !added.is_clear() {
            self.principals.union_with(&added);
            self.by_state.push((at, added.clone()));
        }
        added
    }

    pub(super) fn principals(&self) -> &FixedBitSet {
        &self.principals
    }

    pub(super) fn contains(&self, principal: usize) -> bool {
        self.principals.contains(principal)
    }

    /// The first state. None if there is none.
    pub(super) fn find(&self, principal: usize) -> Option<usize> {
        let found = || self.by_state.iter().find(|(_, principals)| principals.contains(principal)).map(|(at, _)| *at);
        if self.contains(principal) { found() } else { None }
    }
}
