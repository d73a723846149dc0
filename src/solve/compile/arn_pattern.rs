//! Patterns of ARN operators: wildcards do not cross the first five colons.
// AWS: IAM JSON policy elements: Condition operators, "Amazon Resource Name (ARN) condition operators"

use crate::solve::strings::alphabet::{VariableSymbols, is_colon_free, is_variable};
use crate::solve::strings::token::{GlobToken, SymbolClass};

/// The start of every ARN.
const ARN_PREFIX: &[u8] = b"arn:";

/// The tokens of an ARN pattern, in which a wildcard of the first five segments does not match a colon. None if the
/// pattern has fewer than six segments, or if its first segment cannot be `arn`: it then matches no ARN.
pub(super) fn normalize_arn_pattern(mut toks: Vec<GlobToken>) -> Option<Vec<GlobToken>> {
    let mut colons = 0;
    for tok in &mut toks {
        match tok {
            tok if tok.is_colon() => colons += 1,
            // The unknown value of a variable may contain colons, which shift the segments. Any string then replaces
            // the value and the rest of the segments.
            GlobToken::Literal(s) | GlobToken::EitherCase(s, _)
                if is_variable(*s) && !is_colon_free(*s) && colons < 5 =>
            {
                *tok = GlobToken::Literal(VariableSymbols::ANY_TEXT.exact);
                colons = 5;
            }
            GlobToken::AnyRun(class) | GlobToken::AnyOne(class) if colons < 5 => *class = SymbolClass::NotColon,
            _ => {}
        }
    }
    let first = toks.iter().position(GlobToken::is_colon).unwrap_or(toks.len());
    let (first, rest) = toks.split_at(first);
    if colons >= 5 && first.iter().any(|tok| tok.is_variable()) {
        return Some(toks);
    }
    (colons >= 5 && is_match(first, b"arn"))
        .then(|| b"arn".iter().map(|b| GlobToken::Literal(*b)).chain(rest.iter().copied()).collect())
}

/// Adds the segments that a pattern lacks: any text. The unknown value of a variable may have all segments.
pub(super) fn complete_arn_pattern(toks: &mut Vec<GlobToken>) {
    let may_have_segments = |tok: &GlobToken| match tok {
        GlobToken::Literal(s) | GlobToken::EitherCase(s, _) => is_variable(*s) && !is_colon_free(*s),
        GlobToken::AnyRun(_) | GlobToken::AnyOne(_) => false,
    };
    if toks.iter().any(may_have_segments) {
        return;
    }
    for _ in toks.iter().filter(|tok| tok.is_colon()).count()..5 {
        toks.extend([GlobToken::Literal(b':'), GlobToken::AnyRun(SymbolClass::Any)]);
    }
}

/// Whether tokens match a string.
fn is_match(toks: &[GlobToken], text: &[u8]) -> bool {
    match (toks.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((GlobToken::AnyRun(_), toks)), None) => is_match(toks, text),
        (Some((GlobToken::AnyRun(class), after)), Some((c, rest))) => {
            is_match(after, text) || (class.contains(*c) && is_match(toks, rest))
        }
        (Some(_), None) => false,
        (Some((tok, after)), Some((c, rest))) => tok.matches_one(*c) && is_match(after, rest),
    }
}

/// The tokens of a pattern that matches every ARN.
pub(super) fn build_any_arn_tokens() -> Vec<GlobToken> {
    let mut toks: Vec<GlobToken> = b"arn".iter().map(|b| GlobToken::Literal(*b)).collect();
    for segment in 1..6 {
        toks.push(GlobToken::Literal(b':'));
        toks.push(GlobToken::AnyRun(if segment == 5 { SymbolClass::Any } else { SymbolClass::NotColon }));
    }
    toks
}

/// Patterns that together match every string that is not an ARN: too few colons, or another start.
pub(super) fn build_non_arn_tokens() -> Vec<Vec<GlobToken>> {
    let with_colons = |colons: usize| {
        let mut toks = vec![GlobToken::AnyRun(SymbolClass::NotColon)];
        for _ in 0..colons {
            toks.push(GlobToken::Literal(b':'));
            toks.push(GlobToken::AnyRun(SymbolClass::NotColon));
        }
        toks
    };
    let differing_at = |(index, expected): (usize, &u8)| {
        let same = ARN_PREFIX.iter().take(index).map(|b| GlobToken::Literal(*b));
        same.chain([GlobToken::AnyOne(SymbolClass::Not(*expected)), GlobToken::AnyRun(SymbolClass::Any)]).collect()
    };
    (0..5).map(with_colons).chain(ARN_PREFIX.iter().enumerate().map(differing_at)).collect()
}
