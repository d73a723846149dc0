//! Equivalence classes of actions: actions that the same statements match, with the same resource types and keys, are
//! decided once.

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::arn_segment::ArnSegmentVariants;
use super::key_topics::KeyTopics;
use super::prepared::{CompiledBranch, CompiledQuestion};
use super::solver::Solver;
use crate::access::{ALWAYS_ALLOWED_ACTION, is_action_impossible};
use crate::catalog::{AccessLevel, ActionId, ActionTraits, LONG_TERM_CREDENTIAL_ACTIONS, RiskClass, ShapeId};
use crate::solve::actions::named_actions::{ActionRef, Actions};
use crate::solve::actions::partition::{ActionPartition, ShapeSensitivity};
use crate::solve::question::Question;

/// Actions that are decided together.
#[derive(Debug)]
pub(crate) struct ActionEquivalenceClass {
    /// The action with the highest rank, which represents the class.
    pub representative: ActionRef,
    /// The rank of the representative.
    rank: u32,
    /// All actions of the class.
    pub actions: Actions,
    /// The resource types and keys of the representative. None if no statement depends on them. Those of the other
    /// actions are the same, or differ only in facts on which no statement depends.
    pub shape: Option<ShapeId>,
}

/// The facts that actions of one class have in common, in addition to the statements that match them.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
struct ClassKey {
    resources: ClassResources,
    /// The traits on which some statement of the question depends.
    traits: ActionTraits,
}

/// The facts about the resources that actions of one class have in common.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
enum ClassResources {
    /// Which of region and account the ARNs contain.
    ArnSegments(ArnSegmentVariants),
    /// All resource types and keys.
    Shape(ShapeId),
}

/// A bound of a set of actions.
#[derive(Copy, Clone, Eq, PartialEq)]
enum ActionBound {
    /// Actions that are allowed for every resource and context.
    Lower,
    /// Actions that may be allowed.
    Upper,
}

impl ActionBound {
    fn opposite(self) -> ActionBound {
        match self {
            ActionBound::Lower => ActionBound::Upper,
            ActionBound::Upper => ActionBound::Lower,
        }
    }
}

