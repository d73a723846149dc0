//! What AWS does and moto does not: pages that split anywhere, and every document URL-encoded.

use std::collections::BTreeMap;

use iamdrift::iam::AccountId;
use iamdrift::snapshot::{AttachmentKind, Snapshot};
use serde_json::json;

use super::answers::{Account, Aws, CALLER, READ_ONLY, READ_ONLY_DOCUMENT, TRUST, group, policy, role, user};
use super::server::{Answer, Server};
use super::{ended, run};

const OTHER: &str = "111122223333";
/// A percent sign that means itself, characters beyond ASCII, and a plus.
const INTRICATE: &str = r#"{"Version":"2012-10-17","Statement":{"Sid":"Zé","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::büro/100%25+%/*"}}"#;

fn account(id: &str) -> Account {
    let local = format!("arn:aws:iam::{id}:policy/local");
    Account {
        users: vec![
            user(id, "ann", &["readers", "écrivains"], &[&local], Some(READ_ONLY)),
            user(id, "bob", &["readers"], &[], None),
            user(id, "cem", &[], &[], None),
        ],
        groups: vec![
            group(id, "readers", &[("read", READ_ONLY_DOCUMENT)]),
            group(id, "écrivains", &[("write", INTRICATE)]),
        ],
        roles: (0..7).map(|n| role(id, &format!("role{n}"), &[("inline", INTRICATE)], &[READ_ONLY, &local])).collect(),
        policies: vec![policy(id, "local", INTRICATE), policy(id, "unused", READ_ONLY_DOCUMENT)],
        alias: (id == CALLER).then(|| "audit".to_owned()),
    }
}

/// A document as JSON, whichever way it is written.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// Collects two accounts, and gives all of both: every entry of every page, merged.
fn collected(page: usize, more: &[&str]) -> (Server, tempfile::TempDir) {
    let aws = Aws::new(page).with(CALLER, account(CALLER)).with(OTHER, account(OTHER));
    let server = Server::start(move |request, _| aws.answer(request));
    let folder = tempfile::tempdir().unwrap();
    let accounts = format!("{CALLER},{OTHER}");
    let arguments = ["collect", "--accounts", &accounts, "--member-role", "m", "--requests-per-second", "0"];
    let output = run(&server.url, folder.path(), &[&arguments, more].concat());
    assert_eq!(ended(&output), (0, String::new()));
    (server, folder)
}

#[test]
fn every_page_is_read_wherever_it_splits() {
    for page in [1, 2, 3, 100] {
        let (server, folder) = collected(page, &[]);
        let pages = |entries: usize| entries.div_ceil(page).max(1);
        let expected = 2 * (pages(3) + pages(2) + pages(7) + pages(2));
        assert_eq!(server.count("iam:GetAccountAuthorizationDetails"), expected, "pages of {page}");
        let snapshot = Snapshot::load(&folder.path().join("snapshot")).unwrap();
        assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
        for id in [CALLER, OTHER] {
            let account = snapshot.account(&AccountId::parse(id).unwrap()).unwrap();
            let names: Vec<&str> = account.principals.iter().map(|principal| principal.name.as_str()).collect();
            let roles: Vec<String> = (0..7).map(|n| format!("role{n}")).collect();
            let expected: Vec<&str> = roles.iter().map(String::as_str).chain(["ann", "bob", "cem"]).collect();
            assert_eq!(names, expected, "{id}, pages of {page}");
            assert!(account.principals.iter().all(|principal| principal.missing_documents.is_empty()));
            assert_eq!(account.groups.len(), 2);
            assert_eq!(account.alias.as_deref(), (id == CALLER).then_some("audit"));
        }
    }
}

