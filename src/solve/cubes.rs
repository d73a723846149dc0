//! All requests that meet a set of goals, as pairwise-disjoint cubes.
//!
//! A goal is a choice between conjunctions of literals. Goals with one choice left are taken at once;
//! the others are branched over so that no request stands in two branches: the second choice excludes the
//! first, and so on (`docs/engine.md`, "The difference").

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::field::{FieldState, Left, passes};
use super::glob::Interner;
use super::literal::{Field, Literal};
use super::search::Budget;

/// A disjunction of conjunctions.
pub type Goal = Vec<Vec<Literal>>;

/// What is known of each field along a branch.
pub type State = BTreeMap<Field, FieldState>;

/// The search for cubes.
pub struct Cubes<'a> {
    /// The patterns of the run.
    pub interner: &'a Interner,
    /// What may still be spent.
    pub budget: &'a Budget,
    /// What is known of a field before any literal.
    pub initial: &'a dyn Fn(&Field) -> FieldState,
}

/// The search stopped at its budget: there may be more cubes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Stopped;

enum Status {
    Entailed,
    Refuted,
    Open,
}

/// A literal contradicts what is known.
struct Contradiction;

impl Cubes<'_> {
    /// Visits every cube; `Break` ends the search.
    pub fn visit(
        &self,
        goals: Vec<Goal>,
        visit: &mut dyn FnMut(&State) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Stopped> {
        self.branch(State::new(), goals, visit)
    }

    fn branch(
        &self,
        mut state: State,
        mut goals: Vec<Goal>,
        visit: &mut dyn FnMut(&State) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Stopped> {
        if !self.budget.spend(1) {
            return Err(Stopped);
        }
        if self.settle(&mut state, &mut goals).is_err() {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(index) = goals.iter().enumerate().min_by_key(|(_, g)| g.len()).map(|(i, _)| i) else {
            return Ok(visit(&state));
        };
        let goal = goals.swap_remove(index);
        let mut excluded: Vec<Goal> = Vec::new();
        for choice in goal {
            let mut further = goals.clone();
            further.append(&mut excluded.clone());
            further.push(vec![choice.clone()]);
            if self.branch(state.clone(), further, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            excluded.push(choice.iter().map(|l| vec![l.negated()]).collect());
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes goals of one choice, and drops choices and goals that are settled by what is known.
    fn settle(&self, state: &mut State, goals: &mut Vec<Goal>) -> Result<(), Contradiction> {
        loop {
            // Single choices first, all of them, before any field is looked at: one look then serves all.
            let mut touched: Vec<Field> = Vec::new();
            goals.retain(|goal| match goal.as_slice() {
                [only] => {
                    for literal in only {
                        self.add(state, literal);
                        if !touched.contains(&literal.field) {
                            touched.push(literal.field.clone());
                        }
                    }
                    false
                }
                _ => true,
            });
            for field in &touched {
                if state.get(field).is_some_and(|f| f.left(self.interner, self.budget) == Left::Nothing) {
                    return Err(Contradiction);
                }
            }
            let mut changed = false;
            let mut kept = Vec::with_capacity(goals.len());
            for goal in goals.drain(..) {
                let mut choices: Goal = Vec::with_capacity(goal.len());
                let mut satisfied = false;
                for choice in goal {
                    match self.reduce(state, choice) {
                        None => {}
                        Some(choice) if choice.is_empty() => {
                            satisfied = true;
                            break;
                        }
                        Some(choice) => choices.push(choice),
                    }
                }
                if satisfied {
                    continue;
                }
                match choices.len() {
                    0 => return Err(Contradiction),
                    1 => changed = true,
                    _ => {}
                }
                kept.push(choices);
            }
            *goals = kept;
            if !changed {
                return Ok(());
            }
        }
    }

    /// The literals of a choice that are not yet sure; none where one of them is impossible.
    fn reduce(&self, state: &State, choice: Vec<Literal>) -> Option<Vec<Literal>> {
        let mut open = Vec::with_capacity(choice.len());
        for literal in choice {
            match self.status(state, &literal) {
                Status::Refuted => return None,
                Status::Entailed => {}
                Status::Open => open.push(literal),
            }
        }
        Some(open)
    }

    fn status(&self, state: &State, literal: &Literal) -> Status {
        let initial;
        let before = match state.get(&literal.field) {
            Some(field) => field,
            None => {
                initial = (self.initial)(&literal.field);
                &initial
            }
        };
        // The value that is known to be possible settles one of the two questions.
        let told = before.sample(self.interner, self.budget).and_then(|value| passes(literal, &value, self.interner));
        let possible = |literal: &Literal| {
            let mut field = before.clone();
            field.add(literal);
            field.left(self.interner, self.budget) != Left::Nothing
        };
        if told != Some(true) && !possible(literal) {
            Status::Refuted
        } else if told != Some(false) && !possible(&literal.negated()) {
            Status::Entailed
        } else {
            Status::Open
        }
    }

    fn add(&self, state: &mut State, literal: &Literal) {
        state.entry(literal.field.clone()).or_insert_with(|| (self.initial)(&literal.field)).add(literal);
    }
}

/// The goal that not all of these literals hold.
pub fn not_all(literals: &[Literal]) -> Goal {
    literals.iter().map(|l| vec![l.negated()]).collect()
}
