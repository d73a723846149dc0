//! Matching of texts with wildcards and variables (`docs/semantics.md` §1 and §2).
//!
//! A template becomes a list of pieces, its variables replaced by literal text; the pieces are then walked
//! over the text with the set of positions that can be reached, which needs no backtracking.

use super::request::{Context, ContextValue};
use crate::iam::{ActionPattern, Arn, Template, TemplatePart};

/// A piece of a pattern with its variables replaced.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum PatternPiece<'a> {
    Literal(&'a str),
    AnyRun(WildcardSpan),
    AnyOne,
}

/// What a `*` runs over.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum WildcardSpan {
    AllText,
    /// All but colons: it stays in its ARN segment.
    Segment,
}

/// How a `*` in the middle of an ARN segment is read (`Choice::MidSegmentStar`).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum MidSegmentStar {
    /// It runs over colons.
    CrossesColons,
    /// It does not.
    StaysInSegment,
}

/// Why a template does not match.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum PatternMismatch {
    /// The text is another.
    TextDiffers,
    /// One of its variables has no value in the request.
    UnresolvedVariable,
}

/// Whether a `Resource` pattern matches a resource.
pub(super) fn match_resource(
    pattern: &Template,
    resource: &str,
    context: &Context,
    star: MidSegmentStar,
) -> Result<(), PatternMismatch> {
    if pattern.is_match_all() {
        return Ok(());
    }
    let mut pieces = resolve_pieces(pattern, context).ok_or(PatternMismatch::UnresolvedVariable)?;
    if star == MidSegmentStar::StaysInSegment {
        restrict_to_segments(&mut pieces);
    }
    to_match_result(matches_pieces(&pieces, resource))
}

/// Whether a value of a string condition matches; `*` and `?` are wildcards where the template has them.
pub(super) fn match_text(
    pattern: &Template,
    value: &str,
    context: &Context,
    ignore_case: bool,
) -> Result<(), PatternMismatch> {
    let pieces = resolve_pieces(pattern, context).ok_or(PatternMismatch::UnresolvedVariable)?;
    if !ignore_case {
        return to_match_result(matches_pieces(&pieces, value));
    }
    let expected: String = pieces
        .iter()
        .map(|piece| match piece {
            PatternPiece::Literal(text) => text,
            PatternPiece::AnyRun(_) => "*",
            PatternPiece::AnyOne => "?",
        })
        .collect();
    let mut letters = value.chars();
    let is_same = expected.chars().all(|e| letters.next().is_some_and(|v| is_same_letter(e, v)));
    to_match_result(is_same && letters.next().is_none())
}

/// Whether an ARN matches a value of an ARN condition, segment by segment. `*` alone matches any ARN; any
/// other pattern that has not six segments matches none.
pub(super) fn match_arn(pattern: &Template, value: &Arn, context: &Context) -> Result<(), PatternMismatch> {
    if pattern.is_match_all() {
        return Ok(());
    }
    let pieces = resolve_pieces(pattern, context).ok_or(PatternMismatch::UnresolvedVariable)?;
    let segments = split_segments(&pieces);
    let values: Vec<&str> = value.as_str().splitn(6, ':').collect();
    to_match_result(
        segments.len() == 6 && segments.iter().zip(values).all(|(pattern, value)| matches_pieces(pattern, value)),
    )
}

/// A requested action: the two parts of its name in lower case.
#[derive(Debug)]
pub(super) struct RequestedAction {
    service: String,
    name: String,
}

impl RequestedAction {
    /// Reads `service:Name`.
    pub fn parse(action: &str) -> RequestedAction {
        let lower = action.trim().to_ascii_lowercase();
        match lower.split_once(':') {
            Some((service, name)) => RequestedAction { service: service.to_owned(), name: name.to_owned() },
            None => RequestedAction { service: lower, name: String::new() },
        }
    }

    /// The part before the colon.
    pub fn service(&self) -> &str {
        &self.service
    }
}

/// Whether a pattern matches an action.
pub(super) fn matches_action(pattern: &ActionPattern, action: &RequestedAction) -> bool {
    let part_matches = |pattern: &str, has_wildcards: bool, text: &str| match has_wildcards {
        true => matches_name(pattern, text),
        false => pattern == text,
    };
    part_matches(pattern.service(), pattern.service_has_wildcards(), &action.service)
        && part_matches(pattern.name(), pattern.name_has_wildcards(), &action.name)
}

