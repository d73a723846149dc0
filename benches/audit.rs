//! A whole audit in memory, from files to findings: 1,000 roles with three AWS managed policies each, a permissions
//! boundary and three levels of SCPs, and a read-only ceiling. With `IAMDRIFT_CORPUS` also an account of 122 principals
//! with the ceiling ReadOnlyAccess. Without it, only the example incident.
#![allow(clippy::disallowed_macros)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::audit::{AuditOptions, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use iamdrift::source::SourceFile;
use serde_json::{Map, Value, json};

// The same allocator as the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNT: &str = "111122223333";
const ROLES: usize = 1_000;
const ATTACHED: usize = 3;

/// An audit from files in memory.
struct AuditCase {
    snapshot: Vec<Arc<SourceFile>>,
    manifest: Arc<SourceFile>,
    ceiling: Arc<SourceFile>,
}

impl AuditCase {
    fn run(&self) -> usize {
        let catalog = Catalog::embedded();
        let snapshot = Snapshot::from_texts(Path::new("generated"), &self.snapshot).expect("a snapshot");
        let documents = [("readonly.json".to_owned(), Arc::clone(&self.ceiling))];
        let baseline = Baseline::from_texts(&self.manifest, documents, catalog).expect("a baseline");
        let audit = audit(&snapshot, &baseline, catalog, &AuditOptions::new(jiff::civil::date(2026, 11, 20)))
            .expect("an audit");
        audit.findings.len()
    }
}

fn read_managed_policies(corpus: &Path) -> Map<String, Value> {
    let compressed =
        std::fs::read(corpus.join("managed-policies/aws_managed_policies_latest.json.zst")).expect("the corpus");
    serde_json::from_slice(&zstd::decode_all(compressed.as_slice()).expect("zstd")).expect("JSON")
}

fn policy_json(name: &str, document: &Value) -> Value {
    json!({
        "PolicyName": name,
        "Arn": format!("arn:aws:iam::aws:policy/{name}"),
        "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document }],
    })
}

