//! What the collector may do is what it does: the table of its calls, what it really sends, and the policies that
//! ship, held against one another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use iamdrift::collect::{CALLS, CollectionStage, READS_RESOURCE_POLICIES};
use serde_json::{Value, json};

use super::answers::{Account, Aws, CALLER, READ_ONLY, role};
use super::organization;
use super::server::{Request, Server};
use super::{ended, run};

fn shipped(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The actions of each statement, by its Sid.
fn statements() -> BTreeMap<String, Value> {
    let policy = shipped("policies/collector-permissions.json");
    let statements = policy["Statement"].as_array().unwrap().clone();
    statements.into_iter().map(|statement| (statement["Sid"].as_str().unwrap().to_owned(), statement)).collect()
}

fn actions(statement: &Value) -> Vec<String> {
    statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_shipped_policy_grants_exactly_the_calls() {
    let mut granted: Vec<String> = statements().values().flat_map(actions).collect();
    granted.sort();
    let calls: BTreeSet<String> = CALLS.iter().map(|call| call.action.to_owned()).collect();
    assert_eq!(granted, Vec::from_iter(calls));
}

/// By AWS's own list of actions, none of which is ours.
#[test]
fn every_call_reads() {
    use iamdrift::catalog::{AccessLevel, Catalog};
    let catalog = Catalog::embedded();
    for call in CALLS {
        let action = catalog.find_action(call.action).unwrap_or_else(|| panic!("{} is no action", call.action));
        let level = catalog.access_level(action);
        // Becoming a role is how an account is read; STS counts it as a write.
        let reads = matches!(level, AccessLevel::Read | AccessLevel::List);
        assert!(reads || call.action == "sts:AssumeRole", "{} is {level:?}", call.action);
    }
}

#[test]
fn what_is_sent_is_what_the_table_says() {
    let member = "111122223333";
    let account = |id: &str| Account { roles: vec![role(id, "one", &[], &[READ_ONLY])], ..Account::default() };
    let aws = Aws::new(100).with(CALLER, account(CALLER)).with(member, account(member));
    let server = Server::start(move |request, _| organization::answer(request).unwrap_or_else(|| aws.answer(request)));
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["collect", "--organization", "--member-role", "m", "--requests-per-second", "0"];
    let output = run(&server.url, folder.path(), &arguments);
    assert_eq!(ended(&output), (0, String::new()));
    // The accounts have no resources: `resources.rs` does the same for those.
    let of_resources = calls(|stage| stage == CollectionStage::Resources);
    let sent: BTreeSet<String> = server.seen().iter().map(Request::name).collect();
    let sent = sent.difference(&of_resources).cloned().collect();
    let of_every_build = |stage| !matches!(stage, CollectionStage::Resources | CollectionStage::ServiceRoles);
    assert_eq!(calls(of_every_build), sent);
}

/// The calls of the table, by service and operation.
pub fn calls(stages: impl Fn(CollectionStage) -> bool) -> BTreeSet<String> {
    CALLS.iter().filter(|call| stages(call.stage)).map(|call| format!("{}:{}", call.service, call.operation)).collect()
}

#[test]
fn a_dry_run_names_every_call_and_makes_none() {
    let server = Server::start(|request, _| panic!("{} was called", request.name()));
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "collect",
        "--dry-run",
        "--organization",
        "--member-role",
        "m",
        "--role-arn",
        "arn:aws:iam::111122223333:role/c",
    ];
    let output = run(&server.url, folder.path(), &arguments);
    assert_eq!(ended(&output), (0, String::new()));
    let text = String::from_utf8(output.stdout).unwrap();
    for call in CALLS {
        let named = text.lines().any(|line| line.split_whitespace().next() == Some(call.action));
        // It is made by Cloud Control, and by the collector itself.
        let is_shared = CALLS.iter().any(|other| other.action == call.action && other.stage != call.stage);
        let expected = match call.stage {
            CollectionStage::Resources => READS_RESOURCE_POLICIES,
            CollectionStage::ServiceRoles => is_shared && READS_RESOURCE_POLICIES,
            _ => true,
        };
        assert_eq!(named, expected, "{}", call.action);
    }
    // A build that reads resource policies has more calls.
    if !READS_RESOURCE_POLICIES {
        insta::assert_snapshot!("a_dry_run_of_an_organization", text);
    }
    assert_eq!(server.seen().len(), 0);
    assert!(!folder.path().join("snapshot").exists());

    // Account by account.
    let arguments = ["collect", "--dry-run", "--accounts", "111122223333,444455556666", "--member-role", "m"];
    let text = String::from_utf8(run(&server.url, folder.path(), &arguments).stdout).unwrap();
    for id in ["111122223333", "444455556666"] {
        let of = text.split("\n\n").find(|part| part.lines().next().unwrap().contains(id)).unwrap();
        assert!(of.contains("sts:AssumeRole") && of.contains("iam:GetAccountAuthorizationDetails"), "{text}");
    }
    assert!(!text.contains("organizations:"));
}

/// The template that rolls the member role out gives it what an account needs, and the collector alone may have it.
#[test]
fn the_member_role_s_template_agrees() {
    let role = shipped("examples/member-role.json")["Resources"]["MemberRole"]["Properties"].clone();
    let ours = statements();
    assert_eq!(
        role["Policies"][0]["PolicyDocument"]["Statement"],
        json!([ours["ReadTheAccount"], ours["ReadResourcePolicies"]])
    );
    let [_, optional] = role["Policies"].as_array().unwrap().as_slice() else { panic!("{}", role["Policies"]) };
    let [condition, given, _] = optional["Fn::If"].as_array().unwrap().as_slice() else { panic!("{optional}") };
    assert_eq!(condition, "ReadsServiceRoles");
    assert_eq!(given["PolicyDocument"]["Statement"], json!([ours["ReadServiceRoles"]]));
    assert_eq!(
        role["AssumeRolePolicyDocument"]["Statement"],
        json!([{
            "Sid": "TheCollectorAlone",
            "Effect": "Allow",
            "Principal": { "AWS": { "Ref": "CollectorRoleArn" } },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": { "Ref": "ExternalId" } } }
        }])
    );
    // What is asked of an account is in it; what is asked of the organization is not.
    let member: BTreeSet<String> = ["ReadTheAccount", "ReadResourcePolicies", "ReadServiceRoles"]
        .iter()
        .flat_map(|sid| actions(&ours[*sid]))
        .collect();
    for call in CALLS {
        let of_account = !matches!(call.stage, CollectionStage::Start | CollectionStage::Organization);
        assert_eq!(member.contains(call.action), of_account, "{}", call.action);
    }
    let assumed = ours["BecomeTheMemberRole"]["Resource"].as_str().unwrap();
    let name = shipped("examples/member-role.json")["Parameters"]["RoleName"]["Default"].clone();
    assert_eq!(assumed, format!("arn:*:iam::*:role/{}", name.as_str().unwrap()));
}
