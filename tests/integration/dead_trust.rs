//! Trust that nobody can use, the account for which a service acts, and trust in accounts that nobody declared.

use std::path::Path;

use iamdrift::audit::{Audit, AuditOptions, NoteKind, RuleId, Severity, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const OUTSIDE: &str = "555566667777";
const MANIFEST: &str = "version = 1\n[[principal]]\nname = \"all\"\nmatch = \"*\"\nkind = \"workload\"\nallow = []\n";

/// The audit of roles with these trust policies, named `r0`, `r1` and so on.
fn audit_roles(trust_policies: &[Value], manifest: &str) -> Audit {
    let to_role = |(index, statements): (usize, &Value)| {
        let mut role = json!({
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/r{index}"), "RoleName": format!("r{index}"),
            "RoleId": format!("AROAEXAMPLE{index:09}"), "Path": "/",
            "RolePolicyList": [], "AttachedManagedPolicies": [],
        });
        if !statements.is_null() {
            role["AssumeRolePolicyDocument"] = json!({ "Version": "2012-10-17", "Statement": statements });
        }
        role
    };
    let roles: Vec<Value> = trust_policies.iter().enumerate().map(to_role).collect();
    let page = json!({ "UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": roles });
    let snapshot = Snapshot::from_texts(Path::new("given"), &[SourceFile::new("account.json", page.to_string())]);
    let baseline = Baseline::from_texts(&SourceFile::new("baseline.toml", manifest), [], Catalog::embedded());
    let baseline = baseline.map_err(|problems| problems.to_string()).unwrap();
    let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
    audit(&snapshot.unwrap(), &baseline, Catalog::embedded(), &options).unwrap()
}

/// The severities of IAM006 by the name of the role.
fn list_trust_findings(audit: &Audit) -> Vec<(String, Severity)> {
    let findings = audit.findings.iter().filter(|finding| finding.rule == RuleId::Trust);
    let mut found: Vec<(String, Severity)> =
        findings.map(|finding| (finding.principal.as_ref().unwrap().name.clone(), finding.severity)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The roles of which a note says that a statement admits nobody.
fn list_dead_roles(audit: &Audit) -> Vec<String> {
    let notes = audit.notes.iter().filter(|note| note.kind == NoteKind::DeadTrustGrant);
    let role_of = |text: &str| text.split(":role/").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    notes.map(|note| role_of(&note.text)).collect()
}

fn allow(principal: Value, action: &str, condition: Value) -> Value {
    json!([{ "Effect": "Allow", "Principal": principal, "Action": format!("sts:{action}"), "Condition": condition }])
}

fn web(host: &str, condition: Value) -> Value {
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}");
    allow(json!({ "Federated": provider }), "AssumeRoleWithWebIdentity", condition)
}

fn service(condition: Value) -> Value {
    allow(json!({ "Service": "lambda.amazonaws.com" }), "AssumeRole", condition)
}

fn account(id: &str, condition: Value) -> Value {
    allow(json!({ "AWS": id }), "AssumeRole", condition)
}

#[test]
fn a_token_without_the_required_key_admits_nobody() {
    let equals = |key: &str, value: &str| json!({ "StringEquals": { key: value } });
    let dead = [
        web("gitlab.com", equals("gitlab.example.com:sub", "project_path:lumen/portal:ref_type:branch:ref:main")),
        web("gitlab.com", equals("SAML:aud", "https://signin.aws.amazon.com/saml")),
        web("gitlab.com", equals("sts:ExternalId", "0815")),
        web("gitlab.com", json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })),
        web("oidc.eks.eu-west-1.amazonaws.com/id/NEW", equals("oidc.eks.eu-west-1.amazonaws.com/id/OLD:sub", "x")),
        allow(
            json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com") }),
            "AssumeRole",
            json!({}),
        ),
    ];
    let audit = audit_roles(&dead, MANIFEST);
    assert_eq!(list_trust_findings(&audit), []);
    assert_eq!(list_dead_roles(&audit), ["r0", "r1", "r2", "r3", "r4", "r5"]);
    assert_eq!(audit.summary.undecided, 0);
    // What a token may carry is not dead.
    let alive = [
        web("gitlab.com", equals("gitlab.com:sub", "project_path:lumen/portal:ref_type:branch:ref:main")),
        web("gitlab.com", json!({ "StringNotEquals": { "gitlab.example.com:sub": "x" } })),
        web("a.example", equals("sts:RoleSessionName", "x")),
        account(ACCOUNT, equals("sts:ExternalId", "0815")),
        service(json!({ "ArnLike": { "aws:SourceArn": "arn:aws:lambda:*:*:function:x" } })),
    ];
    assert_eq!(list_dead_roles(&audit_roles(&alive, MANIFEST)), [] as [&str; 0]);
}

