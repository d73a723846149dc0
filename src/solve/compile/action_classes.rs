//! Actions that the same statements match, and that share resources and keys, are decided once.

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::resource_domain::ArnSegmentVariants;
use super::solver::Solver;
use crate::catalog::{AccessLevel, ActionId, Catalog, RiskClass, ShapeId};
use crate::solve::actions::partition::ActionPartition;
use crate::solve::question::{CompiledBranch, CompiledQuestion, CompiledUse, Question, ShapeSensitivity};

/// An action, by the catalog or by a document that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ActionRef {
    /// The catalog knows it.
    Known(ActionId),
    /// Only documents name it: `service:name` in lower case, and as it was written.
    Unknown(String, String),
}

/// Actions that are decided together.
#[derive(Debug)]
pub struct ActionEquivalenceClass {
    /// The most alarming of them, which stands for all.
    pub representative: ActionRef,
    /// How alarming it is.
    rank: u32,
    /// All of them.
    pub actions: Actions,
    /// The first one's resources and keys, where they matter to any statement. Those of the others are the
    /// same, or alike in all that matters.
    pub shape: Option<ShapeId>,
}

/// Some actions, by the catalog or by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Actions {
    /// Those that the catalog knows.
    pub known: Vec<ActionId>,
    /// Names that only documents know; for actions that do not exist yet, the patterns that let them in.
    pub unknown: Vec<String>,
}

/// What makes actions that the same statements match alike.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
enum ClassKey {
    /// What the ARNs of their resources tell.
    ArnSegments(ArnSegmentVariants),
    /// All their resources and keys.
    Shape(ShapeId),
}

impl Actions {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.known.len() + self.unknown.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their names: the catalog's as `service:Name`, the others as they were written.
    pub fn names(&self, catalog: &Catalog) -> Vec<String> {
        self.known.iter().map(|id| catalog.full_name(*id)).chain(self.unknown.iter().cloned()).collect()
    }
}

impl ActionRef {
    /// `service:Name`.
    pub fn name(&self, catalog: &Catalog) -> String {
        match self {
            ActionRef::Known(id) => catalog.full_name(*id),
            ActionRef::Unknown(_, written) => written.clone(),
        }
    }

    /// The prefix of its service, in lower case.
    pub fn service(&self, catalog: &Catalog) -> String {
        match self {
            ActionRef::Known(id) => catalog.service_prefix(catalog.action_service(*id)).to_owned(),
            ActionRef::Unknown(lower, _) => {
                lower.split_once(':').map_or(String::new(), |(service, _)| service.to_owned())
            }
        }
    }

    /// Whether a statement speaks of it.
    pub fn is_listed_by(&self, statement: &CompiledUse) -> bool {
        match self {
            ActionRef::Known(id) => statement.actions.known.contains(id.0 as usize),
            ActionRef::Unknown(lower, _) => lower.split_once(':').is_some_and(|(service, name)| {
                statement
                    .resource_scope
                    .as_ref()
                    .and_then(|only| only.service.as_deref())
                    .is_none_or(|only| only == service)
                    && statement.actions.lists_unknown_action(service, name)
            }),
        }
    }
}

