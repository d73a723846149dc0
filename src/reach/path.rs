//! A path from the start of a search to a state. It is a sequence of steps; a step can start at any earlier state.

use std::sync::Arc;

use super::model::chosen_boundary::ChosenBoundary;
use super::model::chosen_tags::ChosenTags;
use super::model::holdings::Holding;
use super::model::session_start::SessionStart;
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;

/// One step of a path, not proven yet.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PathStep {
    /// The state that takes the step: the start of the path, or the end of an earlier step.
    pub from: NodeState,
    /// The state that it reaches.
    pub to: NodeState,
    /// The change that another state of the path makes to `to`. None if `from` makes all changes.
    pub earlier_change: Option<EarlierChange>,
}

/// A change of a principal by another state than the one that acts as it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EarlierChange {
    /// The state that makes the change.
    pub by: NodeState,
    /// The change alone.
    pub change: SharedChange,
    /// Other states that make a part of the change: one tag of several.
    pub others: Vec<NodeState>,
}

/// A state that a search obtained, and how.
#[derive(Clone, Debug)]
pub(super) struct Discovery {
    pub(super) state: NodeState,
    /// None for the start.
    pub(super) origin: Option<Origin>,
    /// Whether only several sessions together obtain it, or changes that were not tried together: no path is known.
    pub(super) is_joined: bool,
}

/// How a search obtained a state. States are positions among the discoveries.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// The state that acts as the principal, or another state of the same principal.
    pub(super) from: usize,
    /// The state that made a change, and the change. None if `from` made it, or if nothing changed.
    pub(super) changed_by: Option<Arc<Change>>,
    /// Whether it combines changes that were not tried together.
    pub(super) is_joined: bool,
}

/// A change of a principal that a state can make.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The state.
    pub(super) by: usize,
    pub(super) change: SharedChange,
    /// Other states that make a part of the change.
    pub(super) others: Vec<usize>,
    /// The tags that the principal must have. Empty if its tags do not matter.
    pub(super) required_tags: ChosenTags,
    /// The permissions boundary that the principal must have. None if it does not matter.
    pub(super) required_boundary: Option<ChosenBoundary>,
    /// The policy or group that the principal must have got. None if it does not matter.
    pub(super) required_holding: Option<Holding>,
}

/// What a change does and requires: two changes with the same key have the same effect.
pub(super) type ChangeKey = (SharedChange, ChosenTags, Option<ChosenBoundary>, Option<Holding>);

/// A path from the start of a search to a state.
pub struct PathSoFar<'s> {
    pub(super) discoveries: &'s [Discovery],
    pub(super) last: usize,
}

impl PathSoFar<'_> {
    /// The last state.
    pub fn last(&self) -> &NodeState {
        self.state(self.last)
    }

    /// Whether only several sessions together obtain the last state, or changes that were not tried together: there is no proof of
    /// a path.
    pub fn is_joined(&self) -> bool {
        self.discoveries.get(self.last).is_some_and(|discovery| discovery.is_joined)
    }

    fn state(&self, position: usize) -> &NodeState {
        // INVARIANT: origins are positions of earlier discoveries.
        &self.discoveries.get(position).expect("an earlier discovery").state
    }

    /// The states of the path, from the start to the last. A state comes after those that it rests on.
    pub fn states(&self) -> Vec<NodeState> {
        self.find_positions().into_iter().map(|position| self.state(position).clone()).collect()
    }

    /// The steps of the path, in an order in which they can be taken.
    pub fn steps(&self) -> Vec<PathStep> {
        let to_step = |position: usize| {
            let origin = self.discoveries.get(position)?.origin.as_ref()?;
            let earlier = |change: &Change| EarlierChange {
                by: self.state(change.by).clone(),
                change: change.change.clone(),
                others: change.others.iter().map(|other| self.state(*other).clone()).collect(),
            };
            Some(PathStep {
                from: self.state(origin.from).clone(),
                to: self.state(position).clone(),
                earlier_change: origin.changed_by.as_deref().map(earlier),
            })
        };
        self.find_positions().into_iter().filter_map(to_step).collect()
    }

    /// The positions of the path's states, ascending: an origin is always found before the states that rest on it.
    fn find_positions(&self) -> Vec<usize> {
        let mut positions = vec![self.last];
        let mut next = 0;
        while let Some(position) = positions.get(next).copied() {
            next += 1;
            let origin = self.discoveries.get(position).and_then(|discovery| discovery.origin.as_ref());
            for earlier in origin.into_iter().flat_map(Origin::positions) {
                if !positions.contains(&earlier) {
                    positions.push(earlier);
                }
            }
        }
        positions.sort_unstable();
        positions
    }
}