/// Roles with different attachments, so that no two roles share an answer.
fn account_json(policies: &Map<String, Value>) -> Value {
    let names: Vec<&String> = policies.keys().collect();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole"
    }] });
    let role = |i: usize| {
        let attached: Vec<Value> = (0..ATTACHED)
            .filter_map(|k| names.get((i * 7 + k * 531) % names.len()))
            .map(|name| json!({ "PolicyName": name, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}") }))
            .collect();
        json!({
            "Path": "/generated/",
            "RoleName": format!("role-{i}"),
            "RoleId": format!("AROAEXAMPLE{i:010}"),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/generated/role-{i}"),
            "AssumeRolePolicyDocument": trust,
            "RolePolicyList": [],
            "AttachedManagedPolicies": attached,
            "PermissionsBoundary": {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/PowerUserAccess",
            },
            "Tags": [],
        })
    };
    json!({
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": (0..ROLES).map(role).collect::<Vec<_>>(),
        "Policies": policies.iter().map(|(name, document)| policy_json(name, document)).collect::<Vec<_>>(),
    })
}

fn organization_json() -> Value {
    let allow =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": ["organizations:*", "account:*"], "Resource": "*" },
        { "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
          "Condition": { "StringNotEquals": { "aws:RequestedRegion": ["us-east-1", "eu-central-1"] } } },
    ] });
    json!({
        "Organization": { "Id": "o-example1234", "MasterAccountId": "444455556666" },
        "Roots": [{ "Id": "r-abcd", "Name": "Root", "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }] }],
        "OrganizationalUnits": [{ "Id": "ou-abcd-11111111", "Name": "Workloads", "ParentId": "r-abcd" }],
        "Accounts": [
            { "Id": ACCOUNT, "Name": "generated", "ParentId": "ou-abcd-11111111", "Status": "ACTIVE" },
            { "Id": "444455556666", "Name": "management", "ParentId": "r-abcd", "Status": "ACTIVE" },
        ],
        "Policies": [
            { "Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY", "Content": allow,
              "Targets": ["r-abcd", "ou-abcd-11111111", ACCOUNT, "444455556666"] },
            { "Id": "p-example1", "Name": "Regions", "Type": "SERVICE_CONTROL_POLICY", "Content": deny,
              "Targets": ["ou-abcd-11111111"] },
        ],
    })
}

/// Every principal is a workload with the ceiling ReadOnlyAccess.
const CEILING_ONLY: &str =
    "version = 1\n[[principal]]\nname = \"all\"\nmatch = [\"*\"]\nkind = \"workload\"\nallow = [\"readonly.json\"]\n";

/// The same ceiling with guards and a persona.
const WITH_GUARDS: &str = r#"version = 1
[[principal]]
name   = "all"
match  = ["*"]
kind   = "operator"
allow  = ["readonly.json"]
guards = ["second person", "MFA", "region fence"]

[[persona]]
name  = "through an agent"
of    = "all"
when  = { Bool = { "aws:ViaAWSMCPService" = "true" } }
kind  = "agent"
allow = ["readonly.json"]

[[guard]]
name     = "second person"
actions  = ["class:destructive", "iam:*"]
unless   = { StringLike = { "aws:PrincipalTag/change-approval" = "CHG-*" } }
severity = "critical"

[[guard]]
name     = "MFA"
actions  = ["class:destructive"]
unless   = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
severity = "high"

[[guard]]
name     = "region fence"
actions  = ["ec2:*", "rds:*", "sqs:*"]
unless   = { StringEquals = { "aws:RequestedRegion" = "eu-central-1" } }
severity = "medium"
"#;

/// Every tenth role is an agent that must have less access than its operators. All other roles are operators.
const WITH_AGENTS: &str = r#"version = 1
[settings]
through_agents = false

[[principal]]
name   = "operators"
match  = ["*"]
kind   = "operator"
allow  = ["readonly.json"]

[[principal]]
name   = "agents"
match  = ["*:role/generated/role-*0"]
kind   = "agent"
allow  = ["readonly.json"]
narrower_than = "few"
overrides = ["operators", "few"]

[[principal]]
name   = "few"
match  = ["*:role/generated/role-1*1"]
kind   = "operator"
allow  = ["readonly.json"]
overrides = "operators"
"#;

fn build_case(snapshot: Vec<Arc<SourceFile>>, read_only: &Value, manifest: &str) -> AuditCase {
    AuditCase {
        snapshot,
        manifest: SourceFile::new("baseline.toml", manifest),
        ceiling: SourceFile::new("readonly.json", read_only.to_string()),
    }
}

fn bench_audits(c: &mut Criterion) {
    let mut group = c.benchmark_group("audit");
    group.sample_size(10);
    let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incident");
    group.bench_function("the example incident", |b| {
        b.iter(|| {
            let catalog = Catalog::embedded();
            let snapshot = Snapshot::load(&incident.join("snapshot")).expect("a snapshot");
            let baseline = Baseline::load_with_catalog(&incident.join("baseline"), catalog).expect("a baseline");
            let options = AuditOptions::new(jiff::civil::date(2026, 11, 20));
            black_box(audit(&snapshot, &baseline, catalog, &options).expect("an audit").findings.len())
        });
    });
    let Some(corpus) = std::env::var_os("IAMDRIFT_CORPUS").map(PathBuf::from) else {
        println!("the other audits need IAMDRIFT_CORPUS");
        return;
    };
    let policies = read_managed_policies(&corpus);
    let read_only = policies.get("ReadOnlyAccess").expect("ReadOnlyAccess");
    let generated = build_case(
        vec![
            SourceFile::new("account.json", account_json(&policies).to_string()),
            SourceFile::new("organization.json", organization_json().to_string()),
        ],
        read_only,
        CEILING_ONLY,
    );
    group.bench_function("1,000 generated roles", |b| b.iter(|| black_box(generated.run())));
    for (name, manifest) in [("guards and a persona", WITH_GUARDS), ("agents compared with operators", WITH_AGENTS)] {
        let case = build_case(generated.snapshot.clone(), read_only, manifest);
        group.bench_function(format!("1,000 generated roles, {name}"), |b| b.iter(|| black_box(case.run())));
    }
    let example = SourceFile::read(&corpus.join("accounts/cloudsplaining__example.json")).expect("the account");
    let example = build_case(vec![example], read_only, CEILING_ONLY);
    group.bench_function("122 principals", |b| b.iter(|| black_box(example.run())));
    group.finish();
}

criterion_group!(benches, bench_audits);
criterion_main!(benches);
