//! Policy variables whose value nobody knows.
//!
//! "Yes" is found by giving a variable a value and deciding exactly; "no" is proven with the variable as
//! a symbol (`docs/engine.md`, "What is approximated"). What neither settles is undecided. Only the
//! variables of the statements that speak of a group of actions are taken apart, group by group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::TooBig;
use super::classes::ActionGroup;
use super::compile::{Binding, Solver, Terms, variables_of};
use super::decide::{Outcome, Round};
use super::open_world::services;
use super::question::{Access, Allowing, Depth, Prepared, Question, ReadyBranch, World};
use super::search::Budget;
use super::symbols;
use super::verdict::{Answer, Undecided, Verdict};
use crate::access::{Known, KnownContext};
use crate::catalog::Multiplicity;
use crate::iam::condition::ConditionValue;
use crate::iam::{Choice, ContextKey, Readings, Statement};

/// More unknown variables than this at once are not taken apart.
const MAX_VARIABLES: usize = 5;
/// How many values that conditions name are tried for a variable.
const MAX_NAMED_VALUES: usize = 8;

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
    open: &'a [ContextKey],
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
            outcome.undecided.insert(Undecided::Budget);
        }
        Answer { grants: outcome.grants, undecided: outcome.undecided.into_iter().collect() }
    }

    fn decide(&self, question: &Question<'_>, readings: Readings, outcome: &mut Outcome) -> Result<(), TooBig> {
        let budget = Budget::new(question.budget);
        let open: Vec<ContextKey> = self.open_variables(question).into_iter().collect();
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
        open: &[ContextKey],
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
            _ => match open.iter().position(|k| k == key).map(symbols::variable) {
                Some(Ok(symbol)) => Binding::Unknown(symbol),
                _ => Binding::Missing,
            },
        }
    }

    /// The variables whose value is not known.
    fn open_variables(&self, question: &Question<'_>) -> BTreeSet<ContextKey> {
        question.statements().flat_map(|s| self.open_in(question, s)).cloned().collect()
    }

    fn open_in<'s>(&self, question: &Question<'_>, statement: &'s Statement) -> impl Iterator<Item = &'s ContextKey> {
        variables_of(statement).filter(move |key| {
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
            (Target::New(..), Some(_)) => true,
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
        if variables.len() > MAX_VARIABLES {
            outcome.undecided.extend(variables.iter().map(|k| Undecided::Variable(k.as_written().to_owned())));
            return Ok(());
        }
        for missing in 0..1u32 << variables.len() {
            let is_missing = |i: usize| missing >> i & 1 == 1;
            let mut known = self.question.known.clone();
            let mut present: Vec<&ContextKey> = Vec::new();
            let mut possible = true;
            for (i, key) in variables.iter().enumerate() {
                if is_missing(i) {
                    possible &= self.question.known.of(key) == Known::Free;
                    known.set(key.as_written(), Known::Missing);
                } else {
                    present.push(key);
                }
            }
            if possible {
                let branches = Branches { involved: &involved, effective: &effective, declared: &declared };
                if self.present(target, &branches, &known, &present, outcome)? {
                    // One witness is enough: the other ways would tell the same actions again.
                    return Ok(());
                }
            }
        }
        Ok(())
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
        if !present.is_empty() && self.is_proven_empty(target, branches, known, present)? {
            return Ok(false);
        }
        for values in self.candidates(known, present) {
            let mut known = known.clone();
            for (key, value) in &values {
                known.set(key.as_written(), Known::Value(value.clone()));
            }
            let mut trial = Outcome { witnessed: outcome.witnessed.clone(), ..Outcome::default() };
            self.rebound(target, branches, &known, &values, false, &mut trial)?;
            if !trial.grants.is_empty() {
                outcome.grants.extend(trial.grants);
                outcome.witnessed.extend(trial.witnessed);
                return Ok(true);
            }
            if present.is_empty() {
                outcome.undecided.extend(trial.undecided);
                return Ok(false);
            }
        }
        outcome.undecided.extend(present.iter().map(|k| Undecided::Variable(k.as_written().to_owned())));
        Ok(false)
    }

    /// Whether nothing is left whatever values these variables have.
    fn is_proven_empty(
        &self,
        target: &Target<'_>,
        branches: &Branches<'_>,
        known: &KnownContext,
        present: &[&ContextKey],
    ) -> Result<bool, TooBig> {
        let mut known = known.clone();
        for key in present {
            if known.of(key) == Known::Free {
                known.set(key.as_written(), Known::Present);
            }
        }
        let mut proof = Outcome::default();
        self.rebound(target, branches, &known, &BTreeMap::new(), true, &mut proof)?;
        Ok(proof.undecided.is_empty() && proof.grants.is_empty())
    }

    /// One round with the involved statements compiled anew under a binding.
    fn rebound(
        &self,
        target: &Target<'_>,
        branches: &Branches<'_>,
        known: &KnownContext,
        assigned: &BTreeMap<ContextKey, String>,
        symbolic: bool,
        outcome: &mut Outcome,
    ) -> Result<(), TooBig> {
        let binding = |key: &ContextKey| self.solver.binding(self.question, known, assigned, self.open, key);
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
        Round { solver, question, prepared, budget, known, assigned, symbolic }
    }

    /// Values to try for the present variables: fresh ones first, then, one key at a time, those that
    /// conditions compare the key with.
    fn candidates(&self, known: &KnownContext, present: &[&ContextKey]) -> Vec<BTreeMap<ContextKey, String>> {
        let question = self.question;
        let fresh: BTreeMap<ContextKey, String> = present
            .iter()
            .map(|key| {
                let value = match (known.of(key), key.lower()) {
                    (Known::StartsWith(prefix), _) => format!("{prefix}session"),
                    // A value that the key can have.
                    (_, "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount") => {
                        question.account.unwrap_or("111122223333").to_owned()
                    }
                    (_, "aws:requestedregion") => "us-east-1".to_owned(),
                    _ => "example".to_owned(),
                };
                ((*key).clone(), value)
            })
            .collect();
        let mut all = vec![fresh.clone()];
        for key in present {
            let named =
                question.statements().flat_map(|s| &s.conditions).filter(|c| c.key == **key).flat_map(|c| &c.values);
            let texts = named.filter_map(|v| match v {
                ConditionValue::Text(template) => template.as_literal().map(str::to_owned),
                ConditionValue::Typed(typed) => Some(typed.to_string()),
            });
            for text in texts.collect::<BTreeSet<_>>().into_iter().take(MAX_NAMED_VALUES) {
                let mut values = fresh.clone();
                values.insert((*key).clone(), text);
                all.push(values);
            }
        }
        all
    }
}

/// The branches narrowed to the statements that speak of the actions, and these statements.
struct Branches<'b> {
    involved: &'b BTreeSet<usize>,
    effective: &'b [ReadyBranch],
    declared: &'b [ReadyBranch],
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
        let keys = self.statements().flat_map(|s| s.conditions.iter().map(|c| &c.key).chain(variables_of(s)));
        keys.collect()
    }
}
