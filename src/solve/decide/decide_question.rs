//! A question under one interpretation: compiles it, and decides its classes of actions one by one.

use std::collections::BTreeMap;

use super::ambiguity::list_unowned;
use super::future_actions::{FutureActions, collect_services};
use super::outcome::DecisionOutcome;
use super::policy_variables::{DecisionContext, Subproblem};
use super::variable_binding::{VariableValues, find_known_multiplicity};
use crate::access::ALWAYS_ALLOWED_ACTION;
use crate::iam::{ContextKey, Interpretation};
use crate::solve::access::formula::{Access, Branch};
use crate::solve::access::from_layers::build_allow_all;
use crate::solve::answer::{ContainmentVerdict, SolverAnswer, UndecidedReason};
use crate::solve::budget::{Budget, LimitExceeded};
use crate::solve::compile::binding::CompileEnv;
use crate::solve::compile::solver::Solver;
use crate::solve::question::{ActionWorld, Question};
use crate::solve::strings::alphabet::VariableSymbolTable;

impl Solver<'_> {
    /// Decides a question under one interpretation of the ambiguities.
    pub fn solve_with_interpretation(
        &self,
        question: &Question<'_>,
        interpretation: Interpretation,
    ) -> ContainmentVerdict {
        self.answer_with_interpretation(question, interpretation).into_verdict()
    }

    /// Like [`Solver::solve_with_interpretation`], with the full answer.
    pub(super) fn answer_with_interpretation(
        &self,
        question: &Question<'_>,
        interpretation: Interpretation,
    ) -> SolverAnswer {
        let mut outcome = DecisionOutcome::default();
        let compares_empty = |key: &ContextKey| question.compares_empty_string(key);
        let adapted = question.known.under(interpretation, &compares_empty);
        // No policy decides about this action: see `ALWAYS_ALLOWED_ACTION`.
        let is_always_allowed =
            question.single_request.is_some_and(|(action, _)| action.eq_ignore_ascii_case(ALWAYS_ALLOWED_ACTION));
        let everything = is_always_allowed
            .then(|| Access { branches: vec![Branch { allow_layers: vec![build_allow_all()], ..Branch::default() }] });
        let question = &Question {
            known: adapted.as_ref().unwrap_or(question.known),
            effective: everything.as_ref().unwrap_or(question.effective),
            ..question.clone()
        };
        if self.decide_question(question, interpretation, &mut outcome).is_err() {
            outcome.undecided.insert(UndecidedReason::LimitExceeded);
        }
        SolverAnswer { grants: outcome.grants, undecided: outcome.undecided.into_iter().collect() }
    }

    fn decide_question(
        &self,
        question: &Question<'_>,
        interpretation: Interpretation,
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let budget = Budget::new(question.budget);
        let unknown_variables = VariableSymbolTable::from_keys(self.collect_unknown_variables(question));
        let no_values = BTreeMap::new();
        let values = VariableValues { known: question.known, assigned: &no_values, symbols: &unknown_variables };
        let binding = |key: &ContextKey| self.bind_variable(question, &values, key);
        let multiplicity =
            |key: &ContextKey| question.single_request.and_then(|_| find_known_multiplicity(question.known, key));
        let unowned = list_unowned(question);
        let env = CompileEnv { interpretation, binding: &binding, unowned: &unowned, multiplicity: &multiplicity };
        let prepared = self.compile_question(question, &env)?;
        let decision = DecisionContext {
            solver: self,
            question,
            prepared: &prepared,
            interpretation,
            budget: &budget,
            unknown_variables: &unknown_variables,
            unowned: &unowned,
        };
        match question.world {
            ActionWorld::Existing => {
                for class in self.partition_actions(question, &prepared) {
                    decision.decide_subproblem(Subproblem::ExistingActions(&class), outcome)?;
                    if outcome.is_complete(question) {
                        break;
                    }
                }
            }
            ActionWorld::Future => {
                let services = collect_services(&prepared);
                let named_services: Vec<&str> = services.iter().copied().flatten().collect();
                for service in &services {
                    let actions = FutureActions { service: *service, named_services: &named_services };
                    decision.decide_subproblem(Subproblem::FutureActions(actions), outcome)?;
                    if outcome.is_complete(question) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
