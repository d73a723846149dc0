//! Random accounts: everything is accepted, one thing changes, and the evaluator says which findings must be back.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use iamdrift::access::{Context, LayerCollector, Layers, PolicyOrigin, PolicyRef, Request, evaluate};
use iamdrift::baseline::Baseline;
use iamdrift::iam::{Interpretation, PolicyDocument};
use iamdrift::snapshot::{Principal, Snapshot, SnapshotPaths};
use rayon::prelude::*;

use super::generated_account::{Direction, GeneratedAccount};
use super::{Workspace, ceiling, manifest};
use crate::corpus::rcp_supported;
use crate::recorded_results::random::Random;

const ACCOUNTS: u64 = 16;
const CHANGES_PER_ACCOUNT: usize = 4;

const SAMPLED_ACTIONS: [(&str, &[&str]); 6] = [
    ("s3:GetObject", OBJECTS),
    ("s3:PutObject", OBJECTS),
    ("s3:DeleteObject", OBJECTS),
    ("s3:DeleteObjectVersion", OBJECTS),
    ("sqs:SendMessage", QUEUES),
    ("sqs:PurgeQueue", QUEUES),
];
const OBJECTS: &[&str] = &["arn:aws:s3:::pub/k", "arn:aws:s3:::a/k", "arn:aws:s3:::other/k"];
const QUEUES: &[&str] = &["arn:aws:sqs:eu-west-1:111122223333:q"];

/// The Regions of requests on a resource: that of its ARN, which is the one of the endpoint, or any.
fn list_regions(resource: &str) -> &'static [&'static str] {
    if QUEUES.contains(&resource) { &["eu-west-1"] } else { &["eu-west-1", "us-east-1"] }
}

fn list_requests(principal: &Principal) -> Vec<Request> {
    let mut requests = Vec::new();
    for (action, resources) in SAMPLED_ACTIONS {
        for resource in resources {
            for address in ["10.0.1.1", "192.0.2.1"] {
                for transport in ["true", "false"] {
                    for region in list_regions(resource) {
                        let mut context = Context::default();
                        context.set("aws:SourceIp", address);
                        context.set("aws:SecureTransport", transport);
                        context.set("aws:RequestedRegion", *region);
                        context.set("aws:PrincipalArn", principal.arn.as_str());
                        context.set("aws:PrincipalAccount", principal.arn.account());
                        for (key, value) in &principal.tags {
                            context.set(&format!("aws:PrincipalTag/{key}"), value.clone());
                        }
                        requests.push(Request { action: action.to_owned(), resource: (*resource).to_owned(), context });
                    }
                }
            }
        }
    }
    requests
}

fn is_allowed(layers: &Layers, request: &Request) -> bool {
    evaluate(layers, request, &rcp_supported, Interpretation::default()).is_allowed()
}

fn layers_of(document: &Arc<PolicyDocument>) -> Layers {
    Layers::from_identity(vec![PolicyRef::new("", PolicyOrigin::Given, Arc::clone(document))])
}

/// The documents that exceptions accept for a finding.
fn list_accepted(baseline: &Baseline, key: &str) -> Vec<Layers> {
    let exceptions = baseline.exceptions.iter().filter(|exception| exception.finding.value == key);
    exceptions
        .flat_map(|exception| &exception.accepts.documents)
        .map(|document| layers_of(&document.document))
        .collect()
}

