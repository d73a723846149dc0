//! Actions that the same statements match, and that share resources and keys, are decided once.

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::compile::Solver;
use super::question::{Prepared, Question, Ready, ReadyBranch};
use crate::access::Request;
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
    /// Its actions, the most alarming first.
    pub letters: Vec<Letter>,
    /// Their resources and keys, where that matters to any statement.
    pub shape: Option<ShapeId>,
}

impl Letter {
    /// `service:Name`.
    pub fn name(&self, catalog: &Catalog) -> String {
        match self {
            Letter::Known(id) => catalog.full_name(*id),
            Letter::Unknown(_, written) => written.clone(),
        }
    }

    /// Whether a statement speaks of it.
    pub fn is_in(&self, statement: &Ready) -> bool {
        match self {
            Letter::Known(id) => statement.actions.known.contains(id.0 as usize),
            Letter::Unknown(lower, _) => {
                lower.split_once(':').is_some_and(|(service, name)| statement.actions.has_unknown(service, name))
            }
        }
    }
}

/// How alarming an action is in the wrong hands; the higher the worse.
pub fn alarm(catalog: &Catalog, action: ActionId) -> u8 {
    let classes = catalog.classes(action);
    match catalog.access_level(action) {
        _ if classes.contains(ActionClass::Destructive) => 6,
        _ if classes.contains(ActionClass::Escalation) => 5,
        AccessLevel::PermissionsManagement => 4,
        AccessLevel::Write => 3,
        _ if classes.contains(ActionClass::DataRead) => 2,
        AccessLevel::Tagging | AccessLevel::Read => 1,
        AccessLevel::List => 0,
    }
}

impl Solver<'_> {
    /// The groups of actions that the effective side may allow and the declared side does not plainly allow.
    pub(super) fn groups(&self, question: &Question<'_>, prepared: &Prepared) -> Vec<ActionGroup> {
        if let Some((action, _)) = question.only {
            return vec![ActionGroup { letters: vec![self.letter(action)], shape: None }];
        }
        let mut groups = self.known_groups(prepared);
        let mut seen: FxHashSet<String> = FxHashSet::default();
        for statement in &prepared.statements {
            for pattern in statement.actions.element.patterns.iter().filter(|p| p.is_literal()) {
                let lower = format!("{}:{}", pattern.service(), pattern.name());
                if self.catalog.find_action(&lower).is_none() && seen.insert(lower.clone()) {
                    let letter = Letter::Unknown(lower, pattern.as_written().to_owned());
                    groups.push(ActionGroup { letters: vec![letter], shape: None });
                }
            }
        }
        groups
    }

    /// The letter of an action's name.
    pub(super) fn letter(&self, action: &str) -> Letter {
        match self.catalog.find_action(&action.to_ascii_lowercase()) {
            Some(id) => Letter::Known(id),
            None => Letter::Unknown(action.to_ascii_lowercase(), action.to_owned()),
        }
    }

    fn known_groups(&self, prepared: &Prepared) -> Vec<ActionGroup> {
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
            if plain && branch.except.is_some() {
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
        if candidates.is_clear() {
            return Vec::new();
        }
        // A signature of the statements that match an action: the sum of random numbers, one a statement.
        let mut signatures: FxHashMap<usize, (u128, bool)> = candidates.ones().map(|a| (a, (0, false))).collect();
        for (index, statement) in prepared.statements.iter().enumerate() {
            let mark = mark(index);
            for action in statement.actions.known.intersection(&candidates) {
                if let Some((sum, sensitive)) = signatures.get_mut(&action) {
                    *sum = sum.wrapping_add(mark);
                    *sensitive |= statement.sensitive;
                }
            }
        }
        let mut groups: Vec<ActionGroup> = Vec::new();
        let mut places: FxHashMap<(u128, Option<ShapeId>), usize> = FxHashMap::default();
        for action in candidates.ones() {
            let Some((sum, sensitive)) = signatures.get(&action) else { continue };
            let id = ActionId(u32::try_from(action).unwrap_or(u32::MAX));
            let shape = sensitive.then(|| self.catalog.shape(id));
            let place = *places.entry((*sum, shape)).or_insert_with(|| {
                groups.push(ActionGroup { letters: Vec::new(), shape });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(place) {
                group.letters.push(Letter::Known(id));
            }
        }
        for group in &mut groups {
            group.letters.sort_by_cached_key(|l| match l {
                Letter::Known(id) => (u8::MAX - alarm(self.catalog, *id), id.0),
                Letter::Unknown(..) => (0, 0),
            });
        }
        groups
    }

    /// Whether a request's action exists in the catalog.
    pub(super) fn exists(&self, request: &Request) -> bool {
        self.catalog.find_action(&request.action.to_ascii_lowercase()).is_some()
    }
}

/// A random-looking number for a statement's position: sums of them tell sets of statements apart.
fn mark(index: usize) -> u128 {
    let hash = blake3::hash(&index.to_le_bytes());
    hash.as_bytes().first_chunk::<16>().map_or(0, |b| u128::from_le_bytes(*b))
}
