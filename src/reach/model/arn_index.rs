//! The things that an action can be asked on: principals, groups, policies; and which of them a pattern matches.

use std::sync::Arc;

use fixedbitset::FixedBitSet;

use crate::base::cache::Cache;
use crate::base::glob::Glob;

/// Some things with ARNs, by position.
pub(crate) struct ArnIndex {
    arns: Vec<String>,
    /// Positions, by ARN in order.
    sorted: Vec<usize>,
    match_cache: Cache<String, Arc<FixedBitSet>>,
}

impl ArnIndex {
    pub(crate) fn new(arns: Vec<String>) -> ArnIndex {
        let mut sorted: Vec<usize> = (0..arns.len()).collect();
        sorted.sort_by(|a, b| arns.get(*a).cmp(&arns.get(*b)));
        ArnIndex { arns, sorted, match_cache: Cache::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.arns.len()
    }

    pub(crate) fn arn(&self, position: usize) -> &str {
        self.arns.get(position).map_or("", String::as_str)
    }

    pub(crate) fn find(&self, arn: &str) -> Option<usize> {
        let at = self.sorted.binary_search_by(|position| self.arn(*position).cmp(arn)).ok()?;
        self.sorted.get(at).copied()
    }

    pub(crate) fn empty_set(&self) -> FixedBitSet {
        FixedBitSet::with_capacity(self.arns.len())
    }

    /// Those whose ARN a glob matches; only what begins like it is looked at.
    pub(crate) fn find_matching(&self, glob: &str) -> Arc<FixedBitSet> {
        self.match_cache.get_or_compute_borrowed(glob, || Arc::new(self.compute_matching(glob)))
    }

    fn compute_matching(&self, glob: &str) -> FixedBitSet {
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
        found
    }
}
