//! Whether two patterns share a string, by their tokens and without automata.
//!
//! Most pairs share none: the ARNs of a bucket and of an access point differ at the region. This test shows that in the
//! time in which an automaton builds a few states.

use super::interned_glob::InternedGlob;
use super::token::GlobToken;

/// Whether both patterns may match the same string. True is not proven if two symbol classes meet.
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
            let after =
                |tok: &GlobToken, index: usize| if matches!(tok, GlobToken::AnyRun(_)) { index } else { index + 1 };
            pending.push((after(x, i), after(y, j)));
        }
    }
    false
}

/// Whether both tokens may match the same symbol.
fn may_match_same_symbol(x: GlobToken, y: GlobToken) -> bool {
    let accepts = |tok: GlobToken, symbol| match tok {
        GlobToken::AnyRun(class) => class.run_contains(symbol),
        tok => tok.matches_one(symbol),
    };
    match (x, y) {
        (GlobToken::Literal(symbol), other) | (other, GlobToken::Literal(symbol)) => accepts(other, symbol),
        (GlobToken::EitherCase(a, b), other) | (other, GlobToken::EitherCase(a, b)) => {
            accepts(other, a) || accepts(other, b)
        }
        (GlobToken::AnyOne(_) | GlobToken::AnyRun(_), GlobToken::AnyOne(_) | GlobToken::AnyRun(_)) => true,
    }
}
