//! The excess that is proven under every interpretation of what AWS's documentation leaves open. An action that only some
//! interpretation allows is not proven: it is a reason to be undecided, also beside proven excess.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Request;
use crate::catalog::ActionId;
use crate::iam::{Ambiguity, Interpretation};
use crate::solve::access::formula::StatementId;
use crate::solve::actions::named_actions::ActionRef;
use crate::solve::answer::{Grant, SolverAnswer, UndecidedReason};
use crate::solve::compile::solver::Solver;
use crate::solve::question::{AnswerDetail, Question, WitnessPolicy};

/// The actions of each granting statement.
type ActionsByStatement = BTreeMap<StatementId, (BTreeSet<ActionId>, BTreeSet<String>)>;

/// Whether a witness also proves the excess under the alternative interpretation of an ambiguity.
pub(super) fn is_proof_under(question: &Question<'_>, ambiguity: Ambiguity, witness: &Request) -> bool {
    let replay = question.replay.filter(|_| question.known.allows_under(ambiguity, &witness.context));
    replay.is_some_and(|replay| replay(witness, Interpretation::with_alternative(ambiguity)).is_ok())
}

impl Solver<'_> {
    /// What remains of an answer under the alternative interpretation of each ambiguity.
    pub(super) fn keep_common_excess(
        &self,
        question: &Question<'_>,
        mut answer: SolverAnswer,
        ambiguities: &[Ambiguity],
    ) -> SolverAnswer {
        let detail = AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::None };
        let alternative_question = Question { detail, replay: None, ..question.clone() };
        let default_actions = group_actions(&answer.grants);
        for ambiguity in ambiguities.iter().copied() {
            let interpretation = Interpretation::with_alternative(ambiguity);
            let alternative = self.answer_with_interpretation(&alternative_question, interpretation);
            let actions = group_actions(&alternative.grants);
            if actions != default_actions {
                add_reason(&mut answer.undecided, UndecidedReason::from(ambiguity));
                keep_actions(&mut answer.grants, &actions);
            }
        }
        self.confirm_witnesses(question, &mut answer, ambiguities);
        answer
    }

    /// Replaces the witnesses that prove nothing under some interpretation, if there are others.
    fn confirm_witnesses(&self, question: &Question<'_>, answer: &mut SolverAnswer, ambiguities: &[Ambiguity]) {
        let (AnswerDetail::Difference { witnesses, .. }, Some(replay)) = (question.detail, question.replay) else {
            return;
        };
        if witnesses == WitnessPolicy::None {
            return;
        }
        let is_proof = |witness: &Request| ambiguities.iter().all(|a| is_proof_under(question, *a, witness));
        let is_confirmed = |grants: &[Grant]| match witnesses {
            WitnessPolicy::None | WitnessPolicy::Single => true,
            WitnessPolicy::PerStatement | WitnessPolicy::PerStatementRequired => {
                let confirmed = grants.iter().filter(|g| g.witness.as_ref().is_some_and(is_proof));
                let confirmed: BTreeSet<StatementId> = confirmed.map(|g| g.statement_id).collect();
                grants.iter().all(|grant| confirmed.contains(&grant.statement_id))
            }
        };
        let replay_all = |witness: &Request, _: Interpretation| {
            replay(witness, Interpretation::default())?;
            if is_proof(witness) { Ok(()) } else { Err(witness.action.clone()) }
        };
        let confirmed_question = Question { replay: Some(&replay_all), ..question.clone() };
        let alternatives = ambiguities.iter().map(|ambiguity| Interpretation::with_alternative(*ambiguity));
        for interpretation in std::iter::once(Interpretation::default()).chain(alternatives) {
            if is_confirmed(&answer.grants) {
                break;
            }
            let confirmed = self.answer_with_interpretation(&confirmed_question, interpretation);
            replace_witnesses(&mut answer.grants, confirmed.grants, witnesses, &is_proof);
        }
        // Each statement needs a witness. One of the default interpretation will do if no other is found, and if its action
        // is proven.
        for grant in &mut answer.grants {
            let is_kept = |witness: &Request| match self.resolve_action(&witness.action) {
                ActionRef::Known(id) => grant.actions.known.contains(&id),
                ActionRef::Unknown(..) => true,
            };
            if !grant.witness.as_ref().is_some_and(is_kept) {
                grant.witness = None;
            }
        }
        let has_witness: BTreeSet<StatementId> =
            answer.grants.iter().filter(|grant| grant.witness.is_some()).map(|grant| grant.statement_id).collect();
        let before = answer.grants.len();
        answer.grants.retain(|grant| has_witness.contains(&grant.statement_id));
        if answer.grants.len() < before {
            let reasons = ambiguities.iter().map(|ambiguity| UndecidedReason::from(*ambiguity));
            reasons.for_each(|reason| add_reason(&mut answer.undecided, reason));
        }
    }
}

fn add_reason(reasons: &mut Vec<UndecidedReason>, reason: UndecidedReason) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

fn group_actions(grants: &[Grant]) -> ActionsByStatement {
    let mut actions = ActionsByStatement::new();
    for grant in grants {
        let (known, unknown) = actions.entry(grant.statement_id).or_default();
        known.extend(grant.actions.known.iter().copied());
        unknown.extend(grant.actions.unknown.iter().cloned());
    }
    actions
}

/// Keeps the actions of each statement that are in a set. A witness about another action is dropped.
fn keep_actions(grants: &mut Vec<Grant>, kept: &ActionsByStatement) {
    for grant in grants.iter_mut() {
        let Some((known, unknown)) = kept.get(&grant.statement_id) else {
            grant.actions.known.clear();
            grant.actions.unknown.clear();
            continue;
        };
        grant.actions.known.retain(|action| known.contains(action));
        grant.actions.unknown.retain(|action| unknown.contains(action));
    }
    grants.retain(|grant| !(grant.actions.known.is_empty() && grant.actions.unknown.is_empty()));
}

/// Gives the grants the witnesses, and the cubes of these, that another answer to the same question has.
fn replace_witnesses(
    grants: &mut [Grant],
    others: Vec<Grant>,
    policy: WitnessPolicy,
    is_proof: &dyn Fn(&Request) -> bool,
) {
    for other in others.into_iter().filter(|other| other.witness.is_some()) {
        let same_statement = |grant: &&mut Grant| grant.statement_id == other.statement_id;
        let is_same_class = |grant: &Grant| {
            let shares = |action| grant.actions.known.contains(action);
            other.actions.known.iter().any(shares)
                || other.actions.unknown.iter().any(|action| grant.actions.unknown.contains(action))
        };
        if !grants.iter().any(|grant| grant.statement_id == other.statement_id && is_same_class(grant)) {
            continue;
        }
        let confirmed = grants.iter().filter(|grant| grant.statement_id == other.statement_id);
        if confirmed.filter_map(|grant| grant.witness.as_ref()).any(is_proof) {
            continue;
        }
        for grant in grants.iter_mut().filter(same_statement) {
            let is_witnessed = is_same_class(grant);
            grant.witness = other.witness.clone().filter(|_| is_witnessed);
            if policy == WitnessPolicy::PerStatementRequired {
                grant.cubes = if is_witnessed { other.cubes.clone() } else { Vec::new() };
                grant.has_more_cubes |= !is_witnessed || other.has_more_cubes;
            }
        }
    }
}
