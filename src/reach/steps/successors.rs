//! Everything that a state can reach in one step.

use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::assume_role::{find_assumable_by_account, find_assumable_by_name};
use super::creations::CreationGrant;
use super::state_changes::ChangeTargets;
use super::step_finder::StepFinder;
use crate::reach::model::chosen_boundary::{BOUNDARY_KEY, BoundaryGrant};
use crate::reach::model::chosen_tags::TagGrant;
use crate::reach::model::created_principal::CreatedPrincipal;
use crate::reach::model::state::NodeState;
use crate::reach::model::tag_condition_keys::find_resource_tag;
use crate::reach::model::technique::{Technique, TechniqueKind, techniques};
use crate::solve::UndecidedReason;

/// The successors of a state.
#[derive(Clone, Debug)]
pub(crate) struct Successors {
    /// Principals that it can act as.
    pub(crate) reachable: FixedBitSet,
    /// Those of them that it can assume (`sts:AssumeRole`), if that limits their sessions.
    pub(crate) assumed: FixedBitSet,
    /// Those of them that it can act as in no other way.
    pub(crate) assumed_only: FixedBitSet,
    /// What all states with the same statements have in common.
    pub(crate) shared: Arc<SharedSuccessors>,
    /// Other changes of itself, and principals that it creates or acts for.
    pub(crate) own_states: Vec<NodeState>,
    /// Whether it reaches no other principals than those that all states with the same statements reach, in the same ways.
    pub(crate) is_like_others: bool,
    /// Whether it can change other principals, other than by granting everything. Compares actions only.
    pub(crate) changes_others: bool,
    /// The tags of principals that it can change.
    pub(crate) tag_grants: Vec<TagGrant>,
    /// The permissions boundaries that it can give to principals, as far as it matters which one they have.
    pub(crate) boundary_choices: Vec<BoundaryGrant>,
    /// Whether the boundaries of other principals can change what it can do to them.
    pub(crate) depends_on_boundaries: bool,
    /// Whether the tags of other principals can change its successors.
    pub(crate) depends_on_tags: bool,
    /// Why further successors could not be decided.
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// The states that a state makes of principals that it can act as, and why others could not be decided. A search that ends
/// early needs none of them.
pub(crate) struct ReachedChanges {
    pub(crate) states: Vec<NodeState>,
    pub(crate) undecided: BTreeSet<UndecidedReason>,
}

/// The successors that all principals of an account with the same statements have in common.
#[derive(Debug)]
pub(crate) struct SharedSuccessors {
    reachable: FixedBitSet,
    /// Those that they can assume by the policies of their account.
    assumable: FixedBitSet,
    /// Those that they can act as in other ways than by assuming them.
    reachable_otherwise: FixedBitSet,
    /// The roles whose trust policy they can rewrite.
    pub(crate) rewritable: FixedBitSet,
    /// Principals to which they can grant all permissions.
    pub(crate) grant_targets: FixedBitSet,
    created: Vec<CreatedPrincipal>,
    /// The users and roles that do not exist and that they can create, unless one that they can create and act as is allowed
    /// everything.
    pub(crate) creations: Vec<CreationGrant>,
    undecided: BTreeSet<UndecidedReason>,
}

impl Successors {
    /// `shared` may come from another state with the same statements.
    pub(crate) fn compute(step_finder: &StepFinder<'_>, shared: Arc<SharedSuccessors>) -> Successors {
        let StepFinder { world, state, effective, tags, .. } = step_finder;
        let mut undecided = shared.undecided.clone();
        let mut reachable = world.principals.empty_set();
        reachable.union_with(&shared.reachable);
        let mut by_name = find_assumable_by_name(world, state, effective, tags, &mut undecided);
        let mut assumed = by_name.clone();
        assumed.intersect_with(&world.limited_if_assumed);
        let mut is_like_others = assumed.is_subset(&shared.assumable);
        assumed.union_with(&shared.assumable);
        assumed.intersect_with(&world.limited_if_assumed);
        let mut assumed_only = assumed.clone();
        assumed_only.difference_with(&shared.reachable_otherwise);
        for technique in techniques().iter().filter(|technique| technique.kind == TechniqueKind::WebIdentityToken) {
            let by_token = step_finder.find_reachable(technique, &mut undecided);
            by_name.union_with(&by_token);
            is_like_others &= assumed_only.is_disjoint(&by_token);
            assumed_only.difference_with(&by_token);
        }
        is_like_others &= by_name.is_subset(&reachable);
        reachable.union_with(&by_name);
        reachable.remove(state.principal);
        assumed.intersect_with(&reachable);
        let mut itself = world.principals.empty_set();
        itself.insert(state.principal);
        let mut own_states = find_changed_states(step_finder, &itself, &shared.grant_targets, &mut undecided);
        own_states.extend(find_separate_states(step_finder, &mut undecided));
        own_states.extend(step_finder.find_federated_sessions(&mut undecided));
        own_states.extend(shared.created.iter().cloned().map(|created| step_finder.to_created_state(created)));
        let changes_others = changing_techniques().any(|technique| step_finder.may_change(technique));
        let tag_grants = step_finder.find_tag_grants(&mut undecided);
        let boundary_choices = step_finder.find_boundary_choices(&mut undecided);
        let writes_policies = [
            "iam:CreatePolicyVersion",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteUserPermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
            "iam:PutUserPermissionsBoundary",
            "iam:SetDefaultPolicyVersion",
        ];
        let depends_on_boundaries = step_finder.has_condition_on(BOUNDARY_KEY)
            || writes_policies.iter().any(|action| step_finder.may_allow(action));
        let mut keys = effective.access.uses().flat_map(|statement_use| statement_use.statement().keys());
        let depends_on_tags = !world.tag_index.keys().is_empty()
            && (world.tag_index.names_tags_of_roles() || keys.any(|key| find_resource_tag(key.lower()).is_some()));
        Successors {
            reachable: without_room(reachable),
            assumed: without_room(assumed),
            assumed_only: without_room(assumed_only),
            own_states,
            is_like_others,
            changes_others,
            shared,
            tag_grants,
            boundary_choices,
            depends_on_boundaries,
            depends_on_tags,
            undecided,
        }
    }
}

impl Successors {
    /// Whether it reaches what all states with the same statements reach, itself left out, and can do nothing else.
    pub(crate) fn only_reaches_like_others(&self) -> bool {
        let SharedSuccessors { rewritable, grant_targets, created, creations, .. } = &*self.shared;
        self.is_like_others
            && !self.changes_others
            && self.own_states.is_empty()
            && self.tag_grants.is_empty()
            && self.boundary_choices.is_empty()
            && self.undecided.is_empty()
            && rewritable.is_clear()
            && grant_targets.is_clear()
            && created.is_empty()
            && creations.is_empty()
    }
}

impl ReachedChanges {
    pub(crate) fn compute(step_finder: &StepFinder<'_>, successors: &Successors) -> ReachedChanges {
        let mut undecided = BTreeSet::new();
        let states = match successors.changes_others {
            true => {
                let Successors { reachable, shared, .. } = successors;
                find_changed_states(step_finder, reachable, &shared.grant_targets, &mut undecided)
            }
            false => Vec::new(),
        };
        ReachedChanges { states, undecided }
    }
}

/// A set that takes no memory if it is empty, as most are: there are some for each of N principals, and one with room for all takes
/// N bits. Nothing can be inserted.
fn without_room(set: FixedBitSet) -> FixedBitSet {
    if set.is_clear() { FixedBitSet::new() } else { set }
}

/// The techniques that can change any principal.
fn changing_techniques() -> impl Iterator<Item = &'static Technique> {
    techniques().iter().filter(|technique| technique.changes_other_principals())
}

