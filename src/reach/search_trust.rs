//! The part of a search that uses trust policies which the start can rewrite.

use std::collections::BTreeSet;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::Graph;
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::obtained::{ObtainableState, Obtained};
use super::path::{Change, Origin};
use crate::access::KeyFact;
use crate::iam::ContextKey;
use crate::solve::UndecidedReason;
use crate::trust::TrustGrant;

/// What was computed for the roles whose trust policy can be rewritten.
#[derive(Default)]
pub(super) struct TrustProgress {
    /// The states, and the roles for which they were tried.
    named: FxHashMap<usize, FixedBitSet>,
    /// The roles that were tried from an account outside.
    opened: FxHashSet<usize>,
}

impl Graph<'_> {
    /// Adds the roles that a state can use after a state rewrites their trust policy.
    pub(super) fn use_rewritten_trust(
        &self,
        progress: &mut TrustProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let rewritable = obtained.find_rewritable();
        if rewritable.is_clear() {
            return;
        }
        for at in obtained.list_expanded() {
            let tried = progress.named.entry(at).or_insert_with(|| self.world.principals.empty_set());
            let is_useful =
                |role: &usize| !tried.contains(*role) && self.is_rewriting_useful(*role, obtained.reached());
            let useful: Vec<usize> = rewritable.ones().filter(is_useful).collect();
            if useful.is_empty() {
                continue;
            }
            let mut roles = self.world.principals.empty_set();
            roles.extend(useful);
            tried.union_with(&roles);
            let uses = self.find_trust_uses(obtained.state(at), &roles, undecided);
            for role in uses.acts_as.ones() {
                obtained.add_rewritten_role((at, role), false, new);
            }
            for role in uses.tagged.ones().filter(|role| self.do_session_tags_matter(*role)) {
                obtained.add_rewritten_role((at, role), true, new);
            }
            roles.difference_with(&uses.acts_as);
            self.use_in_part(at, &roles, obtained, new, undecided);
        }
        for role in rewritable.ones() {
            if self.is_rewriting_useful(role, obtained.reached()) && progress.opened.insert(role) {
                self.use_from_outside(role, obtained, new, undecided);
            }
        }
    }

    /// Adds the roles that a state can pass to a service which acts with a part of their permissions, after a state rewrites
    /// their trust policies.
    fn use_in_part(
        &self,
        at: usize,
        roles: &FixedBitSet,
        obtained: &Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let mut unused = roles.clone();
        unused.difference_with(obtained.reached());
        for (role, technique) in self.find_limited_uses(obtained.state(at), &unused, undecided) {
            let Some(by) = obtained.find_rewriter(role) else { continue };
            let limited_by = Some(technique);
            let change = StateChange { is_trust_rewritten: true, limited_by, ..StateChange::default() };
            let change = SharedChange::from(change);
            let changed_by = Some(Change::new(by, change.clone()));
            new.push((NodeState { principal: role, change }, Origin::changed(at, changed_by)));
        }
    }

    /// Adds a role that a principal of an account outside can assume after a state rewrites its trust policy. Policies and
    /// SCPs of the role's account do not limit that principal.
    fn use_from_outside(
        &self,
        role: usize,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let Some(rewriter) = obtained.find_rewriter(role) else { return };
        if !self.world.admits_if_rewritten(role, &TrustGrant::Anyone, undecided) {
            return;
        }
        obtained.add_rewritten_role((rewriter, role), false, new);
        if self.do_session_tags_matter(role) {
            obtained.add_rewritten_role((rewriter, role), true, new);
        }
    }

    /// Whether a rewritten trust policy of a role gives more than what was reached already.
    fn is_rewriting_useful(&self, role: usize, reached: &FixedBitSet) -> bool {
        !reached.contains(role) || self.do_session_tags_matter(role)
    }

    /// Whether the tags of sessions can change what a role is allowed, and are not free already.
    pub(super) fn do_session_tags_matter(&self, role: usize) -> bool {
        let tag_index = &self.world.tag_index;
        let known = &self.world.node(role).known;
        let is_fixed = |key: &str| known.fact(&ContextKey::new(&format!("aws:PrincipalTag/{key}"))) != KeyFact::Free;
        tag_index.matters_to(role) && tag_index.keys().keys().any(|key| is_fixed(key))
    }
}
