//! Real inputs, written by others (`IAMDRIFT_CORPUS`): all of it is read, or named here with the reason.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod not_policies;

use iamdrift::access::{build_known_context, collect_layers, find_missing_documents};
use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::snapshot::{IamEntityKind, LayerKind, MissingReason, Snapshot};
use iamdrift::source::{Diagnostics, SourceFile, json_tree};

use self::not_policies::{NOT_POLICIES, Why};
use crate::needs::corpus;

struct Counts {
    accounts: usize,
    users: usize,
    groups: usize,
    roles: usize,
    sso: usize,
    service_linked: usize,
    undecided: usize,
}

fn counts(snapshot: &Snapshot) -> Counts {
    let of = |kind| snapshot.principals().filter(|(_, p)| p.entity_kind == kind).count();
    let (sso, service_linked) = (of(IamEntityKind::SsoRole), of(IamEntityKind::ServiceLinkedRole));
    Counts {
        accounts: snapshot.accounts.len(),
        users: of(IamEntityKind::User),
        groups: snapshot.accounts.iter().map(|a| a.groups.len()).sum(),
        roles: of(IamEntityKind::Role) + sso + service_linked,
        sso,
        service_linked,
        undecided: snapshot.principals().filter(|(_, p)| !p.missing_documents.is_empty()).count(),
    }
}

fn account(name: &str) -> Snapshot {
    let path = corpus().join("accounts").join(name);
    let snapshot = Snapshot::load(&path).unwrap_or_else(|error| panic!("{error}"));
    for problem in &snapshot.problems {
        eprintln!("{name}: {}: {}", problem.subject, problem.diagnostics);
    }
    for (account, principal) in snapshot.principals() {
        for absent in find_missing_documents(&snapshot, account, principal) {
            eprintln!("{name}: {}: {absent}", principal.arn);
        }
        let layers = collect_layers(&snapshot, account, principal);
        assert_eq!(layers.identity.len(), principal.identity_policies.len());
        build_known_context(&snapshot, principal);
    }
    snapshot
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn an_account_of_hard_cases() {
    let snapshot = account("cloudsplaining__example.json");
    let c = counts(&snapshot);
    assert_eq!((c.users, c.groups, c.roles, c.sso, c.service_linked), (44, 5, 78, 2, 8));
    assert_eq!(c.accounts, 2, "it holds a few principals of a second account");
    assert_eq!(c.undecided, 0);
    assert!(snapshot.problems.is_empty());
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn a_small_account() {
    let snapshot = account("cloudsplaining__example-authz-details.json");
    let c = counts(&snapshot);
    assert_eq!((c.accounts, c.users, c.groups, c.roles, c.undecided), (1, 3, 2, 3, 0));
    assert_eq!(snapshot.accounts[0].policies.len(), 32);
    assert!(snapshot.problems.is_empty());
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn the_sample_output_of_the_aws_cli() {
    let snapshot = account("awscli__get-account-authorization-details.json");
    let c = counts(&snapshot);
    assert_eq!((c.accounts, c.users, c.groups, c.roles), (1, 3, 3, 1));
    // It shows one page of several, and none of the AWS managed policies that it attaches.
    assert_eq!(snapshot.problems.len(), 1);
    let role = snapshot.principals().find(|(_, p)| p.name == "EC2role").unwrap().1;
    let expected = ["arn:aws:iam::aws:policy/AmazonS3FullAccess", "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"];
    assert_eq!(role.missing_documents.len(), expected.len());
    for (absent, arn) in role.missing_documents.iter().zip(expected) {
        assert_eq!((absent.layer, &absent.reason), (LayerKind::Identity, &MissingReason::NotCollected));
        assert!(absent.name.ends_with(arn), "{}", absent.name);
    }
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn the_same_details_under_other_names() {
    let snapshot = account("AirIAM__iam_data.json");
    let c = counts(&snapshot);
    assert_eq!((c.accounts, c.users, c.groups, c.roles), (1, 5, 1, 8));
    assert_eq!(snapshot.accounts[0].policies.len(), 19);
}

/// What is wrong with a document; None if it parses.
fn problems(name: &str, text: &str, kind: DocumentKind) -> Option<Diagnostics> {
    PolicyDocument::parse(&SourceFile::new(name, text), kind).err()
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (AWS managed policies)"]
fn every_aws_managed_policy() {
    let corpus = corpus();
    let packed = std::fs::read(corpus.join("managed-policies/aws_managed_policies_latest.json.zst")).unwrap();
    let text = String::from_utf8(zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    let source = SourceFile::new("aws_managed_policies_latest.json", text);
    let node = json_tree::parse(&source).unwrap();
    let (mut documents, mut statements) = (0, 0);
    for member in node.members() {
        let document = PolicyDocument::from_node(&source, &member.value, DocumentKind::Identity)
            .unwrap_or_else(|error| panic!("{}: {error}", member.name));
        documents += 1;
        statements += document.statements.len();
    }
    assert_eq!((documents, statements), (1611, 9020));
}

fn kind_of(name: &str) -> DocumentKind {
    match name {
        "scp" => DocumentKind::ServiceControl,
        "rcp" => DocumentKind::ResourceControl,
        "trust" => DocumentKind::Trust,
        "resource" => DocumentKind::Resource,
        _ => DocumentKind::Identity,
    }
}

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (policies)"]
fn every_document_of_others() {
    let corpus = corpus();
    let read = |path: &str| std::fs::read_to_string(corpus.join(path)).unwrap();
    let mut documents: Vec<(String, String, DocumentKind)> = Vec::new();
    let index: serde_json::Value = serde_json::from_str(&read("policies/index_scp_rcp_boundaries.json")).unwrap();
    for entry in index.as_array().unwrap() {
        let path = entry["path"].as_str().unwrap();
        documents.push((path.to_owned(), read(path), kind_of(entry["kind"].as_str().unwrap())));
    }
    let lines = read("policies/agents_and_operators.jsonl");
    let trust = read("policies/agent_and_operator_trust_policies.json");
    let trust: Vec<serde_json::Value> = serde_json::from_str(&trust).unwrap();
    for entry in lines.lines().map(|line| serde_json::from_str(line).unwrap()).chain(trust) {
        let part = |name: &str| entry[name].as_str().unwrap().to_owned();
        let name = format!("{}/{}{}", part("repo"), part("file"), part("at"));
        let document = match &entry["document"] {
            serde_json::Value::String(text) => text.clone(),
            document => document.to_string(),
        };
        documents.push((name, document, kind_of(&part("kind"))));
    }
    let (mut parsed, mut unexpected) = (0, Vec::new());
    let mut stale: Vec<_> = NOT_POLICIES.iter().collect();
    for (name, text, kind) in &documents {
        let Some(problems) = problems(name, text, *kind) else {
            parsed += 1;
            continue;
        };
        let first = problems.0[0].place();
        let is_here =
            |(other, _, place): &&(&str, Why, (usize, usize))| name == other && *place == (first.line, first.column);
        match NOT_POLICIES.iter().find(is_here) {
            Some(known) => stale.retain(|other| *other != known),
            None => unexpected.push(format!("{kind:?} {problems}")),
        }
    }
    eprintln!("{parsed} of {} documents are policies", documents.len());
    assert!(unexpected.is_empty(), "{}\n{}", unexpected.len(), unexpected.join("\n"));
    assert!(stale.is_empty(), "listed, and valid: {stale:?}");
    assert_eq!((documents.len(), parsed), (595, 540));
}
