//! Every case run through the solver: the one request is asked about, and nothing is declared.

use std::path::Path;

use iamdrift::access::{ContextValue, KeyFact, KnownContext, Layers, Request};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{Interpretation, Partition};
use iamdrift::solve::{
    Access, ActionWorld, AnswerDetail, ContainmentVerdict, Question, Solver, build_effective_access,
};

use super::case::{self, Expected};
use super::{OPEN, named_keys, request_facts};

#[test]
fn solve_decides_every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let cases = case::load(&folder).unwrap_or_else(|problems| panic!("malformed cases:\n{}", problems.join("\n")));
    let solver = Solver::new(Catalog::embedded());
    let (mut asked, mut failures) = (0, Vec::new());
    for case in cases.iter().filter(|case| !OPEN.iter().any(|(id, _)| *id == case.id)) {
        let case::Question::Decide { layers, request, expected, is_partial, otherwise } = &case.question else {
            continue;
        };
        let mut readings = vec![(Interpretation::default(), "", *expected)];
        readings.extend(
            otherwise.map(|(choice, expected)| (Interpretation::with_alternative(choice), choice.name(), expected)),
        );
        for (reading, name, expected) in readings {
            asked += 1;
            let known = known_context(layers, request, *is_partial);
            let got = decide(&solver, layers, request, &known, reading);
            if got != Ok(expected == Expected::Allowed) {
                failures.push(format!(
                    "{} {} {name}: expected {expected:?}, got {got:?}\n    {}",
                    case.file, case.id, case.why
                ));
            }
        }
    }
    println!("{asked} decisions, {} failures", failures.len());
    assert!(asked > 1000);
    assert!(failures.is_empty(), "{} of {asked} decisions fail:\n{}", failures.len(), failures.join("\n"));
}

/// The stated context. Of a partial one, the keys that the request settles are left to the solver, and the others are
/// missing.
fn known_context(layers: &Layers, request: &Request, is_partial: bool) -> KnownContext {
    if !is_partial {
        return KnownContext::from_request_context(&request.context);
    }
    let mut known = KnownContext::unconstrained();
    let facts = request_facts(layers, &request.action, &request.resource);
    for key in named_keys(layers) {
        match request.context.get(&key) {
            Some(ContextValue::Single(value)) => known.set(key.as_written(), KeyFact::Value(value.clone())),
            Some(ContextValue::Set(values)) => known.set(key.as_written(), KeyFact::Set(values.clone())),
            None if facts.key_fact(&key).is_none() => known.set(key.as_written(), KeyFact::Missing),
            None => {}
        }
    }
    known
}

/// Whether the solver finds the request allowed; the error says why it is undecided.
fn decide(
    solver: &Solver<'_>,
    layers: &Layers,
    request: &Request,
    known: &KnownContext,
    readings: Interpretation,
) -> Result<bool, String> {
    let (effective, _) = build_effective_access(layers);
    let question = Question {
        effective: &effective,
        declared: &Access::default(),
        known,
        partition: layers.principal.arn.as_ref().and_then(|arn| Partition::parse(arn.partition())),
        world: ActionWorld::Existing,
        single_request: Some((request.action.trim(), &request.resource)),
        budget: 100_000,
        detail: AnswerDetail::Verdict,
        witness_account: None,
        replay: None,
    };
    match solver.solve_with_interpretation(&question, readings) {
        ContainmentVerdict::Broader(_) => Ok(true),
        ContainmentVerdict::Contained => Ok(false),
        ContainmentVerdict::Undecided(why) => Err(format!("{why:?}")),
    }
}
