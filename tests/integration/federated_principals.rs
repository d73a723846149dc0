//! Resource policies that name an identity provider: its sessions of a role are meant.

use std::path::Path;

use iamdrift::audit::{AuditOptions, RuleId, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

fn provider(name: &str) -> Value {
    json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/{name}") })
}

fn statement(effect: &str, principal: &Value) -> Value {
    json!({ "Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*" })
}

/// Whether role `r`, which lists buckets, may read objects: assumed by some principals, beside a bucket policy.
fn reads(trusted: &[Value], bucket_policy: &[Value]) -> bool {
    let declared = json!({ "Version": "2012-10-17",
                           "Statement": [{ "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*" }] });
    let trust = |principal: &Value| json!({ "Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML"] });
    let trust: Vec<Value> = trusted.iter().map(trust).collect();
    let role = json!({ "Arn": format!("arn:aws:iam::{ACCOUNT}:role/r"), "RoleName": "r", "RoleId": "AROAEXAMPLE", "Path": "/",
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": trust },
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": declared }] });
    let page = json!({ "RoleDetailList": [role], "UserDetailList": [], "GroupDetailList": [], "Policies": [] });
    let policies = json!([{ "ResourceArn": "arn:aws:s3:::logs", "OwnerAccount": ACCOUNT,
                            "Policy": { "Version": "2012-10-17", "Statement": bucket_policy } }]);
    let sources = [("account.json", page), ("resource-policies.json", policies)]
        .map(|(name, text)| SourceFile::new(name, text.to_string()));
    let snapshot = Snapshot::from_texts(Path::new("given"), &sources).unwrap();
    assert!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    let manifest = "version = 1\n[[principal]]\nname = \"r\"\nmatch = \"arn:*:iam::*:role/r\"\nkind = \"workload\"\nallow = [\"own.json\"]\n";
    let catalog = Catalog::embedded();
    let own = SourceFile::new("own.json", declared.to_string());
    let baseline = Baseline::from_texts(
        &SourceFile::new("baseline.toml", manifest.to_owned()),
        [("own.json".to_owned(), own)],
        catalog,
    )
    .map_err(|problems| problems.to_string())
    .unwrap();
    let found = audit(&snapshot, &baseline, catalog, &AuditOptions::new(jiff::civil::date(2026, 11, 20))).unwrap();
    assert!(found.findings.iter().all(|finding| finding.rule != RuleId::Undecided), "{:?}", found.findings);
    found.findings.iter().any(|finding| finding.rule == RuleId::Broader)
}

#[test]
fn a_grant_to_a_provider_is_one_to_the_sessions_that_begin_with_it() {
    let corp = || provider("corp");
    assert!(reads(&[corp()], &[statement("Allow", &corp())]));
    assert!(!reads(&[corp()], &[statement("Allow", &provider("other"))]));
    assert!(!reads(&[json!({ "Service": "ec2.amazonaws.com" })], &[statement("Allow", &corp())]));
    let everyone = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:role/r") });
    let (allow, deny) = (statement("Allow", &everyone), statement("Deny", &corp()));
    assert!(!reads(&[corp()], &[allow.clone(), deny.clone()]), "each session begins with it");
    assert!(reads(&[corp(), json!({ "Service": "ec2.amazonaws.com" })], &[allow, deny]), "others do not");
}
