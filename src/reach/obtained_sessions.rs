//! The roles of which a search has only sessions that began in one way.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

/// Roles and the sessions of them that states have.
pub(super) struct ObtainedSessions {
    /// The roles of which some state has sessions that began in one way: by a service, an identity provider, or
    /// `sts:AssumeRole`.
    begun: FixedBitSet,
    /// Which state assumes a role first, if that limits the session.
    assumed_from: FxHashMap<usize, usize>,
}

impl ObtainedSessions {
    pub(super) fn new(no_principals: &FixedBitSet) -> ObtainedSessions {
        ObtainedSessions { begun: no_principals.clone(), assumed_from: FxHashMap::default() }
    }

    pub(super) fn begun(&self) -> &FixedBitSet {
        &self.begun
    }

    /// Adds a role of which a state has sessions that began in one way.
    pub(super) fn begin(&mut self, role: usize) {
        self.begun.insert(role);
    }

    /// Adds a role that the state `at` assumes. Returns whether no state assumed it before.
    pub(super) fn assume(&mut self, role: usize, at: usize) -> bool {
        self.begun.insert(role);
        let is_new = !self.assumed_from.contains_key(&role);
        self.assumed_from.entry(role).or_insert(at);
        is_new
    }

    /// The state that assumed a role first. None if no state did, or if that does not limit the session.
    pub(super) fn find_assumer(&self, role: usize) -> Option<usize> {
        self.assumed_from.get(&role).copied()
    }
}
