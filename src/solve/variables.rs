//! Policy variables whose value nobody knows.
//!
//! "Yes" is found by giving a variable a value and deciding exactly; "no" is proven with the variable as
//! a symbol (`docs/engine.md`, "What is approximated"). What neither settles is undecided. Only the
//! variables of the statements that speak of a group of actions are taken apart, group by group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::TooBig;
use super::classes::ActionGroup;
use super::compile::{Binding, Solver, Terms};
use super::decide::{Outcome, Round};
use super::open_world::services;
use super::question::{Access, Allowing, Depth, Prepared, Question, ReadyBranch, World};
use super::search::Budget;
use super::symbols::Unknowns;
use super::trial_values::trial_values;
use super::verdict::{Answer, Undecided, Verdict};
use crate::access::{Known, KnownContext};
use crate::catalog::Multiplicity;
use crate::iam::{Choice, ContextKey, Readings, Statement};

/// Of more unknown variables than this at once not every way of missing is looked at.
const MAX_VARIABLES: usize = 5;

/// Some actions to decide.
enum Target<'t> {
    Group(&'t ActionGroup),
    New(Option<&'t str>, &'t [&'t str]),
}

/// A question being decided under one reading of the choices.
struct Decision<'a, 'q> {
    solver: &'a Solver<'a>,
    question: &'a Question<'q>,
    prepared: &'a Prepared<'q>,
    readings: Readings,
    budget: &'a Budget,
    /// The variables whose value is not known, over all statements.
    open: &'a Unknowns,
}

impl Solver<'_> {
    /// Decides a question under one reading of the choices.
    pub fn solve_reading(&self, question: &Question<'_>, readings: Readings) -> Verdict {
        self.answer_reading(question, readings).verdict()
    }

    pub(super) fn answer_reading(&self, question: &Question<'_>, readings: Readings) -> Answer {
        let mut outcome = Outcome::default();
        let adapted = readings.is_other(Choice::EmptySetNull).then(|| question.known.clone().with_empty_as_missing());
        let question = &Question { known: adapted.as_ref().unwrap_or(question.known), ..question.clone() };
        if self.decide(question, readings, &mut outcome).is_err() {
            outcome.undecided.insert(Undecided::TooBig);
        }
        Answer { grants: outcome.grants, undecided: outcome.undecided.into_iter().collect() }
    }

    fn decide(&self, question: &Question<'_>, readings: Readings, outcome: &mut Outcome) -> Result<(), TooBig> {
        let budget = Budget::new(question.budget);
        let open = Unknowns::of(self.open_variables(question));
        let nothing = BTreeMap::new();
        let binding = |key: &ContextKey| self.binding(question, question.known, &nothing, &open, key);
        let multiplicity = |key: &ContextKey| question.only.and_then(|_| multiplicity_of(question.known, key));
        let terms = Terms { readings, binding: &binding, multiplicity: &multiplicity };
        let prepared = self.prepare(question, &terms)?;
        let decision = Decision { solver: self, question, prepared: &prepared, readings, budget: &budget, open: &open };
        match question.world {
            World::Closed => {
                for group in self.groups(question, &prepared) {
                    decision.target(&Target::Group(&group), outcome)?;
                    if question.depth == Depth::Verdict && !outcome.grants.is_empty() {
                        break;
                    }
                }
            }
            World::Open => {
                let services = services(&prepared);
                let named: Vec<&str> = services.iter().copied().flatten().collect();
                for service in &services {
                    decision.target(&Target::New(*service, &named), outcome)?;
                    if question.depth == Depth::Verdict && !outcome.grants.is_empty() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// What stands in a variable's place: a value that is known or was given to it, or its symbol.
    fn binding(
        &self,
        question: &Question<'_>,
        known: &KnownContext,
        assigned: &BTreeMap<ContextKey, String>,
        open: &Unknowns,
        key: &ContextKey,
    ) -> Binding {
        if self.is_multi_valued(question, key) {
            return Binding::Unresolvable;
        }
        if let Some(value) = assigned.get(key) {
            return Binding::Text(value.clone());
        }
        match known.of(key) {
            Known::Value(value) => Binding::Text(value),
            Known::Missing => Binding::Missing,
            told => Binding::Unknown { symbols: open.symbols(key), or_missing: told == Known::Free },
        }
    }

    /// The variables whose value is not known.
    fn open_variables<'q>(&self, question: &'q Question<'_>) -> BTreeSet<&'q ContextKey> {
        question.statements().flat_map(|s| self.open_in(question, s)).collect()
    }

    fn open_in<'s>(&self, question: &Question<'_>, statement: &'s Statement) -> impl Iterator<Item = &'s ContextKey> {
        statement.variables().filter(move |key| {
            let fixed = matches!(question.known.of(key), Known::Value(_) | Known::Missing | Known::Set(_));
            !fixed && !self.is_multi_valued(question, key)
        })
    }

    pub(super) fn is_multi_valued(&self, question: &Question<'_>, key: &ContextKey) -> bool {
        let facts = || self.catalog.key_facts(key.lower()).map(|f| f.multiplicity);
        question.only.and_then(|_| multiplicity_of(question.known, key)).or_else(facts) == Some(Multiplicity::Multi)
    }
}

impl<'q> Decision<'_, 'q> {
    /// Decides some actions, whatever the variables of the statements that speak of them are.
    fn target(&self, target: &Target<'_>, outcome: &mut Outcome) -> Result<(), TooBig> {
        if let (Target::New(service, named), true) = (target, self.open.is_empty()) {
            let none = BTreeMap::new();
            let round = self.round(self.prepared, self.question.known, &none, false);
            return round.new_actions_of(*service, named, &self.prepared.effective, &self.prepared.declared, outcome);
        }
        let speaks = |i: usize| match (target, self.prepared.statements.get(i)) {
            (Target::Group(group), Some(statement)) => group.first.is_in(statement),
            (Target::New(service, _), Some(statement)) => statement.speaks_of_new(*service),
            (_, None) => false,
        };
        let effective: Vec<ReadyBranch> = self.prepared.effective.iter().map(|b| b.narrowed(speaks)).collect();
        let declared: Vec<ReadyBranch> = self.prepared.declared.iter().map(|b| b.narrowed(speaks)).collect();
        if effective.iter().all(|b| b.require.iter().any(Vec::is_empty)) {
            return Ok(());
        }
        let involved: BTreeSet<usize> = effective.iter().chain(&declared).flat_map(ReadyBranch::all).collect();
        let variables: BTreeSet<&ContextKey> = if self.open.is_empty() {
            BTreeSet::new()
        } else {
            let sources = involved.iter().filter_map(|i| self.prepared.sources.get(*i));
            sources
                .filter_map(|a| a.document.statements.get(a.index))
                .flat_map(|s| self.solver.open_in(self.question, s))
                .collect()
        };
        if variables.is_empty() {
            let none = BTreeMap::new();
            let round = self.round(self.prepared, self.question.known, &none, false);
            return round.target(target, &effective, &declared, outcome);
        }
        let variables: Vec<&ContextKey> = variables.into_iter().collect();
        let branches = Branches { involved: &involved, effective: &effective, declared: &declared };
        self.open(target, &branches, &variables, outcome)
    }

    /// Decides with variables whose values are not known.
    fn open(
        &self,
        target: &Target<'_>,
        branches: &Branches<'_>,
        variables: &[&ContextKey],
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        // Where there is excess, most often any values show it; where there is none, most often the variables
        // do not matter, or stand on both sides alike, missing or not.
        let (known, all_present) = self.missing(variables, 0);
        let mut values = trial_values(self.question, &known, &all_present);
        if let Some(fresh) = values.next()
            && self.shows(target, branches, &known, &fresh, outcome)?
        {
            return Ok(());
        }
        let mut proof = Outcome::default();
        if self.open.are_told_apart() {
            let none = BTreeMap::new();
            let round = self.round(self.prepared, self.question.known, &none, true);
            round.target(target, branches.effective, branches.declared, &mut proof)?;
        } else {
            let symbols = Unknowns::of(variables.iter().copied());
            self.rebound(target, branches, self.question.known, &Bound::Symbols(&symbols), &mut proof)?;
        }
        if proof.is_nothing() {
            return Ok(());
        }
        let few = variables.len() <= MAX_VARIABLES;
        let ways = if few { (0..1u32 << variables.len()).collect() } else { vec![0, u32::MAX] };
        for way in ways {
            let (known, present) = self.missing(variables, way);
            if few && (0..variables.len()).filter(|i| way >> i & 1 == 0).count() != present.len() {
                // Some variable of this way is never missing: another way is the same.
                continue;
            }
            // One witness is enough: the other ways would tell the same actions again.
            if self.present(target, branches, &known, &present, outcome)? {
                return Ok(());
            }
        }
        if !few {
            outcome.undecided.extend(variables.iter().map(|k| Undecided::Variable(k.as_written().to_owned())));
        }
        Ok(())
    }

    /// What is known where the variables at these bits are missing, as far as they can be; and the others.
    fn missing<'k>(&self, variables: &[&'k ContextKey], bits: u32) -> (KnownContext, Vec<&'k ContextKey>) {
        let mut known = self.question.known.clone();
        let mut present = Vec::new();
        for (i, key) in variables.iter().enumerate() {
            if bits >> i.min(31) & 1 == 1 && self.question.known.of(key) == Known::Free {
                known.set(key.as_written(), Known::Missing);
            } else {
                present.push(*key);
            }
        }
        (known, present)
    }

    /// Decides with these variables present; true once excess is found.
    fn present(
        &self,
        target: &Target<'_>,
        branches: &Branches<'_>,
        known: &KnownContext,
        present: &[&ContextKey],
        outcome: &mut Outcome,
    ) -> Result<bool, TooBig> {
        if present.is_empty() {
            let mut trial = Outcome { witnessed: outcome.witnessed.clone(), ..Outcome::default() };
            self.rebound(target, branches, known, &Bound::Values(&BTreeMap::new()), &mut trial)?;
            outcome.undecided.extend(std::mem::take(&mut trial.undecided));
            return Ok(outcome.take(trial));
        }
        let mut certain = known.clone();
        for key in present.iter().filter(|key| known.of(key) == Known::Free) {
            certain.set(key.as_written(), Known::Present);
        }
        let symbols = Unknowns::of(present.iter().copied());
        let mut proof = Outcome::default();
        self.rebound(target, branches, &certain, &Bound::Symbols(&symbols), &mut proof)?;
        if proof.is_nothing() {
            return Ok(false);
        }
        for values in trial_values(self.question, known, present) {
            if self.shows(target, branches, known, &values, outcome)? {
                return Ok(true);
            }
        }
        outcome.undecided.extend(present.iter().map(|k| Undecided::Variable(k.as_written().to_owned())));
        Ok(false)
    }

    /// Whether these values show excess.
    fn shows(
        &self,
        target: &Target<'_>,
        branches: &Branches<'_>,
        known: &KnownContext,
        values: &BTreeMap<ContextKey, String>,
        outcome: &mut Outcome,
    ) -> Result<bool, TooBig> {
        let mut known = known.clone();
        for (key, value) in values {
            known.set(key.as_written(), Known::Value(value.clone()));
        }
        let mut trial = Outcome { witnessed: outcome.witnessed.clone(), ..Outcome::default() };
        self.rebound(target, branches, &known, &Bound::Values(values), &mut trial)?;
        Ok(outcome.take(trial))
    }

    /// One round with the involved statements compiled anew under a binding.
    fn rebound(
        &self,
        target: &Target<'_>,
        branches: &Branches<'_>,
        known: &KnownContext,
        bound: &Bound<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        let nothing = BTreeMap::new();
        let (assigned, symbols, symbolic) = match *bound {
            Bound::Values(values) => (values, self.open, false),
            Bound::Symbols(symbols) => (&nothing, symbols, true),
        };
        let binding = |key: &ContextKey| self.solver.binding(self.question, known, assigned, symbols, key);
        let multiplicity = |key: &ContextKey| self.question.only.and_then(|_| multiplicity_of(known, key));
        let terms = Terms { readings: self.readings, binding: &binding, multiplicity: &multiplicity };
        let mut prepared = self.prepared.clone();
        let mut dead: BTreeSet<usize> = BTreeSet::new();
        for index in branches.involved {
            let (Some(slot), Some(source)) = (prepared.statements.get_mut(*index), self.prepared.sources.get(*index))
            else {
                continue;
            };
            match self.solver.ready(source, known, &terms)? {
                Some(ready) => *slot = Arc::new(ready),
                None => {
                    dead.insert(*index);
                }
            }
        }
        let alive = |b: &ReadyBranch| b.narrowed(|i| !dead.contains(&i));
        let effective: Vec<ReadyBranch> = branches.effective.iter().map(alive).collect();
        let declared: Vec<ReadyBranch> = branches.declared.iter().map(alive).collect();
        self.round(&prepared, known, assigned, symbolic).target(target, &effective, &declared, outcome)
    }

    fn round<'r>(
        &'r self,
        prepared: &'r Prepared<'q>,
        known: &'r KnownContext,
        assigned: &'r BTreeMap<ContextKey, String>,
        symbolic: bool,
    ) -> Round<'r, 'q> {
        let (solver, question, budget) = (self.solver, self.question, self.budget);
        Round { solver, question, prepared, budget, readings: self.readings, known, assigned, symbolic }
    }
}

/// What stands in the place of the variables in one round.
enum Bound<'b> {
    /// Values given to them.
    Values(&'b BTreeMap<ContextKey, String>),
    /// Symbols, to prove that nothing is left.
    Symbols(&'b Unknowns),
}

/// The branches narrowed to the statements that speak of the actions, and these statements.
struct Branches<'b> {
    involved: &'b BTreeSet<usize>,
    effective: &'b [ReadyBranch],
    declared: &'b [ReadyBranch],
}

impl Outcome {
    /// Takes the excess of a trial; false where it has none.
    fn take(&mut self, trial: Outcome) -> bool {
        let found = !trial.grants.is_empty();
        self.grants.extend(trial.grants);
        self.witnessed.extend(trial.witnessed);
        found
    }

    /// Whether neither excess nor doubt was found.
    fn is_nothing(&self) -> bool {
        self.grants.is_empty() && self.undecided.is_empty()
    }
}

impl Round<'_, '_> {
    fn target(
        &self,
        target: &Target<'_>,
        effective: &[ReadyBranch],
        declared: &[ReadyBranch],
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        match target {
            Target::Group(group) => self.group(group, effective, declared, outcome),
            Target::New(service, named) => self.new_actions_of(*service, named, effective, declared, outcome),
        }
    }
}

fn multiplicity_of(known: &KnownContext, key: &ContextKey) -> Option<Multiplicity> {
    match known.of(key) {
        Known::Set(_) => Some(Multiplicity::Multi),
        Known::Value(_) => Some(Multiplicity::Single),
        _ => None,
    }
}

impl Access {
    fn allowing(&self) -> impl Iterator<Item = &Allowing> {
        self.branches.iter().flat_map(|b| b.require.iter().flatten().chain(&b.forbid))
    }
}

impl Question<'_> {
    /// The statements of both sides.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.effective.allowing().chain(self.declared.allowing()).filter_map(|a| a.document.statements.get(a.index))
    }

    /// The context keys that they name.
    pub(super) fn mentioned(&self) -> BTreeSet<&ContextKey> {
        let keys = self.statements().flat_map(|s| s.keys());
        keys.collect()
    }
}
