//! Whether two patterns have a text in common, step by step and without their automata.
//!
//! Most pairs that are asked about have none: a bucket's ARN and an access point's part at the region. That is
//! seen here in the time that one automaton takes to build a few states.

use super::glob::{Glob, Tok};

/// Whether some text may match both. "Yes" is not sure where two classes of symbols meet.
pub(super) fn may_meet(a: &Glob, b: &Glob) -> bool {
    let (rows, columns) = (a.toks.len() + 1, b.toks.len() + 1);
    let mut seen = vec![false; rows * columns];
    let mut open = vec![(0, 0)];
    while let Some((i, j)) = open.pop() {
        match seen.get_mut(i * columns + j) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let (x, y) = (a.toks.get(i), b.toks.get(j));
        if x.is_none() && y.is_none() {
            return true;
        }
        if matches!(x, Some(Tok::Run(_))) {
            open.push((i + 1, j));
        }
        if matches!(y, Some(Tok::Run(_))) {
            open.push((i, j + 1));
        }
        if let (Some(x), Some(y)) = (x, y)
            && may_be_one(*x, *y)
        {
            let after = |tok: &Tok, at: usize| if matches!(tok, Tok::Run(_)) { at } else { at + 1 };
            open.push((after(x, i), after(y, j)));
        }
    }
    false
}

/// Whether one symbol may stand for both.
fn may_be_one(x: Tok, y: Tok) -> bool {
    let takes = |tok: Tok, symbol| match tok {
        Tok::Sym(a) => a == symbol,
        Tok::Either(a, b) => a == symbol || b == symbol,
        Tok::One(class) => class.has(symbol),
        Tok::Run(class) => class.run_has(symbol),
    };
    match (x, y) {
        (Tok::Sym(symbol), other) | (other, Tok::Sym(symbol)) => takes(other, symbol),
        (Tok::Either(a, b), other) | (other, Tok::Either(a, b)) => takes(other, a) || takes(other, b),
        (Tok::One(_) | Tok::Run(_), Tok::One(_) | Tok::Run(_)) => true,
    }
}