/// Whether a pattern with `*` and `?` matches a name, both in lower case.
fn matches_name(pattern: &str, name: &str) -> bool {
    // What stands before the first wildcard settles most names.
    let mut pairs = pattern.bytes().zip(name.bytes()).take_while(|(p, _)| !matches!(p, b'*' | b'?'));
    if pairs.any(|(p, n)| p != n) {
        return false;
    }
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '?']) {
        let Some((literal, wildcard)) = rest.split_at_checked(at) else { break };
        if !literal.is_empty() {
            pieces.push(PatternPiece::Literal(literal));
        }
        pieces.push(if wildcard.starts_with('*') {
            PatternPiece::AnyRun(WildcardSpan::AllText)
        } else {
            PatternPiece::AnyOne
        });
        rest = wildcard.get(1..).unwrap_or("");
    }
    if !rest.is_empty() {
        pieces.push(PatternPiece::Literal(rest));
    }
    matches_pieces(&pieces, name)
}

fn to_match_result(matched: bool) -> Result<(), PatternMismatch> {
    if matched { Ok(()) } else { Err(PatternMismatch::TextDiffers) }
}

/// Whether the policy's character and the request's are one letter in either case. Only cases of one character
/// count: `ß` and `SS` differ, and so do a `k` and the Kelvin sign, which is no case of it.
fn is_same_letter(expected: char, value: char) -> bool {
    fn single_case(mut cases: impl Iterator<Item = char>, original: char) -> char {
        match (cases.next(), cases.next()) {
            (Some(case), None) => case,
            _ => original,
        }
    }
    let lower = single_case(expected.to_lowercase(), expected);
    let upper = single_case(expected.to_uppercase(), expected);
    let has_cases = expected == lower || expected == upper;
    expected == value || (has_cases && (value == lower || value == upper))
}

/// The template with its variables replaced; none where a variable has neither a value nor a default.
fn resolve_pieces<'a>(template: &'a Template, context: &'a Context) -> Option<Vec<PatternPiece<'a>>> {
    template
        .parts()
        .iter()
        .map(|part| match part {
            TemplatePart::Literal(text) => Some(PatternPiece::Literal(text)),
            TemplatePart::AnyString => Some(PatternPiece::AnyRun(WildcardSpan::AllText)),
            TemplatePart::AnyChar => Some(PatternPiece::AnyOne),
            TemplatePart::Variable { key, default } => match context.get(key) {
                Some(ContextValue::Single(value)) => Some(PatternPiece::Literal(value)),
                // A set of values cannot be a variable's value, and it is not missing either.
                Some(ContextValue::Set(_)) => None,
                None => default.as_deref().map(PatternPiece::Literal),
            },
        })
        .collect()
}

/// Keeps every `*` that neither ends its segment nor the pattern in its segment.
fn restrict_to_segments(pieces: &mut [PatternPiece<'_>]) {
    let mut segment_ends_after = true;
    for piece in pieces.iter_mut().rev() {
        match piece {
            PatternPiece::Literal("") => continue,
            PatternPiece::Literal(text) => segment_ends_after = text.starts_with(':'),
            PatternPiece::AnyOne => segment_ends_after = false,
            PatternPiece::AnyRun(span) => {
                if !segment_ends_after {
                    *span = WildcardSpan::Segment;
                }
                segment_ends_after = false;
            }
        }
    }
}

/// The pieces cut at the first five colons.
fn split_segments<'a>(pieces: &[PatternPiece<'a>]) -> Vec<Vec<PatternPiece<'a>>> {
    let mut segments = Vec::new();
    let mut current = Vec::new();
    for piece in pieces {
        let PatternPiece::Literal(text) = piece else {
            current.push(*piece);
            continue;
        };
        let mut rest = *text;
        while segments.len() < 5
            && let Some((before, after)) = rest.split_once(':')
        {
            current.push(PatternPiece::Literal(before));
            segments.push(std::mem::take(&mut current));
            rest = after;
        }
        current.push(PatternPiece::Literal(rest));
    }
    segments.push(current);
    segments
}

/// Whether the pieces match the whole text.
fn matches_pieces(pieces: &[PatternPiece<'_>], text: &str) -> bool {
    let mut positions = vec![0];
    for piece in pieces {
        positions = match piece {
            PatternPiece::Literal(literal) => positions
                .into_iter()
                .filter(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(literal)))
                .map(|at| at + literal.len())
                .collect(),
            PatternPiece::AnyOne => positions
                .into_iter()
                .filter_map(|at| text.get(at..)?.chars().next().map(|c| at + c.len_utf8()))
                .collect(),
            PatternPiece::AnyRun(span) => extend_over_star(text, &positions, *span),
        };
        if positions.is_empty() {
            return false;
        }
    }
    positions.last() == Some(&text.len())
}

