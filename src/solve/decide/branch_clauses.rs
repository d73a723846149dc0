//! The constraints of a branch as clauses for the cube search.

use super::cube_search::{Clause, negate_conjunction};
use super::request_shape::RequestShape;
use super::round::DecisionRound;
use crate::iam::ContextKey;
use crate::solve::budget::LimitExceeded;
use crate::solve::compile::arn_segment::{ArnSegment, lift_to_arn};
use crate::solve::compile::prepared::CompiledBranch;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::values::literal::{Field, Literal, LiteralValues};

/// The largest number of cases in which no branch allows a request. Their number is a product over the branches.
const MAX_CASES: usize = 10_000;

impl DecisionRound<'_, '_> {
    /// The clauses of an effective branch, except for its granting statement. None if a layer has no statement, so that
    /// the branch allows nothing.
    pub(super) fn limiting_clauses(
        &self,
        branch: &CompiledBranch,
        request_shape: &RequestShape<'_>,
    ) -> Result<Option<Vec<Clause>>, LimitExceeded> {
        let Some((_, limiting_layers)) = branch.allow_layers.split_first() else { return Ok(None) };
        if limiting_layers.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        let mut clauses: Vec<Clause> =
            self.applicable_exclusions(branch, request_shape).map(|l| vec![vec![l.clone()]]).collect();
        clauses.extend(self.build_segment_literals(request_shape)?.into_iter().map(|l| vec![vec![l]]));
        for layer in limiting_layers {
            clauses.push(self.layer_clause(layer, request_shape)?);
        }
        for deny in &branch.deny_statements {
            clauses.push(negate_conjunction(&self.lift_statement_literals(*deny, request_shape)?));
        }
        Ok(Some(clauses))
    }

    /// The disjoint cases in which none of these branches allows a request.
    pub(super) fn negate_branches(
        &self,
        branches: &[CompiledBranch],
        request_shape: &RequestShape<'_>,
    ) -> Result<Vec<Vec<Clause>>, LimitExceeded> {
        let mut cases: Vec<Vec<Clause>> = vec![Vec::new()];
        // A branch with a layer without statements allows nothing.
        for branch in branches.iter().filter(|branch| !branch.allow_layers.iter().any(Vec::is_empty)) {
            let branch_cases = self.negate_branch(branch, request_shape)?;
            if cases.len().saturating_mul(branch_cases.len()) > MAX_CASES {
                return Err(LimitExceeded);
            }
            cases = cases.iter().flat_map(|c| branch_cases.iter().map(|b| [c.as_slice(), b].concat())).collect();
        }
        Ok(cases)
    }

    /// The disjoint cases in which a branch does not allow a request: a Deny statement matches; or the branch excludes
    /// the resource; or no statement of some layer matches.
    fn negate_branch(
        &self,
        branch: &CompiledBranch,
        request_shape: &RequestShape<'_>,
    ) -> Result<Vec<Vec<Clause>>, LimitExceeded> {
        let mut cases = Vec::new();
        let mut earlier_cases_excluded: Vec<Clause> = Vec::new();
        for deny in &branch.deny_statements {
            let literals = self.lift_statement_literals(*deny, request_shape)?;
            cases.push([earlier_cases_excluded.as_slice(), &[vec![literals.clone()]]].concat());
            earlier_cases_excluded.push(negate_conjunction(&literals));
        }
        for exclusion in self.applicable_exclusions(branch, request_shape) {
            cases.push([earlier_cases_excluded.as_slice(), &[vec![vec![exclusion.negate()]]]].concat());
            earlier_cases_excluded.push(vec![vec![exclusion.clone()]]);
        }
        for layer in &branch.allow_layers {
            let mut case = earlier_cases_excluded.clone();
            let clause = self.layer_clause(layer, request_shape)?;
            case.extend(clause.iter().map(|literals| negate_conjunction(literals)));
            cases.push(case);
            earlier_cases_excluded.push(clause);
        }
        Ok(cases)
    }

    /// The clause that some statement of a layer matches.
    fn layer_clause(&self, layer: &[usize], request_shape: &RequestShape<'_>) -> Result<Clause, LimitExceeded> {
        layer.iter().map(|i| self.lift_statement_literals(*i, request_shape)).collect()
    }

    /// The exclusions of a branch that apply to the service of the action.
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

    /// The literals of a statement. Literals on keys whose value the ARN contains become literals on the resource.
    pub(super) fn lift_statement_literals(
        &self,
        index: usize,
        request_shape: &RequestShape<'_>,
    ) -> Result<Vec<Literal>, LimitExceeded> {
        let literals = &self.prepared.statement(index).literals;
        literals.iter().map(|l| self.lift_literal(l, request_shape)).collect()
    }

    pub(super) fn lift_literal(
        &self,
        literal: &Literal,
        request_shape: &RequestShape<'_>,
    ) -> Result<Literal, LimitExceeded> {
        let Field::Key(key) = &literal.field else { return Ok(literal.clone()) };
        if !self.known.is_complete() && request_shape.facts.is_region_key(self.solver.catalog, key) {
            let field = Field::Key(ContextKey::new("aws:RequestedRegion"));
            return self.lift_literal(&Literal { field, ..literal.clone() }, request_shape);
        }
        let Some(segment) = find_repeated_segment(key, request_shape) else { return Ok(literal.clone()) };
        let LiteralValues::Text(globs) = &literal.values else { return Ok(literal.clone()) };
        let lift = |glob: &GlobRef| lift_to_arn(&self.solver.interner, segment, glob);
        let globs = globs.iter().map(lift).collect::<Result<Vec<GlobRef>, _>>()?;
        Ok(match literal.is_positive {
            true => Literal::matching(Field::Resource, globs.into()),
            false => Literal::not_matching(Field::Resource, globs.into()),
        })
    }

    /// If a variable was assigned a value that the ARN also contains, the two values are equal.
    fn build_segment_literals(&self, request_shape: &RequestShape<'_>) -> Result<Vec<Literal>, LimitExceeded> {
        let interner = &self.solver.interner;
        let mut literals = Vec::new();
        for (key, value) in self.assigned {
            if request_shape.facts.is_region_key(self.solver.catalog, key) {
                let literal = Literal::matching(Field::Key(key.clone()), [interner.intern_exact(value)?].into());
                literals.push(self.lift_literal(&literal, request_shape)?);
            }
            if let Some(segment) = find_repeated_segment(key, request_shape) {
                let lifted = lift_to_arn(interner, segment, &interner.intern_exact(value)?)?;
                literals.push(Literal::matching(Field::Resource, [lifted].into()));
            }
        }
        Ok(literals)
    }
}

/// The segment of the ARN that a key repeats in the requests of a shape. None if it repeats none.
pub(super) fn find_repeated_segment(key: &ContextKey, request_shape: &RequestShape<'_>) -> Option<ArnSegment> {
    let segment = ArnSegment::of_key(key)?;
    let is_repeated = request_shape.arn_segments.has_segment(segment) && request_shape.facts.repeats_segment(segment);
    is_repeated.then_some(segment)
}
