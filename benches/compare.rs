//! Comparisons of policies: with `IAMDRIFT_CORPUS`, every AWS managed policy with two of them, in both directions.
//! Otherwise the shipped policies with one another. Prints the distribution, then measures a few comparisons.
#![allow(clippy::disallowed_macros)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::catalog::Catalog;
use iamdrift::iam::{DocumentKind, PolicyDocument};
use iamdrift::solve::compare::{PolicyRelation, compare_policies};
use iamdrift::solve::{ActionWorld, Solver};
use iamdrift::source::{SourceFile, json_tree};

// The same allocator as the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type NamedDocument = (String, Arc<PolicyDocument>);

fn read_managed_policies(corpus: &Path) -> Vec<NamedDocument> {
    let compressed =
        std::fs::read(corpus.join("managed-policies/aws_managed_policies_latest.json.zst")).expect("the corpus");
    let text = String::from_utf8(zstd::decode_all(compressed.as_slice()).expect("zstd")).expect("UTF-8");
    let source = SourceFile::new("managed.json", text);
    let node = json_tree::parse(&source).expect("JSON");
    let parse = |m: &json_tree::JsonMember| {
        let document = PolicyDocument::from_node(&source, &m.value, DocumentKind::Identity).expect("a policy");
        (m.name.to_string(), Arc::new(document))
    };
    node.members().iter().map(parse).collect()
}

fn collect_shipped_policies(folder: &Path, documents: &mut Vec<NamedDocument>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect_shipped_policies(&path, documents);
        } else if path.extension().is_some_and(|e| e == "json") {
            let text = std::fs::read_to_string(&path).expect("a file");
            let source = SourceFile::new(path.display().to_string(), text);
            // The folders also contain other JSON files.
            if let Ok(document) = PolicyDocument::parse(&source, DocumentKind::Identity) {
                documents.push((path.display().to_string(), Arc::new(document)));
            }
        }
    }
}

fn bench_comparisons(c: &mut Criterion) {
    let documents = match std::env::var_os("IAMDRIFT_CORPUS") {
        Some(corpus) => read_managed_policies(Path::new(&corpus)),
        None => {
            let mut shipped_documents = Vec::new();
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            collect_shipped_policies(&root.join("policies"), &mut shipped_documents);
            collect_shipped_policies(&root.join("examples"), &mut shipped_documents);
            shipped_documents
        }
    };
    let references: Vec<&NamedDocument> = match documents
        .iter()
        .filter(|(name, _)| name == "ReadOnlyAccess" || name == "SecurityAudit")
        .collect::<Vec<_>>()
    {
        empty if empty.is_empty() => documents.iter().collect(),
        found => found,
    };
    let solver = Solver::new(Catalog::embedded());
    let mut timings: Vec<(Duration, &str, &str)> = Vec::new();
    let mut undecided = 0;
    for (name, document) in &documents {
        for (other_name, other) in &references {
            let start = Instant::now();
            let compared = compare_policies(&solver, document, other, &[ActionWorld::Existing], 4);
            timings.push((start.elapsed(), name, other_name));
            undecided += usize::from(compared.relation == PolicyRelation::Undecided);
        }
    }
    timings.sort();
    let percentile =
        |share: usize| timings.get(timings.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
    println!(
        "{} comparisons, both directions each: median {:?}, p95 {:?}, p99 {:?}, max {:?}, {undecided} undecided",
        timings.len(),
        percentile(50).0,
        percentile(95).0,
        percentile(99).0,
        percentile(100)
    );
    for share in [50, 99] {
        let (_, name, other) = percentile(share);
        let find_document = |name: &str| documents.iter().find(|(n, _)| n == name).map(|(_, d)| d);
        if let (Some(a), Some(b)) = (find_document(name), find_document(other)) {
            c.bench_function(&format!("compare/p{share} {name} and {other}"), |bench| {
                bench.iter(|| compare_policies(&solver, a, b, &[ActionWorld::Existing], 4));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = bench_comparisons
}
criterion_main!(benches);
