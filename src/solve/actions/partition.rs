//! A partition of actions, split by one statement after another: what stays together is matched by the same ones.

use fixedbitset::FixedBitSet;

use crate::solve::question::ShapeSensitivity;

/// Candidates in blocks.
pub(crate) struct ActionPartition {
    /// Of each action; that of actions that are no candidates means nothing.
    block_of: Vec<u32>,
    blocks: Vec<PartitionBlock>,
    candidates: usize,
}

#[derive(Copy, Clone)]
struct PartitionBlock {
    size: usize,
    sensitivity: ShapeSensitivity,
    /// How many of its actions the split at hand takes out, and where they go.
    leaving: usize,
    target: u32,
}

impl PartitionBlock {
    fn new(size: usize, sensitivity: ShapeSensitivity) -> PartitionBlock {
        PartitionBlock { size, sensitivity: sensitivity, leaving: 0, target: 0 }
    }
}

impl ActionPartition {
    /// All candidates in one block.
    pub(crate) fn new(candidates: &FixedBitSet) -> ActionPartition {
        let count = candidates.count_ones(..);
        let all = PartitionBlock::new(count, ShapeSensitivity::Insensitive);
        ActionPartition { block_of: vec![0; candidates.len()], blocks: vec![all], candidates: count }
    }

    /// How many blocks there are.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The block of a candidate, and what the statements that match it depend on.
    pub(crate) fn block_of(&self, action: usize) -> (usize, ShapeSensitivity) {
        let block = self.block_of.get(action).map_or(0, |block| *block as usize);
        (block, self.blocks.get(block).map_or(ShapeSensitivity::Full, |b| b.sensitivity))
    }

    /// Splits each block into what a statement matches and what it does not.
    pub(crate) fn split(&mut self, candidates: &FixedBitSet, matched: &FixedBitSet, sensitivity: ShapeSensitivity) {
        let matched_count = candidates.intersection_count(matched);
        if matched_count == 0 {
            return;
        }
        // The smaller side is walked, and leaves the blocks that hold both.
        let matched_leave = matched_count * 2 <= self.candidates;
        let each_leaving = |visit: &mut dyn FnMut(usize)| match matched_leave {
            true => candidates.intersection(matched).for_each(visit),
            false => candidates.difference(matched).for_each(visit),
        };
        each_leaving(&mut |action| {
            if let Some(block) = self.block_of.get(action).and_then(|b| self.blocks.get_mut(*b as usize)) {
                block.leaving += 1;
            }
        });
        let mut divided = false;
        for index in 0..self.blocks.len() {
            let next = self.blocks.len();
            let Some(block) = self.blocks.get_mut(index) else { continue };
            let (raised, leaving) = (block.sensitivity.max(sensitivity), std::mem::take(&mut block.leaving));
            block.target = to_block_number(index);
            if leaving == 0 || leaving == block.size {
                if matched_leave == (leaving > 0) {
                    block.sensitivity = raised;
                }
                continue;
            }
            divided = true;
            block.size -= leaving;
            block.target = to_block_number(next);
            let current = block.sensitivity;
            let (staying, leaving_with) = if matched_leave { (current, raised) } else { (raised, current) };
            block.sensitivity = staying;
            self.blocks.push(PartitionBlock::new(leaving, leaving_with));
        }
        if divided {
            each_leaving(&mut |action| {
                if let Some(block_index) = self.block_of.get_mut(action)
                    && let Some(block) = self.blocks.get(*block_index as usize)
                {
                    *block_index = block.target;
                }
            });
        }
    }
}

/// A block's number; there are no more blocks than actions.
fn to_block_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACTIONS: usize = 70;

    fn set(members: &[bool]) -> FixedBitSet {
        members.iter().enumerate().filter(|(_, is_in)| **is_in).map(|(i, _)| i).collect()
    }

    fn sensitivity() -> impl Strategy<Value = ShapeSensitivity> {
        prop_oneof![
            Just(ShapeSensitivity::Insensitive),
            Just(ShapeSensitivity::ArnSegments),
            Just(ShapeSensitivity::Full)
        ]
    }

    proptest! {
        /// Two candidates share a block just where the same statements match both.
        #[test]
        fn blocks_are_what_the_same_statements_match(
            candidates in prop::collection::vec(any::<bool>(), ACTIONS),
            statements in prop::collection::vec((prop::collection::vec(any::<bool>(), ACTIONS), sensitivity()), 0..6),
        ) {
            let mut all = set(&candidates);
            all.grow(ACTIONS);
            let mut blocks = ActionPartition::new(&all);
            for (matched, sensitive) in &statements {
                let mut matched = set(matched);
                matched.grow(ACTIONS);
                blocks.split(&all, &matched, *sensitive);
            }
            let signature = |action: usize| statements.iter().map(|(matched, _)| matched[action]).collect::<Vec<_>>();
            for a in all.ones() {
                for b in all.ones() {
                    prop_assert_eq!(blocks.block_of(a).0 == blocks.block_of(b).0, signature(a) == signature(b));
                }
                let sensitive = statements.iter().filter(|(matched, _)| matched[a]).map(|(_, s)| *s).max();
                prop_assert_eq!(blocks.block_of(a).1, sensitive.unwrap_or(ShapeSensitivity::Insensitive));
            }
        }
    }
}