#[test]
fn each_aws_policy_is_fetched_once_for_all_accounts_and_the_catalogue_never() {
    let (server, folder) = collected(2, &["--concurrency", "1"]);
    assert_eq!(server.count("iam:GetPolicy"), 1);
    assert_eq!(server.count("iam:GetPolicyVersion"), 1);
    let snapshot = Snapshot::load(&folder.path().join("snapshot")).unwrap();
    for account in &snapshot.accounts {
        let boundary = account.principals.iter().find(|principal| principal.name == "ann").unwrap().boundary.clone();
        assert_eq!(boundary.unwrap().policy.unwrap().name, "ReadOnlyAccess");
        let arns: Vec<&str> = account.policies.keys().map(String::as_str).collect();
        let local = |name| format!("arn:aws:iam::{}:policy/{name}", account.id);
        assert_eq!(arns, [&local("local"), &local("unused"), READ_ONLY]);
    }
}

#[test]
fn aws_policies_that_conditions_name_are_read_if_they_exist() {
    let name = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    let statement = json!({
        "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*",
        "Condition": { "ArnEquals": { "iam:PolicyARN": [name("AmazonSQSFullAccess"), name("Absent"), name("Any*")] } },
    });
    let attach = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    let mut of_account = account(CALLER);
    of_account.roles.push(role(CALLER, "attaching", &[("attach", &attach)], &[]));
    let aws = Aws::new(100).with(CALLER, of_account);
    let server = Server::start(move |request, _| {
        let is_absent = request.name() == "iam:GetPolicy" && request.field("PolicyArn") == Some(name("Absent"));
        if is_absent { Answer::error(404, "NoSuchEntity", "no such policy") } else { aws.answer(request) }
    });
    let folder = tempfile::tempdir().unwrap();
    let output = run(&server.url, folder.path(), &["collect", "--requests-per-second", "0"]);
    assert_eq!(ended(&output), (0, String::new()));
    let snapshot = Snapshot::load(&folder.path().join("snapshot")).unwrap();
    let arns = snapshot.accounts[0].policies.keys().filter(|arn| arn.contains(":aws:policy/"));
    assert_eq!(Vec::from_iter(arns), ["arn:aws:iam::aws:policy/AmazonSQSFullAccess", READ_ONLY]);
}

#[test]
fn documents_arrive_to_the_character() {
    for more in [&[][..], &["--compress"]] {
        let (_server, folder) = collected(100, more);
        let mut seen = BTreeMap::new();
        let snapshot = Snapshot::load(&folder.path().join("snapshot")).unwrap();
        for (_, principal) in snapshot.principals().filter(|(_, principal)| principal.name == "role3") {
            for held in principal.identity_policies.iter().chain(&principal.trust_policy) {
                let kind = match &held.kind {
                    AttachmentKind::Inline { .. } => "inline",
                    AttachmentKind::Attached { .. } => held.name.as_str(),
                    AttachmentKind::Boundary { .. } => "boundary",
                    AttachmentKind::Trust { .. } => "trust",
                };
                seen.insert(
                    kind.to_owned(),
                    Vec::from_iter(held.document.statements.iter().map(|s| format!("{:?}", s.resource))),
                );
            }
        }
        let intricate = &seen["inline"];
        assert!(intricate[0].contains("büro/100%25+%/"), "{intricate:?}");
        assert_eq!(seen["local"], seen["inline"]);
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["ReadOnlyAccess", "inline", "local", "trust"]);
    }
    // And in the file, where the same text stands that AWS encoded.
    let (_server, folder) = collected(100, &[]);
    let text = std::fs::read_to_string(folder.path().join(format!("snapshot/accounts/{OTHER}.json"))).unwrap();
    let pages = json(&text)["Pages"].clone();
    let roles = pages
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|page| page["RoleDetailList"].as_array().cloned().unwrap_or_default());
    let roles: Vec<_> = roles.collect();
    assert_eq!(roles.len(), 7);
    for role in roles {
        assert_eq!(role["AssumeRolePolicyDocument"], json(TRUST));
        assert_eq!(role["RolePolicyList"], json!([{ "PolicyName": "inline", "PolicyDocument": json(INTRICATE) }]));
        assert_eq!(role["Tags"], json!([{ "Key": "owner", "Value": "té am" }]));
        assert_eq!(role["RoleLastUsed"], json!({ "LastUsedDate": "2019-11-20T17:09:20Z", "Region": "us-east-1" }));
        assert_eq!(role["CreateDate"], "2014-07-30T17:09:20Z");
    }
}
