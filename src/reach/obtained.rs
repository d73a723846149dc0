//! What a search has obtained so far: the principals that it can act as, and the changes that it can make. Both only grow.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::absent_actors::AbsentActors;
use super::first_states::FirstStates;
use super::model::chosen_boundary::BoundaryGrant;
use super::model::created_kind::CreatedKind;
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::obtained_sessions::ObtainedSessions;
use super::obtained_tags::ObtainedTags;
use super::path::{Change, ChangeKey, Discovery, Origin};
use super::steps::creations::CreationGrant;

/// The largest number of states that only several sessions obtain and whose successors are searched.
pub(super) const MAX_JOINED_STATES: usize = 32;

/// The largest number of states of one principal.
pub(super) const MAX_STATES_OF_PRINCIPAL: usize = 2_000;

/// A state that can be obtained, and how.
pub(super) type ObtainableState = (NodeState, Origin);

/// The facts of one search.
pub(super) struct Obtained {
    discoveries: Vec<Discovery>,
    /// The number of states that were obtained before the current round.
    pub(super) of_earlier_rounds: usize,
    positions: FxHashMap<NodeState, usize>,
    /// The states of each principal.
    pub(super) states_of: FxHashMap<usize, Vec<usize>>,
    /// The principals that some state can act as, and the start.
    reached: FixedBitSet,
    pub(super) sessions: ObtainedSessions,
    /// The principals for which some state can act with some of their permissions only.
    limited: FixedBitSet,
    /// Which state acts as each principal before its tags are changed.
    pub(super) arrivals: FirstStates,
    start: usize,
    /// Whether a principal got a policy or a group.
    has_holdings: bool,
    /// Which state can grant each principal everything.
    grantors: FirstStates,
    /// Which state can rewrite the trust policy of each role.
    rewriters: FirstStates,
    /// The other changes that states can make to a principal.
    pub(super) changes: FxHashMap<usize, Vec<Arc<Change>>>,
    /// The same, with the principal, as far as two changes differ: who makes them does not matter.
    pub(super) known_changes: FxHashSet<(usize, ChangeKey)>,
    grant_all: SharedChange,
    pub(super) tags: ObtainedTags,
    /// The permissions boundaries that states can give to principals: disjoint principals for each.
    boundaries: Vec<(usize, BoundaryGrant)>,
    /// The users and roles that states can create: disjoint for each boundary.
    creations: Vec<(usize, CreationGrant)>,
    pub(super) absent: AbsentActors,
    /// What the users and roles that one state creates by itself are allowed.
    created_by_one: FxHashSet<CreatedKind>,
    /// The states whose successors are not searched.
    skipped: FxHashSet<usize>,
    /// The number of states that only several sessions obtain.
    joined_count: usize,
    /// How many policies, groups and versions each principal can get by itself.
    pub(super) own_additions: FxHashMap<usize, usize>,
    /// Whether a principal has more states than the limit.
    exceeds_limit: Option<usize>,
}

impl Obtained {
    /// The facts before the first step. `no_principals` is an empty set of principals.
    pub(super) fn new(start: usize, no_principals: &FixedBitSet) -> Obtained {
        let mut obtained = Obtained {
            discoveries: Vec::new(),
            of_earlier_rounds: 0,
            positions: FxHashMap::default(),
            states_of: FxHashMap::default(),
            reached: no_principals.clone(),
            sessions: ObtainedSessions::new(no_principals),
            limited: no_principals.clone(),
            arrivals: FirstStates::new(no_principals),
            start,
            has_holdings: false,
            grantors: FirstStates::new(no_principals),
            rewriters: FirstStates::new(no_principals),
            changes: FxHashMap::default(),
            known_changes: FxHashSet::default(),
            grant_all: SharedChange::from(StateChange { grants_all: true, ..StateChange::default() }),
            tags: ObtainedTags::default(),
            boundaries: Vec::new(),
            creations: Vec::new(),
            absent: AbsentActors::default(),
            created_by_one: FxHashSet::default(),
            skipped: FxHashSet::default(),
            joined_count: 0,
            own_additions: FxHashMap::default(),
            exceeds_limit: None,
        };
        obtained.reached.insert(start);
        obtained.add(NodeState::unchanged(start), None);
        obtained
    }

    pub(super) fn discoveries(&self) -> &[Discovery] {
        &self.discoveries
    }

    pub(super) fn state(&self, position: usize) -> &NodeState {
        // INVARIANT: positions come from `add`.
        &self.discoveries.get(position).expect("a discovery").state
    }

    pub(super) fn reached(&self) -> &FixedBitSet {
        &self.reached
    }

    /// The principals whose changes can serve some state.
    pub(super) fn list_changeable(&self) -> FixedBitSet {
        let mut all = self.reached.clone();
        all.union_with(&self.limited);
        all.union_with(self.sessions.begun());
        all
    }

