//! Actions that the same statements match, and that share resources and keys, are decided once.

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::blocks::Blocks;
use super::compile::Solver;
use super::domain::Told;
use super::question::{Prepared, Question, Ready, ReadyBranch, Sensitive};
use crate::catalog::{AccessLevel, ActionClass, ActionId, Catalog, ShapeId};

/// An action, by the catalog or by a document that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Letter {
    /// The catalog knows it.
    Known(ActionId),
    /// Only documents name it: `service:name` in lower case, and as it was written.
    Unknown(String, String),
}

/// Actions that are decided together.
#[derive(Debug)]
pub struct ActionGroup {
    /// The most alarming of them, which stands for all.
    pub first: Letter,
    /// How alarming it is.
    alarm: u32,
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
    pub others: Vec<String>,
}

/// What makes actions that the same statements match alike.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
enum Alike {
    /// What the ARNs of their resources tell.
    Told(Told),
    /// All their resources and keys.
    Shape(ShapeId),
}

impl Actions {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.known.len() + self.others.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their names: the catalog's as `service:Name`, the others as they were written.
    pub fn names(&self, catalog: &Catalog) -> Vec<String> {
        self.known.iter().map(|id| catalog.full_name(*id)).chain(self.others.iter().cloned()).collect()
    }
}

impl Letter {
    /// `service:Name`.
    pub fn name(&self, catalog: &Catalog) -> String {
        match self {
            Letter::Known(id) => catalog.full_name(*id),
            Letter::Unknown(_, written) => written.clone(),
        }
    }

    /// The prefix of its service, in lower case.
    pub fn service(&self, catalog: &Catalog) -> String {
        match self {
            Letter::Known(id) => catalog.service_prefix(catalog.action_service(*id)).to_owned(),
            Letter::Unknown(lower, _) => lower.split_once(':').map_or(String::new(), |(service, _)| service.to_owned()),
        }
    }

    /// Whether a statement speaks of it.
    pub fn is_in(&self, statement: &Ready) -> bool {
        match self {
            Letter::Known(id) => statement.actions.known.contains(id.0 as usize),
            Letter::Unknown(lower, _) => lower.split_once(':').is_some_and(|(service, name)| {
                statement.service.as_ref().and_then(|only| only.service.as_deref()).is_none_or(|only| only == service)
                    && statement.actions.has_unknown(service, name)
            }),
        }
    }
}

