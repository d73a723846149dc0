//! Whether two patterns have a text in common, step by step and without their automata.
//!
//! Most pairs that are asked about have none: a bucket's ARN and an access point's part at the region. That is
//! seen here in the time that one automaton takes to build a few states.

use super::interned_glob::{GlobToken, InternedGlob};

/// Whether some text may match both. "Yes" is not sure where two classes of symbols meet.
pub(crate) fn may_intersect(a: &InternedGlob, b: &InternedGlob) -> bool {
    let (rows, columns) = (a.toks.len() + 1, b.toks.len() + 1);
    let mut seen = vec![false; rows * columns];
    let mut pending = vec![(0, 0)];
    while let Some((i, j)) = pending.pop() {
        match seen.get_mut(i * columns + j) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let (x, y) = (a.toks.get(i), b.toks.get(j));
        if x.is_none() && y.is_none() {
            return true;
        }
        if matches!(x, Some(GlobToken::AnyRun(_))) {
            pending.push((i + 1, j));
        }
        if matches!(y, Some(GlobToken::AnyRun(_))) {
            pending.push((i, j + 1));
        }
        if let (Some(x), Some(y)) = (x, y)
            && may_match_same_symbol(*x, *y)
        {
            let after = |tok: &GlobToken, at: usize| if matches!(tok, GlobToken::AnyRun(_)) { at } else { at + 1 };
            pending.push((after(x, i), after(y, j)));
        }
    }
    false
}

/// Whether one symbol may stand for both.
fn may_match_same_symbol(x: GlobToken, y: GlobToken) -> bool {
    let accepts = |tok: GlobToken, symbol| match tok {
        GlobToken::Literal(a) => a == symbol,
        GlobToken::EitherCase(a, b) => a == symbol || b == symbol,
        GlobToken::AnyOne(class) => class.contains(symbol),
        GlobToken::AnyRun(class) => class.run_contains(symbol),
    };
    match (x, y) {
        (GlobToken::Literal(symbol), other) | (other, GlobToken::Literal(symbol)) => accepts(other, symbol),
        (GlobToken::EitherCase(a, b), other) | (other, GlobToken::EitherCase(a, b)) => {
            accepts(other, a) || accepts(other, b)
        }
        (GlobToken::AnyOne(_) | GlobToken::AnyRun(_), GlobToken::AnyOne(_) | GlobToken::AnyRun(_)) => true,
    }
}
