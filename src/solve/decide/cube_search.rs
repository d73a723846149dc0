//! All requests that satisfy a set of clauses, as pairwise disjoint cubes.
//!
//! A clause is a disjunction of conjunctions of literals. A clause with one conjunction is applied immediately. For the
//! others the search branches, so that no request is in two branches: the second branch excludes the first conjunction,
//! and so on (`docs/engine.md`, "The difference").

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::solve::budget::Budget;
use crate::solve::strings::interner::GlobInterner;
use crate::solve::values::field_state::FieldState;
use crate::solve::values::field_value::{Emptiness, value_satisfies};
use crate::solve::values::literal::{Field, Literal};

/// A disjunction of conjunctions of literals.
pub(super) type Clause = Vec<Vec<Literal>>;

/// The state of each constrained field along a branch of the search.
pub(super) type PartialAssignment = BTreeMap<Field, FieldState>;

/// The search for cubes.
pub(super) struct CubeSearch<'a> {
    /// The patterns of the run.
    pub interner: &'a GlobInterner,
    /// The budget of the search.
    pub budget: &'a Budget,
    /// The state of a field before any literal.
    pub initial_state: &'a dyn Fn(&Field) -> FieldState,
}

/// The budget is exhausted. There may be more cubes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct BudgetExhausted;

enum LiteralStatus {
    Entailed,
    Refuted,
    Undetermined,
}

/// A clause has no satisfiable conjunction, or a field has no value.
struct Contradiction;

impl CubeSearch<'_> {
    /// Visits every cube. `Break` ends the search.
    pub(super) fn visit_cubes(
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
        let Some(index) = clauses.iter().enumerate().min_by_key(|(_, clause)| clause.len()).map(|(i, _)| i) else {
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

    /// Applies clauses with one conjunction. Removes satisfied clauses, and conjunctions that are refuted.
    fn propagate(&self, assignment: &mut PartialAssignment, clauses: &mut Vec<Clause>) -> Result<(), Contradiction> {
        loop {
            // First apply all clauses with one conjunction, so that each field is checked once.
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

    /// The literals of a conjunction that are undetermined. None if a literal is refuted.
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
        // The known value decides one of the two questions.
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

/// The clause that not all of these literals hold.
pub(super) fn negate_conjunction(literals: &[Literal]) -> Clause {
    literals.iter().map(|l| vec![l.negate()]).collect()
}
