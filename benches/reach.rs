//! The attack graph of one account with 5,000 roles, in memory: builds the graph, and finds the shortest escalation path
//! of every role. Every role has its own policy. Of each hundred roles, two are administrators, ten pass a team's roles
//! to Lambda, ten assume roles by a pattern, five write policies under a permissions boundary, one rewrites trust
//! policies, and the others use data. Half of the roles trust a service, a third trust their account, some only with MFA.
#![allow(clippy::disallowed_macros, clippy::indexing_slicing)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::audit::{AuditOptions, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::reach::{EquivalenceClass, GoalResult, Graph, NodeState, PathSoFar};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use iamdrift::source::SourceFile;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde_json::{Value, json};

// The same allocator as the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNT: &str = "111122223333";
const ROLES: usize = 5_000;

fn statement_json(actions: Value, resource: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn role_statements(i: usize) -> Vec<Value> {
    let bucket = json!([format!("arn:aws:s3:::data-{i}"), format!("arn:aws:s3:::data-{i}/*")]);
    let bucket_statement = statement_json(json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]), bucket);
    let queue_statement = statement_json(json!("sqs:*"), json!(format!("arn:aws:sqs:*:{ACCOUNT}:queue-{i}")));
    let team = format!("arn:aws:iam::{ACCOUNT}:role/team-{}/*", i % 50);
    let mut statements = vec![bucket_statement, queue_statement];
    match i % 100 {
        0 | 1 => statements.push(statement_json(json!("*"), json!("*"))),
        2..=11 => {
            let mut pass = statement_json(json!("iam:PassRole"), json!(team));
            pass["Condition"] = json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } });
            statements.push(pass);
            statements
                .push(statement_json(json!(["lambda:CreateFunction", "lambda:InvokeFunction", "logs:*"]), json!("*")));
        }
        12..=21 => statements.push(statement_json(json!("sts:AssumeRole"), json!(team))),
        22..=26 => statements.push(statement_json(json!(["iam:PutRolePolicy", "iam:AttachRolePolicy"]), json!(team))),
        27 => statements.push(statement_json(json!("iam:UpdateAssumeRolePolicy"), json!(team))),
        28..=37 => statements.push(statement_json(json!(["ec2:RunInstances", "ec2:Describe*"]), json!("*"))),
        _ => statements.push(statement_json(json!(["dynamodb:GetItem", "dynamodb:Query"]), json!("*"))),
    }
    statements
}

fn trust_policy_json(i: usize) -> Value {
    let (principal, condition) = match i % 6 {
        0 => (json!({ "Service": "lambda.amazonaws.com" }), json!({})),
        1 => (json!({ "Service": "ec2.amazonaws.com" }), json!({})),
        2 => (json!({ "Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"] }), json!({})),
        3 => (json!({ "AWS": ACCOUNT }), json!({})),
        4 => (json!({ "AWS": ACCOUNT }), json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })),
        _ => (json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:role/team-{}/role-{}", (i + 1) % 50, i + 1) }), json!({})),
    };
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition,
    }] })
}

fn build_account() -> Arc<SourceFile> {
    let role = |i: usize| {
        let mut role = json!({
            "Path": format!("/team-{}/", i % 50),
            "RoleName": format!("role-{i}"),
            "RoleId": format!("AROAEXAMPLE{i:010}"),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/team-{}/role-{i}", i % 50),
            "AssumeRolePolicyDocument": trust_policy_json(i),
            "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": {
                "Version": "2012-10-17", "Statement": role_statements(i) } }],
            "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": [],
        });
        if (22..=26).contains(&(i % 100)) {
            role["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary") });
        }
        role
    };
    let boundary =
        json!({ "Version": "2012-10-17", "Statement": [statement_json(json!(["s3:*", "iam:*"]), json!("*"))] });
    let policy = json!({
        "PolicyName": "boundary", "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary"), "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": boundary }],
    });
    let page = json!({ "UserDetailList": [], "GroupDetailList": [], "Policies": [policy],
                       "RoleDetailList": (0..ROLES).map(role).collect::<Vec<_>>() });
    SourceFile::new("account.json", page.to_string())
}

/// The number of principals that can escalate their privileges.
fn count_escalating_principals(snapshot: &Snapshot) -> usize {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    let can_escalate = |from: usize| {
        let start = NodeState::unchanged(from);
        let (_, start_access, _) = graph.build_layers(&start);
        let lower_bound = graph.lower_bound(&start_access);
        if graph.is_all_actions(&lower_bound) {
            return false;
        }
        let mut classes_without_excess: FxHashSet<EquivalenceClass> = FxHashSet::default();
        let mut goal = |path: &PathSoFar<'_>| {
            let last = path.last();
            let equivalence_class = || graph.equivalence_class(last, &start_access);
            if graph.is_limited_to(last, &lower_bound) || classes_without_excess.contains(&equivalence_class()) {
                return GoalResult::NotMet;
            }
            match graph.has_excess(last, &start_access) {
                Ok(true) => GoalResult::Met(()),
                Ok(false) => {
                    classes_without_excess.insert(equivalence_class());
                    GoalResult::NotMet
                }
                Err(why) => GoalResult::Undecided(why),
            }
        };
        graph.find_shortest_path(from, &mut goal).found.is_some_and(|found| graph.prove_steps(&found.steps).is_ok())
    };
    (0..graph.len()).into_par_iter().filter(|from| can_escalate(*from)).count()
}

/// Every principal is a workload with one broad ceiling.
const BROAD_MANIFEST: &str =
    "version = 1\n[[principal]]\nname = \"all\"\nmatch = [\"*\"]\nkind = \"workload\"\nallow = [\"broad.json\"]\n";

fn build_baseline() -> Baseline {
    let services = ["s3:*", "sqs:*", "dynamodb:*", "lambda:*", "logs:*", "ec2:*", "iam:*"];
    let ceiling = json!({ "Version": "2012-10-17", "Statement": [statement_json(json!(services), json!("*"))] });
    let ceiling = SourceFile::new("broad.json", ceiling.to_string());
    let manifest = SourceFile::new("baseline.toml", BROAD_MANIFEST);
    Baseline::from_texts(&manifest, [("broad.json".to_owned(), ceiling)], Catalog::embedded()).expect("a baseline")
}

fn bench_reach(c: &mut Criterion) {
    let snapshot = Snapshot::from_texts(Path::new("generated"), &[build_account()]).expect("a snapshot");
    println!("{} of {ROLES} roles can escalate", count_escalating_principals(&snapshot));
    let mut group = c.benchmark_group("reach");
    group.sample_size(10);
    group
        .bench_function("5,000 roles in one account", |b| b.iter(|| black_box(count_escalating_principals(&snapshot))));
    let (baseline, options) = (build_baseline(), AuditOptions::new(jiff::civil::date(2026, 11, 20)));
    group.bench_function("a whole audit of them under one ceiling", |b| {
        b.iter(|| {
            black_box(audit(&snapshot, &baseline, Catalog::embedded(), &options).expect("an audit").findings.len())
        });
    });
    group.finish();
}

criterion_group!(benches, bench_reach);
criterion_main!(benches);