    /// Leaves out what a state can obtain.
    pub(super) fn skip(&mut self, position: usize) {
        self.skipped.insert(position);
    }

    /// Begins a round of the search: what states can do at a greater distance is looked at in the next one.
    pub(super) fn begin_round(&mut self) {
        self.of_earlier_rounds = self.discoveries.len();
    }

    /// The states that were obtained in earlier rounds.
    pub(super) fn earlier_discoveries(&self) -> &[Discovery] {
        self.discoveries.get(..self.of_earlier_rounds).unwrap_or_default()
    }

    /// The states of earlier rounds whose successors are searched.
    pub(super) fn list_expanded(&self) -> Vec<usize> {
        (0..self.of_earlier_rounds).filter(|position| !self.skipped.contains(position)).collect()
    }

    /// A principal of which not all states were searched. None if there is none.
    pub(super) fn exceeds_limit(&self) -> Option<usize> {
        self.exceeds_limit
    }

    /// The position of a new state. None if it is known, or if its principal has too many states.
    pub(super) fn add(&mut self, state: NodeState, origin: Option<Origin>) -> Option<usize> {
        if self.positions.contains_key(&state) {
            return None;
        }
        let states = self.states_of.entry(state.principal).or_default();
        if states.len() >= MAX_STATES_OF_PRINCIPAL {
            self.exceeds_limit = Some(state.principal);
            return None;
        }
        let position = self.discoveries.len();
        states.push(position);
        self.has_holdings |= state.change.adds_policies();
        if let Some(created) = &state.change.created {
            self.created_by_one.insert(CreatedKind::of_created(created));
        }
        if state.change.limited_by.is_some() && !state.change.is_new_principal {
            self.limited.insert(state.principal);
        }
        self.positions.insert(state.clone(), position);
        let rests_on_joined =
            |origin: &Origin| origin.is_joined || origin.positions().any(|earlier| self.is_joined(earlier));
        let is_joined = origin.as_ref().is_some_and(rests_on_joined);
        self.joined_count += usize::from(is_joined);
        self.discoveries.push(Discovery { state, origin, is_joined });
        Some(position)
    }

    /// Adds the sessions of an account that act together as one state, which is not searched by itself. Returns its position.
    pub(super) fn add_joined_sessions(&mut self, state: NodeState) -> usize {
        let position = self.discoveries.len();
        self.skipped.insert(position);
        self.discoveries.push(Discovery { state, origin: None, is_joined: true });
        position
    }

    /// Whether a state was obtained.
    pub(super) fn contains(&self, state: &NodeState) -> bool {
        self.positions.contains_key(state)
    }

    fn is_joined(&self, position: usize) -> bool {
        self.discoveries.get(position).is_some_and(|discovery| discovery.is_joined)
    }

    /// Whether a state is one of those that only several sessions obtain and of which there are too many to search what they obtain.
    pub(super) fn is_beyond_joined(&self, position: usize) -> bool {
        self.is_joined(position) && self.has_many_joined()
    }

    /// Whether there are more states that only several sessions obtain than are searched.
    pub(super) fn has_many_joined(&self) -> bool {
        self.joined_count > MAX_JOINED_STATES
    }

    /// Adds the principals that the state `at` can grant everything.
    pub(super) fn add_grants(&mut self, at: usize, targets: &FixedBitSet, new: &mut Vec<ObtainableState>) {
        let added = self.grantors.add(at, targets);
        if added.is_clear() {
            return;
        }
        // What a state grants itself is granted to the principal's other states if it was changed before.
        let own = self.state(at).change.is_unchanged().then(|| self.state(at).principal);
        let changeable = self.list_changeable();
        let known_before: Vec<usize> = added.intersection(&changeable).filter(|target| Some(*target) != own).collect();
        let change = self.grant_by(at);
        known_before.into_iter().for_each(|target| self.apply_to_all(target, &change, new));
    }

    /// Adds the principals that the state `at` can act as, with the changes of them that are known. Returns those that are new.
    pub(super) fn add_reached(
        &mut self,
        at: usize,
        reachable: &FixedBitSet,
        new: &mut Vec<ObtainableState>,
    ) -> FixedBitSet {
        let mut others = reachable.clone();
        if others.contains(self.start) {
            others.remove(self.start);
        }
        let added = self.arrivals.add(at, &others);
        self.reached.union_with(&added);
        for principal in added.intersection(self.grantors.principals()) {
            if let Some(by) = self.find_grantor(principal) {
                new.extend(self.grant_by(by).apply_on_arrival(principal, at));
            }
        }
        if !self.changes.is_empty() {
            for principal in added.ones() {
                let changes = self.changes.get(&principal).into_iter().flatten();
                new.extend(changes.filter_map(|change| change.apply_on_arrival(principal, at)));
            }
        }
        added
    }

