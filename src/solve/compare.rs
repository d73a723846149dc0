//! Compares two identity policy documents: each direction is a containment question.
//!
//! [`compare`] decides for all requests. If the documents differ, it returns a request that proves it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::formula::Access;
use super::answer::{ContainmentVerdict, Grant};
use super::compile::solver::Solver;
use super::question::{ActionWorld, AnswerDetail, Question, WitnessPolicy};
use crate::access::{KnownContext, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use crate::catalog::Catalog;
use crate::iam::{DocumentKind, Interpretation, PolicyDocument};
use crate::solve::budget::COMPARE_STEPS;
use crate::source::{Diagnostics, SourceFile};

#[doc(inline)]
pub use super::answer::UndecidedReason;

/// The actions that [`compare`] covers.
const WORLDS: [ActionWorld; 2] = [ActionWorld::Existing, ActionWorld::Future];

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

/// How two policy documents relate, with the proof of each difference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentComparison {
    /// The relation of the first document to the second.
    pub relation: PolicyRelation,
    /// What the first document allows and the second does not. None if there is no such request, or if that is undecided.
    pub a_not_b: Option<AccessDifference>,
    /// What the second document allows and the first does not. None if there is no such request, or if that is undecided.
    pub b_not_a: Option<AccessDifference>,
    /// The reasons why the relation is undecided. Empty if it is decided.
    pub reasons: Vec<UndecidedReason>,
}

/// The requests that one document allows and the other does not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessDifference {
    /// One such request.
    pub witness: ComparisonWitness,
    /// The actions of these requests, sorted: `s3:GetObject`. For actions that AWS has not released, the patterns of the
    /// document that match them: `s3:Get*`.
    pub actions: Vec<String>,
    /// The positions of the statements that allow them in their document, from 0, sorted.
    pub statements: Vec<usize>,
}

/// A request that one document allows and the other does not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComparisonWitness {
    /// The action: `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// The context keys of the request, with their values. Every other key is missing from the request.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The comparison of two documents, with the verdict of the solver for each direction.
#[doc(hidden)]
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
        let policy = PolicyRef::new("", PolicyOrigin::Given, Arc::clone(document));
        ComparedPolicy { access: Access::from_policies([(document, 0)]), layers: Layers::from_identity(vec![policy]) }
    }

    /// Whether the concrete evaluator allows a request.
    fn allows(&self, request: &Request, interpretation: Interpretation) -> bool {
        evaluate(&self.layers, request, &|_| true, interpretation).is_allowed()
    }
}

/// Compares the requests that two identity policies allow, for any principal. `a` and `b` are policy documents as JSON.
///
/// ```
/// use iamdrift::catalog::Catalog;
/// use iamdrift::compare::{PolicyRelation, compare};
///
/// let broad = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}"#;
/// let narrow = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}]}"#;
/// let comparison = compare(broad, narrow, Catalog::embedded())?;
/// assert_eq!(comparison.relation, PolicyRelation::Broader);
///
/// let difference = comparison.a_not_b.ok_or("a difference")?;
/// assert!(difference.actions.contains(&"s3:GetBucketAcl".to_owned()));
/// assert!(difference.witness.action.starts_with("s3:Get"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A text that is not a valid identity policy: all its errors, with their positions in `a` or `b`.
pub fn compare(a: &str, b: &str, catalog: &Catalog) -> Result<DocumentComparison, Diagnostics> {
    let parse = |name: &str, text: &str| {
        PolicyDocument::parse(&SourceFile::new(name, text), DocumentKind::Identity).map(Arc::new)
    };
    let (a, b) = match (parse("a", a), parse("b", b)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(mut problems), Err(more)) => {
            problems.0.extend(more.0);
            return Err(problems);
        }
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => return Err(problems),
    };
    let comparison = compare_policies(&Solver::new(catalog), &a, &b, &WORLDS, 1);
    let mut reasons: Vec<UndecidedReason> = Vec::new();
    for verdict in [&comparison.a_not_b, &comparison.b_not_a] {
        let ContainmentVerdict::Undecided(undecided) = verdict else { continue };
        for reason in undecided {
            if !reasons.contains(reason) {
                reasons.push(reason.clone());
            }
        }
    }
    Ok(DocumentComparison {
        relation: comparison.relation,
        a_not_b: describe_difference(&comparison.a_not_b, catalog),
        b_not_a: describe_difference(&comparison.b_not_a, catalog),
        reasons,
    })
}

/// The proven difference of one direction. None if nothing is proven.
fn describe_difference(verdict: &ContainmentVerdict, catalog: &Catalog) -> Option<AccessDifference> {
    let ContainmentVerdict::Broader(grants) = verdict else { return None };
    let witness = grants.iter().find_map(|grant| grant.witness.as_ref())?;
    let names = |grant: &Grant| grant.actions.names(catalog);
    Some(AccessDifference {
        witness: ComparisonWitness::from_request(witness),
        actions: grants.iter().flat_map(names).collect::<BTreeSet<String>>().into_iter().collect(),
        statements: grants.iter().map(|grant| grant.statement_id.1).collect::<BTreeSet<usize>>().into_iter().collect(),
    })
}

impl ComparisonWitness {
    fn from_request(request: &Request) -> ComparisonWitness {
        let context = request.context.0.iter();
        ComparisonWitness {
            action: request.action.clone(),
            resource: request.resource.clone(),
            context: context.map(|(key, value)| (key.as_written().to_owned(), value.values().to_vec())).collect(),
        }
    }
}

