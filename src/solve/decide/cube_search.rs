//! All requests that meet a set of goals, as pairwise-disjoint cubes.
//!
//! A goal is a choice between conjunctions of literals. Goals with one choice left are taken at once;
//! the others are branched over so that no request stands in two branches: the second choice excludes the
//! first, and so on (`docs/engine.md`, "The difference").

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::solve::strings::glob_search::Budget;
use crate::solve::strings::interned_glob::GlobInterner;
use crate::solve::values::field_state::{Emptiness, FieldState, value_satisfies};
use crate::solve::values::literal::{Field, Literal};

/// A disjunction of conjunctions.
pub type Clause = Vec<Vec<Literal>>;

/// What is known of each field along a branch.
pub type PartialAssignment = BTreeMap<Field, FieldState>;

/// The search for cubes.
pub struct CubeSearch<'a> {
    /// The patterns of the run.
    pub interner: &'a GlobInterner,
    /// What may still be spent.
    pub budget: &'a Budget,
    /// What is known of a field before any literal.
    pub initial_state: &'a dyn Fn(&Field) -> FieldState,
}

/// The search stopped at its budget: there may be more cubes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct BudgetExhausted;

enum LiteralStatus {
    Entailed,
    Refuted,
    Undetermined,
}

/// A literal contradicts what is known.
struct Contradiction;

impl CubeSearch<'_> {
    /// Visits every cube; `Break` ends the search.
    pub fn visit_cubes(
        &self,
        clauses: Vec<Clause>,
        visit: &mut dyn FnMut(&PartialAssignment) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, BudgetExhausted> {
        self.search_branch(PartialAssignment::new(), clauses, visit)
    }

    fn search_branch(
        &self,
        mut assignment: PartialAssignment,
        mut clauses: Vec<Clause>,
        visit: &mut dyn FnMut(&PartialAssignment) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, BudgetExhausted> {
        if !self.budget.spend(1) {
            return Err(BudgetExhausted);
        }
        if self.propagate(&mut assignment, &mut clauses).is_err() {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(index) = clauses.iter().enumerate().min_by_key(|(_, g)| g.len()).map(|(i, _)| i) else {
            return Ok(visit(&assignment));
        };
        let clause = clauses.swap_remove(index);
        let mut excluded: Vec<Clause> = Vec::new();
        for conjunction in clause {
            let mut branch_clauses = clauses.clone();
            branch_clauses.append(&mut excluded.clone());
            branch_clauses.push(vec![conjunction.clone()]);
            if self.search_branch(assignment.clone(), branch_clauses, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            excluded.push(conjunction.iter().map(|l| vec![l.negate()]).collect());
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes goals of one choice, and drops choices and goals that are settled by what is known.
    fn propagate(&self, assignment: &mut PartialAssignment, clauses: &mut Vec<Clause>) -> Result<(), Contradiction> {
        loop {
            // Single choices first, all of them, before any field is looked at: one look then serves all.
            let mut touched: Vec<Field> = Vec::new();
            clauses.retain(|clause| match clause.as_slice() {
                [conjunction] => {
                    for literal in conjunction {
                        self.add_literal(assignment, literal);
                        if !touched.contains(&literal.field) {
                            touched.push(literal.field.clone());
                        }
                    }
                    false
                }
                _ => true,
            });
            for field in &touched {
                if assignment
                    .get(field)
                    .is_some_and(|f| f.check_emptiness(self.interner, self.budget) == Emptiness::Empty)
                {
                    return Err(Contradiction);
                }
            }
            let mut changed = false;
            let mut kept = Vec::with_capacity(clauses.len());
            for clause in clauses.drain(..) {
                let mut conjunctions: Clause = Vec::with_capacity(clause.len());
                let mut satisfied = false;
                for conjunction in clause {
                    match self.simplify(assignment, conjunction) {
                        None => {}
                        Some(conjunction) if conjunction.is_empty() => {
                            satisfied = true;
                            break;
                        }
                        Some(conjunction) => conjunctions.push(conjunction),
                    }
                }
                if satisfied {
                    continue;
                }
                match conjunctions.len() {
                    0 => return Err(Contradiction),
                    1 => changed = true,
                    _ => {}
                }
                kept.push(conjunctions);
            }
            *clauses = kept;
            if !changed {
                return Ok(());
            }
        }
    }

    /// The literals of a choice that are not yet sure; none where one of them is impossible.
    fn simplify(&self, assignment: &PartialAssignment, conjunction: Vec<Literal>) -> Option<Vec<Literal>> {
        let mut undetermined = Vec::with_capacity(conjunction.len());
        for literal in conjunction {
            match self.check_literal(assignment, &literal) {
                LiteralStatus::Refuted => return None,
                LiteralStatus::Entailed => {}
                LiteralStatus::Undetermined => undetermined.push(literal),
            }
        }
        Some(undetermined)
    }

    fn check_literal(&self, assignment: &PartialAssignment, literal: &Literal) -> LiteralStatus {
        let initial;
        let before = match assignment.get(&literal.field) {
            Some(field) => field,
            None => {
                initial = (self.initial_state)(&literal.field);
                &initial
            }
        };
        // The value that is known to be possible settles one of the two questions.
        let sample_holds = before
            .find_sample(self.interner, self.budget)
            .and_then(|value| value_satisfies(literal, &value, self.interner));
        let is_possible = |literal: &Literal| {
            let mut field = before.clone();
            field.add(literal);
            field.check_emptiness(self.interner, self.budget) != Emptiness::Empty
        };
        if sample_holds != Some(true) && !is_possible(literal) {
            LiteralStatus::Refuted
        } else if sample_holds != Some(false) && !is_possible(&literal.negate()) {
            LiteralStatus::Entailed
        } else {
            LiteralStatus::Undetermined
        }
    }

    fn add_literal(&self, assignment: &mut PartialAssignment, literal: &Literal) {
        assignment.entry(literal.field.clone()).or_insert_with(|| (self.initial_state)(&literal.field)).add(literal);
    }
}

/// The goal that not all of these literals hold.
pub fn negate_conjunction(literals: &[Literal]) -> Clause {
    literals.iter().map(|l| vec![l.negate()]).collect()
}
