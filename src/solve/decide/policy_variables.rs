//! Policy variables with unknown values.
//!
//! Excess is found by assigning a value to a variable and deciding exactly. Containment is proven with the variable as a
//! symbol (`docs/engine.md`, "Approximations"). If neither succeeds, the class is undecided. Only the variables of
//! the statements that list a class of actions are considered, class by class.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::future_actions::FutureActions;
use super::outcome::DecisionOutcome;
use super::round::DecisionRound;
use super::trial_values::generate_trial_values;
use super::variable_binding::{VariableValues, find_known_multiplicity};
use crate::access::{KeyFact, KnownContext};
use crate::iam::{ContextKey, Interpretation};
use crate::solve::answer::UndecidedReason;
use crate::solve::budget::{Budget, LimitExceeded};
use crate::solve::compile::action_classes::ActionEquivalenceClass;
use crate::solve::compile::binding::CompileEnv;
use crate::solve::compile::prepared::{CompiledBranch, CompiledQuestion};
use crate::solve::compile::solver::Solver;
use crate::solve::question::Question;
use crate::solve::strings::alphabet::VariableSymbolTable;

/// With more unknown variables than this, not every combination of missing keys is tried.
const MAX_UNKNOWN_VARIABLES: usize = 5;

/// The actions to decide.
#[derive(Copy, Clone)]
pub(super) enum Subproblem<'t> {
    ExistingActions(&'t ActionEquivalenceClass),
    FutureActions(FutureActions<'t>),
}

/// A question under one interpretation.
pub(super) struct DecisionContext<'a, 'q> {
    pub solver: &'a Solver<'a>,
    pub question: &'a Question<'q>,
    pub prepared: &'a CompiledQuestion<'q>,
    pub interpretation: Interpretation,
    pub budget: &'a Budget,
    /// The variables of all statements whose value is unknown.
    pub unknown_variables: &'a VariableSymbolTable,
    /// See [`CompileEnv`].
    pub unowned: &'a [String],
}

/// A subproblem with unknown variables. The branches contain only statements that list its actions.
struct OpenSubproblem<'b> {
    actions: Subproblem<'b>,
    /// The statements of both sides.
    statements: BTreeSet<usize>,
    effective: Vec<CompiledBranch>,
    declared: Vec<CompiledBranch>,
    /// The unknown variables of these statements.
    variables: Vec<&'b ContextKey>,
}

