//! All requests that satisfy a set of clauses, as pairwise disjoint cubes.
//!
//! A clause is a disjunction of conjunctions of literals. A clause with one conjunction is applied immediately. For the
//! others the search branches, so that no request is in two branches: the second branch excludes the first conjunction,
//! and so on (`docs/engine.md`, "The difference").

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::solve::budget::Budget;
use crate::solve::strings::interner::GlobInterner;
use crate::solve::values::field_state::FieldState;
use crate::solve::values::field_value::{Emptiness, FieldValue, value_satisfies};
use crate::solve::values::literal::{Field, Literal};

/// A disjunction of conjunctions of literals.
pub(super) type Clause = Vec<Vec<Literal>>;

/// The state of each constrained field along a branch of the search.
pub(super) type PartialAssignment = BTreeMap<Field, FieldState>;

/// A clause whose literals remember values that leave them undetermined. Branches share it until it changes.
type TrackedClause = Rc<Vec<Vec<TrackedLiteral>>>;

/// A literal of a clause, with a value of its field that satisfies it and one that does not. As long as the state of the
/// field allows both values, the literal is undetermined, and no search is needed to know that.
#[derive(Clone)]
struct TrackedLiteral {
    literal: Rc<Literal>,
    holds_for: Option<Rc<FieldValue>>,
    fails_for: Option<Rc<FieldValue>>,
}

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
    Undetermined { holds_for: Option<FieldValue>, fails_for: Option<FieldValue> },
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
        let clauses = clauses.into_iter().map(track_clause).collect();
        self.search_branch(PartialAssignment::new(), clauses, visit)
    }

    fn search_branch(
        &self,
        mut assignment: PartialAssignment,
        mut clauses: Vec<TrackedClause>,
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
        let mut excluded: Vec<TrackedClause> = Vec::new();
        for conjunction in clause.iter() {
            let mut branch_clauses = clauses.clone();
            branch_clauses.extend(excluded.iter().cloned());
            branch_clauses.push(Rc::new(vec![conjunction.clone()]));
            if self.search_branch(assignment.clone(), branch_clauses, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            excluded.push(track_clause(conjunction.iter().map(|l| vec![l.literal.negate()]).collect()));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Applies clauses with one conjunction. Removes satisfied clauses, and conjunctions that are refuted.
    fn propagate(
        &self,
        assignment: &mut PartialAssignment,
        clauses: &mut Vec<TrackedClause>,
    ) -> Result<(), Contradiction> {
        loop {
            // First apply all clauses with one conjunction, so that each field is checked once.
            let mut added: Vec<Rc<Literal>> = Vec::new();
            clauses.retain(|clause| match clause.as_slice() {
                [conjunction] => {
                    added.extend(conjunction.iter().map(|tracked| Rc::clone(&tracked.literal)));
                    false
                }
                _ => true,
            });
            for literal in &added {
                self.add_literal(assignment, literal);
            }
            let touched: BTreeSet<&Field> = added.iter().map(|literal| &literal.field).collect();
            for field in touched {
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
                let Some(clause) = self.simplify_clause(assignment, &added, clause) else { continue };
                match clause.len() {
                    0 => return Err(Contradiction),
                    1 => changed = true,
                    _ => {}
                }
                kept.push(clause);
            }
            *clauses = kept;
            if !changed {
                return Ok(());
            }
        }
    }

    /// The conjunctions that are undetermined. None if one is satisfied. `added` are the literals that were added to the
    /// assignment after the clause was simplified last.
    fn simplify_clause(
        &self,
        assignment: &PartialAssignment,
        added: &[Rc<Literal>],
        clause: TrackedClause,
    ) -> Option<TrackedClause> {
        let is_unchanged = |tracked: &TrackedLiteral| self.remains_undetermined(tracked, added);
        if clause.iter().flatten().all(is_unchanged) {
            return Some(clause);
        }
        let mut conjunctions = Vec::with_capacity(clause.len());
        for conjunction in clause.iter() {
            match self.simplify_conjunction(assignment, added, conjunction) {
                None => {}
                Some(conjunction) if conjunction.is_empty() => return None,
                Some(conjunction) => conjunctions.push(conjunction),
            }
        }
        Some(Rc::new(conjunctions))
    }

    /// The literals of a conjunction that are undetermined. None if a literal is refuted.
    fn simplify_conjunction(
        &self,
        assignment: &PartialAssignment,
        added: &[Rc<Literal>],
        conjunction: &[TrackedLiteral],
    ) -> Option<Vec<TrackedLiteral>> {
        let mut undetermined = Vec::with_capacity(conjunction.len());
        for tracked in conjunction {
            if self.remains_undetermined(tracked, added) {
                undetermined.push(tracked.clone());
                continue;
            }
            match self.check_literal(assignment, &tracked.literal) {
                LiteralStatus::Refuted => return None,
                LiteralStatus::Entailed => {}
                LiteralStatus::Undetermined { holds_for, fails_for } => undetermined.push(TrackedLiteral {
                    literal: Rc::clone(&tracked.literal),
                    holds_for: holds_for.map(Rc::new),
                    fails_for: fails_for.map(Rc::new),
                }),
            }
        }
        Some(undetermined)
    }

    /// Whether the known values of a literal satisfy the literals that were added.
    fn remains_undetermined(&self, tracked: &TrackedLiteral, added: &[Rc<Literal>]) -> bool {
        let (Some(holds_for), Some(fails_for)) = (&tracked.holds_for, &tracked.fails_for) else { return false };
        added.iter().filter(|literal| literal.field == tracked.literal.field).all(|literal| {
            [holds_for, fails_for].iter().all(|value| value_satisfies(literal, value, self.interner) == Some(true))
        })
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
        let sample = before.find_sample(self.interner, self.budget);
        let sample_holds = sample.as_ref().and_then(|value| value_satisfies(literal, value, self.interner));
        let find_value = |literal: &Literal| {
            let mut field = before.clone();
            field.add(literal);
            field.check_emptiness(self.interner, self.budget)
        };
        let holds = match (sample_holds, &sample) {
            (Some(true), Some(value)) => Emptiness::NonEmpty(value.clone()),
            _ => find_value(literal),
        };
        if holds == Emptiness::Empty {
            return LiteralStatus::Refuted;
        }
        let fails = match (sample_holds, sample) {
            (Some(false), Some(value)) => Emptiness::NonEmpty(value),
            _ => find_value(&literal.negate()),
        };
        if fails == Emptiness::Empty {
            return LiteralStatus::Entailed;
        }
        LiteralStatus::Undetermined { holds_for: holds.into_value(), fails_for: fails.into_value() }
    }

    fn add_literal(&self, assignment: &mut PartialAssignment, literal: &Literal) {
        assignment.entry(literal.field.clone()).or_insert_with(|| (self.initial_state)(&literal.field)).add(literal);
    }
}

fn track_clause(clause: Clause) -> TrackedClause {
    let track = |literal| TrackedLiteral { literal: Rc::new(literal), holds_for: None, fails_for: None };
    Rc::new(clause.into_iter().map(|conjunction| conjunction.into_iter().map(track).collect()).collect())
}

/// The clause that not all of these literals hold.
pub(super) fn negate_conjunction(literals: &[Literal]) -> Clause {
    literals.iter().map(|l| vec![l.negate()]).collect()
}
