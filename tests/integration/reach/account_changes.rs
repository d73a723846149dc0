//! The account leaves its organization; grants of KMS keys; roles that a service may assume for some resources only.

use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

use super::{ACCOUNT, admin, allow, arn, document, ids, path, paths, role, service, shortest, snapshot, taken};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

/// What role `r` takes under an SCP.
fn under(scp: Value, statements: Value) -> Option<Vec<String>> {
    let roles = [role("r", &statements, service("ec2"))];
    shortest(&snapshot(&roles, &[], Some(scp)), &arn("role", "r")).map(|links| ids(&links))
}

#[test]
fn an_account_that_leaves_has_no_scps() {
    let deny =
        |actions: Value| json!([allow(json!("*"), "*")[0], { "Effect": "Deny", "Action": actions, "Resource": "*" }]);
    let leaves = || allow(json!(["s3:*", "organizations:LeaveOrganization"]), "*");
    assert_eq!(under(deny(json!("s3:*")), leaves()), path(&["organizations-leave"]));
    assert_eq!(under(deny(json!("s3:*")), allow(json!("s3:*"), "*")), None);
    assert_eq!(under(deny(json!(["s3:*", "organizations:LeaveOrganization"])), leaves()), None, "it may not");
    assert_eq!(under(allow(json!("*"), "*"), leaves()), None, "the SCP denies nothing");
    assert_eq!(under(deny(json!("ec2:*")), leaves()), None, "what it denies is not allowed anyway");
}

fn grant(resource: &str, condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": "kms:CreateGrant", "Resource": resource, "Condition": condition })
}

fn granted(statements: Value) -> Option<Vec<String>> {
    shortest(&snapshot(&[role("r", &statements, service("ec2"))], &[], None), &arn("role", "r"))
        .map(|links| ids(&links))
}

#[test]
fn a_grant_of_a_key_decrypts() {
    let decrypt = |resource: &str| json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": resource });
    let found = path(&["kms-grant"]);
    assert_eq!(granted(json!([grant(KEY, json!({}))])), found);
    assert_eq!(granted(json!([grant(KEY, json!({})), decrypt(KEY)])), None, "it may decrypt anyway");
    assert_eq!(granted(json!([grant("*", json!({})), decrypt(KEY)])), found, "with other keys");
    let deny = json!({ "Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*" });
    assert_eq!(granted(json!([grant(KEY, json!({})), deny])), None);
    let no_grant = json!({ "Effect": "Deny", "Action": "kms:CreateGrant", "Resource": KEY });
    assert_eq!(granted(json!([grant("*", json!({})), no_grant, decrypt("arn:aws:kms:*:*:key/2*")])), found);
    assert_eq!(granted(json!([grant(KEY, json!({})), no_grant])), None);
    let operations = |names: Value| json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": names } });
    assert_eq!(granted(json!([grant(KEY, operations(json!(["Encrypt", "DescribeKey"])))])), None);
    assert_eq!(granted(json!([grant(KEY, operations(json!(["Encrypt", "Decrypt"])))])), found);
    let aws_resource = |value: &str| json!({ "Bool": { "kms:GrantIsForAWSResource": value } });
    assert_eq!(granted(json!([grant(KEY, aws_resource("true"))])), None, "for services alone");
    assert_eq!(granted(json!([grant(KEY, aws_resource("false"))])), found);
    let grantee = |name: &str| json!({ "StringEquals": { "kms:GranteePrincipal": arn("role", name) } });
    assert_eq!(granted(json!([grant(KEY, grantee("other"))])), None);
    assert_eq!(granted(json!([grant(KEY, grantee("r"))])), found);
}

