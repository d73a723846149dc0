//! The decision: group by group, statement by statement, case by case.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::cube_search::{BudgetExhausted, Clause, CubeSearch, PartialAssignment, negate_conjunction};
use super::difference::{Cube, Grant, render_cube};
use super::future_actions::FutureActionName;
use crate::access::{KnownContext, Request};
use crate::iam::{Arn, ContextKey, Interpretation, Partition};
use crate::solve::LimitExceeded;
use crate::solve::answer::UndecidedReason;
use crate::solve::compile::action_classes::{ActionEquivalenceClass, ActionRef, Actions};
use crate::solve::compile::resource_domain::{
    ArnSegmentsKnown, ResourceDomain, build_any_resource_domain, build_any_resource_domains_by_segments, lift_to_arn,
};
use crate::solve::compile::solver::Solver;
use crate::solve::question::{
    AnswerDetail, CompiledBranch, CompiledQuestion, Question, WitnessPolicy, find_arn_segment,
};
use crate::solve::strings::glob_search::Budget;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::values::field_state::{Emptiness, FieldState};
use crate::solve::values::literal::{Field, Literal, LiteralValues};

/// What was found so far.
#[derive(Default)]
pub struct DecisionOutcome {
    /// Proven excess.
    pub grants: Vec<Grant>,
    /// What could not be decided.
    pub undecided: BTreeSet<UndecidedReason>,
    /// The statements that a witness is at hand for.
    pub witnessed: FxHashSet<(usize, usize)>,
}

impl DecisionOutcome {
    /// Whether no witness need be taken for a statement any more.
    pub(crate) fn has_enough_witnesses(&self, statement_id: (usize, usize), detail: AnswerDetail) -> bool {
        match detail {
            AnswerDetail::Verdict
            | AnswerDetail::Difference {
                witnesses: WitnessPolicy::PerStatement | WitnessPolicy::PerStatementRequired,
                ..
            } => self.witnessed.contains(&statement_id),
            AnswerDetail::Difference { witnesses: WitnessPolicy::Single, .. } => !self.witnessed.is_empty(),
            AnswerDetail::Difference { witnesses: WitnessPolicy::None, .. } => true,
        }
    }
}

/// One round: some actions under one binding of their variables.
#[derive(Copy, Clone)]
pub struct DecisionRound<'a, 'q> {
    pub solver: &'a Solver<'a>,
    pub question: &'a Question<'q>,
    pub prepared: &'a CompiledQuestion<'q>,
    pub budget: &'a Budget,
    /// How the choices are read.
    pub interpretation: Interpretation,
    /// What is known of the context in this round.
    pub known: &'a KnownContext,
    /// The values that variables were given in this round.
    pub assigned: &'a BTreeMap<ContextKey, String>,
    /// Whether variables are symbols: then only "nothing" is an answer.
    pub is_symbolic: bool,
}

/// The action's own part of a request: how its name is found, and on what it can be asked.
pub(crate) struct RequestShape<'d> {
    /// The action; none for actions that do not exist yet.
    pub action: Option<&'d ActionRef>,
    /// What the resource meets; empty: anything.
    pub resource_globs: Vec<Arc<[GlobRef]>>,
    /// What an ARN of the domain tells.
    pub arn_segments: ArnSegmentsKnown,
    /// The actions that this one stands for.
    pub actions: &'d Actions,
    /// The group of existing actions, if it is one.
    pub action_class: Option<&'d ActionEquivalenceClass>,
    /// Where the name may lie, for actions that do not exist yet.
    pub future_name: Option<&'d FutureActionName<'d>>,
}

impl DecisionRound<'_, '_> {
    /// Decides a group of existing actions whose branches are narrowed to the statements that speak of it.
    pub(crate) fn decide_class(
        &self,
        class: &ActionEquivalenceClass,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        for domain in self.find_domains(class, effective, declared)? {
            let request_shape = RequestShape {
                action: Some(&class.representative),
                resource_globs: domain.glob_lists(),
                arn_segments: domain.arn_segments,
                actions: &class.actions,
                action_class: Some(class),
                future_name: None,
            };
            self.decide_branches(&request_shape, effective, declared, outcome)?;
        }
        Ok(())
    }

