//! Two identity policy documents, each held against the other.

use std::sync::Arc;

use super::compile::Solver;
use super::question::{Access, Depth, Question, Witnesses, World};
use super::verdict::{Undecided, Verdict};
use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::iam::{PolicyDocument, Readings};

/// Steps that one direction of a comparison may take.
const BUDGET: u64 = 2_000_000;

/// How two documents relate.
#[derive(Copy, Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
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
pub struct Comparison {
    /// How the first relates to the second.
    pub relation: Relation,
    /// What the first allows and the second does not.
    pub a_not_b: Verdict,
    /// What the second allows and the first does not.
    pub b_not_a: Verdict,
}

/// Compares what two identity policies allow, whoever has them.
pub fn compare(
    solver: &Solver<'_>,
    a: &Arc<PolicyDocument>,
    b: &Arc<PolicyDocument>,
    worlds: &[World],
    cubes: usize,
) -> Comparison {
    // The same statements mean the same, even where nobody can say what.
    if a == b {
        return Comparison { relation: Relation::Equivalent, a_not_b: Verdict::Contained, b_not_a: Verdict::Contained };
    }
    let known = KnownContext::nothing();
    let layers = |document: &Arc<PolicyDocument>| {
        let policy = PolicyRef { name: String::new(), origin: PolicyOrigin::Given, document: Arc::clone(document) };
        Layers::of_identity(vec![policy])
    };
    let (layers_a, layers_b) = (layers(a), layers(b));
    let allows = |layers: &Layers, request: &Request, readings: Readings| {
        evaluate(layers, request, &|_| true, readings).is_allowed()
    };
    let (access_a, access_b) = (Access::of_policies([(a, 0)]), Access::of_policies([(b, 0)]));
    let direction = |effective: &Access, declared: &Access, e: &Layers, d: &Layers| {
        let confirm = |request: &Request, readings| match (allows(e, request, readings), allows(d, request, readings)) {
            (true, false) => Ok(()),
            (allowed, declared) => Err(format!(
                "{} on {} {:?} (allowed {allowed}, declared {declared})",
                request.action, request.resource, request.context
            )),
        };
        let mut verdict = Verdict::Contained;
        for world in worlds {
            // One witness tells the difference; the evaluator replays it.
            let witnesses = if matches!(verdict, Verdict::Broader(_)) { Witnesses::None } else { Witnesses::One };
            let question = Question {
                effective,
                declared,
                known: &known,
                partition: None,
                world: *world,
                only: None,
                budget: BUDGET,
                depth: Depth::Difference { cubes, witnesses },
                account: None,
                confirm: Some(&confirm),
            };
            verdict = verdict.and(solver.solve(&question));
        }
        verdict
    };
    let a_not_b = direction(&access_a, &access_b, &layers_a, &layers_b);
    let b_not_a = direction(&access_b, &access_a, &layers_b, &layers_a);
    let relation = match (&a_not_b, &b_not_a) {
        (Verdict::Undecided(_), _) | (_, Verdict::Undecided(_)) => Relation::Undecided,
        (Verdict::Contained, Verdict::Contained) => Relation::Equivalent,
        (Verdict::Contained, Verdict::Broader(_)) => Relation::Narrower,
        (Verdict::Broader(_), Verdict::Contained) => Relation::Broader,
        (Verdict::Broader(_), Verdict::Broader(_)) => Relation::Incomparable,
    };
    Comparison { relation, a_not_b, b_not_a }
}

impl Verdict {
    /// The verdict on two questions together: excess in either is excess.
    pub fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (Verdict::Broader(mut grants), Verdict::Broader(more)) => {
                grants.extend(more);
                Verdict::Broader(grants)
            }
            (Verdict::Broader(grants), _) | (_, Verdict::Broader(grants)) => Verdict::Broader(grants),
            (Verdict::Undecided(mut why), Verdict::Undecided(more)) => {
                why.extend(more.into_iter().filter(|w: &Undecided| !why.contains(w)).collect::<Vec<_>>());
                Verdict::Undecided(why)
            }
            (Verdict::Undecided(why), Verdict::Contained) | (Verdict::Contained, Verdict::Undecided(why)) => {
                Verdict::Undecided(why)
            }
            (Verdict::Contained, Verdict::Contained) => Verdict::Contained,
        }
    }
}
