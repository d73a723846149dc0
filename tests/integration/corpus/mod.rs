//! The specification in executable form: every case of `tests/corpus` run through the evaluator,
//! and (`solver`) through the solver.

pub mod case;
mod solver;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use case::{Case, Expected, Question};
use iamdrift::access::{Decision, Denial, Evaluation, Layers, Request, RequestFacts, ResourceDirectory, evaluate};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{ContextKey, Interpretation, Partition};
use iamdrift::solve::build_effective_access;

/// Whether RCPs bind a service, by the embedded catalog.
pub fn rcp_supported(service: &str) -> bool {
    let catalog = Catalog::embedded();
    catalog.find_service(service).is_some_and(|id| catalog.supports_rcp(id))
}

/// Cases that are not met, each with what it waits for. One that is met must leave this list.
pub const OPEN: [(&str, &str); 2] = [
    ("documents-bad-session-policy-short-arn", "DocumentKind has no kind of its own for session policies"),
    ("numeric-exact-near-tenth-greater", "iam::value::number reads 28 digits at most"),
];

#[test]
fn evaluate_decides_every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let cases = case::load(&folder).unwrap_or_else(|problems| panic!("malformed cases:\n{}", problems.join("\n")));
    assert!(!cases.is_empty(), "{} holds no case", folder.display());
    let is_open = |case: &Case| OPEN.iter().any(|(id, _)| *id == case.id);
    let mut failures: Vec<String> = cases.iter().filter(|case| !is_open(case)).flat_map(self::failures).collect();
    for (id, _) in OPEN {
        if !cases.iter().any(|case| case.id == id && !self::failures(case).is_empty()) {
            failures.push(format!("{id} is met or gone: take it out of OPEN"));
        }
    }
    println!("{} cases, {} failures, {} open", cases.len(), failures.len(), OPEN.len());
    assert!(failures.is_empty(), "{} of {} cases fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn failures(case: &Case) -> Vec<String> {
    let fail = |reading: &str, expected: String, got: String| {
        format!("{} {}{reading}: expected {expected}, got {got}\n    {}", case.file, case.id, case.why)
    };
    match &case.question {
        Question::Refuse { messages, expected } => {
            let named = expected.to_lowercase();
            if messages.iter().any(|m| m.to_lowercase().contains(&named)) {
                return Vec::new();
            }
            vec![fail("", format!("a document refused with `{expected}`"), format!("{messages:?}"))]
        }
        Question::Decide { layers, request, expected, is_partial, otherwise } => {
            let mut failures = Vec::new();
            let mut request = request.clone();
            if *is_partial {
                let keys = named_keys(layers);
                let (action, resource) = (request.action.clone(), request.resource.clone());
                request_facts(layers, &action, &resource).complete(&mut request, &keys);
            }
            let request = &request;
            let got = decide(layers, request, Interpretation::default());
            if got.0 != *expected {
                failures.push(fail("", format!("{expected:?}"), got.1));
            }
            if let Some((choice, expected)) = otherwise {
                let got = decide(layers, request, Interpretation::with_alternative(*choice));
                if got.0 != *expected {
                    let reading = format!(" (other reading of {})", choice.name());
                    failures.push(fail(&reading, format!("{expected:?}"), got.1));
                }
            }
            failures
        }
    }
}

/// The keys that the statements of some layers name.
pub fn named_keys(layers: &Layers) -> BTreeSet<ContextKey> {
    let (access, _) = build_effective_access(layers);
    access.uses().flat_map(|statement_use| statement_use.statement().keys().cloned().collect::<Vec<_>>()).collect()
}

/// What a request settles, without a snapshot.
pub fn request_facts<'a>(layers: &Layers, action: &'a str, resource: &str) -> RequestFacts<'a> {
    static DIRECTORY: LazyLock<ResourceDirectory> = LazyLock::new(ResourceDirectory::default);
    let partition = layers.principal.arn.as_ref().and_then(|arn| Partition::parse(arn.partition()));
    RequestFacts::new(Catalog::embedded(), &DIRECTORY, action, resource, partition)
}

fn decide(layers: &Layers, request: &Request, readings: Interpretation) -> (Expected, String) {
    let evaluation = evaluate(layers, request, &rcp_supported, readings);
    let expected = match &evaluation.decision {
        Decision::Allowed => Expected::Allowed,
        Decision::Denied { denial: Denial::Explicit(_) } => Expected::ExplicitDeny,
        Decision::Denied { denial: Denial::Implicit(_) } => Expected::ImplicitDeny,
    };
    (expected, describe(&evaluation))
}

fn describe(evaluation: &Evaluation<'_>) -> String {
    match &evaluation.decision {
        Decision::Allowed => "Allowed".to_owned(),
        Decision::Denied { denial: Denial::Implicit(layers) } => {
            let names: Vec<String> = layers.iter().map(ToString::to_string).collect();
            format!("ImplicitDeny (no Allow in: {})", names.join(", "))
        }
        Decision::Denied { denial: Denial::Explicit(statements) } => {
            let names: Vec<String> = statements.iter().map(|s| format!("{} #{}", s.policy_name(), s.index())).collect();
            format!("ExplicitDeny ({})", names.join(", "))
        }
    }
}
