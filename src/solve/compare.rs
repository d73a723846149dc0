//! Compares two identity policy documents: each direction is a containment question.

use std::sync::Arc;

use super::access::formula::Access;
use super::answer::ContainmentVerdict;
use super::compile::solver::Solver;
use super::question::{ActionWorld, AnswerDetail, Question, WitnessPolicy};
use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::iam::{Interpretation, PolicyDocument};

/// The solver budget of one direction, in steps.
const BUDGET: u64 = 2_000_000;

/// The relation of two documents.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyRelation {
    /// Both allow the same requests.
    Equivalent,
    /// The second allows all requests of the first, and more.
    Narrower,
    /// The first allows all requests of the second, and more.
    Broader,
    /// Each allows requests that the other does not allow.
    Incomparable,
    /// Undecided.
    Undecided,
}

/// The comparison of two documents.
#[derive(Debug)]
pub struct PolicyComparison {
    /// The relation of the first document to the second.
    pub relation: PolicyRelation,
    /// The requests that the first allows and the second does not.
    pub a_not_b: ContainmentVerdict,
    /// The requests that the second allows and the first does not.
    pub b_not_a: ContainmentVerdict,
}

/// A document with the two representations of its access.
struct ComparedPolicy {
    access: Access,
    layers: Layers,
}

impl ComparedPolicy {
    fn new(document: &Arc<PolicyDocument>) -> ComparedPolicy {
        let policy = PolicyRef { name: String::new(), origin: PolicyOrigin::Given, document: Arc::clone(document) };
        ComparedPolicy { access: Access::from_policies([(document, 0)]), layers: Layers::from_identity(vec![policy]) }
    }

    /// Whether the concrete evaluator allows a request.
    fn allows(&self, request: &Request, interpretation: Interpretation) -> bool {
        evaluate(&self.layers, request, &|_| true, interpretation).is_allowed()
    }
}

/// Compares the requests that two identity policies allow, for any principal.
///
/// `cubes` is the largest number of cubes for each class of actions.
pub fn compare_policies(
    solver: &Solver<'_>,
    a: &Arc<PolicyDocument>,
    b: &Arc<PolicyDocument>,
    worlds: &[ActionWorld],
    cubes: usize,
) -> PolicyComparison {
    // Equal statements are equivalent, even if the solver cannot decide them.
    if a == b {
        return PolicyComparison {
            relation: PolicyRelation::Equivalent,
            a_not_b: ContainmentVerdict::Contained,
            b_not_a: ContainmentVerdict::Contained,
        };
    }
    let (policy_a, policy_b) = (ComparedPolicy::new(a), ComparedPolicy::new(b));
    let a_not_b = decide_direction(solver, &policy_a, &policy_b, worlds, cubes);
    let b_not_a = decide_direction(solver, &policy_b, &policy_a, worlds, cubes);
    PolicyComparison { relation: derive_relation(&a_not_b, &b_not_a), a_not_b, b_not_a }
}

/// The requests that `effective` allows and `declared` does not.
fn decide_direction(
    solver: &Solver<'_>,
    effective: &ComparedPolicy,
    declared: &ComparedPolicy,
    worlds: &[ActionWorld],
    cubes: usize,
) -> ContainmentVerdict {
    let known = KnownContext::unconstrained();
    let replay = |request: &Request, interpretation| match (
        effective.allows(request, interpretation),
        declared.allows(request, interpretation),
    ) {
        (true, false) => Ok(()),
        (allowed, declared) => Err(format!(
            "{} on {} {:?} (allowed {allowed}, declared {declared})",
            request.action, request.resource, request.context
        )),
    };
    let mut verdict = ContainmentVerdict::Contained;
    for world in worlds {
        // One replayed witness proves the difference.
        let witnesses = match verdict {
            ContainmentVerdict::Broader(_) => WitnessPolicy::None,
            ContainmentVerdict::Contained | ContainmentVerdict::Undecided(_) => WitnessPolicy::Single,
        };
        verdict = verdict.combine(solver.solve(&Question {
            effective: &effective.access,
            declared: &declared.access,
            known: &known,
            partition: None,
            world: *world,
            single_request: None,
            budget: BUDGET,
            detail: AnswerDetail::Difference { max_cubes: cubes, witnesses },
            witness_account: None,
            replay: Some(&replay),
        }));
    }
    verdict
}

fn derive_relation(a_not_b: &ContainmentVerdict, b_not_a: &ContainmentVerdict) -> PolicyRelation {
    match (a_not_b, b_not_a) {
        (ContainmentVerdict::Undecided(_), _) | (_, ContainmentVerdict::Undecided(_)) => PolicyRelation::Undecided,
        (ContainmentVerdict::Contained, ContainmentVerdict::Contained) => PolicyRelation::Equivalent,
        (ContainmentVerdict::Contained, ContainmentVerdict::Broader(_)) => PolicyRelation::Narrower,
        (ContainmentVerdict::Broader(_), ContainmentVerdict::Contained) => PolicyRelation::Broader,
        (ContainmentVerdict::Broader(_), ContainmentVerdict::Broader(_)) => PolicyRelation::Incomparable,
    }
}
