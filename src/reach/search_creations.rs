//! The part of a search that creates users and roles, for any state to change and to act as.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::Graph;
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::obtained::{ObtainableState, Obtained};
use super::path::{Change, Origin};
use crate::solve::UndecidedReason;
use crate::trust::TrustGrant;

/// What was computed for users and roles that can be created.
#[derive(Default)]
pub(super) struct CreationProgress {
    /// The states, and the roles for which they were tried.
    tried: FxHashMap<usize, FixedBitSet>,
    /// The state that acts as a user or role, and whether it chooses the tags of its sessions.
    actors: FxHashMap<(usize, bool), usize>,
    /// The creations that were used, by their position, the user or role, whether tags are chosen, and the technique that gives a
    /// part of the permissions.
    used: FxHashSet<(usize, usize, bool, Option<&'static str>)>,
    /// Whether this round found nothing else.
    pub(super) is_last_resort: bool,
}

impl Graph<'_> {
    /// Adds the users and roles that some state can create and some state can act as.
    pub(super) fn use_creations(
        &self,
        progress: &mut CreationProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let mut created = self.world.principals.empty_set();
        obtained.creations().iter().for_each(|(_, creation)| created.union_with(&creation.targets));
        if created.is_clear() {
            return;
        }
        self.find_actors(&created, progress, obtained, undecided);
        let creations = obtained.creations().to_vec();
        let is_last_resort = progress.is_last_resort;
        for (position, (by, creation)) in creations.iter().enumerate() {
            for principal in creation.targets.ones() {
                let mut add = |from: usize, (has_session_tags, limited_by): (bool, Option<&'static str>)| {
                    if !progress.used.insert((position, principal, has_session_tags, limited_by)) {
                        return;
                    }
                    let change = StateChange {
                        was_absent: true,
                        is_trust_rewritten: self.world.principal_sets.roles.contains(principal),
                        has_session_tags,
                        limited_by,
                        boundary: creation.boundary.clone(),
                        ..StateChange::default()
                    };
                    let change = SharedChange::from(change);
                    let changed_by = Some(Change::new(*by, change.clone()));
                    new.push((NodeState { principal, change }, Origin::changed(from, changed_by)));
                };
                let mut is_used = false;
                for has_session_tags in [false, true] {
                    let from = match progress.actors.get(&(principal, has_session_tags)) {
                        Some(from) => *from,
                        // An account outside is the last resort.
                        None if is_last_resort && !has_session_tags && self.admits_outside(principal, undecided) => *by,
                        None => continue,
                    };
                    is_used = true;
                    add(from, (has_session_tags, None));
                }
                if !is_used {
                    let limited = obtained.absent.list_limited(principal);
                    is_used = !limited.is_empty();
                    limited.into_iter().for_each(|(technique, from)| add(from, (false, Some(technique))));
                }
                if is_used {
                    obtained.add_created(principal);
                }
            }
        }
    }

    fn find_actors(
        &self,
        created: &FixedBitSet,
        progress: &mut CreationProgress,
        obtained: &mut Obtained,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        for (user, at) in obtained.absent.users() {
            progress.actors.entry((*user, false)).or_insert(*at);
        }
        let mut roles = created.clone();
        roles.intersect_with(&self.world.principal_sets.roles);
        for at in obtained.list_expanded() {
            let tried = progress.tried.entry(at).or_insert_with(|| self.world.principals.empty_set());
            let mut untried = roles.clone();
            untried.difference_with(tried);
            let has_actors = |role: &usize| {
                progress.actors.contains_key(&(*role, false))
                    && (progress.actors.contains_key(&(*role, true)) || !self.do_session_tags_matter(*role))
            };
            let settled: Vec<usize> = untried.ones().filter(has_actors).collect();
            settled.into_iter().for_each(|role| untried.set(role, false));
            if untried.is_clear() {
                continue;
            }
            tried.union_with(&untried);
            let uses = self.find_trust_uses(obtained.state(at), &untried, undecided);
            for role in uses.acts_as.ones() {
                progress.actors.entry((role, false)).or_insert(at);
            }
            for role in uses.tagged.ones().filter(|role| self.do_session_tags_matter(*role)) {
                progress.actors.entry((role, true)).or_insert(at);
            }
            untried.difference_with(&uses.acts_as);
            for limited in self.find_limited_uses(obtained.state(at), &untried, undecided) {
                obtained.absent.add_limited(at, limited);
            }
        }
    }

    /// Whether a principal of an account outside can assume a role that is created for it.
    fn admits_outside(&self, role: usize, undecided: &mut BTreeSet<UndecidedReason>) -> bool {
        self.world.principal_sets.roles.contains(role)
            && self.world.admits_if_rewritten(role, &TrustGrant::Anyone, undecided)
    }
}
