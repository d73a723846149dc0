//! A change of a principal that states share: a search compares states by the million, and most have no change.

use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustc_hash::{FxHashSet, FxHasher};

use super::state_change::StateChange;

static UNCHANGED: LazyLock<StateChange> = LazyLock::new(StateChange::default);

/// A change of a principal, shared. The default value changes nothing.
#[derive(Clone, Debug, Default, Eq)]
pub struct SharedChange(Option<Arc<HashedChange>>);

#[derive(Debug, Eq, PartialEq)]
struct HashedChange {
    hash: u64,
    change: StateChange,
}

impl SharedChange {
    /// Whether nothing was changed.
    pub fn is_unchanged(&self) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.change.is_unchanged())
    }

    /// A copy of the change, to change it.
    pub(crate) fn to_change(&self) -> StateChange {
        (**self).clone()
    }
}

/// INVARIANT: the default change is `None`, so that equal changes have equal forms. A session that began with `sts:AssumeRole` is not
/// the default.
impl From<StateChange> for SharedChange {
    fn from(change: StateChange) -> SharedChange {
        if change.session.is_none() && change.is_unchanged() {
            return SharedChange(None);
        }
        let mut hasher = FxHasher::default();
        change.hash(&mut hasher);
        SharedChange(Some(Arc::new(HashedChange { hash: hasher.finish(), change })))
    }
}

/// The changes that states of a graph share. Without it, each state has its own copies of the changes that it can make.
#[derive(Debug, Default)]
pub(crate) struct ChangePool(Mutex<FxHashSet<SharedChange>>);

impl ChangePool {
    /// Replaces changes by the ones that are known and equal.
    pub(crate) fn share<'c>(&self, changes: impl Iterator<Item = &'c mut SharedChange>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes.filter(|change| change.0.is_some()) {
            match known.get(change) {
                Some(equal) => *change = equal.clone(),
                None => drop(known.insert(change.clone())),
            }
        }
    }
}

impl Deref for SharedChange {
    type Target = StateChange;

    fn deref(&self) -> &StateChange {
        self.0.as_ref().map_or_else(|| &*UNCHANGED, |shared| &shared.change)
    }
}

impl PartialEq for SharedChange {
    fn eq(&self, other: &SharedChange) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(first), Some(second)) => Arc::ptr_eq(first, second) || first == second,
            _ => false,
        }
    }
}

impl Hash for SharedChange {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.as_ref().map_or(0, |shared| shared.hash).hash(hasher);
    }
}
