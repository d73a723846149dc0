//! The example incident: everything in it is read, and it tells the story that its README tells.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use iamdrift::access::{
    Context, Decision, Denial, Layer, Request, evaluate, gather, known_context, missing,
};
use iamdrift::baseline::{Assignment, Baseline, Entry, IgnoredBy, PrincipalView, aws_managed_arn};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{PolicyDocument, Readings};
use iamdrift::snapshot::{Account, Principal, PrincipalKind, Snapshot, SnapshotPaths};
use iamdrift::solve::{Access, Branch, Depth, Question, Solver, Verdict, World};

use crate::corpus::rcp_supported;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident")
}

fn snapshot() -> Snapshot {
    let paths = SnapshotPaths {
        snapshot: folder().join("account.json"),
        organization: Some(folder().join("organization.json")),
        resource_policies: Vec::new(),
    };
    Snapshot::load_with(&paths).unwrap_or_else(|error| panic!("{error}"))
}

fn baseline() -> Baseline {
    Baseline::load_with(&folder().join("baseline"), Catalog::embedded()).unwrap_or_else(|error| panic!("{error}"))
}

fn principal<'s>(snapshot: &'s Snapshot, name: &str) -> (&'s Account, &'s Principal) {
    snapshot.principals().find(|(_, p)| p.name == name).unwrap()
}

#[test]
fn everything_is_read_and_everyone_has_a_place() {
    let (snapshot, baseline) = (snapshot(), baseline());
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    assert!(baseline.unchecked_duties().is_empty());
    let principals: Vec<_> = snapshot.principals().collect();
    let views: Vec<_> = principals
        .iter()
        .map(|(_, p)| PrincipalView {
            arn: p.arn.as_str(),
            tags: &p.tags,
            is_service_linked: p.kind == PrincipalKind::ServiceLinkedRole,
        })
        .collect();
    let assignments = baseline.assign(&views);
    assert!(assignments.stale.is_empty() && assignments.ambiguities.is_empty());
    let names = |wanted: fn(&Assignment) -> bool| -> Vec<&str> {
        principals.iter().zip(&assignments.of).filter(|(_, a)| wanted(a)).map(|((_, p), _)| p.name.as_str()).collect()
    };
    assert_eq!(names(|a| matches!(a, Assignment::Declared(_))).len(), 13);
    assert_eq!(names(|a| *a == Assignment::Undeclared), ["data-migration-2024"]);
    assert_eq!(names(|a| *a == Assignment::Ignored(IgnoredBy::ServiceLinked)).len(), 2);
    let undecided: Vec<_> = principals
        .iter()
        .flat_map(|(account, p)| missing(&snapshot, account, p).into_iter().map(|absent| absent.to_string()))
        .collect();
    assert_eq!(undecided, ["attached policy arn:aws-cn:iam::111122223333:policy/etl-nightly is not in the snapshot"]);
}

/// Why a request is denied; none if it is allowed.
fn denied(snapshot: &Snapshot, name: &str, action: &str, resource: &str) -> Option<String> {
    let (account, principal) = principal(snapshot, name);
    let layers = gather(snapshot, account, principal);
    let mut context = Context::default();
    context.set("aws:PrincipalArn", principal.arn.as_str());
    let request = Request { action: action.to_owned(), resource: resource.to_owned(), context };
    match evaluate(&layers, &request, &rcp_supported, Readings::default()).decision {
        Decision::Allowed => None,
        Decision::Denied { by: Denial::Explicit(by) } => Some(by[0].policy_name().to_owned()),
        Decision::Denied { by: Denial::Implicit(layers) } => {
            Some(if layers == [Layer::Boundary] { "boundary" } else { "not allowed" }.to_owned())
        }
    }
}

