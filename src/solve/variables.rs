//! Policy variables whose value nobody knows, and choices of meaning that could decide.
//!
//! "Yes" is found by giving a variable a value and deciding exactly; "no" is proven with the variable as
//! a symbol (`docs/engine.md`, "What is approximated"). What neither settles is undecided.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{Binding, Solver, Terms, variables_of};
use super::decide::{Outcome, Round};
use super::difference::Grant;
use super::question::{Access, Allowing, Question, World};
use super::search::Budget;
use super::symbols;
use super::verdict::{Undecided, Verdict};
use crate::access::{Known, KnownContext};
use crate::catalog::Multiplicity;
use crate::iam::condition::{ConditionValue, Family};
use crate::iam::{Choice, ContextKey, Listing, Part, Quantifier, Readings, Statement, WhenMissing};

/// More unknown variables than this at once are not taken apart.
const MAX_VARIABLES: usize = 4;
/// How many values that conditions name are tried for a variable.
const MAX_NAMED_VALUES: usize = 8;

impl Solver<'_> {
    /// Decides a question, and whether the answer stands under every reading of the open choices.
    pub fn solve(&self, question: &Question<'_>) -> Verdict {
        let verdict = self.solve_reading(question, Readings::default());
        if matches!(verdict, Verdict::Undecided(_)) {
            return verdict;
        }
        let mut undecided = Vec::new();
        for choice in Choice::ALL {
            if !self.is_open(choice, question) {
                continue;
            }
            // The evaluator replays witnesses under the default reading, so those of the other are not asked.
            let other = Question { confirm: None, cubes: 1, ..question.clone() };
            if !self.solve_reading(&other, Readings::other(choice)).agrees_with(&verdict) {
                undecided.push(Undecided::from(choice));
            }
        }
        if undecided.is_empty() { verdict } else { Verdict::Undecided(undecided) }
    }

    /// Decides a question under one reading of the choices.
    pub fn solve_reading(&self, question: &Question<'_>, readings: Readings) -> Verdict {
        let budget = Budget::new(question.budget);
        let mut sum = Outcome::default();
        let open: Vec<ContextKey> = self.open_variables(question).into_iter().collect();
        if open.len() > MAX_VARIABLES {
            let names = open.iter().map(|k| k.as_written().to_owned());
            return Verdict::Undecided(names.map(Undecided::Variable).collect());
        }
        // Every way of some variables being missing, all present first.
        for missing in 0..1u32 << open.len() {
            let is_missing = |i: usize| missing >> i & 1 == 1;
            let possible = open.iter().enumerate().all(|(i, key)| !is_missing(i) || question.known.of(key) == Known::Free);
            if !possible {
                continue;
            }
            let present: Vec<&ContextKey> = open.iter().enumerate().filter(|(i, _)| !is_missing(*i)).map(|(_, k)| k).collect();
            let absent: Vec<&ContextKey> = open.iter().enumerate().filter(|(i, _)| is_missing(*i)).map(|(_, k)| k).collect();
            self.solve_with(question, readings, &present, &absent, &budget, &mut sum);
        }
        if !sum.grants.is_empty() {
            Verdict::Broader(sum.grants)
        } else if sum.undecided.is_empty() {
            Verdict::Contained
        } else {
            Verdict::Undecided(sum.undecided.into_iter().collect())
        }
    }

    fn solve_with(
        &self,
        question: &Question<'_>,
        readings: Readings,
        present: &[&ContextKey],
        absent: &[&ContextKey],
        budget: &Budget,
        sum: &mut Outcome,
    ) {
        let mut known = question.known.clone();
        for key in absent {
            known.set(key.as_written(), Known::Missing);
        }
        if present.is_empty() {
            let outcome = self.round(question, &known, readings, &BTreeMap::new(), &[], budget);
            merge(sum, outcome);
            return;
        }
        let mut found = false;
        for values in self.candidates(question, present) {
            let mut known = known.clone();
            for (key, value) in &values {
                known.set(key.as_written(), Known::Value(value.clone()));
            }
            let outcome = self.round(question, &known, readings, &values, &[], budget);
            found |= !outcome.grants.is_empty();
            sum.grants = std::mem::take(&mut sum.grants);
            merge(sum, Outcome { grants: outcome.grants, undecided: BTreeSet::new() });
            if found {
                return;
            }
        }
        for key in present {
            if known.of(key) == Known::Free {
                known.set(key.as_written(), Known::Present);
            }
        }
        let outcome = self.round(question, &known, readings, &BTreeMap::new(), present, budget);
        if !outcome.undecided.is_empty() || !outcome.grants.is_empty() {
            sum.undecided.extend(present.iter().map(|k| Undecided::Variable(k.as_written().to_owned())));
        }
    }

    /// One round under a binding; with `symbolic` keys, only "nothing" is an answer.
    fn round(
        &self,
        question: &Question<'_>,
        known: &KnownContext,
        readings: Readings,
        assigned: &BTreeMap<ContextKey, String>,
        symbolic: &[&ContextKey],
        budget: &Budget,
    ) -> Outcome {
        let question = Question { known, ..question.clone() };
        let binding = |key: &ContextKey| {
            if self.is_multi_valued(&question, key) {
                return Binding::Missing;
            }
            if let Some(value) = assigned.get(key) {
                return Binding::Text(value.clone());
            }
            match (symbolic.iter().position(|k| *k == key), known.of(key)) {
                (Some(index), _) => symbols::variable(index).map_or(Binding::Missing, Binding::Unknown),
                (None, Known::Value(value)) => Binding::Text(value),
                (None, _) => Binding::Missing,
            }
        };
        let multiplicity = |key: &ContextKey| question.only.and_then(|_| multiplicity_of(known, key));
        let terms = Terms { readings, binding: &binding, multiplicity: &multiplicity };
        let too_big = || Outcome { grants: Vec::new(), undecided: BTreeSet::from([Undecided::Budget]) };
        let Ok(prepared) = self.prepare(&question, &terms) else { return too_big() };
        let round = Round {
            solver: self,
            question: &question,
            prepared: &prepared,
            budget,
            assigned,
            symbolic: !symbolic.is_empty(),
        };
        let outcome = match question.world {
            World::Closed => round.existing_actions(),
            World::Open => round.new_actions(),
        };
        outcome.unwrap_or_else(|_| too_big())
    }

    /// The variables whose value is not known.
    fn open_variables(&self, question: &Question<'_>) -> BTreeSet<ContextKey> {
        let mut open = BTreeSet::new();
        for statement in question.statements() {
            for key in variables_of(statement) {
                let fixed = matches!(question.known.of(key), Known::Value(_) | Known::Missing | Known::Set(_));
                if !fixed && !self.is_multi_valued(question, key) {
                    open.insert(key.clone());
                }
            }
        }
        open
    }

    fn is_multi_valued(&self, question: &Question<'_>, key: &ContextKey) -> bool {
        let facts = || self.catalog.key_facts(key.lower()).map(|f| f.multiplicity);
        question.only.and_then(|_| multiplicity_of(question.known, key)).or_else(facts) == Some(Multiplicity::Multi)
    }

    /// Values to try for the present variables: fresh ones first, then, one key at a time, those that
    /// conditions compare the key with.
    fn candidates(&self, question: &Question<'_>, present: &[&ContextKey]) -> Vec<BTreeMap<ContextKey, String>> {
        let fresh: BTreeMap<ContextKey, String> = present
            .iter()
            .map(|key| {
                let value = match question.known.of(key) {
                    Known::StartsWith(prefix) => format!("{prefix}session"),
                    _ => "example".to_owned(),
                };
                ((*key).clone(), value)
            })
            .collect();
        let mut all = vec![fresh.clone()];
        for key in present {
            let named = question.statements().flat_map(|s| &s.conditions).filter(|c| c.key == **key).flat_map(|c| &c.values);
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

    /// Whether a choice could matter to a question at all.
    fn is_open(&self, choice: Choice, question: &Question<'_>) -> bool {
        question.statements().any(|statement| match choice {
            Choice::MidSegmentStar => statement.resource.iter().flat_map(|r| &r.patterns).any(|pattern| {
                pattern.parts().windows(2).any(|pair| match pair {
                    [Part::AnyRun, Part::Literal(next)] => !next.starts_with(':'),
                    [Part::AnyRun, _] => true,
                    _ => false,
                })
            }),
            Choice::UnparsableValue => statement.conditions.iter().any(|c| {
                c.operator.is_negated() && matches!(c.operator.family(), Family::Numeric | Family::Date | Family::Ip | Family::Arn)
            }),
            Choice::EmptySetNull => statement.conditions.iter().any(|c| {
                self.is_multi_valued(question, &c.key)
                    && (c.operator.family() == Family::Null || c.when_missing == WhenMissing::Holds)
            }),
            Choice::NotResourceUnresolved => statement.resource.iter().any(|r| {
                r.listing == Listing::AllBut && r.patterns.iter().any(|p| p.variables().next().is_some())
            }),
            Choice::ForAnyValueIfExists => statement
                .conditions
                .iter()
                .any(|c| c.quantifier == Quantifier::ForAnyValue && c.when_missing == WhenMissing::Holds),
        })
    }
}

fn multiplicity_of(known: &KnownContext, key: &ContextKey) -> Option<Multiplicity> {
    match known.of(key) {
        Known::Set(_) => Some(Multiplicity::Multi),
        Known::Value(_) => Some(Multiplicity::Single),
        _ => None,
    }
}

/// Adds what a further round found: grants of actions that the same statement is not yet told for.
fn merge(sum: &mut Outcome, further: Outcome) {
    sum.undecided.extend(further.undecided);
    for mut grant in further.grants {
        let told = |g: &Grant, action: &String| g.tag == grant.tag && g.actions.contains(action);
        let new: Vec<String> =
            grant.actions.iter().filter(|a| !sum.grants.iter().any(|g| told(g, a))).cloned().collect();
        if !new.is_empty() {
            // A witness belongs to its action: a grant is narrowed only where that one stays.
            if new.contains(&grant.witness.action) {
                grant.actions = new;
            }
            sum.grants.push(grant);
        }
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
