//! Gains that the search from one principal does not visit as ends of its paths: those of several sessions together, and those behind
//! an administrator that the principal is expected to become.

use super::gain_search::{GainSearch, GainedState, StateGain};
use crate::reach::{NodeState, PathSoFar, VisitOutcome};

impl GainSearch<'_, '_> {
    /// A state that only several sessions together obtain: whether it is obtained is undecided, if it would be a finding that there
    /// is not yet.
    pub(super) fn add_joined_gain(&mut self, state: &NodeState) {
        let joined = self.analysis.graph.describe_joined(state);
        for find in [Self::find_gain, Self::find_guarded_gain] {
            if self.undecided.contains(&joined) {
                return;
            }
            match find(self, state) {
                Ok(Some(gain)) if self.is_new(&gain) => {
                    self.undecided.insert(joined.clone());
                }
                Ok(_) => {}
                Err(reasons) => self.undecided.extend(reasons),
            }
        }
    }

    /// Whether a gain would be a finding that there is not yet.
    fn is_new(&self, gain: &StateGain) -> bool {
        !gain.is_accepted && self.gained.iter().all(|known| known.gain.key != gain.key)
    }

    pub(super) fn may_be_declared(&self, path: &PathSoFar<'_>) -> bool {
        path.steps().iter().all(|step| self.analysis.may_be_declared(step))
    }

    /// Visits what the start obtains as an administrator of an account, if that is expected: other accounts, and what SCPs and RCPs
    /// deny to the administrator.
    pub(super) fn visit_behind_administrators(&mut self) {
        let graph = &self.analysis.graph;
        for (administrator, steps) in std::mem::take(&mut self.declared_administrators) {
            if !graph.has_more_than_account(administrator) {
                continue;
            }
            let undecided = graph.visit_states(administrator, None, &mut |path| {
                let state = path.last();
                // The administrator has what policies of its account can allow.
                if graph.is_same_account(administrator, state.principal) && !state.change.lifts_controls() {
                    return VisitOutcome::Expand;
                }
                if path.is_joined() {
                    self.add_joined_gain(state);
                    return VisitOutcome::Expand;
                }
                match self.find_gain(state) {
                    Ok(gain) => {
                        let steps = steps.iter().cloned().chain(path.steps()).collect();
                        self.gained.extend(gain.map(|gain| GainedState { state: state.clone(), steps, gain }));
                    }
                    Err(reasons) => self.undecided.extend(reasons),
                }
                if self.analysis.has_all_account_access(state) { VisitOutcome::Skip } else { VisitOutcome::Expand }
            });
            self.undecided.extend(undecided);
        }
    }
}
