//! Which states could act as users and roles that do not exist, once a state creates them.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

/// The first state that could act as each user or role that does not exist.
#[derive(Default)]
pub(super) struct AbsentActors {
    users: FxHashMap<usize, usize>,
    /// With some of the permissions only, by the technique.
    limited: FxHashMap<(usize, &'static str), usize>,
}

impl AbsentActors {
    /// Adds users that the state `at` could act as if they existed.
    pub(super) fn add_users(&mut self, at: usize, absent: &FixedBitSet) {
        for user in absent.ones() {
            self.users.entry(user).or_insert(at);
        }
    }

    /// The users, each with the first state that could act as it.
    pub(super) fn users(&self) -> &FxHashMap<usize, usize> {
        &self.users
    }

    /// Adds a user or role for which the state `at` could act with some of its permissions if it existed.
    pub(super) fn add_limited(&mut self, at: usize, absent: (usize, &'static str)) {
        self.limited.entry(absent).or_insert(at);
    }

    /// The techniques with which states could act for a user or role, with the first such state.
    pub(super) fn list_limited(&self, absent: usize) -> Vec<(&'static str, usize)> {
        let of_absent = self.limited.iter().filter(|((principal, _), _)| *principal == absent);
        let mut actors: Vec<_> = of_absent.map(|((_, technique), at)| (*technique, *at)).collect();
        actors.sort_unstable();
        actors
    }
}
