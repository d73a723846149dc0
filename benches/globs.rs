//! The glob search, warm: the patterns are interned and their automata built.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use iamdrift::solve::glob::{Class, Glob, GlobRef, Interner, Tok};
use iamdrift::solve::search::{Budget, Found, find};

fn glob(interner: &Interner, text: &str) -> GlobRef {
    let toks: Vec<Tok> = text
        .bytes()
        .map(|b| match b {
            b'*' => Tok::Run(Class::Any),
            b'?' => Tok::One(Class::Any),
            b => Tok::Sym(b),
        })
        .collect();
    interner.glob(&toks)
}

fn globs(c: &mut Criterion) {
    let interner = Interner::default();
    let all = |texts: &[String]| -> Vec<GlobRef> { texts.iter().map(|t| glob(&interner, t)).collect() };
    let ten: Vec<String> = (0..10).map(|i| format!("arn:aws:s3:::bucket/team{i}/*")).collect();
    let mut fifty: Vec<String> = (0..49).map(|i| format!("arn:aws:s3:::bucket/*{i}*")).collect();
    fifty.push("arn:aws:s3:::b*".to_owned());
    let some = |one: &str| vec![one.to_owned()];
    let cases = [
        ("a prefix minus ten", some("arn:aws:s3:::bucket/*"), ten),
        ("a prefix minus fifty that cover it", some("arn:aws:s3:::bucket/*"), fifty),
        ("crossing wildcards", vec!["a*".to_owned(), "*b".to_owned()], vec!["a*b".to_owned()]),
        (
            "crossing wildcards with room",
            vec!["a*".to_owned(), "*b".to_owned()],
            vec!["a*x*b".to_owned(), "ab".to_owned()],
        ),
    ];
    for (name, positive, negative) in cases {
        let (positive, negative) = (all(&positive), all(&negative));
        let positive: Vec<&Glob> = positive.iter().map(|g| &**g).collect();
        let negative: Vec<&Glob> = negative.iter().map(|g| &**g).collect();
        let budget = Budget::new(u64::MAX);
        assert_ne!(find(&positive, &negative, false, &budget), Found::GaveUp);
        c.bench_function(&format!("globs/{name}"), |b| {
            b.iter(|| find(black_box(&positive), black_box(&negative), false, &budget));
        });
    }
}

criterion_group!(benches, globs);
criterion_main!(benches);
