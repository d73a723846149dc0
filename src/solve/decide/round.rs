//! One round of the decision: some actions under one binding of the variables, by granting statement and cube.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::cube_search::{BudgetExhausted, Clause, CubeSearch, PartialAssignment};
use super::difference::render_cube;
use super::outcome::DecisionOutcome;
use super::request_shape::RequestShape;
use super::shape_facts::ShapeFacts;
use crate::access::{KnownContext, Request};
use crate::catalog::ResourceTypeId;
use crate::iam::{Arn, ContextKey, Interpretation, Partition};
use crate::solve::access::formula::StatementId;
use crate::solve::actions::named_actions::ActionRef;
use crate::solve::answer::{Cube, Grant, UndecidedReason};
use crate::solve::budget::{Budget, LimitExceeded};
use crate::solve::compile::action_classes::ActionEquivalenceClass;
use crate::solve::compile::arn_segment::ArnSegmentsKnown;
use crate::solve::compile::key_topics::KeyTopics;
use crate::solve::compile::prepared::{CompiledBranch, CompiledQuestion};
use crate::solve::compile::resource_domain::{
    ResourceDomain, build_any_resource_domain, build_any_resource_domains_by_segments,
};
use crate::solve::compile::solver::Solver;
use crate::solve::question::{AnswerDetail, Question, WitnessPolicy};
use crate::solve::values::field_state::FieldState;
use crate::solve::values::field_value::Emptiness;
use crate::solve::values::literal::{Field, Literal};

/// One round: some actions under one binding of the variables.
#[derive(Copy, Clone)]
pub(crate) struct DecisionRound<'a, 'q> {
    pub solver: &'a Solver<'a>,
    pub question: &'a Question<'q>,
    pub prepared: &'a CompiledQuestion<'q>,
    pub budget: &'a Budget,
    /// The interpretation of ambiguities.
    pub interpretation: Interpretation,
    /// The known context of this round.
    pub known: &'a KnownContext,
    /// The values assigned to variables in this round.
    pub assigned: &'a BTreeMap<ContextKey, String>,
    /// Whether variables are symbols. Such a round can only prove containment.
    pub is_symbolic: bool,
}

/// The excess of one granting statement so far.
struct StatementDifference {
    statement_id: StatementId,
    has_excess: bool,
    cubes: Vec<Cube>,
    has_more_cubes: bool,
    witness: Option<Request>,
}

impl DecisionRound<'_, '_> {
    /// Decides a class of existing actions. The branches contain only statements that list it.
    pub(crate) fn decide_class(
        &self,
        class: &ActionEquivalenceClass,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        for domain in self.find_domains(class, effective, declared)? {
            let partition = self.question.partition;
            let request_shape = RequestShape {
                action: Some(&class.representative),
                resource_globs: domain.glob_lists(),
                arn_segments: domain.arn_segments,
                keys: self.collect_keys(effective, declared),
                facts: ShapeFacts::of_action(self.solver.catalog, &class.representative, &domain.types, partition),
                actions: &class.actions,
                future_name: None,
            };
            self.decide_branches(&request_shape, effective, declared, outcome)?;
        }
        Ok(())
    }

