//! A cache that computes the value of each key once.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::allowance::spend_steps;

/// Values by key. A value is computed on the first request for its key; threads that request the same key meanwhile
/// wait for it.
///
/// A computation may use other keys of the same cache, but not its own key: that would deadlock. Nor may it start
/// parallel work of the thread pool, since a worker that waits could be given a request for the same key.
pub(crate) struct Cache<K, V> {
    entries: Mutex<FxHashMap<K, CacheEntry<V>>>,
    /// The largest number of keys; values of further keys are computed on each request.
    capacity: usize,
}

/// The value of one key, or where threads wait for it. An audit has millions of values: a slot for each takes more than they do.
enum CacheEntry<V> {
    Computed(V),
    Computing(Arc<Slot<V>>),
}

/// The value of one key, or the lock that its computation holds.
struct Slot<V> {
    value: OnceLock<V>,
    computing: Mutex<()>,
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Slot { value: OnceLock::new(), computing: Mutex::default() }
    }
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Cache::with_capacity(usize::MAX)
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<K, V> Cache<K, V> {
    /// A cache that stores at most `capacity` keys.
    pub(crate) fn with_capacity(capacity: usize) -> Cache<K, V> {
        Cache { entries: Mutex::default(), capacity }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    /// The value of a key, computed on the first request. Each request is a step.
    pub(crate) fn get_or_compute(&self, key: K, compute: impl FnOnce() -> V) -> V {
        match self.get_or_try_compute(key, || Ok::<V, Infallible>(compute())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value of a key, computed on the first request that succeeds.
    ///
    /// # Errors
    /// The error of the computation. It is not stored: the next request computes again.
    pub(crate) fn get_or_try_compute<E>(&self, key: K, compute: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        spend_steps(1);
        let slot = match self.find_entry(&key, || key.clone()) {
            Found::Value(value) => return Ok(value),
            Found::Slot(slot) => slot,
            Found::NoRoom => return compute(),
        };
        let value = compute_in_slot(&slot, compute)?;
        self.set_computed(&key, &value);
        Ok(value)
    }

    /// The same by a borrowed key, which is copied only on the first request.
    pub(crate) fn get_or_compute_borrowed<Q>(&self, key: &Q, compute: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let slot = match self.find_entry(key, || key.to_owned()) {
            Found::Value(value) => return value,
            Found::Slot(slot) => slot,
            Found::NoRoom => return compute(),
        };
        let value = match compute_in_slot(&slot, || Ok::<V, Infallible>(compute())) {
            Ok(value) => value,
            Err(never) => match never {},
        };
        self.set_computed(key, &value);
        value
    }

    /// The entry of a key. A new one is to be computed.
    fn find_entry<Q>(&self, key: &Q, to_key: impl FnOnce() -> K) -> Found<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get(key) {
            Some(CacheEntry::Computed(value)) => return Found::Value(value.clone()),
            Some(CacheEntry::Computing(slot)) => return Found::Slot(Arc::clone(slot)),
            None if entries.len() >= self.capacity => return Found::NoRoom,
            None => {}
        }
        let slot = Arc::<Slot<V>>::default();
        entries.insert(to_key(), CacheEntry::Computing(Arc::clone(&slot)));
        Found::Slot(slot)
    }

    fn set_computed<Q>(&self, key: &Q, value: &V)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry @ CacheEntry::Computing(_)) = entries.get_mut(key) {
            *entry = CacheEntry::Computed(value.clone());
        }
    }
}

/// What a cache has for a key.
enum Found<V> {
    Value(V),
    Slot(Arc<Slot<V>>),
    /// The cache is full.
    NoRoom,
}

fn compute_in_slot<V: Clone, E>(slot: &Slot<V>, compute: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
    if let Some(value) = slot.value.get() {
        return Ok(value.clone());
    }
    // A computation that panicked stored no value: the next one starts over.
    let _computing = slot.computing.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(value) = slot.value.get() {
        return Ok(value.clone());
    }
    let value = compute()?;
    Ok(slot.value.get_or_init(|| value).clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn computes_each_key_once_across_threads() {
        let cache: Cache<String, usize> = Cache::default();
        let computed = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let value = cache.get_or_compute_borrowed("a", || {
                        thread::sleep(Duration::from_millis(20));
                        computed.fetch_add(1, Ordering::SeqCst)
                    });
                    assert_eq!(value, 0);
                });
            }
        });
        assert_eq!(computed.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn stores_neither_errors_nor_keys_beyond_its_capacity() {
        let cache: Cache<u8, u8> = Cache::with_capacity(1);
        assert_eq!(cache.get_or_try_compute(1, || Err::<u8, &str>("no")), Err("no"));
        assert_eq!(cache.get_or_try_compute(1, || Ok::<u8, &str>(1)), Ok(1));
        assert_eq!(cache.get_or_compute(1, || 9), 1);
        assert_eq!((cache.get_or_compute(2, || 2), cache.get_or_compute(2, || 3)), (2, 3));
    }
}
