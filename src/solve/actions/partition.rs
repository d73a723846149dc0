//! Refinement of a partition of actions by statements: two actions stay in one block if the same statements match both.

use fixedbitset::FixedBitSet;

/// The facts about an action's resources and keys on which a statement depends.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum ShapeSensitivity {
    /// None.
    Insensitive,
    /// The facts that a request settles: whether the ARNs of the resources contain the region and the account, and the
    /// traits of the action.
    RequestFacts,
    /// All.
    Full,
}

/// A partition of candidate actions into blocks.
pub(crate) struct ActionPartition {
    /// The block of each action. Meaningless for actions that are not candidates.
    block_of: Vec<usize>,
    blocks: Vec<PartitionBlock>,
    candidates: usize,
}

#[derive(Copy, Clone)]
struct PartitionBlock {
    size: usize,
    sensitivity: ShapeSensitivity,
    /// The number of actions that the current split moves, and the block to which it moves them.
    leaving: usize,
    target: usize,
}

impl PartitionBlock {
    fn new(size: usize, sensitivity: ShapeSensitivity) -> PartitionBlock {
        PartitionBlock { size, sensitivity, leaving: 0, target: 0 }
    }
}

impl ActionPartition {
    /// One block of all candidates.
    pub(crate) fn new(candidates: &FixedBitSet) -> ActionPartition {
        let count = candidates.count_ones(..);
        let all = PartitionBlock::new(count, ShapeSensitivity::Insensitive);
        ActionPartition { block_of: vec![0; candidates.len()], blocks: vec![all], candidates: count }
    }

    /// The number of blocks.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// The block of a candidate, and the facts on which the statements that match it depend.
    pub(crate) fn block_of(&self, action: usize) -> (usize, ShapeSensitivity) {
        let block = *self.block_of.get(action).expect("a candidate has a block");
        (block, self.blocks.get(block).expect("blocks are never removed").sensitivity)
    }

    /// Splits each block into the actions that a statement matches and the others.
    pub(crate) fn split(&mut self, candidates: &FixedBitSet, matched: &FixedBitSet, sensitivity: ShapeSensitivity) {
        let matched_count = candidates.intersection_count(matched);
        if matched_count == 0 {
            return;
        }
        // The smaller side is visited, and leaves the blocks that contain actions of both sides.
        let matched_leave = matched_count * 2 <= self.candidates;
        let each_leaving = |visit: &mut dyn FnMut(usize)| match matched_leave {
            true => candidates.intersection(matched).for_each(visit),
            false => candidates.difference(matched).for_each(visit),
        };
        each_leaving(&mut |action| {
            if let Some(block) = self.block_of.get(action).and_then(|b| self.blocks.get_mut(*b)) {
                block.leaving += 1;
            }
        });
        let mut divided = false;
        for index in 0..self.blocks.len() {
            let next = self.blocks.len();
            let Some(block) = self.blocks.get_mut(index) else { continue };
            let (raised, leaving) = (block.sensitivity.max(sensitivity), std::mem::take(&mut block.leaving));
            block.target = index;
            if leaving == 0 || leaving == block.size {
                if matched_leave == (leaving > 0) {
                    block.sensitivity = raised;
                }
                continue;
            }
            divided = true;
            block.size -= leaving;
            block.target = next;
            let current = block.sensitivity;
            let (staying, leaving_with) = if matched_leave { (current, raised) } else { (raised, current) };
            block.sensitivity = staying;
            self.blocks.push(PartitionBlock::new(leaving, leaving_with));
        }
        if divided {
            each_leaving(&mut |action| {
                if let Some(block_index) = self.block_of.get_mut(action)
                    && let Some(block) = self.blocks.get(*block_index)
                {
                    *block_index = block.target;
                }
            });
        }
    }
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
            Just(ShapeSensitivity::RequestFacts),
            Just(ShapeSensitivity::Full)
        ]
    }

    proptest! {
        /// Two candidates share a block if and only if the same statements match both.
        #[test]
        fn the_same_statements_match_all_actions_of_a_block(
            candidates in prop::collection::vec(any::<bool>(), ACTIONS),
            statements in prop::collection::vec((prop::collection::vec(any::<bool>(), ACTIONS), sensitivity()), 0..6),
        ) {
            let mut all = set(&candidates);
            all.grow(ACTIONS);
            let mut partition = ActionPartition::new(&all);
            for (matched, sensitive) in &statements {
                let mut matched = set(matched);
                matched.grow(ACTIONS);
                partition.split(&all, &matched, *sensitive);
            }
            let signature = |action: usize| statements.iter().map(|(matched, _)| matched[action]).collect::<Vec<_>>();
            for a in all.ones() {
                for b in all.ones() {
                    prop_assert_eq!(partition.block_of(a).0 == partition.block_of(b).0, signature(a) == signature(b));
                }
                let sensitive = statements.iter().filter(|(matched, _)| matched[a]).map(|(_, s)| *s).max();
                prop_assert_eq!(partition.block_of(a).1, sensitive.unwrap_or(ShapeSensitivity::Insensitive));
            }
        }
    }
}
