//! An index of ARNs (principals, groups or policies): ARN to position, and the positions that a glob matches.

use std::sync::{Arc, Mutex, OnceLock};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::baseline::Glob;

/// ARNs by position.
pub(crate) struct ArnIndex {
    arns: Vec<String>,
    positions: FxHashMap<Box<str>, usize>,
    /// The positions, ordered by ARN.
    sorted: Vec<usize>,
    match_cache: Mutex<FxHashMap<String, Arc<FixedBitSet>>>,
    has_colons: OnceLock<bool>,
}

impl ArnIndex {
    pub(crate) fn new(arns: Vec<String>) -> ArnIndex {
        let mut sorted: Vec<usize> = (0..arns.len()).collect();
        sorted.sort_by(|a, b| arns.get(*a).cmp(&arns.get(*b)));
        let mut positions: FxHashMap<Box<str>, usize> = FxHashMap::default();
        for (position, arn) in arns.iter().enumerate() {
            positions.entry(arn.as_str().into()).or_insert(position);
        }
        ArnIndex { arns, positions, sorted, match_cache: Mutex::default(), has_colons: OnceLock::new() }
    }

    /// Whether an ARN has a colon in the path or the name.
    pub(crate) fn has_colons_in_names(&self) -> bool {
        *self.has_colons.get_or_init(|| self.arns.iter().any(|arn| arn.matches(':').count() > 5))
    }

    pub(crate) fn len(&self) -> usize {
        self.arns.len()
    }

    /// The ARN at a position.
    pub(crate) fn arn(&self, position: usize) -> &str {
        // INVARIANT: positions come from this index.
        self.arns.get(position).expect("a position of this index")
    }

    /// The position of an ARN. None if it is not in the index.
    pub(crate) fn find(&self, arn: &str) -> Option<usize> {
        self.positions.get(arn).copied()
    }

    /// A set of positions, empty, with room for all.
    pub(crate) fn empty_set(&self) -> FixedBitSet {
        FixedBitSet::with_capacity(self.arns.len())
    }

    /// The positions whose ARN matches a glob. Searches only ARNs with the glob's literal prefix.
    pub(crate) fn find_matching(&self, glob: &str) -> Arc<FixedBitSet> {
        let lock = || self.match_cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(cached) = lock().get(glob) {
            return Arc::clone(cached);
        }
        let mut found = self.empty_set();
        if glob.chars().all(|c| c == '*') && !glob.is_empty() {
            found.insert_range(..);
        } else {
            let literal = glob.split(['*', '?']).next().unwrap_or_default();
            let start = self.sorted.partition_point(|position| self.arn(*position) < literal);
            let glob = Glob::new(glob);
            let with_prefix =
                self.sorted.iter().skip(start).take_while(|position| self.arn(**position).starts_with(literal));
            with_prefix
                .filter(|position| glob.matches(self.arn(**position)))
                .for_each(|position| found.insert(*position));
        }
        let found = Arc::new(found);
        lock().insert(glob.to_owned(), Arc::clone(&found));
        found
    }
}

/// The name of a user, role, group or policy, from its ARN.
pub(crate) fn name_in_arn(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}
