//! The reach graph of one account of 5,000 roles, in memory: built, and every role asked for its shortest path to what
//! is broader than itself. Every role has a policy of its own. Of a hundred roles, two administer, ten pass any role of
//! a team to Lambda, ten assume roles by a pattern, five write policies under a boundary, one rewrites trust policies,
//! and the others use data; half of all trust a service, a third their account, and some of these only with MFA.
#![allow(clippy::disallowed_macros, clippy::indexing_slicing)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::audit::{Options, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::reach::{Alike, Being, Change, Graph, Met, Way};
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;
use iamdrift::source::SourceFile;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde_json::{Value, json};

// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNT: &str = "111122223333";
const ROLES: usize = 5_000;

fn statement(actions: Value, resource: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

fn statements(i: usize) -> Vec<Value> {
    let bucket = json!([format!("arn:aws:s3:::data-{i}"), format!("arn:aws:s3:::data-{i}/*")]);
    let own = statement(json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]), bucket);
    let queue = statement(json!("sqs:*"), json!(format!("arn:aws:sqs:*:{ACCOUNT}:queue-{i}")));
    let team = format!("arn:aws:iam::{ACCOUNT}:role/team-{}/*", i % 50);
    let mut all = vec![own, queue];
    match i % 100 {
        0 | 1 => all.push(statement(json!("*"), json!("*"))),
        2..=11 => {
            let mut pass = statement(json!("iam:PassRole"), json!(team));
            pass["Condition"] = json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } });
            all.push(pass);
            all.push(statement(json!(["lambda:CreateFunction", "lambda:InvokeFunction", "logs:*"]), json!("*")));
        }
        12..=21 => all.push(statement(json!("sts:AssumeRole"), json!(team))),
        22..=26 => all.push(statement(json!(["iam:PutRolePolicy", "iam:AttachRolePolicy"]), json!(team))),
        27 => all.push(statement(json!("iam:UpdateAssumeRolePolicy"), json!(team))),
        28..=37 => all.push(statement(json!(["ec2:RunInstances", "ec2:Describe*"]), json!("*"))),
        _ => all.push(statement(json!(["dynamodb:GetItem", "dynamodb:Query"]), json!("*"))),
    }
    all
}

fn trust(i: usize) -> Value {
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

fn account() -> Arc<SourceFile> {
    let role = |i: usize| {
        let mut role = json!({
            "Path": format!("/team-{}/", i % 50),
            "RoleName": format!("role-{i}"),
            "RoleId": format!("AROAEXAMPLE{i:010}"),
            "Arn": format!("arn:aws:iam::{ACCOUNT}:role/team-{}/role-{i}", i % 50),
            "AssumeRolePolicyDocument": trust(i),
            "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": {
                "Version": "2012-10-17", "Statement": statements(i) } }],
            "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": [],
        });
        if (22..=26).contains(&(i % 100)) {
            role["PermissionsBoundary"] = json!({ "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary") });
        }
        role
    };
    let boundary = json!({ "Version": "2012-10-17", "Statement": [statement(json!(["s3:*", "iam:*"]), json!("*"))] });
    let policy = json!({
        "PolicyName": "boundary", "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/boundary"), "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": boundary }],
    });
    let page = json!({ "UserDetailList": [], "GroupDetailList": [], "Policies": [policy],
                       "RoleDetailList": (0..ROLES).map(role).collect::<Vec<_>>() });
    SourceFile::new("account.json", page.to_string())
}

/// How many principals can become something broader than themselves.
fn reach(snapshot: &Snapshot) -> usize {
    let catalog = Catalog::embedded();
    let solver = Solver::new(catalog);
    let graph = Graph::new(&solver, snapshot, jiff::civil::date(2026, 11, 20));
    let reaches = |from: usize| {
        let itself = Being { principal: from, change: Change::default() };
        let Some((_, own, _)) = graph.layers_of(&itself) else { return false };
        let least = graph.at_least(&own);
        if graph.is_everything(&least) {
            return false;
        }
        let mut no_more: FxHashSet<Alike> = FxHashSet::default();
        let mut goal = |way: &Way<'_>| {
            let last = way.last();
            let alike = || graph.alike(last, &own);
            if graph.may_only(last, &least) || no_more.contains(&alike()) {
                return Met::No;
            }
            match graph.beyond(last, &own) {
                Ok(true) => Met::Yes(()),
                Ok(false) => {
                    no_more.insert(alike());
                    Met::No
                }
                Err(why) => Met::Undecided(why),
            }
        };
        graph.shortest(from, &mut goal).found.is_some_and(|found| graph.links(&found.beings).is_ok())
    };
    (0..graph.len()).into_par_iter().filter(|from| reaches(*from)).count()
}

/// Everyone is a workload whom one broad ceiling binds.
const MANIFEST: &str =
    "version = 1\n[[principal]]\nname = \"all\"\nmatch = [\"*\"]\nkind = \"workload\"\nallow = [\"broad.json\"]\n";

fn baseline() -> Baseline {
    let services = ["s3:*", "sqs:*", "dynamodb:*", "lambda:*", "logs:*", "ec2:*", "iam:*"];
    let ceiling = json!({ "Version": "2012-10-17", "Statement": [statement(json!(services), json!("*"))] });
    let ceiling = SourceFile::new("broad.json", ceiling.to_string());
    let manifest = SourceFile::new("baseline.toml", MANIFEST);
    Baseline::from_texts(&manifest, [("broad.json".to_owned(), ceiling)], Catalog::embedded()).expect("a baseline")
}

fn reaches(c: &mut Criterion) {
    let snapshot = Snapshot::from_texts(Path::new("generated"), &[account()]).expect("a snapshot");
    println!("{} of {ROLES} roles can become something broader", reach(&snapshot));
    let mut group = c.benchmark_group("reach");
    group.sample_size(10);
    group.bench_function("5,000 roles in one account", |b| b.iter(|| black_box(reach(&snapshot))));
    let (baseline, options) = (baseline(), Options::on(jiff::civil::date(2026, 11, 20)));
    group.bench_function("a whole audit of them under one ceiling", |b| {
        b.iter(|| {
            black_box(audit(&snapshot, &baseline, Catalog::embedded(), &options).expect("an audit").findings.len())
        });
    });
    group.finish();
}

criterion_group!(benches, reaches);
criterion_main!(benches);
