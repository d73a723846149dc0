//! The cost of the catalog: at start-up (at most 10 ms), and for each lookup.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::catalog::{ActionId, Catalog};

fn bench_catalog(c: &mut Criterion) {
    let bytes = include_bytes!("../src/catalog/catalog.zst");
    c.bench_function("catalog/load", |b| {
        b.iter(|| Catalog::from_bytes(black_box(bytes)));
    });
    c.bench_function("catalog/load and classes", |b| {
        b.iter(|| {
            let catalog = Catalog::from_bytes(black_box(bytes)).expect("it is a catalog");
            catalog.risk_classes(ActionId(0))
        });
    });
    let catalog = Catalog::embedded();
    c.bench_function("catalog/find_action", |b| {
        b.iter(|| catalog.find_action(black_box("s3:GetObject")));
    });
    let action = catalog.find_action("s3:GetObject").expect("it is defined");
    let shape = catalog.shape(action);
    for key in ["s3:versionid", "s3:ExistingObjectTag/team", "s3:prefix"] {
        c.bench_function(&format!("catalog/has_key {key}"), |b| {
            b.iter(|| catalog.has_key(black_box(shape), black_box(key)));
        });
    }
    for key in ["aws:SourceIp", "aws:PrincipalTag/team", "no:such"] {
        c.bench_function(&format!("catalog/key_facts {key}"), |b| {
            b.iter(|| catalog.key_definition(black_box(key)));
        });
    }
}

criterion_group!(benches, bench_catalog);
criterion_main!(benches);