impl Solver<'_> {
    /// The groups of actions that the effective side may allow and the declared side does not plainly
    /// allow, the most alarming first.
    pub(crate) fn partition_actions(
        &self,
        question: &Question<'_>,
        prepared: &CompiledQuestion<'_>,
    ) -> Vec<ActionEquivalenceClass> {
        if let Some((action, _)) = question.single_request {
            return vec![self.new_singleton_class(self.resolve_action(action))];
        }
        let mut classes = self.partition_known_actions(prepared);
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let mut class_by_match: FxHashMap<Vec<bool>, usize> = FxHashMap::default();
        for (lower, written) in prepared.statements.iter().flat_map(|s| &s.actions.unknown) {
            if !seen.insert(lower) {
                continue;
            }
            // Nothing is known of such actions, so those that the same statements match are one group.
            let action = ActionRef::Unknown(lower.clone(), written.clone());
            // Most names stand on the declared side alone.
            let may_grant = |branch: &CompiledBranch| {
                let first = branch.allow_layers.first().into_iter().flatten();
                first.filter_map(|i| prepared.statements.get(*i)).any(|s| action.is_listed_by(s))
            };
            if !prepared.effective.iter().any(may_grant) {
                continue;
            }
            let matched: Vec<bool> = prepared.statements.iter().map(|s| action.is_listed_by(s)).collect();
            match class_by_match.get(&matched).and_then(|place: &usize| classes.get_mut(*place)) {
                Some(group) => group.actions.unknown.push(written.clone()),
                None => {
                    class_by_match.insert(matched, classes.len());
                    classes.push(self.new_singleton_class(action));
                }
            }
        }
        classes.sort_by_key(|g| std::cmp::Reverse(g.rank));
        classes
    }

    /// The letter of an action's name.
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
        // What an unknown action does is not known: it is looked at before those that only read.
        ActionEquivalenceClass { rank: 1, representative: action, actions, shape: None }
    }

    fn partition_known_actions(&self, prepared: &CompiledQuestion<'_>) -> Vec<ActionEquivalenceClass> {
        let candidates = self.find_candidates(prepared);
        if candidates.is_clear() {
            return Vec::new();
        }
        let mut partition = ActionPartition::new(&candidates);
        for statement in &prepared.statements {
            partition.split(&candidates, &statement.actions.known, statement.sensitivity);
        }
        let mut classes: Vec<ActionEquivalenceClass> = Vec::new();
        let ranks = self.action_ranks();
        // Where what makes actions alike is that the same statements match them, the block is the group.
        let mut class_by_block: Vec<Option<usize>> = vec![None; partition.len()];
        let mut class_by_key: FxHashMap<(usize, ClassKey), usize> = FxHashMap::default();
        for action in candidates.ones() {
            let id = ActionId(u32::try_from(action).unwrap_or(u32::MAX));
            let (block, sensitivity) = partition.block_of(action);
            let rank = ranks.get(action).copied().unwrap_or(0);
            let next = classes.len();
            let (class_index, shape) = match (sensitivity, class_by_block.get_mut(block)) {
                (ShapeSensitivity::Insensitive, Some(place)) => (*place.get_or_insert(next), None),
                (sensitive, _) => {
                    let shape = self.catalog.shape(id);
                    let variants = if sensitive == ShapeSensitivity::ArnSegments {
                        self.arn_segment_variants(shape)
                    } else {
                        None
                    };
                    let class_key = variants.map_or(ClassKey::Shape(shape), ClassKey::ArnSegments);
                    (*class_by_key.entry((block, class_key)).or_insert(next), Some(shape))
                }
            };
            match classes.get_mut(class_index) {
                Some(group) => {
                    group.actions.known.push(id);
                    if rank > group.rank {
                        group.rank = rank;
                        group.representative = ActionRef::Known(id);
                        group.shape = shape;
                    }
                }
                None => {
                    let actions = Actions { known: vec![id], unknown: Vec::new() };
                    classes.push(ActionEquivalenceClass {
                        representative: ActionRef::Known(id),
                        rank: rank,
                        actions,
                        shape,
                    });
                }
            }
        }
        classes
    }

    /// The actions that the effective side may allow and the declared side does not plainly allow.
    fn find_candidates(&self, prepared: &CompiledQuestion<'_>) -> FixedBitSet {
        let unite_actions = |list: &[usize], plain: bool| {
            let mut bits = FixedBitSet::with_capacity(self.catalog.action_count());
            for statement in list.iter().filter_map(|i| prepared.statements.get(*i)) {
                if !plain || statement.literals.is_empty() {
                    bits.union_with(&statement.actions.known);
                }
            }
            bits
        };
        // What a branch allows at the most (`plain` false), or at the least (`plain` true).
        let bound_branch = |branch: &CompiledBranch, plain: bool| {
            let mut bits = FixedBitSet::with_capacity(self.catalog.action_count());
            if plain && !branch.scope_exclusions.is_empty() {
                return bits;
            }
            bits.insert_range(..);
            for list in &branch.allow_layers {
                bits.intersect_with(&unite_actions(list, plain));
            }
            bits.difference_with(&unite_actions(&branch.deny_statements, !plain));
            bits
        };
        let mut candidates = FixedBitSet::with_capacity(self.catalog.action_count());
        for branch in &prepared.effective {
            candidates.union_with(&bound_branch(branch, false));
        }
        for branch in &prepared.declared {
            candidates.difference_with(&bound_branch(branch, true));
        }
        candidates
    }

    /// How alarming each action is: as the asker ranks it, else by whether it destroys or writes.
    fn action_ranks(&self) -> &[u32] {
        let by_effect = |id| match (self.catalog.risk_classes(id), self.catalog.access_level(id)) {
            (classes, _) if classes.contains(RiskClass::Destructive) => 3,
            (classes, _) if classes.contains(RiskClass::Escalation) => 2,
            (_, AccessLevel::Write | AccessLevel::PermissionsManagement) => 1,
            _ => 0,
        };
        self.action_ranks.get_or_init(|| self.catalog.actions().map(by_effect).collect())
    }

    /// Whether a request's action exists in the catalog.
    pub(crate) fn is_existing_action(&self, action: &str) -> bool {
        self.catalog.find_action(&action.to_ascii_lowercase()).is_some()
    }
}