/// The findings that must be open: a principal can make a sampled request that neither ceiling nor exception allows.
fn find_required_keys(workspace: &Workspace) -> BTreeSet<String> {
    let baseline = Baseline::load(&workspace.path("b")).map_err(|problems| problems.to_string()).unwrap();
    let organization = Some(workspace.path("organization.json")).filter(|path| Path::new(path).exists());
    let paths = SnapshotPaths { snapshot: workspace.path("account.json"), organization, ..SnapshotPaths::default() };
    let snapshot = Snapshot::load_with(&paths).unwrap_or_else(|error| panic!("{error}"));
    let collector = LayerCollector::new(&snapshot);
    let text = std::fs::read_to_string(workspace.path("b/c.json")).unwrap();
    let source = iamdrift::source::SourceFile::new("c.json", text);
    let ceiling = PolicyDocument::parse(&source, iamdrift::iam::DocumentKind::Identity).unwrap();
    let ceiling = layers_of(&Arc::new(ceiling));
    let mut required = BTreeSet::new();
    for (account, principal) in snapshot.principals() {
        let layers = collector.collect(account, principal);
        let is_declared = principal.name.starts_with('r');
        let rule = if is_declared { "iam001" } else { "iam007" };
        let key = format!("{rule}/111122223333/role/{}", principal.name);
        let accepted = list_accepted(&baseline, &key);
        let is_beyond = |request: &Request| {
            is_allowed(&layers, request)
                && !(is_declared && is_allowed(&ceiling, request))
                && !accepted.iter().any(|accepted| is_allowed(accepted, request))
        };
        if list_requests(principal).iter().any(is_beyond) {
            required.insert(key);
        }
    }
    required
}

/// Writes the files of an account.
fn write_account(workspace: &Workspace, account: &GeneratedAccount) {
    workspace.set_account(&account.to_account());
    match account.to_organization() {
        Some(organization) => {
            std::fs::write(workspace.path("organization.json"), organization.to_string()).unwrap();
        }
        None => drop(std::fs::remove_file(workspace.path("organization.json"))),
    }
}

/// The number of changes after which a finding had to be back.
fn check_account(seed: u64) -> usize {
    let mut random = Random::from_seed(seed);
    let before = GeneratedAccount::draw(&mut random);
    let lines = "assumable_by = [\"ec2.amazonaws.com\"]\n";
    let workspace = Workspace::new(&before.to_account(), &[manifest(lines), ceiling()]);
    write_account(&workspace, &before);
    let output = workspace.accept(&["--all"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let files = format!("{}\n{:?}", before.to_account(), before.to_organization().map(|o| o.to_string()));
    assert_eq!(output.status.code(), Some(0), "seed {seed}: {}\n{files}", String::from_utf8_lossy(&output.stderr));
    let (status, _) = workspace.audit();
    assert!(matches!(status, 0 | 3), "seed {seed}: {status}: {:?}\n{text}", workspace.open_keys());
    assert_eq!(find_required_keys(&workspace), BTreeSet::new(), "seed {seed}: {text}");
    let mut returned = 0;
    for _ in 0..CHANGES_PER_ACCOUNT {
        let mut after = before.clone();
        let (change, direction) = after.change(&mut random);
        write_account(&workspace, &after);
        let open: BTreeSet<String> = workspace.open_keys().into_iter().collect();
        let required = find_required_keys(&workspace);
        let missing: Vec<&String> = required.difference(&open).collect();
        assert!(missing.is_empty(), "seed {seed}, {change}: {missing:?} is not back\n{}", after.to_account());
        returned += usize::from(!required.is_empty());
        if direction == Direction::Shrinks {
            let back: Vec<&String> = open.iter().filter(|key| !key.starts_with("iam009/")).collect();
            assert!(back.is_empty(), "seed {seed}, {change}: {back:?} is back\n{}", after.to_account());
        }
    }
    returned
}

/// Many accounts: `IAMDRIFT_ACCEPT_SEEDS` is the range of their seeds.
#[test]
#[ignore = "a long run"]
fn what_grows_is_back_in_many_accounts() {
    let seeds = std::env::var("IAMDRIFT_ACCEPT_SEEDS").unwrap_or_else(|_| "1000-1200".to_owned());
    let (first, last) = seeds.split_once('-').unwrap();
    let seeds: Vec<u64> = (first.parse().unwrap()..=last.parse().unwrap()).collect();
    let returned: usize = seeds.par_iter().map(|seed| check_account(*seed)).sum();
    println!("{} accounts: after {returned} changes a finding had to be back", seeds.len());
}

#[test]
fn what_grows_is_back_and_what_shrinks_is_not() {
    let returned: usize = (1..=ACCOUNTS).into_par_iter().map(check_account).sum();
    println!("{ACCOUNTS} accounts with {CHANGES_PER_ACCOUNT} changes each: after {returned} a finding had to be back");
    assert!(returned >= 5, "{returned}");
}