#[test]
fn whether_a_token_has_the_keys_of_a_principal_is_undecided() {
    let github = "token.actions.githubusercontent.com";
    let organization = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-own1234567" } });
    let open = audit_roles(&[web(github, organization.clone())], MANIFEST);
    assert_eq!((list_trust_findings(&open), open.summary.undecided), (vec![], 1));
    // With a subject in full, nobody else enters in either reading.
    let closed = json!({ "StringEquals": {
        "aws:PrincipalOrgID": "o-own1234567", "token.actions.githubusercontent.com:sub": "repo:corp/app:ref:refs/heads/main",
    } });
    let closed = audit_roles(&[web(github, closed)], MANIFEST);
    assert_eq!((list_trust_findings(&closed), closed.summary.undecided), (vec![], 0));
}

#[test]
fn the_account_of_a_source_arn_is_the_account_for_which_a_service_acts() {
    let declared = format!(
        "{MANIFEST}assumable_by = [{{ principal = \"lambda.amazonaws.com\", when = {{ StringEquals = {{ \"aws:SourceAccount\" = \"{ACCOUNT}\" }} }} }}]\n"
    );
    let arn = |account: &str| format!("arn:aws:lambda:us-east-1:{account}:function:f");
    let like = |arn: &str| json!({ "ArnLike": { "aws:SourceArn": arn } });
    let both = |account: &str, arn: &str| json!({ "ArnLike": { "aws:SourceArn": arn }, "StringEquals": { "aws:SourceAccount": account } });
    let audit = audit_roles(
        &[
            service(like(&arn(ACCOUNT))),
            service(like(&arn(OUTSIDE))),
            service(like("arn:aws:s3:::inbox")),
            service(both(ACCOUNT, "arn:aws:s3:::inbox")),
            service(like("arn:aws:lambda:*:*:function:f")),
            service(like("arn:aws:lambda:*:${aws:ResourceAccount}:function:f")),
            // The two never agree: nobody enters.
            service(both(ACCOUNT, &arn(OUTSIDE))),
            service(both(OUTSIDE, &arn("444455556666"))),
            service(both(OUTSIDE, &arn(OUTSIDE))),
        ],
        &declared,
    );
    let names: Vec<String> = list_trust_findings(&audit).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["r1", "r2", "r4", "r8"]);
    assert_eq!(list_dead_roles(&audit), ["r6", "r7"]);
}

#[test]
fn an_account_that_nobody_declared_is_a_finding() {
    let external_id = json!({ "StringEquals": { "sts:ExternalId": "0815" } });
    let audit = audit_roles(
        &[
            account(ACCOUNT, json!({})),
            account(OUTSIDE, json!({})),
            account(OUTSIDE, external_id.clone()),
            account(&format!("arn:aws:iam::{OUTSIDE}:role/x"), json!({})),
            account("*", json!({ "StringEquals": { "aws:PrincipalAccount": OUTSIDE } })),
            allow(
                json!({ "Federated": format!("arn:aws:iam::{OUTSIDE}:saml-provider/x") }),
                "AssumeRoleWithSAML",
                json!({}),
            ),
            service(json!({})),
        ],
        MANIFEST,
    );
    let expected = [
        ("r1", Severity::High),
        ("r2", Severity::Medium),
        ("r3", Severity::High),
        ("r4", Severity::High),
        ("r5", Severity::High),
    ];
    assert_eq!(list_trust_findings(&audit), expected.map(|(name, severity)| (name.to_owned(), severity)));
    // Declared, they are not.
    let declared = format!("{MANIFEST}assumable_by = [\"{OUTSIDE}\", \"arn:*:iam::*:saml-provider/x\"]\n");
    let audit = audit_roles(
        &[account(OUTSIDE, json!({})), account(&format!("arn:aws:iam::{OUTSIDE}:role/x"), json!({}))],
        &declared,
    );
    assert_eq!(list_trust_findings(&audit), []);
}