/// All positions that a `*` reaches from those reached before it, in order.
fn extend_over_star(text: &str, start_positions: &[usize], span: WildcardSpan) -> Vec<usize> {
    let mut pending_starts = start_positions.iter().copied().peekable();
    let mut is_open = false;
    let mut reached = Vec::new();
    for (at, c) in text.char_indices().map(|(at, c)| (at, Some(c))).chain([(text.len(), None)]) {
        if pending_starts.next_if_eq(&at).is_some() {
            is_open = true;
        }
        if is_open {
            reached.push(at);
        }
        if span == WildcardSpan::Segment && c == Some(':') {
            is_open = false;
        }
    }
    reached
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::iam::template::{VariableScope, WildcardMode};

    fn matches(pattern: &str, value: &str, star: MidSegmentStar) -> bool {
        let pattern = Template::from_resource(pattern, VariableScope::AfterFifthColon);
        let mut context = Context::default();
        context.set("aws:username", "a*c");
        match_resource(&pattern, value, &context, star).is_ok()
    }

    #[test]
    fn globs() {
        let matches_across = |p, v| matches(p, v, MidSegmentStar::CrossesColons);
        for (pattern, value, expected) in [
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", true),
            ("arn:aws:s3:::b/?", "arn:aws:s3:::b/é", true),
            ("arn:aws:s3:::b/?", "arn:aws:s3:::b/", false),
            ("arn:aws:s3:::*a*b", "arn:aws:s3:::aab", true),
            ("arn:aws:s3:::*a*b", "arn:aws:s3:::aba", false),
            ("arn:aws:s3:::*?x", "arn:aws:s3:::x", false),
            ("arn:aws:s3:::${aws:username}", "arn:aws:s3:::a*c", true),
            ("arn:aws:s3:::${aws:username}", "arn:aws:s3:::abc", false),
            ("arn:aws:s3:::${aws:userid}*", "arn:aws:s3:::abc", false),
            ("arn:aws:sqs", "arn:aws:sqs:us-east-1:111122223333:q", true),
            ("arn:aws:s3:::b", "arn:aws:s3:::bb", false),
        ] {
            assert_eq!(matches_across(pattern, value), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn stars_in_mid_segment() {
        let value = "arn:aws:lambda:us-east-1:111122223333:function:f:1";
        for (pattern, stays) in [
            ("arn:aws:lambda:*:function:f:1", true),
            ("arn:aws:lambda:us*3333:function:f:1", false),
            ("arn:aws:lambda:us*:111122223333:function:f:1", true),
            ("arn:aws:lambda:us-*-1:111122223333:function:f:1", true),
            ("arn:aws:lambda:us-east-1:111122223333:function*1", false),
            ("arn:aws:lambda:us-east-1:111122223333:function*", true),
        ] {
            assert!(matches(pattern, value, MidSegmentStar::CrossesColons), "{pattern}");
            assert_eq!(matches(pattern, value, MidSegmentStar::StaysInSegment), stays, "{pattern}");
        }
    }

    #[test]
    fn arns_match_by_segment() {
        let value = Arn::parse("arn:aws:x:r:444455556666:s/a:111122223333:b/c").unwrap();
        let mut context = Context::default();
        context.set("k", "aws:x");
        for (pattern, expected) in [
            ("*", true),
            ("arn:*:*:*:*:*", true),
            ("arn:aws:x:*:111122223333:b/*", false),
            ("arn:aws:x:*:444455556666:s/*", true),
            ("arn:*", false),
            ("arn:${k}:r:*:*", true),
            ("arn:${l}:r:*:*", false),
            ("a*n:aws:x:r:4*6:s?a*", true),
        ] {
            let pattern = Template::parse(pattern, WildcardMode::Active, VariableScope::Anywhere);
            assert_eq!(match_arn(&pattern, &value, &context).is_ok(), expected, "{pattern}");
        }
    }

    #[test]
    fn action_names_ignore_case() {
        for (pattern, requested, expected) in [
            ("s3:Get*", "S3:getObject", true),
            ("*", "s3:", true),
            ("S3:g?tObject", "s3:GetObject", true),
            ("s?:GetObject", "s3:getobject", true),
            ("s3:Get", "s3:GetObject", false),
            ("s3:Get?", "s3:Get", false),
            ("s3:*", "sqs:GetObject", false),
        ] {
            let pattern = ActionPattern::parse(pattern).unwrap();
            assert_eq!(
                matches_action(&pattern, &RequestedAction::parse(requested)),
                expected,
                "{} {requested}",
                pattern.as_written()
            );
        }
    }
}