#[test]
fn a_key_policy_admits_grants() {
    let by_key_policy = |action: &str, principal: Value| {
        let own = role("r", &json!([grant(KEY, json!({}))]), service("ec2"));
        let page = json!({ "RoleDetailList": [own], "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
        let policy =
            document(&json!([{ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" }]));
        let keys = json!([{ "ResourceArn": KEY, "OwnerAccount": ACCOUNT, "Policy": policy }]);
        let sources = [("account.json", page), ("resource-policies.json", keys)]
            .map(|(name, text)| SourceFile::new(name, text.to_string()));
        Snapshot::from_texts(std::path::Path::new("given"), &sources).unwrap()
    };
    let found_with = |given: &Snapshot| shortest(given, &arn("role", "r")).map(|links| ids(&links));
    assert_eq!(found_with(&by_key_policy("kms:CreateGrant", json!({ "AWS": arn("role", "r") }))), path(&["kms-grant"]));
    assert_eq!(found_with(&by_key_policy("kms:CreateGrant", json!({ "AWS": ACCOUNT }))), path(&["kms-grant"]));
    // Another grant could allow to create one.
    for (action, principal) in [("kms:CreateGrant", arn("role", "x")), ("kms:DescribeKey", ACCOUNT.to_owned())] {
        let given = by_key_policy(action, json!({ "AWS": principal }));
        let found = paths::search(&given, &arn("role", "r"), ("kms:Decrypt", Some(KEY)));
        assert!(found.is_err(), "{action}: {found:?}");
    }
}

#[test]
fn a_published_function_runs_its_start_code() {
    let with = |actions: Value| taken(allow(actions, "*"), service("lambda"));
    assert_eq!(with(json!(["iam:PassRole", "lambda:CreateFunction"])), path(&["lambda-publish"]));
    assert_eq!(with(json!("lambda:CreateFunction")), None);
    assert_eq!(with(json!(["iam:PassRole", "lambda:PublishVersion"])), None);
}

/// What role `r` takes if it may pass every role and do something with one resource, and the administrator trusts a
/// service for another.
fn with_source(actions: Value, resource: &str, service: &str, source: Value) -> Option<Vec<String>> {
    let own =
        role("r", &json!([allow(json!("iam:PassRole"), "*")[0], allow(actions, resource)[0]]), super::service("ec2"));
    let trust = json!([{ "Effect": "Allow", "Principal": { "Service": format!("{service}.amazonaws.com") },
                         "Action": "sts:AssumeRole", "Condition": source }]);
    shortest(&snapshot(&[own, admin(trust)], &[], None), &arn("role", "r")).map(|links| ids(&links))
}

#[test]
fn a_service_acts_for_the_resources_that_the_trust_policy_requires() {
    let machine = |name: &str| format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{name}");
    let runs = || json!(["states:CreateStateMachine", "states:StartExecution"]);
    let like = |pattern: &str| json!({ "ArnLike": { "aws:SourceArn": pattern } });
    let states = |resource: &str, source: Value| with_source(runs(), resource, "states", source);
    let found = path(&["states-machine"]);
    assert_eq!(states(&machine("dev-*"), like(&machine("prod-*"))), None);
    assert_eq!(states(&machine("prod-x"), like(&machine("prod-*"))), found);
    assert_eq!(states("*", like(&machine("prod-*"))), found);
    assert_eq!(states(&machine("dev-*"), like(&format!("arn:aws:states:*:{ACCOUNT}:*"))), found);
    assert_eq!(states(&machine("dev-*"), json!({ "ArnLikeIfExists": { "aws:SourceArn": machine("prod-*") } })), found);
    let literal = json!({ "StringEquals": { "aws:SourceArn": machine("prod-*") } });
    assert_eq!(states(&machine("prod-x"), literal), None, "a star that is no wildcard");
    let fleet = |name: &str| format!("arn:aws:appstream:us-east-1:{ACCOUNT}:fleet/{name}");
    let streams = |resource: &str| {
        let actions = json!(["appstream:CreateFleet", "appstream:StartFleet", "appstream:CreateStreamingURL"]);
        with_source(actions, resource, "appstream", like(&fleet("prod")))
    };
    assert_eq!(streams(&fleet("dev")), None);
}
