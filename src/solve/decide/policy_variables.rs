//! Policy variables whose value nobody knows.
//!
//! "Yes" is found by giving a variable a value and deciding exactly; "no" is proven with the variable as
//! a symbol (`docs/engine.md`, "What is approximated"). What neither settles is undecided. Only the
//! variables of the statements that speak of a group of actions are taken apart, group by group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::future_actions::collect_services;
use super::round::{DecisionOutcome, DecisionRound};
use super::trial_values::generate_trial_values;
use crate::access::{KeyFact, KnownContext};
use crate::catalog::Multiplicity;
use crate::iam::{Ambiguity, ContextKey, Interpretation, Statement};
use crate::solve::LimitExceeded;
use crate::solve::answer::{ContainmentVerdict, SolverAnswer, UndecidedReason};
use crate::solve::compile::action_classes::ActionEquivalenceClass;
use crate::solve::compile::solver::{Binding, CompileEnv, Solver};
use crate::solve::question::{
    Access, ActionWorld, AnswerDetail, CompiledBranch, CompiledQuestion, Question, StatementUse,
};
use crate::solve::strings::alphabet::VariableSymbolTable;
use crate::solve::strings::glob_search::Budget;

/// Of more unknown variables than this at once not every way of missing is looked at.
const MAX_UNKNOWN_VARIABLES: usize = 5;

