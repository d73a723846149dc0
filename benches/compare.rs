//! Policies compared: with `IAMDRIFT_CORPUS` every AWS managed policy against two of them, both ways; else the
//! shipped policies with one another. The spread is printed first, then a few are measured closely.
#![allow(clippy::disallowed_macros)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::solve::compare::{Relation, compare};
use iamdrift::solve::{Solver, World};
use iamdrift::source::{SourceFile, json};

// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Named = (String, Arc<PolicyDocument>);

fn managed(corpus: &Path) -> Vec<Named> {
    let packed =
        std::fs::read(corpus.join("managed-policies/aws_managed_policies_latest.json.zst")).expect("the corpus");
    let text = String::from_utf8(zstd::decode_all(packed.as_slice()).expect("zstd")).expect("UTF-8");
    let source = SourceFile::new("managed.json", text);
    let node = json::parse(&source).expect("JSON");
    let parse = |m: &json::Member| {
        let document = PolicyDocument::from_node(&source, &m.value, DocumentKind::Identity).expect("a policy");
        (m.name.to_string(), Arc::new(document))
    };
    node.members().iter().map(parse).collect()
}

fn shipped(folder: &Path, into: &mut Vec<Named>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            shipped(&path, into);
        } else if path.extension().is_some_and(|e| e == "json") {
            let text = std::fs::read_to_string(&path).expect("a file");
            let source = SourceFile::new(path.display().to_string(), text);
            // Other files stand beside the policies.
            if let Ok(document) = PolicyDocument::parse(&source, DocumentKind::Identity) {
                into.push((path.display().to_string(), Arc::new(document)));
            }
        }
    }
}

fn comparisons(c: &mut Criterion) {
    let documents = match std::env::var_os("IAMDRIFT_CORPUS") {
        Some(corpus) => managed(Path::new(&corpus)),
        None => {
            let mut found = Vec::new();
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            shipped(&root.join("policies"), &mut found);
            shipped(&root.join("examples"), &mut found);
            found
        }
    };
    let against: Vec<&Named> = match documents
        .iter()
        .filter(|(name, _)| name == "ReadOnlyAccess" || name == "SecurityAudit")
        .collect::<Vec<_>>()
    {
        none if none.is_empty() => documents.iter().collect(),
        named => named,
    };
    let solver = Solver::new(Catalog::embedded());
    let mut took: Vec<(Duration, &str, &str)> = Vec::new();
    let mut undecided = 0;
    for (name, document) in &documents {
        for (other_name, other) in &against {
            let start = Instant::now();
            let compared = compare(&solver, document, other, &[World::Closed], 4);
            took.push((start.elapsed(), name, other_name));
            undecided += usize::from(compared.relation == Relation::Undecided);
        }
    }
    took.sort();
    let at = |share: usize| took.get(took.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
    println!(
        "{} comparisons, both directions each: median {:?}, p95 {:?}, p99 {:?}, max {:?}, {undecided} undecided",
        took.len(),
        at(50).0,
        at(95).0,
        at(99).0,
        at(100)
    );
    for share in [50, 99] {
        let (_, name, other) = at(share);
        let of = |name: &str| documents.iter().find(|(n, _)| n == name).map(|(_, d)| d);
        if let (Some(a), Some(b)) = (of(name), of(other)) {
            c.bench_function(&format!("compare/p{share} {name} and {other}"), |bench| {
                bench.iter(|| compare(&solver, a, b, &[World::Closed], 4));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = comparisons
}
criterion_main!(benches);
