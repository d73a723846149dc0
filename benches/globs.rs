//! The glob search with interned patterns and built automata.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::solve::Budget;
use iamdrift::solve::strings::glob_search::find_string;
use iamdrift::solve::strings::interned_glob::{GlobRef, InternedGlob};
use iamdrift::solve::strings::interner::GlobInterner;
use iamdrift::solve::strings::product_search::{GlobSearchResult, SymbolRange};
use iamdrift::solve::strings::token::{GlobToken, SymbolClass};

fn intern_glob(interner: &GlobInterner, text: &str) -> GlobRef {
    let toks: Vec<GlobToken> = text
        .bytes()
        .map(|b| match b {
            b'*' => GlobToken::AnyRun(SymbolClass::Any),
            b'?' => GlobToken::AnyOne(SymbolClass::Any),
            b => GlobToken::Literal(b),
        })
        .collect();
    interner.intern(&toks)
}

fn bench_globs(c: &mut Criterion) {
    let interner = GlobInterner::default();
    let intern_all = |texts: &[String]| -> Vec<GlobRef> { texts.iter().map(|t| intern_glob(&interner, t)).collect() };
    let ten: Vec<String> = (0..10).map(|i| format!("arn:aws:s3:::bucket/team{i}/*")).collect();
    let mut fifty: Vec<String> = (0..49).map(|i| format!("arn:aws:s3:::bucket/*{i}*")).collect();
    fifty.push("arn:aws:s3:::b*".to_owned());
    let single = |text: &str| vec![text.to_owned()];
    let cases = [
        ("a prefix minus ten", single("arn:aws:s3:::bucket/*"), ten),
        ("a prefix minus fifty that cover it", single("arn:aws:s3:::bucket/*"), fifty),
        ("crossing wildcards", vec!["a*".to_owned(), "*b".to_owned()], vec!["a*b".to_owned()]),
        (
            "crossing wildcards with room",
            vec!["a*".to_owned(), "*b".to_owned()],
            vec!["a*x*b".to_owned(), "ab".to_owned()],
        ),
    ];
    for (name, positive, negative) in cases {
        let (positive, negative) = (intern_all(&positive), intern_all(&negative));
        let positive: Vec<&InternedGlob> = positive.iter().map(|g| &**g).collect();
        let negative: Vec<&InternedGlob> = negative.iter().map(|g| &**g).collect();
        let budget = Budget::new(u64::MAX);
        assert_ne!(find_string(&positive, &negative, SymbolRange::Characters, &budget), GlobSearchResult::GaveUp);
        c.bench_function(&format!("globs/{name}"), |b| {
            b.iter(|| find_string(black_box(&positive), black_box(&negative), SymbolRange::Characters, &budget));
        });
    }
}

criterion_group!(benches, bench_globs);
criterion_main!(benches);
