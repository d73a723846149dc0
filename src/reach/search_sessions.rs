//! The part of a search that begins sessions by a service or an identity provider: of roles whose trust policy it can
//! rewrite, and of roles that it creates.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use super::graph::Graph;
use super::model::chosen_boundary::ChosenBoundary;
use super::model::session_start::SessionStart;
use super::model::shared_change::SharedChange;
use super::model::state::NodeState;
use super::model::state_change::StateChange;
use super::obtained::{ObtainableState, Obtained};
use super::path::{Change, Origin};
use super::steps::session_starts::WantedStarts;
use super::steps::step_finder::StepFinder;
use crate::solve::UndecidedReason;

/// The states and roles whose sessions were tried.
#[derive(Default)]
pub(super) struct SessionProgress {
    tried: FxHashSet<(usize, usize, bool)>,
    /// Whether this round found nothing else.
    pub(super) is_last_resort: bool,
}

impl Graph<'_> {
    /// Adds the sessions that a service or an identity provider begins, if policies treat them differently from others. Any
    /// session of a role that the search cannot act as otherwise is the last resort.
    pub(super) fn begin_sessions(
        &self,
        progress: &mut SessionProgress,
        obtained: &mut Obtained,
        new: &mut Vec<ObtainableState>,
        undecided: &mut BTreeSet<UndecidedReason>,
    ) {
        let is_last_resort = progress.is_last_resort;
        if self.world.session_keys.is_empty() && !is_last_resort {
            return;
        }
        let rewritable = obtained.find_rewritable();
        let rewritten = rewritable.ones().filter_map(|role| Some((obtained.find_rewriter(role)?, role, None)));
        let created = obtained.creations().iter().flat_map(|(by, grant)| {
            let roles = grant.targets.ones().filter(|role| self.world.principal_sets.roles.contains(*role));
            roles.map(|role| (*by, role, Some(grant.boundary.clone())))
        });
        let written: Vec<_> = rewritten.chain(created).collect();
        for at in obtained.list_expanded() {
            for (by, role, boundary) in &written {
                let is_wanted = is_last_resort && !obtained.reached().contains(*role);
                if (self.world.session_keys.is_empty() && !is_wanted) || !progress.tried.insert((at, *role, is_wanted))
                {
                    continue;
                }
                let wanted = if is_wanted { WantedStarts::Any } else { WantedStarts::Distinguished };
                let state = obtained.state(at).clone();
                let effective = self.world.effective(&state);
                let finder = StepFinder::new(&self.world, &state, &effective, &self.original_tags);
                for session in finder.find_session_starts(*role, wanted, undecided) {
                    let change = self.begin_session(*role, session, boundary.as_ref());
                    let change = SharedChange::from(change);
                    let changed_by = Some(Change::new(*by, change.clone()));
                    obtained.sessions.begin(*role);
                    new.push((NodeState { principal: *role, change }, Origin::changed(at, changed_by)));
                }
            }
        }
    }

    /// A session of a role whose trust policy was written for it. `boundary`: that of a new role. None if the role exists.
    fn begin_session(
        &self,
        role: usize,
        session: SessionStart,
        boundary: Option<&Option<ChosenBoundary>>,
    ) -> StateChange {
        StateChange {
            was_absent: boundary.is_some(),
            boundary: boundary.cloned().flatten(),
            is_trust_rewritten: true,
            has_session_tags: session.has_assertion() && self.do_session_tags_matter(role),
            session: Some(session),
            ..StateChange::default()
        }
    }
}