/// Some actions to decide.
enum Subproblem<'t> {
    ExistingActions(&'t ActionEquivalenceClass),
    FutureActions(Option<&'t str>, &'t [&'t str]),
}

/// A question being decided under one reading of the choices.
struct DecisionContext<'a, 'q> {
    solver: &'a Solver<'a>,
    question: &'a Question<'q>,
    prepared: &'a CompiledQuestion<'q>,
    interpretation: Interpretation,
    budget: &'a Budget,
    /// The variables whose value is not known, over all statements.
    unknown_variables: &'a VariableSymbolTable,
}

impl Solver<'_> {
    /// Decides a question under one reading of the choices.
    pub fn solve_with_interpretation(
        &self,
        question: &Question<'_>,
        interpretation: Interpretation,
    ) -> ContainmentVerdict {
        self.answer_with_interpretation(question, interpretation).into_verdict()
    }

    pub(crate) fn answer_with_interpretation(
        &self,
        question: &Question<'_>,
        interpretation: Interpretation,
    ) -> SolverAnswer {
        let mut outcome = DecisionOutcome::default();
        let adapted = interpretation
            .is_alternative(Ambiguity::EmptySetNull)
            .then(|| question.known.clone().with_empty_as_missing());
        let question = &Question { known: adapted.as_ref().unwrap_or(question.known), ..question.clone() };
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
        let binding =
            |key: &ContextKey| self.bind_variable(question, question.known, &no_values, &unknown_variables, key);
        let multiplicity =
            |key: &ContextKey| question.single_request.and_then(|_| find_known_multiplicity(question.known, key));
        let env = CompileEnv { interpretation: interpretation, binding: &binding, multiplicity: &multiplicity };
        let prepared = self.compile_question(question, &env)?;
        let decision = DecisionContext {
            solver: self,
            question,
            prepared: &prepared,
            interpretation: interpretation,
            budget: &budget,
            unknown_variables: &unknown_variables,
        };
        match question.world {
            ActionWorld::Existing => {
                for group in self.partition_actions(question, &prepared) {
                    decision.decide_subproblem(&Subproblem::ExistingActions(&group), outcome)?;
                    if question.detail == AnswerDetail::Verdict && !outcome.grants.is_empty() {
                        break;
                    }
                }
            }
            ActionWorld::Future => {
                let services = collect_services(&prepared);
                let named_services: Vec<&str> = services.iter().copied().flatten().collect();
                for service in &services {
                    decision.decide_subproblem(&Subproblem::FutureActions(*service, &named_services), outcome)?;
                    if question.detail == AnswerDetail::Verdict && !outcome.grants.is_empty() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// What stands in a variable's place: a value that is known or was given to it, or its symbol.
    fn bind_variable(
        &self,
        question: &Question<'_>,
        known: &KnownContext,
        assigned: &BTreeMap<ContextKey, String>,
        unknown_variables: &VariableSymbolTable,
        key: &ContextKey,
    ) -> Binding {
        if self.is_multi_valued(question, key) {
            return Binding::Unresolvable;
        }
        if let Some(value) = assigned.get(key) {
            return Binding::Text(value.clone());
        }
        match known.fact(key) {
            KeyFact::Value(value) => Binding::Text(value),
            KeyFact::Missing => Binding::Missing,
            fact => Binding::Unknown { symbols: unknown_variables.symbols(key), may_be_missing: fact == KeyFact::Free },
        }
    }

    /// The variables whose value is not known.
    fn collect_unknown_variables<'q>(&self, question: &'q Question<'_>) -> BTreeSet<&'q ContextKey> {
        question.statements().flat_map(|s| self.find_unknown_variables(question, s)).collect()
    }

    fn find_unknown_variables<'s>(
        &self,
        question: &Question<'_>,
        statement: &'s Statement,
    ) -> impl Iterator<Item = &'s ContextKey> {
        statement.variables().filter(move |key| {
            let fixed = matches!(question.known.fact(key), KeyFact::Value(_) | KeyFact::Missing | KeyFact::Set(_));
            !fixed && !self.is_multi_valued(question, key)
        })
    }

    pub(crate) fn is_multi_valued(&self, question: &Question<'_>, key: &ContextKey) -> bool {
        let catalog_multiplicity = || self.catalog.key_definition(key.lower()).map(|f| f.multiplicity);
        question.single_request.and_then(|_| find_known_multiplicity(question.known, key)).or_else(catalog_multiplicity)
            == Some(Multiplicity::Multi)
    }
}

impl<'q> DecisionContext<'_, 'q> {
    /// Decides some actions, whatever the variables of the statements that speak of them are.
    fn decide_subproblem(&self, target: &Subproblem<'_>, outcome: &mut DecisionOutcome) -> Result<(), LimitExceeded> {
        if let (Subproblem::FutureActions(service, named), true) = (target, self.unknown_variables.is_empty()) {
            let no_values = BTreeMap::new();
            let round = self.build_round(self.prepared, self.question.known, &no_values, false);
            return round.decide_future_actions(
                *service,
                named,
                &self.prepared.effective,
                &self.prepared.declared,
                outcome,
            );
        }
        let lists_target = |i: usize| match (target, self.prepared.statements.get(i)) {
            (Subproblem::ExistingActions(group), Some(statement)) => group.representative.is_listed_by(statement),
            (Subproblem::FutureActions(service, _), Some(statement)) => statement.may_list_future_actions(*service),
            (_, None) => false,
        };
        let effective: Vec<CompiledBranch> =
            self.prepared.effective.iter().map(|b| b.filter_statements(lists_target)).collect();
        let declared: Vec<CompiledBranch> =
            self.prepared.declared.iter().map(|b| b.filter_statements(lists_target)).collect();
        if effective.iter().all(|b| b.allow_layers.iter().any(Vec::is_empty)) {
            return Ok(());
        }
        let involved: BTreeSet<usize> =
            effective.iter().chain(&declared).flat_map(CompiledBranch::statement_indices).collect();
        let variables: BTreeSet<&ContextKey> = if self.unknown_variables.is_empty() {
            BTreeSet::new()
        } else {
            let sources = involved.iter().filter_map(|i| self.prepared.sources.get(*i));
            sources
                .filter_map(|a| a.document.statements.get(a.statement_index))
                .flat_map(|s| self.solver.find_unknown_variables(self.question, s))
                .collect()
        };
        if variables.is_empty() {
            let no_values = BTreeMap::new();
            let round = self.build_round(self.prepared, self.question.known, &no_values, false);
            return round.decide_subproblem(target, &effective, &declared, outcome);
        }
        let variables: Vec<&ContextKey> = variables.into_iter().collect();
        let branches = SubproblemBranches { statements: &involved, effective: &effective, declared: &declared };
        self.decide_with_unknowns(target, &branches, &variables, outcome)
    }

    /// Decides with variables whose values are not known.
    fn decide_with_unknowns(
        &self,
        target: &Subproblem<'_>,
        branches: &SubproblemBranches<'_>,
        variables: &[&ContextKey],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        // Where there is excess, most often any values show it; where there is none, most often the variables
        // do not matter, or stand on both sides alike, missing or not.
        let (known, all_present) = self.assume_missing(variables, 0);
        let mut values = generate_trial_values(self.question, &known, &all_present);
        if let Some(fresh) = values.next()
            && self.try_values(target, branches, &known, &fresh, outcome)?
        {
            return Ok(());
        }
        let mut proof = DecisionOutcome::default();
        if self.unknown_variables.has_distinct_symbols() {
            let no_values = BTreeMap::new();
            let round = self.build_round(self.prepared, self.question.known, &no_values, true);
            round.decide_subproblem(target, branches.effective, branches.declared, &mut proof)?;
        } else {
            let symbols = VariableSymbolTable::from_keys(variables.iter().copied());
            self.decide_with_binding(
                target,
                branches,
                self.question.known,
                &VariableBinding::Symbols(&symbols),
                &mut proof,
            )?;
        }
        if proof.is_contained() {
            return Ok(());
        }
        let is_exhaustive = variables.len() <= MAX_UNKNOWN_VARIABLES;
        let missing_masks = if is_exhaustive { (0..1u32 << variables.len()).collect() } else { vec![0, u32::MAX] };
        for missing_mask in missing_masks {
            let (known, present) = self.assume_missing(variables, missing_mask);
            if is_exhaustive && (0..variables.len()).filter(|i| missing_mask >> i & 1 == 0).count() != present.len() {
                // Some variable of this way is never missing: another way is the same.
                continue;
            }
            // One witness is enough: the other ways would tell the same actions again.
            if self.decide_with_present(target, branches, &known, &present, outcome)? {
                return Ok(());
            }
        }
        if !is_exhaustive {
            outcome.undecided.extend(variables.iter().map(|k| UndecidedReason::Variable(k.as_written().to_owned())));
        }
        Ok(())
    }

    /// What is known where the variables at these bits are missing, as far as they can be; and the others.
    fn assume_missing<'k>(&self, variables: &[&'k ContextKey], bits: u32) -> (KnownContext, Vec<&'k ContextKey>) {
        let mut known = self.question.known.clone();
        let mut present = Vec::new();
        for (i, key) in variables.iter().enumerate() {
            if bits >> i.min(31) & 1 == 1 && self.question.known.fact(key) == KeyFact::Free {
                known.set(key.as_written(), KeyFact::Missing);
            } else {
                present.push(*key);
            }
        }
        (known, present)
    }

    /// Decides with these variables present; true once excess is found.
    fn decide_with_present(
        &self,
        target: &Subproblem<'_>,
        branches: &SubproblemBranches<'_>,
        known: &KnownContext,
        present: &[&ContextKey],
        outcome: &mut DecisionOutcome,
    ) -> Result<bool, LimitExceeded> {
        if present.is_empty() {
            let mut trial = DecisionOutcome { witnessed: outcome.witnessed.clone(), ..DecisionOutcome::default() };
            self.decide_with_binding(target, branches, known, &VariableBinding::Values(&BTreeMap::new()), &mut trial)?;
            outcome.undecided.extend(std::mem::take(&mut trial.undecided));
            return Ok(outcome.merge_excess(trial));
        }
        let mut certain = known.clone();
        for key in present.iter().filter(|key| known.fact(key) == KeyFact::Free) {
            certain.set(key.as_written(), KeyFact::Present);
        }
        let symbols = VariableSymbolTable::from_keys(present.iter().copied());
        let mut proof = DecisionOutcome::default();
        self.decide_with_binding(target, branches, &certain, &VariableBinding::Symbols(&symbols), &mut proof)?;
        if proof.is_contained() {
            return Ok(false);
        }
        for values in generate_trial_values(self.question, known, present) {
            if self.try_values(target, branches, known, &values, outcome)? {
                return Ok(true);
            }
        }
        outcome.undecided.extend(present.iter().map(|k| UndecidedReason::Variable(k.as_written().to_owned())));
        Ok(false)
    }

    /// Whether these values show excess.
    fn try_values(
        &self,
        target: &Subproblem<'_>,
        branches: &SubproblemBranches<'_>,
        known: &KnownContext,
        values: &BTreeMap<ContextKey, String>,
        outcome: &mut DecisionOutcome,
    ) -> Result<bool, LimitExceeded> {
        let mut known = known.clone();
        for (key, value) in values {
            known.set(key.as_written(), KeyFact::Value(value.clone()));
        }
        let mut trial = DecisionOutcome { witnessed: outcome.witnessed.clone(), ..DecisionOutcome::default() };
        self.decide_with_binding(target, branches, &known, &VariableBinding::Values(values), &mut trial)?;
        Ok(outcome.merge_excess(trial))
    }

    /// One round with the involved statements compiled anew under a binding.
    fn decide_with_binding(
        &self,
        target: &Subproblem<'_>,
        branches: &SubproblemBranches<'_>,
        known: &KnownContext,
        variable_binding: &VariableBinding<'_>,
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let no_values = BTreeMap::new();
        let (assigned, symbols, symbolic) = match *variable_binding {
            VariableBinding::Values(values) => (values, self.unknown_variables, false),
            VariableBinding::Symbols(symbols) => (&no_values, symbols, true),
        };
        let binding = |key: &ContextKey| self.solver.bind_variable(self.question, known, assigned, symbols, key);
        let multiplicity =
            |key: &ContextKey| self.question.single_request.and_then(|_| find_known_multiplicity(known, key));
        let env = CompileEnv { interpretation: self.interpretation, binding: &binding, multiplicity: &multiplicity };
        let mut prepared = self.prepared.clone();
        let mut unsatisfiable: BTreeSet<usize> = BTreeSet::new();
        for index in branches.statements {
            let (Some(slot), Some(source)) = (prepared.statements.get_mut(*index), self.prepared.sources.get(*index))
            else {
                continue;
            };
            match self.solver.compile_use(source, known, &env)? {
                Some(compiled) => *slot = Arc::new(compiled),
                None => {
                    unsatisfiable.insert(*index);
                }
            }
        }
        let alive = |b: &CompiledBranch| b.filter_statements(|i| !unsatisfiable.contains(&i));
        let effective: Vec<CompiledBranch> = branches.effective.iter().map(alive).collect();
        let declared: Vec<CompiledBranch> = branches.declared.iter().map(alive).collect();
        self.build_round(&prepared, known, assigned, symbolic).decide_subproblem(target, &effective, &declared, outcome)
    }

    fn build_round<'r>(
        &'r self,
        prepared: &'r CompiledQuestion<'q>,
        known: &'r KnownContext,
        assigned: &'r BTreeMap<ContextKey, String>,
        symbolic: bool,
    ) -> DecisionRound<'r, 'q> {
        let (solver, question, budget) = (self.solver, self.question, self.budget);
        DecisionRound {
            solver,
            question,
            prepared,
            budget,
            interpretation: self.interpretation,
            known,
            assigned,
            is_symbolic: symbolic,
        }
    }
}