    /// The resource domains of a class. They are separated by the facts in their ARNs only if some condition depends on
    /// these facts.
    fn find_domains(
        &self,
        class: &ActionEquivalenceClass,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Result<Vec<ResourceDomain>, LimitExceeded> {
        if let Some((_, resource)) = self.question.single_request {
            // A principal acts in its own partition only. A resource without an ARN, such as `*`, is in every partition.
            let arn = Arn::parse(resource);
            let arn_partition = arn.as_ref().and_then(|arn| Partition::parse(arn.partition()));
            if let (Some(arn_partition), Some(own_partition)) = (arn_partition, self.question.partition)
                && arn_partition != own_partition
            {
                return Ok(Vec::new());
            }
            let globs = [self.solver.interner.intern_exact(resource)?].into();
            let types = match &arn {
                _ if self.known.is_complete() => [].into(),
                _ => self.find_resource_types(class, arn.as_ref().map_or("*", Arn::as_str)),
            };
            let arn = arn.filter(|_| !self.known.is_complete());
            let arn_segments = arn.as_ref().map_or(ArnSegmentsKnown::default(), ArnSegmentsKnown::of_arn);
            return Ok(vec![ResourceDomain { globs, arn_segments, types }]);
        }
        let topics = self.collect_topics(effective, declared);
        let needs_segments = topics.intersects(KeyTopics::REGION | KeyTopics::OWNER | KeyTopics::ORGANIZATION);
        let shape = match (class.shape, &class.representative) {
            (Some(shape), _) => shape,
            (None, ActionRef::Known(id)) => self.solver.catalog.shape(*id),
            (None, ActionRef::Unknown(..)) => return self.build_any_domains(effective, declared),
        };
        if topics.intersects(KeyTopics::SERVICE)
            && let Some(domains) = self.find_type_domains(shape, effective, declared)?
        {
            return Ok(domains);
        }
        let domains = self.solver.shape_domains(shape, self.question.partition)?;
        if needs_segments { Ok(domains.by_segments.clone()) } else { Ok(vec![domains.combined.clone()]) }
    }

    /// The resource types of a class that an ARN, or `*`, can have. Empty if it has the format of none.
    fn find_resource_types(&self, class: &ActionEquivalenceClass, resource: &str) -> Arc<[ResourceTypeId]> {
        let ActionRef::Known(id) = &class.representative else { return [].into() };
        let catalog = self.solver.catalog;
        let types = catalog.resource_types(catalog.shape(*id)).iter();
        types.copied().filter(|resource_type| catalog.matches_arn_format(*resource_type, resource)).collect()
    }

    /// The resource domains of an action that the catalog does not know.
    pub(crate) fn build_any_domains(
        &self,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Result<Vec<ResourceDomain>, LimitExceeded> {
        let topics = self.collect_topics(effective, declared);
        if topics.intersects(KeyTopics::REGION | KeyTopics::OWNER | KeyTopics::ORGANIZATION) {
            return build_any_resource_domains_by_segments(&self.solver.interner, self.question.partition);
        }
        Ok(vec![build_any_resource_domain(&self.solver.interner, self.question.partition)?])
    }

    /// Decides an action, and all actions that it represents, in one resource domain.
    pub(crate) fn decide_branches(
        &self,
        request_shape: &RequestShape<'_>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
        outcome: &mut DecisionOutcome,
    ) -> Result<(), LimitExceeded> {
        let undeclared_cases = self.negate_branches(declared, request_shape)?;
        let links = self.build_link_clauses(request_shape, effective, declared)?;
        for branch in effective {
            let Some(limiting_clauses) = self.limiting_clauses(branch, request_shape)? else { continue };
            for granting_index in branch.granting_layer() {
                let granting_literals = self.lift_statement_literals(granting_index, request_shape)?;
                let mut clauses = vec![vec![granting_literals]];
                clauses.extend(limiting_clauses.iter().chain(&links).cloned());
                let statement_id = self.prepared.statement(granting_index).statement_id;
                let difference =
                    self.search_difference(request_shape, statement_id, &clauses, &undeclared_cases, outcome)?;
                if difference.has_excess {
                    record_grant(request_shape, difference, outcome);
                    if self.question.detail == AnswerDetail::Verdict {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Searches the requests that satisfy some clauses and one of the undeclared cases.
    fn search_difference(
        &self,
        request_shape: &RequestShape<'_>,
        statement_id: StatementId,
        clauses: &[Clause],
        undeclared_cases: &[Vec<Clause>],
        outcome: &mut DecisionOutcome,
    ) -> Result<StatementDifference, LimitExceeded> {
        // The search cannot return this error, so the round checks it afterwards.
        let initial_error: RefCell<Option<LimitExceeded>> = RefCell::new(None);
        let initial_state = |field: &Field| {
            self.compute_initial_state(request_shape, field).unwrap_or_else(|error| {
                initial_error.replace(Some(error));
                FieldState::unconstrained()
            })
        };
        let interner = &self.solver.interner;
        let search = CubeSearch { interner, budget: self.budget, initial_state: &initial_state };
        let mut difference = StatementDifference {
            statement_id,
            has_excess: false,
            cubes: Vec::new(),
            has_more_cubes: false,
            witness: None,
        };
        for case in undeclared_cases {
            let visited = search.visit_cubes([clauses, case].concat(), &mut |assignment| {
                self.visit_cube(request_shape, assignment, &mut difference, outcome)
            });
            if let Some(error) = initial_error.take() {
                return Err(error);
            }
            match visited {
                Ok(ControlFlow::Continue(())) => {}
                // The details of this statement are complete.
                Ok(ControlFlow::Break(())) => break,
                Err(BudgetExhausted) => {
                    outcome.undecided.insert(UndecidedReason::Budget);
                    difference.has_more_cubes = true;
                }
            }
        }
        Ok(difference)
    }

    /// Records a cube, and builds a witness from it if the statement needs one.
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
            match self.build_replayed_witness(request_shape, assignment) {
                Ok(request) => difference.witness = Some(request),
                Err(reason) => {
                    outcome.undecided.insert(reason);
                    return ControlFlow::Continue(());
                }
            }
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

    /// A witness from a cube, if the evaluator confirms it.
    fn build_replayed_witness(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
    ) -> Result<Request, UndecidedReason> {
        let request = self.build_witness(request_shape, assignment)?;
        if let Some(replay) = self.question.replay {
            replay(&request, self.interpretation).map_err(UndecidedReason::WitnessRefuted)?;
        }
        Ok(request)
    }

    /// The state of a field before any literal.
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
                    state.add(&Literal::matching(Field::Resource, Arc::clone(globs)));
                }
                Ok(state)
            }
            Field::Key(key) => {
                let mut state = self.solver.compute_key_state(key, self.known)?;
                self.apply_shape_facts(request_shape, key, &mut state)?;
                Ok(state)
            }
        }
    }
}

/// Adds the excess of a statement to the outcome.
fn record_grant(request_shape: &RequestShape<'_>, difference: StatementDifference, outcome: &mut DecisionOutcome) {
    if difference.witness.is_some() {
        outcome.witnessed.insert(difference.statement_id);
    }
    outcome.grants.push(Grant {
        statement_id: difference.statement_id,
        actions: request_shape.actions.clone(),
        cubes: difference.cubes,
        has_more_cubes: difference.has_more_cubes,
        witness: difference.witness,
    });
}