    /// Whether what one state can do may depend on what others can do, other than to act as principals and to change them.
    pub(super) fn combines_states(&self) -> bool {
        !self.rewriters.principals().is_clear()
            || !self.boundaries.is_empty()
            || !self.creations.is_empty()
            || !self.tags.views().is_empty()
            || self.has_holdings
    }

    /// Adds the roles that the state `at` can only assume, which limits their sessions.
    pub(super) fn add_assumed(&mut self, at: usize, roles: &FixedBitSet, new: &mut Vec<ObtainableState>) {
        for role in roles.ones() {
            if role == self.start || self.arrivals.contains(role) || !self.sessions.assume(role, at) {
                continue;
            }
            let state = NodeState::assumed(role);
            let grant = self.find_grantor(role).map(|by| self.grant_by(by));
            let changes = self.changes.get(&role).into_iter().flatten();
            new.extend(grant.iter().chain(changes).filter_map(|change| change.apply_to(&state, at)));
            new.push((state, Origin::from(at)));
        }
    }

    /// Adds the roles whose trust policy the state `at` can rewrite.
    pub(super) fn add_rewritable(&mut self, at: usize, roles: &FixedBitSet) {
        self.rewriters.add(at, roles);
    }

    /// The roles whose trust policy some state can rewrite.
    pub(super) fn find_rewritable(&self) -> FixedBitSet {
        self.rewriters.principals().clone()
    }

    /// The first state that can rewrite the trust policy of a role. None if there is none.
    pub(super) fn find_rewriter(&self, role: usize) -> Option<usize> {
        self.rewriters.find(role)
    }

    /// Adds a role that the state `at` can use after a state rewrites its trust policy, unless it can be used already
    /// without chosen session tags.
    pub(super) fn add_rewritten_role(
        &mut self,
        (at, role): (usize, usize),
        has_session_tags: bool,
        new: &mut Vec<ObtainableState>,
    ) {
        let Some(by) = self.find_rewriter(role) else { return };
        if self.reached.contains(role) && !has_session_tags {
            return;
        }
        let rewritten = StateChange { is_trust_rewritten: true, has_session_tags, ..StateChange::default() };
        let rewritten = SharedChange::from(rewritten);
        self.reached.insert(role);
        let change = Change::new(by, rewritten.clone());
        let origin = Origin::changed(at, Some(change));
        new.push((NodeState { principal: role, change: rewritten }, origin));
    }

    /// Adds permissions boundaries that the state `at` can give to principals.
    pub(super) fn add_boundaries(&mut self, at: usize, choices: &[BoundaryGrant]) {
        for choice in choices {
            let mut targets = choice.targets.clone();
            let same = self.boundaries.iter().filter(|(_, known)| known.boundary == choice.boundary);
            same.for_each(|(_, known)| targets.difference_with(&known.targets));
            if !targets.is_clear() {
                self.boundaries.push((at, BoundaryGrant { targets, boundary: choice.boundary.clone() }));
            }
        }
    }

    /// The permissions boundaries that states can give to principals, with the first such state.
    pub(super) fn boundaries(&self) -> &[(usize, BoundaryGrant)] {
        &self.boundaries
    }

    /// Adds users and roles that the state `at` can create.
    pub(super) fn add_creations(&mut self, at: usize, creations: &[CreationGrant]) {
        for creation in creations {
            let mut targets = creation.targets.clone();
            let same = self.creations.iter().filter(|(_, known)| known.boundary == creation.boundary);
            same.for_each(|(_, known)| targets.difference_with(&known.targets));
            if !targets.is_clear() {
                self.creations.push((at, CreationGrant { targets, boundary: creation.boundary.clone() }));
            }
        }
    }

    /// The users and roles that states can create, with the first such state.
    pub(super) fn creations(&self) -> &[(usize, CreationGrant)] {
        &self.creations
    }

    /// Adds a user or role that was created.
    pub(super) fn add_created(&mut self, principal: usize) {
        self.reached.insert(principal);
    }

    /// Whether a state is allowed the same as a user or role that one state creates by itself.
    pub(super) fn is_like_created_by_one(&self, state: &NodeState, is_user: bool) -> bool {
        state.change.was_absent
            && CreatedKind::of_absent(state, is_user).is_some_and(|kind| self.created_by_one.contains(&kind))
    }

    /// Adds a principal that a state can act as after its tags are changed.
    pub(super) fn add_reached_with_tags(&mut self, principal: usize) {
        self.reached.insert(principal);
    }

    /// Whether some state began to act as a principal.
    pub(super) fn is_entered(&self, principal: usize) -> bool {
        self.arrivals.contains(principal) || self.sessions.find_assumer(principal).is_some()
    }

    pub(super) fn grant_by(&self, by: usize) -> Arc<Change> {
        Arc::new(Change::new(by, self.grant_all.clone()))
    }

    pub(super) fn find_grantor(&self, principal: usize) -> Option<usize> {
        self.grantors.find(principal)
    }
}
