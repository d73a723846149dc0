//! The example incident: everything in it is read, and it tells the story that its README tells.

use std::path::{Path, PathBuf};

use iamdrift::access::{Context, Decision, Denial, Layer, Request, collect_layers, evaluate, find_missing_documents};
use iamdrift::audit::{AuditOptions, PrincipalStatus, RuleId, audit};
use iamdrift::baseline::{Assignment, Baseline, IgnoreReason, PrincipalView};
use iamdrift::catalog::Catalog;
use iamdrift::iam::Interpretation;
use iamdrift::snapshot::{Account, IamEntityKind, LayerKind, MissingReason, Principal, Snapshot};

use crate::corpus::rcp_supported;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident")
}

fn snapshot() -> Snapshot {
    Snapshot::load(&folder().join("snapshot")).unwrap_or_else(|error| panic!("{error}"))
}

fn baseline() -> Baseline {
    Baseline::load_with_catalog(&folder().join("baseline"), Catalog::embedded())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn principal<'s>(snapshot: &'s Snapshot, name: &str) -> (&'s Account, &'s Principal) {
    snapshot.principals().find(|(_, p)| p.name == name).unwrap()
}

#[test]
fn everything_is_read_and_everyone_has_a_place() {
    let (snapshot, baseline) = (snapshot(), baseline());
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    let principals: Vec<_> = snapshot.principals().collect();
    let views: Vec<_> = principals
        .iter()
        .map(|(_, p)| PrincipalView {
            arn: p.arn.as_str(),
            tags: &p.tags,
            is_service_linked: p.entity_kind == IamEntityKind::ServiceLinkedRole,
        })
        .collect();
    let assignments = baseline.assign(&views);
    assert!(assignments.stale.is_empty() && assignments.ambiguities.is_empty());
    let names = |wanted: fn(&Assignment) -> bool| -> Vec<&str> {
        principals
            .iter()
            .zip(&assignments.by_principal)
            .filter(|(_, a)| wanted(a))
            .map(|((_, p), _)| p.name.as_str())
            .collect()
    };
    assert_eq!(names(|a| matches!(a, Assignment::Declared(_))).len(), 13);
    assert_eq!(names(|a| *a == Assignment::Undeclared), ["data-migration-2024"]);
    assert_eq!(names(|a| *a == Assignment::Ignored(IgnoreReason::ServiceLinked)).len(), 2);
    let undecided: Vec<_> = principals
        .iter()
        .flat_map(|(account, p)| {
            find_missing_documents(&snapshot, account, p).into_iter().map(|absent| (p.name.as_str(), absent))
        })
        .collect();
    let [("etl-nightly", absent)] = &undecided[..] else { panic!("{undecided:?}") };
    assert_eq!((absent.layer, &absent.reason), (LayerKind::Identity, &MissingReason::NotCollected));
    assert!(absent.name.ends_with("arn:aws-cn:iam::111122223333:policy/etl-nightly"), "{}", absent.name);
}

/// Why a request is denied.
#[derive(Debug, PartialEq)]
enum Denied {
    /// By a Deny of the policy of this name.
    By(String),
    /// No statement of these layers allows it.
    NotAllowed(Vec<Layer>),
}

/// Why a request is denied; None if it is allowed.
fn denied(snapshot: &Snapshot, name: &str, action: &str, resource: &str) -> Option<Denied> {
    let (account, principal) = principal(snapshot, name);
    let layers = collect_layers(snapshot, account, principal);
    let mut context = Context::default();
    context.set("aws:PrincipalArn", principal.arn.as_str());
    let request = Request { action: action.to_owned(), resource: resource.to_owned(), context };
    match evaluate(&layers, &request, &rcp_supported, Interpretation::default()).decision {
        Decision::Allowed => None,
        Decision::Denied { denial: Denial::Explicit(by) } => Some(Denied::By(by[0].policy_name().to_owned())),
        Decision::Denied { denial: Denial::Implicit(layers) } => Some(Denied::NotAllowed(layers)),
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
        let protected = Denied::By("ProtectDatabases".to_owned());
        assert_eq!(denied(&snapshot, role, "rds:DeleteDBInstance", database), Some(protected));
    }
    assert_eq!(denied(&snapshot, "emergency", "rds:DeleteDBInstance", database), None);
    let pipeline = "cost-explorer-pipeline";
    let by_boundary = Denied::NotAllowed(vec![Layer::Boundary]);
    assert_eq!(denied(&snapshot, pipeline, "cloudformation:DeleteStack", stack), Some(by_boundary));
    assert_eq!(denied(&snapshot, pipeline, "cloudformation:ExecuteChangeSet", stack), None);
    let by_identity = Denied::NotAllowed(vec![Layer::Identity]);
    assert_eq!(denied(&snapshot, "lantern-observability", "cloudformation:DeleteStack", stack), Some(by_identity));
}

#[test]
fn the_audit_finds_what_the_story_tells() {
    let (snapshot, baseline) = (snapshot(), baseline());
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
    let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options).unwrap_or_else(|error| panic!("{error}"));
    let of = |status: PrincipalStatus| -> Vec<&str> {
        let reports = audit.principals.iter().filter(|principal| principal.status == status);
        reports.map(|principal| principal.arn.rsplit('/').next().unwrap()).collect()
    };
    assert_eq!(of(PrincipalStatus::Broader), ["lantern-cost-explorer", "cost-explorer-oncall", "j.verhoeven"]);
    assert_eq!(of(PrincipalStatus::Undeclared), ["data-migration-2024"]);
    assert_eq!(of(PrincipalStatus::Undecided), ["etl-nightly"]);
    assert_eq!(of(PrincipalStatus::AsDeclared).len(), 9);
    assert_eq!(of(PrincipalStatus::Ignored).len(), 2);
    let of_rule = |rule: RuleId| -> Vec<&str> {
        let findings = audit.findings.iter().filter(|finding| finding.rule == rule);
        findings.map(|f| f.principal.as_ref().unwrap().name.as_str()).collect()
    };
    assert_eq!(of_rule(RuleId::NotNarrower), ["lantern-cost-explorer"]);
    // Neither has to ask anybody; nobody else is told of, the agent that only looks least of all.
    let unguarded = of_rule(RuleId::Unguarded);
    assert_eq!(unguarded, ["lantern-cost-explorer", "cost-explorer-oncall"]);
    // Each of them can attach a policy to the agent's role, and then create a role under a path that SCPs exempt.
    let mut escalating = of_rule(RuleId::Escalation);
    assert_eq!(escalating.len(), 4);
    escalating.dedup();
    assert_eq!(escalating, unguarded, "database-oncall may assume the role of its agent: the baseline says so");
}

#[test]
fn what_is_not_allowed_is_missing_from_the_layer_that_does_not_allow_it() {
    let (snapshot, baseline) = (snapshot(), baseline());
    let options = AuditOptions { rules: vec![RuleId::Narrower], ..AuditOptions::new(jiff::civil::date(2026, 11, 20)) };
    let audit = audit(&snapshot, &baseline, Catalog::embedded(), &options).unwrap();
    let of_rule = audit.findings.iter().filter(|finding| finding.rule == RuleId::Narrower);
    let nearest: Vec<_> = of_rule.flat_map(|finding| &finding.excess).filter_map(|e| e.expected.as_ref()).collect();
    assert!(!nearest.is_empty());
    // `FullAWSAccess` allows everything, so it is never what comes nearest and fails.
    assert!(nearest.iter().all(|expected| expected.document != "FullAWSAccess"), "{nearest:?}");
}