/// Compares the requests that two identity policies allow, for any principal.
///
/// `cubes` is the largest number of cubes for each class of actions.
#[doc(hidden)]
pub fn compare_policies(
    solver: &Solver<'_>,
    a: &Arc<PolicyDocument>,
    b: &Arc<PolicyDocument>,
    worlds: &[ActionWorld],
    cubes: usize,
) -> PolicyComparison {
    // Equal statements are equivalent, even if the solver cannot decide them.
    if a == b {
        return PolicyComparison::new(ContainmentVerdict::Contained, ContainmentVerdict::Contained);
    }
    let known = KnownContext::unconstrained();
    compare_requests(solver, a, b, &ComparedRequests { known: &known, single_request: None, worlds, cubes })
}

/// The requests that a comparison covers.
pub(crate) struct ComparedRequests<'r> {
    /// What is known of their context.
    pub(crate) known: &'r KnownContext,
    /// Their action and resource. `None` for all.
    pub(crate) single_request: Option<(&'r str, &'r str)>,
    pub(crate) worlds: &'r [ActionWorld],
    /// The largest number of cubes for each class of actions.
    pub(crate) cubes: usize,
}

/// Compares the requests that two documents without principals allow.
pub(crate) fn compare_requests(
    solver: &Solver<'_>,
    a: &Arc<PolicyDocument>,
    b: &Arc<PolicyDocument>,
    requests: &ComparedRequests<'_>,
) -> PolicyComparison {
    let (policy_a, policy_b) = (ComparedPolicy::new(a), ComparedPolicy::new(b));
    let a_not_b = decide_direction(solver, &policy_a, &policy_b, requests);
    let b_not_a = decide_direction(solver, &policy_b, &policy_a, requests);
    PolicyComparison::new(a_not_b, b_not_a)
}

impl PolicyComparison {
    /// The comparison with these verdicts on its directions.
    pub(crate) fn new(a_not_b: ContainmentVerdict, b_not_a: ContainmentVerdict) -> PolicyComparison {
        PolicyComparison { relation: derive_relation(&a_not_b, &b_not_a), a_not_b, b_not_a }
    }
}

/// The requests that `effective` allows and `declared` does not.
fn decide_direction(
    solver: &Solver<'_>,
    effective: &ComparedPolicy,
    declared: &ComparedPolicy,
    requests: &ComparedRequests<'_>,
) -> ContainmentVerdict {
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
    for world in requests.worlds {
        // One replayed witness proves the difference.
        let witnesses = match verdict {
            ContainmentVerdict::Broader(_) => WitnessPolicy::None,
            ContainmentVerdict::Contained | ContainmentVerdict::Undecided(_) => WitnessPolicy::Single,
        };
        verdict = verdict.combine(solver.solve(&Question {
            effective: &effective.access,
            declared: &declared.access,
            known: requests.known,
            partition: None,
            world: *world,
            single_request: requests.single_request,
            budget: COMPARE_STEPS,
            detail: AnswerDetail::Difference { max_cubes: requests.cubes, witnesses },
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn allow(statement: &str) -> String {
        format!(r#"{{"Statement": [{{"Effect": "Allow", {statement}}}]}}"#)
    }

    fn compare_statements(a: &str, b: &str) -> DocumentComparison {
        compare(&allow(a), &allow(b), Catalog::embedded()).unwrap()
    }

    const ALL_OBJECTS: &str = r#""Action": "s3:GetObject", "Resource": "*""#;
    const REPORTS: &str = r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*""#;

    #[test]
    fn each_direction_has_its_own_difference() {
        let comparison = compare_statements(REPORTS, ALL_OBJECTS);
        assert_eq!((comparison.relation, &comparison.a_not_b), (PolicyRelation::Narrower, &None));
        let difference = comparison.b_not_a.unwrap();
        assert_eq!((difference.actions, difference.statements), (vec!["s3:GetObject".to_owned()], vec![0]));
        assert!(!difference.witness.resource.starts_with("arn:aws:s3:::reports/"));

        let other = r#""Action": "ec2:RunInstances", "Resource": "*""#;
        let comparison = compare_statements(REPORTS, other);
        assert_eq!(comparison.relation, PolicyRelation::Incomparable);
        assert_eq!(comparison.a_not_b.unwrap().witness.action, "s3:GetObject");
        assert_eq!(comparison.b_not_a.unwrap().witness.action, "ec2:RunInstances");
    }

    #[test]
    fn future_actions_are_covered() {
        let listed: Vec<String> = {
            let catalog = Catalog::embedded();
            let service = catalog.find_service("ce").unwrap();
            let actions = catalog.actions().filter(|action| catalog.action_service(*action) == service);
            actions.map(|action| format!("{:?}", catalog.full_name(action))).collect()
        };
        let listed = format!(r#""Action": [{}], "Resource": "*""#, listed.join(", "));
        let comparison = compare_statements(r#""Action": "ce:*", "Resource": "*""#, &listed);
        assert_eq!(comparison.relation, PolicyRelation::Broader);
        assert_eq!(comparison.a_not_b.unwrap().actions, ["ce:*"]);
    }

    #[test]
    fn an_undecided_relation_has_a_reason() {
        let variable = r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:username}/*""#;
        let comparison = compare_statements(variable, r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*""#);
        assert_eq!(comparison.relation == PolicyRelation::Undecided, !comparison.reasons.is_empty());
    }

    #[test]
    fn the_errors_of_both_documents_are_reported() {
        let problems = compare("{", r#"{"Statement": 1}"#, Catalog::embedded()).unwrap_err();
        let files: Vec<String> = problems.0.iter().map(|problem| problem.place().file).collect();
        assert_eq!(files, ["a", "b"]);
    }
}