impl PathStep {
    /// The step without the way in which the session of another principal began, which does not change that principal.
    pub(super) fn without_assumed_session(&self) -> PathStep {
        let mut step = self.clone();
        if step.from.principal != step.to.principal && step.to.change.session == Some(SessionStart::Assumed) {
            step.to.change = StateChange { session: None, ..step.to.change.to_change() }.into();
        }
        step
    }
}

impl EarlierChange {
    /// The managed policy that one state creates and another one attaches, or sets as a boundary. None if the change is
    /// another one.
    pub(super) fn created_policy(&self) -> Option<&str> {
        let change = &self.change;
        match (&change.attached_policies[..], &change.boundary) {
            _ if self.others.is_empty() => None,
            ([policy], _) if change.grants_all => Some(policy),
            ([], Some(ChosenBoundary::Rewritten(policy))) => Some(policy),
            _ => None,
        }
    }
}

impl Change {
    /// A change that one state makes, whatever the tags and the boundary of the principal.
    pub(super) fn new(by: usize, change: SharedChange) -> Change {
        Change {
            by,
            change,
            others: Vec::new(),
            required_tags: ChosenTags::new(),
            required_boundary: None,
            required_holding: None,
        }
    }

    /// What it does and requires.
    pub(super) fn key(&self) -> ChangeKey {
        let Change { change, required_tags, required_boundary, required_holding, .. } = self;
        (change.clone(), required_tags.clone(), required_boundary.clone(), required_holding.clone())
    }

    /// A state, at its position, after the change. None if the change adds nothing to it.
    pub(super) fn apply_to(self: &Arc<Self>, state: &NodeState, at: usize) -> Option<(NodeState, Origin)> {
        if !self.is_possible_for(&state.change) {
            return None;
        }
        let merged = state.change.merge(&self.change)?;
        let is_own = self.by == at && self.others.is_empty();
        let changed_by = (!is_own).then(|| Arc::clone(self));
        let origin = Origin { from: at, changed_by, is_joined: false };
        Some((NodeState::new(state.principal, merged), origin))
    }

    /// A principal that is changed, and then the state `from` acts as it.
    pub(super) fn apply_on_arrival(self: &Arc<Self>, principal: usize, from: usize) -> Option<(NodeState, Origin)> {
        self.apply_to(&NodeState::unchanged(principal), from)
    }

    /// Whether it depends on the tags or the boundary of the principal.
    pub(super) fn is_conditional(&self) -> bool {
        !self.required_tags.is_empty() || self.required_boundary.is_some()
    }

    /// Whether the principal has what the change requires.
    pub(super) fn is_possible_for(&self, change: &StateChange) -> bool {
        (self.required_tags.is_empty() || self.required_tags == change.tags)
            && (self.required_boundary.is_none() || self.required_boundary == change.boundary)
            && self.required_holding.as_ref().is_none_or(|holding| change.has_holding(holding))
    }
}

impl Origin {
    /// A state that follows from another one.
    pub(super) fn from(from: usize) -> Origin {
        Origin::changed(from, None)
    }

    /// A state that follows from another one after a change.
    pub(super) fn changed(from: usize, changed_by: Option<Change>) -> Origin {
        Origin { from, changed_by: changed_by.map(Arc::new), is_joined: false }
    }

    pub(super) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        let change = self.changed_by.iter().flat_map(|change| change.others.iter().copied().chain([change.by]));
        [self.from].into_iter().chain(change)
    }
}
