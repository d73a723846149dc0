//! The results of earlier searches.

use super::glob_search::{decide_by_inspection, is_covered, search_by_filling, search_by_refinement};
use super::interned_glob::InternedGlob;
use super::product_search::{GlobSearchResult, SymbolRange};
use crate::base::cache::Cache;
use crate::solve::budget::Budget;

/// The results of a run's searches. Many actions lead to the same search.
#[derive(Debug)]
pub struct SearchCache(Cache<SearchKey, GlobSearchResult>);

impl Default for SearchCache {
    fn default() -> Self {
        SearchCache(Cache::with_capacity(MAX_CACHED))
    }
}

/// The number of results that are kept.
const MAX_CACHED: usize = 1 << 16;

/// Up to this number of negative patterns, the quick test is faster than the lookup.
const MAX_UNCACHED_NEGATIVES: usize = 4;

/// The ids of the patterns of a search.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct SearchKey {
    positive: Box<[usize]>,
    negative: Box<[usize]>,
    symbols: SymbolRange,
}

impl SearchCache {
    /// Like [`find_string`](super::glob_search::find_string), but each search runs once.
    pub fn find_cached(
        &self,
        positive: &[&InternedGlob],
        negative: &[&InternedGlob],
        symbols: SymbolRange,
        budget: &Budget,
    ) -> GlobSearchResult {
        if let Some(found) = decide_by_inspection(positive, negative) {
            return found;
        }
        let is_small = negative.len() <= MAX_UNCACHED_NEGATIVES;
        if is_small && is_covered(positive, negative) {
            return GlobSearchResult::NoMatch;
        }
        let ids = |globs: &[&InternedGlob]| {
            let mut ids: Box<[usize]> = globs.iter().map(|g| g.id).collect();
            ids.sort_unstable();
            ids
        };
        let key = SearchKey { positive: ids(positive), negative: ids(negative), symbols };
        let search = || match !is_small && is_covered(positive, negative) {
            true => GlobSearchResult::NoMatch,
            false => search_by_filling(positive, negative)
                .unwrap_or_else(|| search_by_refinement(positive, negative, symbols, budget)),
        };
        // A larger budget may suffice next time, so a search that gave up is not stored.
        let result = self.0.get_or_try_compute(key, || match search() {
            GlobSearchResult::GaveUp => Err(GlobSearchResult::GaveUp),
            found => Ok(found),
        });
        result.unwrap_or_else(|gave_up| gave_up)
    }
}
