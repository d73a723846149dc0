//! Matches texts against patterns with wildcards and policy variables (`docs/semantics.md` §1 and §2).
//!
//! A template becomes a list of pieces in which each variable is literal text. The matcher keeps the set of positions
//! that the pieces so far can reach, so that it needs no backtracking.

use super::request::{Context, ContextValue};
use crate::base::glob::matches_glob;
use crate::iam::{ActionPattern, Arn, Template, TemplatePart};

/// A piece of a pattern after variable substitution.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum PatternPiece<'a> {
    Literal(&'a str),
    AnyRun(WildcardSpan),
    AnyOne,
}

/// The characters that a `*` matches.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum WildcardSpan {
    AllText,
    /// All characters except colons, so that it stays in its ARN segment.
    Segment,
}

/// The interpretation of a `*` in the middle of an ARN segment (`Ambiguity::MidSegmentStar`).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum MidSegmentStar {
    /// It also matches colons.
    CrossesColons,
    /// It matches no colon.
    StaysInSegment,
}

/// Whether a comparison of texts distinguishes upper and lower case.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum CaseSensitivity {
    Sensitive,
    Insensitive,
}

/// Why a template does not match.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum PatternMismatch {
    /// The text differs.
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

/// Whether a value of a string condition matches. `*` and `?` are wildcards if the template parsed them as such.
pub(super) fn match_text(
    pattern: &Template,
    value: &str,
    context: &Context,
    case: CaseSensitivity,
) -> Result<(), PatternMismatch> {
    let pieces = resolve_pieces(pattern, context).ok_or(PatternMismatch::UnresolvedVariable)?;
    if case == CaseSensitivity::Sensitive {
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

/// The interpretation of an ARN pattern with fewer than six segments (`Ambiguity::ShortArnPattern`).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum ShortArnPattern {
    /// It matches no ARN.
    MatchesNothing,
    /// It matches any text in the segments that it lacks.
    IsCompleted,
}

/// Whether an ARN matches a value of an ARN condition, segment by segment. The pattern `*` matches any ARN.
pub(super) fn match_arn(
    pattern: &Template,
    value: &Arn,
    context: &Context,
    short: ShortArnPattern,
) -> Result<(), PatternMismatch> {
    if pattern.is_match_all() {
        return Ok(());
    }
    let pieces = resolve_pieces(pattern, context).ok_or(PatternMismatch::UnresolvedVariable)?;
    let segments = split_segments(&pieces);
    let values: Vec<&str> = value.as_str().splitn(6, ':').collect();
    let is_complete = segments.len() == 6 || (segments.len() < 6 && short == ShortArnPattern::IsCompleted);
    to_match_result(is_complete && segments.iter().zip(values).all(|(pattern, value)| matches_pieces(pattern, value)))
}

/// A requested action in lower case: the service prefix and the name.
#[derive(Debug)]
pub(super) struct RequestedAction {
    service: String,
    name: String,
}

impl RequestedAction {
    /// Parses `service:Name`.
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
        true => matches_glob(pattern, text),
        false => pattern == text,
    };
    part_matches(pattern.service(), pattern.service_has_wildcards(), &action.service)
        && part_matches(pattern.name(), pattern.name_has_wildcards(), &action.name)
}

fn to_match_result(matched: bool) -> Result<(), PatternMismatch> {
    if matched { Ok(()) } else { Err(PatternMismatch::TextDiffers) }
}

/// Whether a character of the policy and one of the request are the same letter, ignoring case. Only case mappings to
/// one character count: `ß` and `SS` differ. So do `k` and the Kelvin sign, since `k` has no mapping to that sign.
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

/// The template with its variables replaced. `None` if a variable has neither a value nor a default.
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
                // A variable has no set of values, and the key is not missing, so that the default does not apply.
                Some(ContextValue::Set(_)) => None,
                None => default.as_deref().map(PatternPiece::Literal),
            },
        })
        .collect()
}

/// Restricts every `*` to its segment, unless it is the last piece of the segment or of the pattern.
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

/// The pieces, split at the first five colons.
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

/// The positions that a `*` reaches from the positions before it, in ascending order.
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
            let short = ShortArnPattern::MatchesNothing;
            assert_eq!(match_arn(&pattern, &value, &context, short).is_ok(), expected, "{pattern}");
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