impl Solver<'_> {
    /// The groups of actions that the effective side may allow and the declared side does not plainly
    /// allow, the most alarming first.
    pub(super) fn groups(&self, question: &Question<'_>, prepared: &Prepared<'_>) -> Vec<ActionGroup> {
        if let Some((action, _)) = question.only {
            return vec![self.group_of(self.letter(action))];
        }
        let mut groups = self.known_groups(prepared);
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let mut unknown: FxHashMap<Vec<bool>, usize> = FxHashMap::default();
        for (lower, written) in prepared.statements.iter().flat_map(|s| &s.actions.unknown) {
            if !seen.insert(lower) {
                continue;
            }
            // Nothing is known of such actions, so those that the same statements match are one group.
            let letter = Letter::Unknown(lower.clone(), written.clone());
            // Most names stand on the declared side alone.
            let grants = |branch: &ReadyBranch| {
                let first = branch.require.first().into_iter().flatten();
                first.filter_map(|i| prepared.statements.get(*i)).any(|s| letter.is_in(s))
            };
            if !prepared.effective.iter().any(grants) {
                continue;
            }
            let matched: Vec<bool> = prepared.statements.iter().map(|s| letter.is_in(s)).collect();
            match unknown.get(&matched).and_then(|place: &usize| groups.get_mut(*place)) {
                Some(group) => group.actions.others.push(written.clone()),
                None => {
                    unknown.insert(matched, groups.len());
                    groups.push(self.group_of(letter));
                }
            }
        }
        groups.sort_by_key(|g| std::cmp::Reverse(g.alarm));
        groups
    }

    /// The letter of an action's name.
    pub(super) fn letter(&self, action: &str) -> Letter {
        match self.catalog.find_action(&action.to_ascii_lowercase()) {
            Some(id) => Letter::Known(id),
            None => Letter::Unknown(action.to_ascii_lowercase(), action.to_owned()),
        }
    }

    fn group_of(&self, letter: Letter) -> ActionGroup {
        let actions = match &letter {
            Letter::Known(id) => Actions { known: vec![*id], others: Vec::new() },
            Letter::Unknown(_, written) => Actions { known: Vec::new(), others: vec![written.clone()] },
        };
        // What an unknown action does is not known: it is looked at before those that only read.
        ActionGroup { alarm: 1, first: letter, actions, shape: None }
    }

    fn known_groups(&self, prepared: &Prepared<'_>) -> Vec<ActionGroup> {
        let candidates = self.candidates(prepared);
        if candidates.is_clear() {
            return Vec::new();
        }
        let mut blocks = Blocks::new(&candidates);
        for statement in &prepared.statements {
            blocks.split(&candidates, &statement.actions.known, statement.sensitive);
        }
        let mut groups: Vec<ActionGroup> = Vec::new();
        let alarms = self.alarms();
        // Where what makes actions alike is that the same statements match them, the block is the group.
        let mut whole: Vec<Option<usize>> = vec![None; blocks.len()];
        let mut parts: FxHashMap<(usize, Alike), usize> = FxHashMap::default();
        for action in candidates.ones() {
            let id = ActionId(u32::try_from(action).unwrap_or(u32::MAX));
            let (block, sensitive) = blocks.of(action);
            let alarm = alarms.get(action).copied().unwrap_or(0);
            let next = groups.len();
            let (place, shape) = match (sensitive, whole.get_mut(block)) {
                (Sensitive::No, Some(place)) => (*place.get_or_insert(next), None),
                (sensitive, _) => {
                    let shape = self.catalog.shape(id);
                    let told = if sensitive == Sensitive::ToArnsTell { self.told_by_arns(shape) } else { None };
                    let alike = told.map_or(Alike::Shape(shape), Alike::Told);
                    (*parts.entry((block, alike)).or_insert(next), Some(shape))
                }
            };
            match groups.get_mut(place) {
                Some(group) => {
                    group.actions.known.push(id);
                    if alarm > group.alarm {
                        group.alarm = alarm;
                        group.first = Letter::Known(id);
                        group.shape = shape;
                    }
                }
                None => {
                    let actions = Actions { known: vec![id], others: Vec::new() };
                    groups.push(ActionGroup { first: Letter::Known(id), alarm, actions, shape });
                }
            }
        }
        groups
    }

    /// The actions that the effective side may allow and the declared side does not plainly allow.
    fn candidates(&self, prepared: &Prepared<'_>) -> FixedBitSet {
        let union = |list: &[usize], plain: bool| {
            let mut bits = FixedBitSet::with_capacity(self.catalog.action_count());
            for statement in list.iter().filter_map(|i| prepared.statements.get(*i)) {
                if !plain || statement.literals.is_empty() {
                    bits.union_with(&statement.actions.known);
                }
            }
            bits
        };
        // What a branch allows at the most (`plain` false), or at the least (`plain` true).
        let of_branch = |branch: &ReadyBranch, plain: bool| {
            let mut bits = FixedBitSet::with_capacity(self.catalog.action_count());
            if plain && !branch.except.is_empty() {
                return bits;
            }
            bits.insert_range(..);
            for list in &branch.require {
                bits.intersect_with(&union(list, plain));
            }
            bits.difference_with(&union(&branch.forbid, !plain));
            bits
        };
        let mut candidates = FixedBitSet::with_capacity(self.catalog.action_count());
        for branch in &prepared.effective {
            candidates.union_with(&of_branch(branch, false));
        }
        for branch in &prepared.declared {
            candidates.difference_with(&of_branch(branch, true));
        }
        candidates
    }

    /// How alarming each action is: as the asker ranks it, else by whether it destroys or writes.
    fn alarms(&self) -> &[u32] {
        let by_effect = |id| match (self.catalog.classes(id), self.catalog.access_level(id)) {
            (classes, _) if classes.contains(ActionClass::Destructive) => 3,
            (classes, _) if classes.contains(ActionClass::Escalation) => 2,
            (_, AccessLevel::Write | AccessLevel::PermissionsManagement) => 1,
            _ => 0,
        };
        self.ranks.get_or_init(|| self.catalog.actions().map(by_effect).collect())
    }

    /// Whether a request's action exists in the catalog.
    pub(super) fn exists(&self, action: &str) -> bool {
        self.catalog.find_action(&action.to_ascii_lowercase()).is_some()
    }
}
