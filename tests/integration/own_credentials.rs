//! What reaches only the credentials of the principal's own user is not critical.

use std::path::Path;

use iamdrift::audit::{AuditOptions, Severity, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Value, json};

/// The severity of the excess of a user `ann` with a path, who is declared without any access.
fn rate(statements: &[Value], kind: &str) -> Severity {
    let account = json!({
        "UserDetailList": [{
            "Arn": "arn:aws:iam::111122223333:user/people/ann", "UserName": "ann", "UserId": "AIDAANN", "Path": "/people/",
            "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": [
                { "PolicyName": "p", "PolicyDocument": { "Version": "2012-10-17", "Statement": statements } },
            ],
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    });
    let account = SourceFile::new("account.json", account.to_string());
    let snapshot = Snapshot::from_texts(Path::new("account.json"), &[account]).map_err(|e| e.to_string()).unwrap();
    let manifest = format!("version = 1\n[[principal]]\nname = \"a\"\nmatch = \"*\"\nkind = \"{kind}\"\nallow = []\n");
    let manifest = SourceFile::new("baseline.toml", manifest);
    let baseline =
        Baseline::from_texts(&manifest, Vec::<(String, std::sync::Arc<SourceFile>)>::new(), Catalog::embedded());
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
    let audit = audit(&snapshot, &baseline.unwrap(), Catalog::embedded(), &options).map_err(|e| e.to_string()).unwrap();
    audit.findings.iter().map(|finding| finding.severity).max().unwrap()
}

fn allow(actions: Value, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn keys() -> Value {
    json!(["iam:*AccessKey*", "iam:*LoginProfile", "iam:*SigningCertificate*", "iam:*ServiceSpecificCredential*"])
}

#[test]
fn own_credentials_are_not_critical() {
    for resource in [
        "arn:aws:iam::111122223333:user/people/ann",
        "arn:aws:iam::*:user/*/${aws:username}",
        "arn:*:iam::*:user/people/ann",
    ] {
        assert_eq!(rate(&[allow(keys(), resource)], "operator"), Severity::Medium, "{resource}");
        assert_eq!(rate(&[allow(keys(), resource)], "agent"), Severity::High, "{resource}");
    }
    // The other users are denied, or the other actions are worse than the own keys.
    let deny = json!({ "Effect": "Deny", "Action": "*", "NotResource": "arn:aws:iam::*:user/people/${aws:username}" });
    assert_eq!(rate(&[allow(keys(), "*"), deny], "operator"), Severity::Medium);
    let delete = allow(json!("sqs:DeleteQueue"), "*");
    let own = allow(keys(), "arn:aws:iam::*:user/people/ann");
    assert_eq!(rate(&[own, delete], "operator"), Severity::High);
}

#[test]
fn credentials_of_others_are_critical() {
    for resource in [
        "*",
        "arn:aws:iam::111122223333:user/*",
        "arn:aws:iam::111122223333:user/people/*",
        // Another user's name can end like this.
        "arn:aws:iam::111122223333:user/people/*ann",
        "arn:aws:iam::111122223333:user/people/an?",
    ] {
        assert_eq!(rate(&[allow(keys(), resource)], "operator"), Severity::Critical, "{resource}");
    }
    // One of several statements reaches others.
    let statements = [allow(keys(), "arn:aws:iam::*:user/people/ann"), allow(json!("iam:UpdateLoginProfile"), "*")];
    assert_eq!(rate(&statements, "operator"), Severity::Critical);
}

#[test]
fn own_policies_and_groups_are_critical() {
    let own = "arn:aws:iam::*:user/people/${aws:username}";
    for action in ["iam:AttachUserPolicy", "iam:PutUserPolicy"] {
        assert_eq!(
            rate(&[allow(json!([action, "iam:CreateAccessKey"]), own)], "operator"),
            Severity::Critical,
            "{action}"
        );
    }
}
