//! Two identity policy documents, each held against the other.

use std::sync::Arc;

use super::answer::{ContainmentVerdict, UndecidedReason};
use super::compile::solver::Solver;
use super::question::{Access, ActionWorld, AnswerDetail, Question, WitnessPolicy};
use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::iam::{Interpretation, PolicyDocument};

/// Steps that one direction of a comparison may take.
const BUDGET: u64 = 2_000_000;

/// How two documents relate.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyRelation {
    /// Each allows what the other does.
    Equivalent,
    /// The first allows less.
    Narrower,
    /// The first allows more.
    Broader,
    /// Each allows something that the other does not.
    Incomparable,
    /// It could not be decided.
    Undecided,
}

/// Two documents compared.
#[derive(Debug)]
pub struct PolicyComparison {
    /// How the first relates to the second.
    pub relation: PolicyRelation,
    /// What the first allows and the second does not.
    pub a_not_b: ContainmentVerdict,
    /// What the second allows and the first does not.
    pub b_not_a: ContainmentVerdict,
}

/// Compares what two identity policies allow, whoever has them.
pub fn compare_policies(
    solver: &Solver<'_>,
    a: &Arc<PolicyDocument>,
    b: &Arc<PolicyDocument>,
    worlds: &[ActionWorld],
    cubes: usize,
) -> PolicyComparison {
    // The same statements mean the same, even where nobody can say what.
    if a == b {
        return PolicyComparison {
            relation: PolicyRelation::Equivalent,
            a_not_b: ContainmentVerdict::Contained,
            b_not_a: ContainmentVerdict::Contained,
        };
    }
    let known = KnownContext::unconstrained();
    let layers = |document: &Arc<PolicyDocument>| {
        let policy = PolicyRef { name: String::new(), origin: PolicyOrigin::Given, document: Arc::clone(document) };
        Layers::from_identity(vec![policy])
    };
    let (layers_a, layers_b) = (layers(a), layers(b));
    let allows = |layers: &Layers, request: &Request, interpretation: Interpretation| {
        evaluate(layers, request, &|_| true, interpretation).is_allowed()
    };
    let (access_a, access_b) = (Access::from_policies([(a, 0)]), Access::from_policies([(b, 0)]));
    let decide_direction =
        |effective: &Access, declared: &Access, effective_layers: &Layers, declared_layers: &Layers| {
            let replay = |request: &Request, interpretation| match (
                allows(effective_layers, request, interpretation),
                allows(declared_layers, request, interpretation),
            ) {
                (true, false) => Ok(()),
                (allowed, declared) => Err(format!(
                    "{} on {} {:?} (allowed {allowed}, declared {declared})",
                    request.action, request.resource, request.context
                )),
            };
            let mut verdict = ContainmentVerdict::Contained;
            for world in worlds {
                // One witness tells the difference; the evaluator replays it.
                let witnesses = if matches!(verdict, ContainmentVerdict::Broader(_)) {
                    WitnessPolicy::None
                } else {
                    WitnessPolicy::Single
                };
                let question = Question {
                    effective,
                    declared,
                    known: &known,
                    partition: None,
                    world: *world,
                    single_request: None,
                    budget: BUDGET,
                    detail: AnswerDetail::Difference { max_cubes: cubes, witnesses },
                    witness_account: None,
                    replay: Some(&replay),
                };
                verdict = verdict.combine(solver.solve(&question));
            }
            verdict
        };
    let a_not_b = decide_direction(&access_a, &access_b, &layers_a, &layers_b);
    let b_not_a = decide_direction(&access_b, &access_a, &layers_b, &layers_a);
    let relation = match (&a_not_b, &b_not_a) {
        (ContainmentVerdict::Undecided(_), _) | (_, ContainmentVerdict::Undecided(_)) => PolicyRelation::Undecided,
        (ContainmentVerdict::Contained, ContainmentVerdict::Contained) => PolicyRelation::Equivalent,
        (ContainmentVerdict::Contained, ContainmentVerdict::Broader(_)) => PolicyRelation::Narrower,
        (ContainmentVerdict::Broader(_), ContainmentVerdict::Contained) => PolicyRelation::Broader,
        (ContainmentVerdict::Broader(_), ContainmentVerdict::Broader(_)) => PolicyRelation::Incomparable,
    };
    PolicyComparison { relation, a_not_b, b_not_a }
}

impl ContainmentVerdict {
    /// The verdict on two questions together: excess in either is excess.
    pub fn combine(self, other: ContainmentVerdict) -> ContainmentVerdict {
        match (self, other) {
            (ContainmentVerdict::Broader(mut grants), ContainmentVerdict::Broader(more)) => {
                grants.extend(more);
                ContainmentVerdict::Broader(grants)
            }
            (ContainmentVerdict::Broader(grants), _) | (_, ContainmentVerdict::Broader(grants)) => {
                ContainmentVerdict::Broader(grants)
            }
            (ContainmentVerdict::Undecided(mut reasons), ContainmentVerdict::Undecided(more)) => {
                reasons.extend(more.into_iter().filter(|w: &UndecidedReason| !reasons.contains(w)).collect::<Vec<_>>());
                ContainmentVerdict::Undecided(reasons)
            }
            (ContainmentVerdict::Undecided(reasons), ContainmentVerdict::Contained)
            | (ContainmentVerdict::Contained, ContainmentVerdict::Undecided(reasons)) => {
                ContainmentVerdict::Undecided(reasons)
            }
            (ContainmentVerdict::Contained, ContainmentVerdict::Contained) => ContainmentVerdict::Contained,
        }
    }
}