    /// The resources that a group is asked on; told apart by what their ARNs tell only where some
    /// condition speaks of that.
    fn find_domains(
        &self,
        class: &ActionEquivalenceClass,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Result<Vec<ResourceDomain>, LimitExceeded> {
        if let Some((_, resource)) = self.question.single_request {
            // A principal acts in its own partition only.
            let arn_partition = Arn::parse(resource).and_then(|arn| Partition::parse(arn.partition()));
            if arn_partition.is_some_and(|told| {
                self.question.partition.is_some_and(|principal_partition| principal_partition != told)
            }) {
                return Ok(Vec::new());
            }
            let globs = [self.solver.interner.intern_exact(resource)?].into();
            return Ok(vec![ResourceDomain { globs, arn_segments: ArnSegmentsKnown::default() }]);
        }
        let needs_segments = self.has_segment_condition(effective, declared);
        let shape = match (class.shape, &class.representative) {
            (Some(shape), _) => shape,
            (None, ActionRef::Known(id)) => self.solver.catalog.shape(*id),
            (None, ActionRef::Unknown(..)) => return self.build_any_domains(effective, declared),
        };
        let domains = self.solver.shape_domains(shape, self.question.partition)?;
        if needs_segments { Ok(domains.by_segments.clone()) } else { Ok(vec![domains.combined.clone()]) }
    }

    /// Whether some condition speaks of what an ARN tells.
    fn has_segment_condition(&self, effective: &[CompiledBranch], declared: &[CompiledBranch]) -> bool {
        let tests_segment = |branch: &CompiledBranch| {
            branch
                .statement_indices()
                .filter_map(|i| self.prepared.statements.get(i))
                .flat_map(|s| &s.literals)
                .any(|l| matches!(&l.field, Field::Key(key) if find_arn_segment(key).is_some()))
        };
        self.assigned.keys().any(|key| find_arn_segment(key).is_some())
            || effective.iter().chain(declared).any(tests_segment)
    }

    /// The resources that an action may be asked on of which nothing is known.
    pub(crate) fn build_any_domains(
        &self,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Result<Vec<ResourceDomain>, LimitExceeded> {
        if self.has_segment_condition(effective, declared) {
            return build_any_resource_domains_by_segments(&self.solver.interner, self.question.partition);
        }
        Ok(vec![build_any_resource_domain(&self.solver.interner, self.question.partition)?])
    }

    /// Decides one action, or all that it stands for, on one domain.
    pub(crate) fn decide_branches(
        &self,
        request_shape: &RequestShape<'_>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let initial_error: RefCell<Option<LimitExceeded>> = RefCell::new(None);
        let initial = |field: &Field| {
            self.compute_initial_state(request_shape, field).unwrap_or_else(|error| {
                initial_error.replace(Some(error));
                FieldState::unconstrained()
            })
        };
        let search = CubeSearch { interner: &self.solver.interner, budget: self.budget, initial_state: &initial };
        let mut alternatives = vec![Vec::new()];
        for branch in declared {
            let branch_alternatives = self.negate_branch(branch, request_shape);
            alternatives = alternatives
                .iter()
                .flat_map(|c: &Vec<Clause>| branch_alternatives.iter().map(|b| [c.as_slice(), b].concat()))
                .collect();
        }
        for branch in effective {
            let Some((granting_layer, other_layers)) = branch.allow_layers.split_first() else { continue };
            if other_layers.iter().any(Vec::is_empty) {
                continue;
            }
            let mut base_clauses: Vec<Clause> =
                self.applicable_exclusions(branch, request_shape).map(|l| vec![vec![l.clone()]]).collect();
            base_clauses.extend(self.build_segment_literals(request_shape).into_iter().map(|l| vec![vec![l]]));
            base_clauses.extend(
                other_layers
                    .iter()
                    .map(|list| list.iter().map(|i| self.lift_statement_literals(*i, request_shape)).collect()),
            );
            base_clauses.extend(
                branch
                    .deny_statements
                    .iter()
                    .map(|i| negate_conjunction(&self.lift_statement_literals(*i, request_shape))),
            );
            for granting_index in granting_layer {
                let Some(statement) = self.prepared.statements.get(*granting_index) else { continue };
                let mut difference = StatementDifference {
                    cubes: Vec::new(),
                    has_more_cubes: false,
                    has_excess: false,
                    statement_id: statement.statement_id,
                    witness: None,
                };
                for alternative in &alternatives {
                    let mut clauses = vec![vec![self.lift_statement_literals(*granting_index, request_shape)]];
                    clauses.extend(base_clauses.iter().cloned());
                    clauses.extend(alternative.iter().cloned());
                    let visited = search.visit_cubes(clauses, &mut |state| {
                        self.visit_cube(request_shape, state, &mut difference, outcome)
                    });
                    if let Some(error) = initial_error.take() {
                        return Err(error);
                    }
                    match visited {
                        Ok(ControlFlow::Continue(())) => {}
                        // Enough is known of this statement.
                        Ok(ControlFlow::Break(())) => break,
                        Err(BudgetExhausted) => {
                            outcome.undecided.insert(UndecidedReason::Budget);
                            difference.has_more_cubes = true;
                        }
                    }
                }
                if difference.has_excess {
                    if difference.witness.is_some() {
                        outcome.witnessed.insert(difference.statement_id);
                    }
                    let actions = request_shape.actions.clone();
                    outcome.grants.push(Grant {
                        statement_id: difference.statement_id,
                        actions,
                        cubes: difference.cubes,
                        has_more_cubes: difference.has_more_cubes,
                        witness: difference.witness,
                    });
                    if self.question.detail == AnswerDetail::Verdict {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// A cube was found: tell it, and take a witness from it if the statement has none yet.
    fn visit_cube(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
        difference: &mut StatementDifference,
        outcome: &mut DecisionOutcome,
    ) -> ControlFlow<()> {
        for (field, field_state) in assignment {
            if field_state.check_emptiness(&self.solver.interner, self.budget) == Emptiness::Unknown {
                outcome.undecided.insert(match field {
                    Field::Key(key) => UndecidedReason::Condition(key.as_written().to_owned()),
                    Field::Action | Field::Resource => UndecidedReason::Budget,
                });
                return ControlFlow::Continue(());
            }
        }
        if self.is_symbolic {
            outcome.undecided.insert(UndecidedReason::Budget);
            return ControlFlow::Break(());
        }
        let max_cubes = match self.question.detail {
            AnswerDetail::Verdict => 1,
            AnswerDetail::Difference { max_cubes: cubes, .. } => cubes,
        };
        if difference.has_excess && difference.cubes.len() >= max_cubes {
            difference.has_more_cubes = true;
            return ControlFlow::Break(());
        }
        if !difference.has_excess && !outcome.has_enough_witnesses(difference.statement_id, self.question.detail) {
            let Some(request) = self.build_witness(request_shape, assignment) else {
                outcome.undecided.insert(UndecidedReason::Budget);
                return ControlFlow::Continue(());
            };
            if let Err(refuted) = self.question.replay.map_or(Ok(()), |confirm| confirm(&request, self.interpretation))
            {
                outcome.undecided.insert(UndecidedReason::WitnessRefuted(refuted));
                return ControlFlow::Continue(());
            }
            difference.witness = Some(request);
        }
        difference.has_excess = true;
        let requires_witness = matches!(
            self.question.detail,
            AnswerDetail::Difference { witnesses: WitnessPolicy::PerStatementRequired, .. }
        );
        if self.question.detail == AnswerDetail::Verdict || (requires_witness && difference.witness.is_none()) {
            difference.has_more_cubes = true;
            return ControlFlow::Break(());
        }
        difference.cubes.push(render_cube(assignment, &request_shape.resource_globs, &self.solver.interner));
        ControlFlow::Continue(())
    }

    /// The ways in which a branch does not allow, disjoint: some Deny matches; else it does not speak of
    /// the resource; else no statement of some list matches.
    fn negate_branch(&self, branch: &CompiledBranch, request_shape: &RequestShape<'_>) -> Vec<Vec<Clause>> {
        let mut alternatives = Vec::new();
        let mut so_far: Vec<Clause> = Vec::new();
        for deny in &branch.deny_statements {
            let literals = self.lift_statement_literals(*deny, request_shape);
            alternatives.push([so_far.as_slice(), &[vec![literals.clone()]]].concat());
            so_far.push(negate_conjunction(&literals));
        }
        for exclusion in self.applicable_exclusions(branch, request_shape) {
            alternatives.push([so_far.as_slice(), &[vec![vec![exclusion.negate()]]]].concat());
            so_far.push(vec![vec![exclusion.clone()]]);
        }
        for list in &branch.allow_layers {
            let mut alternative = so_far.clone();
            alternative
                .extend(list.iter().map(|i| negate_conjunction(&self.lift_statement_literals(*i, request_shape))));
            alternatives.push(alternative);
            so_far.push(list.iter().map(|i| self.lift_statement_literals(*i, request_shape)).collect());
        }
        alternatives
    }

    /// What a branch leaves to others, for the service of the action asked.
    fn applicable_exclusions<'b>(
        &self,
        branch: &'b CompiledBranch,
        request_shape: &RequestShape<'_>,
    ) -> impl Iterator<Item = &'b Literal> {
        let service = match (request_shape.action, request_shape.future_name) {
            (Some(action), _) => Some(action.service(self.solver.catalog)),
            (None, Some(name)) => name.service.map(str::to_owned),
            (None, None) => None,
        };
        branch.scope_exclusions.iter().filter(move |(s, _)| s.is_none() || service == *s).map(|(_, literal)| literal)
    }

    /// A statement's literals; those on keys that the ARN tells become literals on the resource.
    fn lift_statement_literals(&self, index: usize, request_shape: &RequestShape<'_>) -> Vec<Literal> {
        let Some(statement) = self.prepared.statements.get(index) else { return Vec::new() };
        statement.literals.iter().map(|l| self.lift_literal(l, request_shape.arn_segments)).collect()
    }

    fn lift_literal(&self, literal: &Literal, arn_segments: ArnSegmentsKnown) -> Literal {
        let Field::Key(key) = &literal.field else { return literal.clone() };
        let Some(segment) = find_arn_segment(key).filter(|s| arn_segments.has_segment(*s)) else {
            return literal.clone();
        };
        let LiteralValues::Text(globs) = &literal.values else { return literal.clone() };
        let globs: Vec<GlobRef> = globs.iter().map(|g| lift_to_arn(&self.solver.interner, segment, g)).collect();
        Literal::from_globs(Field::Resource, globs.into(), false, literal.is_positive)
    }

    /// Where a variable was given a value that the ARN tells too, the ARN must tell the same.
    fn build_segment_literals(&self, request_shape: &RequestShape<'_>) -> Vec<Literal> {
        let literals = self.assigned.iter().filter_map(|(key, value)| {
            let segment = find_arn_segment(key).filter(|s| request_shape.arn_segments.has_segment(*s))?;
            let glob = self.solver.interner.intern_exact(value).ok()?;
            let lifted = lift_to_arn(&self.solver.interner, segment, &glob);
            Some(Literal::from_globs(Field::Resource, [lifted].into(), false, true))
        });
        literals.collect()
    }

    fn compute_initial_state(
        &self,
        request_shape: &RequestShape<'_>,
        field: &Field,
    ) -> Result<FieldState, LimitExceeded> {
        match field {
            Field::Action => Ok(request_shape
                .future_name
                .map_or_else(FieldState::always_present, |name| name.to_field_state(&self.solver.interner))),
            Field::Resource => {
                let mut state = FieldState::always_present();
                for globs in &request_shape.resource_globs {
                    state.add(&Literal::from_globs(Field::Resource, Arc::clone(globs), false, true));
                }
                Ok(state)
            }
            Field::Key(key) => {
                let shape = match (request_shape.action_class.and_then(|g| g.shape), request_shape.action) {
                    _ if self.question.single_request.is_some() => None,
                    (Some(shape), _) => Some(shape),
                    (None, Some(ActionRef::Known(id))) => Some(self.solver.catalog.shape(*id)),
                    _ => None,
                };
                self.solver.compute_key_state(key, self.known, shape)
            }
        }
    }
}

/// What one granting statement was found to allow beyond.
struct StatementDifference {
    statement_id: (usize, usize),
    has_excess: bool,
    cubes: Vec<Cube>,
    has_more_cubes: bool,
    witness: Option<Request>,
}

impl CompiledBranch {
    /// The branch with only the statements that `keep` names.
    pub(crate) fn filter_statements(&self, keep: impl Fn(usize) -> bool) -> CompiledBranch {
        let narrow = |list: &Vec<usize>| list.iter().copied().filter(|i| keep(*i)).collect();
        CompiledBranch {
            allow_layers: self.allow_layers.iter().map(narrow).collect(),
            deny_statements: narrow(&self.deny_statements),
            scope_exclusions: self.scope_exclusions.clone(),
        }
    }

    /// All its statements.
    pub(crate) fn statement_indices(&self) -> impl Iterator<Item = usize> {
        self.allow_layers.iter().flatten().chain(&self.deny_statements).copied()
    }
}