impl Solver<'_> {
    /// The classes of actions that the effective access may allow and that the declared access does not allow
    /// unconditionally, in order of descending rank.
    pub(crate) fn partition_actions(
        &self,
        question: &Question<'_>,
        prepared: &CompiledQuestion<'_>,
    ) -> Vec<ActionEquivalenceClass> {
        if let Some((action, _)) = question.single_request {
            if is_action_impossible(action, question.known) {
                return Vec::new();
            }
            return vec![self.new_singleton_class(self.resolve_action(action))];
        }
        let mut classes = self.partition_known_actions(question, prepared);
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let mut class_by_match: FxHashMap<Vec<bool>, usize> = FxHashMap::default();
        for (lower, written) in prepared.statements().iter().flat_map(|s| &s.actions.unknown) {
            if !seen.insert(lower) {
                continue;
            }
            // The catalog does not know such actions, so the same statements are enough for one class.
            let action = ActionRef::Unknown(lower.clone(), written.clone());
            // Most such names occur only in the declared access.
            let may_grant =
                |branch: &CompiledBranch| branch.granting_layer().any(|i| prepared.statement(i).lists_action(&action));
            if !prepared.effective.iter().any(may_grant) {
                continue;
            }
            let matched: Vec<bool> = prepared.statements().iter().map(|s| s.lists_action(&action)).collect();
            match class_by_match.get(&matched).and_then(|index: &usize| classes.get_mut(*index)) {
                Some(class) => class.actions.unknown.push(written.clone()),
                None => {
                    class_by_match.insert(matched, classes.len());
                    classes.push(self.new_singleton_class(action));
                }
            }
        }
        classes.sort_by_key(|class| std::cmp::Reverse(class.rank));
        classes
    }

    /// The action with a name.
    pub(crate) fn resolve_action(&self, action: &str) -> ActionRef {
        match self.catalog.find_action(&action.to_ascii_lowercase()) {
            Some(id) => ActionRef::Known(id),
            None => ActionRef::Unknown(action.to_ascii_lowercase(), action.to_owned()),
        }
    }

    fn new_singleton_class(&self, action: ActionRef) -> ActionEquivalenceClass {
        let actions = match &action {
            ActionRef::Known(id) => Actions { known: vec![*id], unknown: Vec::new() },
            ActionRef::Unknown(_, written) => Actions { known: Vec::new(), unknown: vec![written.clone()] },
        };
        // The effect of an unknown action is unknown. It ranks above actions that only read.
        ActionEquivalenceClass { rank: 1, representative: action, actions, shape: None }
    }

    fn partition_known_actions(
        &self,
        question: &Question<'_>,
        prepared: &CompiledQuestion<'_>,
    ) -> Vec<ActionEquivalenceClass> {
        let mut candidates = self.find_candidates(prepared);
        self.remove_settled_actions(question, &mut candidates);
        if candidates.is_clear() {
            return Vec::new();
        }
        let mut partition = ActionPartition::new(&candidates);
        for statement in prepared.statements() {
            partition.split(&candidates, &statement.actions.known, statement.sensitivity);
        }
        let mut classes: Vec<ActionEquivalenceClass> = Vec::new();
        let ranks = self.action_ranks();
        let topics = prepared.statements().iter().fold(KeyTopics::default(), |topics, s| topics | s.topics);
        // If no statement depends on resources or keys, a block of the partition is a class.
        let mut class_by_block: Vec<Option<usize>> = vec![None; partition.len()];
        let mut class_by_key: FxHashMap<(usize, ClassKey), usize> = FxHashMap::default();
        for action in candidates.ones() {
            let id = ActionId(u32::try_from(action).expect("an index below the catalog's count, which is a `u32`"));
            let (block, sensitivity) = partition.block_of(action);
            // The rank orders answers only. Without ranks, all are equal.
            let rank = ranks.get(action).copied().unwrap_or(0);
            let next = classes.len();
            let (class_index, shape) = match (sensitivity, class_by_block.get_mut(block)) {
                (ShapeSensitivity::Insensitive, Some(place)) => (*place.get_or_insert(next), None),
                (sensitive, _) => {
                    let shape = self.catalog.shape(id);
                    let variants = if sensitive == ShapeSensitivity::RequestFacts {
                        self.arn_segment_variants(shape)
                    } else {
                        None
                    };
                    let traits = self.catalog.action_traits(id, question.partition);
                    let class_key = ClassKey {
                        resources: variants.map_or(ClassResources::Shape(shape), ClassResources::ArnSegments),
                        traits: topics.relevant_traits(traits),
                    };
                    (*class_by_key.entry((block, class_key)).or_insert(next), Some(shape))
                }
            };
            match classes.get_mut(class_index) {
                Some(class) => {
                    class.actions.known.push(id);
                    if rank > class.rank {
                        class.rank = rank;
                        class.representative = ActionRef::Known(id);
                        class.shape = shape;
                    }
                }
                None => {
                    let actions = Actions { known: vec![id], unknown: Vec::new() };
                    classes.push(ActionEquivalenceClass { representative: ActionRef::Known(id), rank, actions, shape });
                }
            }
        }
        classes
    }

    /// Removes the actions that no policy decides, and those that the principal can never call.
    fn remove_settled_actions(&self, question: &Question<'_>, candidates: &mut FixedBitSet) {
        let impossible = LONG_TERM_CREDENTIAL_ACTIONS.iter().filter(|name| is_action_impossible(name, question.known));
        for id in impossible.chain([&ALWAYS_ALLOWED_ACTION]).filter_map(|name| self.catalog.find_action(name)) {
            candidates.set(id.0 as usize, false);
        }
    }

    /// The actions that the effective access may allow and that the declared access does not allow unconditionally.
    fn find_candidates(&self, prepared: &CompiledQuestion<'_>) -> FixedBitSet {
        let mut candidates = FixedBitSet::with_capacity(self.catalog.action_count());
        for branch in &prepared.effective {
            candidates.union_with(&self.bound_branch(prepared, branch, ActionBound::Upper));
        }
        for branch in &prepared.declared {
            candidates.difference_with(&self.bound_branch(prepared, branch, ActionBound::Lower));
        }
        candidates
    }

    /// A bound of the actions that a branch allows.
    fn bound_branch(
        &self,
        prepared: &CompiledQuestion<'_>,
        branch: &CompiledBranch,
        bound: ActionBound,
    ) -> FixedBitSet {
        let mut bits = FixedBitSet::with_capacity(self.catalog.action_count());
        if bound == ActionBound::Lower && !branch.scope_exclusions.is_empty() {
            return bits;
        }
        bits.insert_range(..);
        for list in &branch.allow_layers {
            bits.intersect_with(&self.unite_actions(prepared, list, bound));
        }
        bits.difference_with(&self.unite_actions(prepared, &branch.deny_statements, bound.opposite()));
        bits
    }

    /// The actions of some statements. For a lower bound, only of statements that match unconditionally.
    fn unite_actions(&self, prepared: &CompiledQuestion<'_>, list: &[usize], bound: ActionBound) -> FixedBitSet {
        let mut bits = FixedBitSet::with_capacity(self.catalog.action_count());
        for statement in list.iter().map(|i| prepared.statement(*i)) {
            if bound == ActionBound::Upper || statement.literals.is_empty() {
                bits.union_with(&statement.actions.known);
            }
        }
        bits
    }

    /// The rank of each action: the caller's, or by risk class and access level.
    fn action_ranks(&self) -> &[u32] {
        let by_effect = |id| match (self.catalog.risk_classes(id), self.catalog.access_level(id)) {
            (classes, _) if classes.contains(RiskClass::Destructive) => 3,
            (classes, _) if classes.contains(RiskClass::Escalation) => 2,
            (_, AccessLevel::Write | AccessLevel::PermissionsManagement) => 1,
            _ => 0,
        };
        self.action_ranks.get_or_init(|| self.catalog.actions().map(by_effect).collect())
    }

    /// Whether the catalog contains an action.
    pub(crate) fn is_existing_action(&self, action: &str) -> bool {
        self.catalog.find_action(&action.to_ascii_lowercase()).is_some()
    }
}