/// The states that a state makes of itself alone, and those that act for other principals.
fn find_separate_states(step_finder: &StepFinder<'_>, undecided: &mut BTreeSet<UndecidedReason>) -> Vec<NodeState> {
    let none = step_finder.world.principals.empty_set();
    let targets = ChangeTargets { widened: &none, freed: &none };
    // What can be created is the same for all states with the same statements.
    let is_other = |technique: &&Technique| {
        !technique.changes_other_principals() && technique.kind != TechniqueKind::CreatePrincipal
    };
    let making = techniques().iter().filter(is_other);
    making.flat_map(|technique| step_finder.find_changed_states(technique, targets, undecided)).collect()
}

/// The states that a state makes of `targets`, other than by granting everything.
pub(crate) fn find_changed_states(
    step_finder: &StepFinder<'_>,
    targets: &FixedBitSet,
    grant_targets: &FixedBitSet,
    undecided: &mut BTreeSet<UndecidedReason>,
) -> Vec<NodeState> {
    // A principal that can be granted everything needs no other additional permissions.
    let mut widened = targets.clone();
    widened.difference_with(grant_targets);
    if step_finder.state.change.grants_all && widened.contains(step_finder.state.principal) {
        widened.remove(step_finder.state.principal);
    }
    let targets = ChangeTargets { widened: &widened, freed: targets };
    changing_techniques().flat_map(|technique| step_finder.find_changed_states(technique, targets, undecided)).collect()
}

impl SharedSuccessors {
    pub(crate) fn compute(step_finder: &StepFinder<'_>) -> SharedSuccessors {
        let world = step_finder.world;
        let mut reachable_otherwise = world.principals.empty_set();
        let mut assumable = world.principals.empty_set();
        let mut grant_targets = world.principals.empty_set();
        let mut undecided = BTreeSet::new();
        for technique in techniques() {
            match technique.kind {
                kind if kind == TechniqueKind::Combined || kind.changes_state() => {}
                // The token names the principal.
                TechniqueKind::WebIdentityToken => {}
                _ if !technique.limited_to.is_empty() => {}
                TechniqueKind::Assume => {
                    assumable =
                        find_assumable_by_account(world, step_finder.effective, step_finder.tags, &mut undecided);
                }
                kind if kind.grants_all() => {
                    grant_targets.union_with(&step_finder.find_grant_targets(technique, &mut undecided));
                }
                _ => reachable_otherwise.union_with(&step_finder.find_reachable(technique, &mut undecided)),
            }
        }
        let mut reachable = reachable_otherwise.clone();
        reachable.union_with(&assumable);
        let rewritable = step_finder.find_rewritable(&mut undecided);
        let created = step_finder.find_all_created(&mut undecided);
        let is_unlimited = created.iter().any(CreatedPrincipal::is_unlimited);
        // The session of a role can decide what the role is allowed, even if its policies allow everything.
        let is_enough = is_unlimited && world.session_keys.is_empty();
        let creations = if is_enough { Vec::new() } else { step_finder.find_creations(&mut undecided) };
        SharedSuccessors {
            reachable: without_room(reachable),
            assumable: without_room(assumable),
            reachable_otherwise: without_room(reachable_otherwise),
            rewritable: without_room(rewritable),
            grant_targets: without_room(grant_targets),
            created,
            creations,
            undecided,
        }
    }
}