#[test]
fn an_ignored_role_is_checked_and_a_role_without_a_trust_policy_is_undecided() {
    let ignored = "version = 1\n[[ignore]]\nmatch = \"*\"\nreason = \"not ours\"\n";
    let audit = audit_roles(&[account(OUTSIDE, json!({})), account(ACCOUNT, json!({}))], ignored);
    assert_eq!(list_trust_findings(&audit), [("r0".to_owned(), Severity::High)]);
    for manifest in [ignored, MANIFEST, "version = 1\n"] {
        assert_eq!(audit_roles(&[Value::Null], manifest).summary.undecided, 1, "{manifest}");
    }
}

#[test]
fn an_ambiguous_role_is_audited_against_both_entries() {
    let second = MANIFEST.replace("\"all\"", "\"other\"").replace("version = 1\n", "");
    let manifest = |first: &str, other: &str| format!("{MANIFEST}{first}{second}{other}");
    let own = account(ACCOUNT, json!({}));
    let declares = format!("assumable_by = [\"{ACCOUNT}\"]\n");
    for (first, other, expected) in [
        ("", "", 0),
        (declares.as_str(), "", 0),
        (declares.as_str(), declares.as_str(), 0),
        (declares.as_str(), "assumable_by = []\n", 1),
        ("assumable_by = []\n", "", 1),
    ] {
        let audit = audit_roles(std::slice::from_ref(&own), &manifest(first, other));
        assert_eq!(list_trust_findings(&audit).len(), expected, "{first}{other}");
        assert!(audit.findings.iter().any(|finding| finding.rule == RuleId::Baseline));
    }
}

/// A condition key of a kind of caller, and who can have it.
const KEYS: [(&str, &[&str]); 7] = [
    ("one.example:sub", &["one.example"]),
    ("two.example:sub", &["two.example"]),
    ("one.example:aud", &["one.example"]),
    ("SAML:aud", &["saml"]),
    ("sts:ExternalId", &["account"]),
    ("sts:RoleSessionName", &["one.example", "two.example", "saml", "account"]),
    ("two.example:custom", &["two.example"]),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// A statement with required keys is dead exactly if its caller cannot have one of them.
    #[test]
    fn a_grant_is_dead_if_its_caller_lacks_a_key(
        roles in prop::collection::vec((0..4_usize, prop::collection::btree_set(0..KEYS.len(), 1..4), any::<bool>()), 6),
    ) {
        let callers = ["one.example", "two.example", "saml", "account"];
        let build = |(caller, keys, is_negated): &(usize, std::collections::BTreeSet<usize>, bool)| {
            let operator = if *is_negated { "StringNotEquals" } else { "StringEquals" };
            let values: serde_json::Map<String, Value> = keys.iter().map(|key| (KEYS[*key].0.to_owned(), json!("x"))).collect();
            let condition = json!({ operator: values });
            match callers[*caller] {
                "saml" => allow(json!({ "Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/corp") }), "AssumeRoleWithSAML", condition),
                "account" => account(ACCOUNT, condition),
                host => web(host, condition),
            }
        };
        let is_dead = |(caller, keys, is_negated): &(usize, std::collections::BTreeSet<usize>, bool)| {
            !is_negated && keys.iter().any(|key| {
                let is_session_claim = callers[*caller] == "account" && KEYS[*key].0.contains(".example:") && !KEYS[*key].0.ends_with("custom");
                !KEYS[*key].1.contains(&callers[*caller]) && !is_session_claim
            })
        };
        let policies: Vec<Value> = roles.iter().map(build).collect();
        let expected: Vec<String> =
            roles.iter().enumerate().filter(|(_, role)| is_dead(role)).map(|(index, _)| format!("r{index}")).collect();
        let audit = audit_roles(&policies, MANIFEST);
        prop_assert_eq!(list_dead_roles(&audit), expected, "{:?}", roles);
        prop_assert_eq!(list_trust_findings(&audit), vec![]);
    }
}