/// The replacement of the variables in one round.
enum VariableBinding<'b> {
    /// Assigned values.
    Values(&'b BTreeMap<ContextKey, String>),
    /// Symbols, to prove containment.
    Symbols(&'b VariableSymbolTable),
}

/// Which of the unknown variables are missing from the request.
#[derive(Copy, Clone)]
enum MissingVariables {
    None,
    /// The variables at the bits of a mask.
    Mask(u32),
    All,
}

impl MissingVariables {
    fn contains(self, index: usize) -> bool {
        match self {
            MissingVariables::None => false,
            MissingVariables::Mask(mask) => mask >> index & 1 == 1,
            MissingVariables::All => true,
        }
    }
}

impl<'q> DecisionContext<'_, 'q> {
    /// Decides some actions for all values of the variables.
    pub(super) fn decide_subproblem(
        &self,
        actions: Subproblem<'_>,
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let no_values = BTreeMap::new();
        let round = self.build_round(self.prepared, self.question.known, &no_values, false);
        if let (Subproblem::FutureActions(future), true) = (actions, self.unknown_variables.is_empty()) {
            return round.decide_future_actions(future, &self.prepared.effective, &self.prepared.declared, outcome);
        }
        let lists_actions = |i: usize| match actions {
            Subproblem::ExistingActions(class) => self.prepared.statement(i).lists_action(&class.representative),
            Subproblem::FutureActions(future) => self.prepared.statement(i).may_list_future_actions(future.service),
        };
        let filter = |branches: &[CompiledBranch]| -> Vec<CompiledBranch> {
            branches.iter().map(|b| b.filter_statements(lists_actions)).collect()
        };
        let (effective, declared) = (filter(&self.prepared.effective), filter(&self.prepared.declared));
        if effective.iter().all(|b| b.allow_layers.iter().any(Vec::is_empty)) {
            return Ok(());
        }
        let statements: BTreeSet<usize> =
            effective.iter().chain(&declared).flat_map(CompiledBranch::statement_indices).collect();
        let variables = self.collect_variables(&statements);
        if variables.is_empty() {
            return round.decide_actions(actions, &effective, &declared, outcome);
        }
        let problem = OpenSubproblem { actions, statements, effective, declared, variables };
        self.decide_with_unknowns(&problem, outcome)
    }

    /// The unknown variables of some statements.
    fn collect_variables(&self, statements: &BTreeSet<usize>) -> Vec<&'q ContextKey> {
        if self.unknown_variables.is_empty() {
            return Vec::new();
        }
        let sources = statements.iter().map(|i| self.prepared.source(*i).statement());
        let variables: BTreeSet<&ContextKey> =
            sources.flat_map(|statement| self.solver.find_unknown_variables(self.question, statement)).collect();
        variables.into_iter().collect()
    }

    /// Decides with variables whose values are unknown.
    fn decide_with_unknowns(
        &self,
        problem: &OpenSubproblem<'_>,
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        // If there is excess, most values prove it. Otherwise the variables are mostly irrelevant, or
        // occur equally on both sides, so that one proof covers missing and present keys.
        let variables = &problem.variables;
        let (known, all_present) = self.assume_missing(variables, MissingVariables::None);
        let mut values = generate_trial_values(self.question, &known, &all_present);
        if let Some(fresh) = values.next()
            && self.try_values(problem, &known, &fresh, outcome)?
        {
            return Ok(());
        }
        let mut proof = DecisionOutcome::default();
        if self.unknown_variables.has_distinct_symbols() {
            let no_values = BTreeMap::new();
            let round = self.build_round(self.prepared, self.question.known, &no_values, true);
            round.decide_actions(problem.actions, &problem.effective, &problem.declared, &mut proof)?;
        } else {
            let symbols = VariableSymbolTable::from_keys(variables.iter().copied());
            self.decide_with_binding(problem, self.question.known, &VariableBinding::Symbols(&symbols), &mut proof)?;
        }
        if proof.is_contained() {
            return Ok(());
        }
        let is_exhaustive = variables.len() <= MAX_UNKNOWN_VARIABLES;
        let combinations: Vec<MissingVariables> = if is_exhaustive {
            (0..1u32 << variables.len()).map(MissingVariables::Mask).collect()
        } else {
            vec![MissingVariables::None, MissingVariables::All]
        };
        for missing in combinations {
            let (known, present) = self.assume_missing(variables, missing);
            let expected_present = (0..variables.len()).filter(|i| !missing.contains(*i)).count();
            if is_exhaustive && expected_present != present.len() {
                // A key of this combination is never missing: another combination is equal.
                continue;
            }
            // One witness is enough: other combinations would give the same actions.
            if self.decide_with_present(problem, &known, &present, outcome)? {
                return Ok(());
            }
        }
        if !is_exhaustive {
            outcome.undecided.extend(variables.iter().map(|k| UndecidedReason::Variable(k.as_written().to_owned())));
        }
        Ok(())
    }

    /// The known context if some variables are missing, as far as their keys can be missing, and the other variables.
    fn assume_missing<'k>(
        &self,
        variables: &[&'k ContextKey],
        missing: MissingVariables,
    ) -> (KnownContext, Vec<&'k ContextKey>) {
        let mut known = self.question.known.clone();
        let mut present = Vec::new();
        for (i, key) in variables.iter().enumerate() {
            if missing.contains(i) && self.question.known.fact(key) == KeyFact::Free {
                known.set(key.as_written(), KeyFact::Missing);
            } else {
                present.push(*key);
            }
        }
        (known, present)
    }

    /// Decides with some variables present and the others missing. True if excess is found.
    fn decide_with_present(
        &self,
        problem: &OpenSubproblem<'_>,
        known: &KnownContext,
        present: &[&ContextKey],
        outcome: &mut DecisionOutcome,
    ) -> Result<bool, LimitExceeded> {
        if present.is_empty() {
            let mut trial = outcome.new_trial();
            self.decide_with_binding(problem, known, &VariableBinding::Values(&BTreeMap::new()), &mut trial)?;
            outcome.undecided.extend(std::mem::take(&mut trial.undecided));
            return Ok(outcome.merge_excess(trial));
        }
        let mut certain = known.clone();
        for key in present.iter().filter(|key| known.fact(key) == KeyFact::Free) {
            certain.set(key.as_written(), KeyFact::Present);
        }
        let symbols = VariableSymbolTable::from_keys(present.iter().copied());
        let mut proof = DecisionOutcome::default();
        self.decide_with_binding(problem, &certain, &VariableBinding::Symbols(&symbols), &mut proof)?;
        if proof.is_contained() {
            return Ok(false);
        }
        for values in generate_trial_values(self.question, known, present) {
            if self.try_values(problem, known, &values, outcome)? {
                return Ok(true);
            }
        }
        outcome.undecided.extend(present.iter().map(|k| UndecidedReason::Variable(k.as_written().to_owned())));
        Ok(false)
    }

    /// Whether an assignment of values proves excess.
    fn try_values(
        &self,
        problem: &OpenSubproblem<'_>,
        known: &KnownContext,
        values: &BTreeMap<ContextKey, String>,
        outcome: &mut DecisionOutcome,
    ) -> Result<bool, LimitExceeded> {
        let mut known = known.clone();
        for (key, value) in values {
            known.set(key.as_written(), KeyFact::Value(value.clone()));
        }
        let mut trial = outcome.new_trial();
        self.decide_with_binding(problem, &known, &VariableBinding::Values(values), &mut trial)?;
        Ok(outcome.merge_excess(trial))
    }

    /// One round, with the statements of the subproblem compiled under a binding.
    fn decide_with_binding(
        &self,
        problem: &OpenSubproblem<'_>,
        known: &KnownContext,
        variable_binding: &VariableBinding<'_>,
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let no_values = BTreeMap::new();
        let (assigned, symbols, is_symbolic) = match *variable_binding {
            VariableBinding::Values(values) => (values, self.unknown_variables, false),
            VariableBinding::Symbols(symbols) => (&no_values, symbols, true),
        };
        let values = VariableValues { known, assigned, symbols };
        let binding = |key: &ContextKey| self.solver.bind_variable(self.question, &values, key);
        let multiplicity =
            |key: &ContextKey| self.question.single_request.and_then(|_| find_known_multiplicity(known, key));
        let env = CompileEnv {
            interpretation: self.interpretation,
            binding: &binding,
            unowned: self.unowned,
            multiplicity: &multiplicity,
        };
        let mut prepared = self.prepared.clone();
        let mut unsatisfiable: BTreeSet<usize> = BTreeSet::new();
        for index in &problem.statements {
            match self.solver.compile_use(self.prepared.source(*index), known, &env)? {
                Some(compiled) => prepared.replace_statement(*index, Arc::new(compiled)),
                None => {
                    unsatisfiable.insert(*index);
                }
            }
        }
        let filter = |branches: &[CompiledBranch]| -> Vec<CompiledBranch> {
            branches.iter().map(|b| b.filter_statements(|i| !unsatisfiable.contains(&i))).collect()
        };
        let (effective, declared) = (filter(&problem.effective), filter(&problem.declared));
        let round = self.build_round(&prepared, known, assigned, is_symbolic);
        round.decide_actions(problem.actions, &effective, &declared, outcome)
    }

    fn build_round<'r>(
        &'r self,
        prepared: &'r CompiledQuestion<'q>,
        known: &'r KnownContext,
        assigned: &'r BTreeMap<ContextKey, String>,
        is_symbolic: bool,
    ) -> DecisionRound<'r, 'q> {
        DecisionRound {
            solver: self.solver,
            question: self.question,
            prepared,
            budget: self.budget,
            interpretation: self.interpretation,
            known,
            assigned,
            is_symbolic,
        }
    }
}

impl DecisionRound<'_, '_> {
    fn decide_actions(
        &self,
        actions: Subproblem<'_>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        match actions {
            Subproblem::ExistingActions(class) => self.decide_class(class, effective, declared, outcome),
            Subproblem::FutureActions(future) => self.decide_future_actions(future, effective, declared, outcome),
        }
    }
}