#[test]
fn what_happened_and_what_could_not() {
    let snapshot = snapshot();
    let stack = "arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/cost-explorer-api/5f0c";
    let database = "arn:aws-cn:rds:cn-north-1:111122223333:db:cost-explorer-1";
    for role in ["cost-explorer-oncall", "lantern-cost-explorer"] {
        assert_eq!(denied(&snapshot, role, "cloudformation:DeleteStack", stack), None);
        assert_eq!(denied(&snapshot, role, "rds:StopDBInstance", database), None);
        assert_eq!(denied(&snapshot, role, "rds:DeleteDBInstance", database).unwrap(), "ProtectDatabases");
    }
    assert_eq!(denied(&snapshot, "emergency", "rds:DeleteDBInstance", database), None);
    let pipeline = "cost-explorer-pipeline";
    assert_eq!(denied(&snapshot, pipeline, "cloudformation:DeleteStack", stack).unwrap(), "boundary");
    assert_eq!(denied(&snapshot, pipeline, "cloudformation:ExecuteChangeSet", stack), None);
    assert_eq!(denied(&snapshot, "lantern-observability", "cloudformation:DeleteStack", stack).unwrap(), "not allowed");
}

fn ceiling(account: &Account, entry: &Entry) -> Vec<Arc<PolicyDocument>> {
    let aws_managed = |path: &str| {
        let policy = account.policies.get(&aws_managed_arn(account.partition.as_str(), path))?;
        policy.document.document.clone().ok()
    };
    let documents = entry.ceiling.resolve(Catalog::embedded(), aws_managed).unwrap_or_else(|e| panic!("{e}"));
    documents.into_iter().map(|d| d.document).collect()
}

/// Whether a principal is as declared, by identity policies, boundary and SCPs; it has no other layers.
fn verdict(snapshot: &Snapshot, account: &Account, principal: &Principal, entry: &Entry) -> Verdict {
    let layers = gather(snapshot, account, principal);
    let mut lists: Vec<Vec<Arc<PolicyDocument>>> = vec![layers.identity.iter().map(|p| p.document.clone()).collect()];
    lists.extend(layers.boundary.iter().map(|policies| policies.iter().map(|p| p.document.clone()).collect()));
    lists.extend(layers.scps.iter().flatten().map(|level| level.policies.iter().map(|p| p.document.clone()).collect()));
    let mut branch = Branch::default();
    for (index, list) in lists.iter().enumerate() {
        for document in list {
            branch.add_allows(index, document, index);
            branch.add_denies(document, index);
        }
    }
    let declared = ceiling(account, entry);
    let question = Question {
        effective: &Access { branches: vec![branch] },
        declared: &Access::of_policies(declared.iter().map(|d| (d, 0))),
        known: &known_context(snapshot, principal),
        partition: Some(account.partition),
        world: World::Closed,
        only: None,
        budget: 1_000_000,
        depth: Depth::Verdict,
        account: None,
        confirm: None,
    };
    let solver = Solver::new(Catalog::embedded());
    let closed = solver.solve(&question);
    closed.and(solver.solve(&Question { world: World::Open, ..question }))
}

#[test]
fn three_are_broader_and_nine_as_declared() {
    let (snapshot, baseline) = (snapshot(), baseline());
    let (mut broader, mut contained) = (Vec::new(), Vec::new());
    for (account, principal) in snapshot.principals().filter(|(_, p)| p.missing.is_empty()) {
        let view = PrincipalView { arn: principal.arn.as_str(), tags: &principal.tags, is_service_linked: false };
        let Assignment::Declared(entry) = baseline.assign(&[view]).of[0] else { continue };
        match verdict(&snapshot, account, principal, &baseline.entries[entry]) {
            Verdict::Contained => contained.push(principal.name.as_str()),
            Verdict::Broader(_) => broader.push(principal.name.as_str()),
            Verdict::Undecided(why) => panic!("{}: {why:?}", principal.name),
        }
    }
    broader.sort_unstable();
    assert_eq!(broader, ["cost-explorer-oncall", "j.verhoeven", "lantern-cost-explorer"]);
    assert_eq!(contained.len(), 9, "{contained:?}");
}