/// What stands in the place of the variables in one round.
enum VariableBinding<'b> {
    /// Values given to them.
    Values(&'b BTreeMap<ContextKey, String>),
    /// Symbols, to prove that nothing is left.
    Symbols(&'b VariableSymbolTable),
}

/// The branches narrowed to the statements that speak of the actions, and these statements.
struct SubproblemBranches<'b> {
    statements: &'b BTreeSet<usize>,
    effective: &'b [CompiledBranch],
    declared: &'b [CompiledBranch],
}

impl DecisionOutcome {
    /// Takes the excess of a trial; false where it has none.
    fn merge_excess(&mut self, trial: DecisionOutcome) -> bool {
        let found = !trial.grants.is_empty();
        self.grants.extend(trial.grants);
        self.witnessed.extend(trial.witnessed);
        found
    }

    /// Whether neither excess nor doubt was found.
    fn is_contained(&self) -> bool {
        self.grants.is_empty() && self.undecided.is_empty()
    }
}

impl DecisionRound<'_, '_> {
    fn decide_subproblem(
        &self,
        target: &Subproblem<'_>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        match target {
            Subproblem::ExistingActions(group) => self.decide_class(group, effective, declared, outcome),
            Subproblem::FutureActions(service, named) => {
                self.decide_future_actions(*service, named, effective, declared, outcome)
            }
        }
    }
}

fn find_known_multiplicity(known: &KnownContext, key: &ContextKey) -> Option<Multiplicity> {
    match known.fact(key) {
        KeyFact::Set(_) => Some(Multiplicity::Multi),
        KeyFact::Value(_) => Some(Multiplicity::Single),
        _ => None,
    }
}

impl Access {
    fn all_uses(&self) -> impl Iterator<Item = &StatementUse> {
        self.branches.iter().flat_map(|b| b.allow_layers.iter().flatten().chain(&b.deny_statements))
    }
}

impl Question<'_> {
    /// The statements of both sides.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.effective
            .all_uses()
            .chain(self.declared.all_uses())
            .filter_map(|a| a.document.statements.get(a.statement_index))
    }

    /// The context keys that they name.
    pub(crate) fn context_keys(&self) -> BTreeSet<&ContextKey> {
        let keys = self.statements().flat_map(|s| s.keys());
        keys.collect()
    }
}
