//! The result of a decision so far.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::iam::Interpretation;
use crate::solve::access::formula::StatementId;
use crate::solve::actions::named_actions::Actions;
use crate::solve::answer::{Grant, UndecidedReason};
use crate::solve::question::{AnswerDetail, Question, WitnessPolicy};

/// The result of a decision so far.
#[derive(Default)]
pub(crate) struct DecisionOutcome {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// The reasons why there may be more.
    pub undecided: BTreeSet<UndecidedReason>,
    /// The statements that have a witness.
    pub witnessed: FxHashSet<StatementId>,
}

impl DecisionOutcome {
    /// The outcome of one grant.
    pub(crate) fn from_grant(grant: Grant) -> DecisionOutcome {
        DecisionOutcome { grants: vec![grant], ..DecisionOutcome::default() }
    }

    /// An empty outcome for a trial. It knows which statements have a witness.
    pub(crate) fn new_trial(&self) -> DecisionOutcome {
        DecisionOutcome { witnessed: self.witnessed.clone(), ..DecisionOutcome::default() }
    }

    /// Whether no further witness is needed for a statement.
    pub(crate) fn has_enough_witnesses(&self, statement_id: StatementId, detail: AnswerDetail) -> bool {
        match detail {
            AnswerDetail::Verdict
            | AnswerDetail::Difference {
                witnesses: WitnessPolicy::PerStatement | WitnessPolicy::PerStatementRequired,
                ..
            } => self.witnessed.contains(&statement_id),
            AnswerDetail::Difference { witnesses: WitnessPolicy::Single, .. } => !self.witnessed.is_empty(),
            AnswerDetail::Difference { witnesses: WitnessPolicy::None, .. } => true,
        }
    }

    /// Adds the excess of a trial. False if it has none.
    pub(crate) fn merge_excess(&mut self, trial: DecisionOutcome) -> bool {
        let found = !trial.grants.is_empty();
        self.grants.extend(trial.grants);
        self.witnessed.extend(trial.witnessed);
        found
    }

    /// Whether there is neither excess nor an undecided part.
    pub(crate) fn is_contained(&self) -> bool {
        self.grants.is_empty() && self.undecided.is_empty()
    }

    /// Whether the answer is complete: only a verdict is requested, and there is excess.
    pub(crate) fn is_complete(&self, question: &Question<'_>) -> bool {
        question.detail == AnswerDetail::Verdict && !self.grants.is_empty()
    }

    /// Adds the outcome of a pattern of future actions. If a witness is needed, the evaluator must confirm it.
    pub(crate) fn merge_replayed(
        &mut self,
        mut trial: DecisionOutcome,
        question: &Question<'_>,
        interpretation: Interpretation,
    ) {
        let statement_id = trial.grants.first().map(|g| g.statement_id);
        if statement_id.is_some_and(|id| self.has_enough_witnesses(id, question.detail)) {
            trial.grants.iter_mut().for_each(|g| g.witness = None);
        }
        let witness = trial.grants.first().and_then(|g| g.witness.as_ref());
        match witness.and_then(|w| question.replay.and_then(|replay| replay(w, interpretation).err())) {
            Some(refuted) => drop(self.undecided.insert(UndecidedReason::WitnessRefuted(refuted))),
            None => self.merge_by_statement(trial),
        }
    }

    /// Adds the outcome of a pattern of future actions. All patterns of a statement become one grant.
    pub(crate) fn merge_by_statement(&mut self, further: DecisionOutcome) {
        self.undecided.extend(further.undecided);
        for grant in further.grants {
            match self.grants.iter_mut().find(|g| g.statement_id == grant.statement_id && g.actions.known.is_empty()) {
                Some(existing) => {
                    for pattern in grant.actions.unknown {
                        if !existing.actions.unknown.contains(&pattern) {
                            existing.actions.unknown.push(pattern);
                        }
                    }
                    existing.has_more_cubes |= grant.cubes != existing.cubes;
                }
                None => {
                    if grant.witness.is_some() {
                        self.witnessed.insert(grant.statement_id);
                    }
                    self.grants.push(grant);
                }
            }
        }
    }
}

impl Grant {
    /// A grant of future actions without constraints.
    pub(crate) fn from_future_actions(statement_id: StatementId, actions: Actions) -> Grant {
        Grant { statement_id, actions, cubes: Vec::new(), has_more_cubes: false, witness: None }
    }
}
