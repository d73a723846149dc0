//! The part of a search that leaves out principals which are like others: of N principals with the same statements that can act as
//! each other, one is enough.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::equivalence::EquivalenceClass;
use super::graph::Graph;
use super::model::state::NodeState;
use super::obtained::ObtainableState;
use super::path::Origin;
use crate::solve::Access;

/// The classes of unchanged principals in one search.
#[derive(Default)]
pub(super) struct ClassProgress {
    /// Whether principals are left out. Not if what one state can do may depend on what others can do.
    is_enabled: bool,
    /// The classes of which one member was visited, and the others are left out.
    settled: FixedBitSet,
    /// The other members of the classes of which one is about to be visited.
    waiting: FxHashMap<usize, Vec<Arrival>>,
    /// Those members, with their classes.
    first_members: FxHashMap<usize, usize>,
    left_out: Vec<Arrival>,
}

/// A principal, and the state that acts as it.
type Arrival = (usize, usize);

impl ClassProgress {
    pub(super) fn new(is_enabled: bool) -> ClassProgress {
        ClassProgress { is_enabled, ..ClassProgress::default() }
    }

    /// Adds a principal as which the state `at` acts. Returns it if it is to be visited.
    fn add(&mut self, class: Option<usize>, (principal, at): Arrival) -> Option<ObtainableState> {
        if let Some(class) = class {
            if self.settled.contains(class) {
                self.left_out.push((principal, at));
                return None;
            }
            if let Some(others) = self.waiting.get_mut(&class) {
                others.push((principal, at));
                return None;
            }
            self.waiting.insert(class, Vec::new());
            self.first_members.insert(principal, class);
        }
        Some(to_state((principal, at)))
    }

    /// After a member of a class was visited: leaves out the others if the outcome is the same for all. Returns those to visit,
    /// the last one first.
    pub(super) fn settle(&mut self, state: &NodeState, is_same_for_class: bool) -> Vec<ObtainableState> {
        if *state != NodeState::unchanged(state.principal) {
            return Vec::new();
        }
        let Some(class) = self.first_members.remove(&state.principal) else { return Vec::new() };
        let others = self.waiting.remove(&class).unwrap_or_default();
        if !is_same_for_class {
            return others.into_iter().rev().map(to_state).collect();
        }
        self.settled.grow_and_insert(class);
        self.left_out.extend(others);
        Vec::new()
    }

    /// The principals that were left out, to visit them. Leaves out no more.
    pub(super) fn restore(&mut self) -> impl Iterator<Item = ObtainableState> {
        self.is_enabled = false;
        std::mem::take(&mut self.left_out).into_iter().map(to_state)
    }
}

fn to_state((principal, at): Arrival) -> ObtainableState {
    (NodeState::unchanged(principal), Origin::from(at))
}

impl Graph<'_> {
    /// The principals, out of those that the state `at` newly acts as, that are to be visited.
    pub(super) fn choose_from_classes(
        &self,
        at: usize,
        reached: &FixedBitSet,
        classes: &mut ClassProgress,
    ) -> Vec<ObtainableState> {
        match classes.is_enabled {
            true => {
                let choose = |principal| classes.add(self.find_search_class(principal), (principal, at));
                reached.ones().filter_map(choose).collect()
            }
            false => reached.ones().map(|principal| to_state((principal, at))).collect(),
        }
    }

    /// The class of an unchanged principal in searches: its members are allowed the same, reach the same principals except
    /// themselves, and can do nothing else. None if it has no such class.
    fn find_search_class(&self, principal: usize) -> Option<usize> {
        let cell = self.search_classes.get(principal).expect("a principal of the snapshot");
        *cell.get_or_init(|| {
            let state = NodeState::unchanged(principal);
            let successors = self.successors(&state);
            if !successors.only_reaches_like_others() || !successors.reachable.is_disjoint(&self.world.creatable) {
                return None;
            }
            match self.equivalence_class(&state, &Access::default()) {
                EquivalenceClass::Shared(number) => {
                    let key = (Arc::as_ptr(&successors.shared) as usize, number);
                    let next_number = || self.next_search_class.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    Some(self.search_class_numbers.get_or_compute(key, next_number))
                }
                EquivalenceClass::Singleton(_) => None,
            }
        })
    }
}
