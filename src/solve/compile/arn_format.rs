//! The ARN formats of the catalog as patterns.

use super::arn_segment::ArnSegmentsKnown;
use crate::catalog::{Catalog, ResourceTypeId};
use crate::iam::Partition;
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interner::{GlobInterner, LetterCase};
use crate::solve::strings::token::{GlobToken, SymbolClass};

/// One alternative of an ARN format: its tokens, and whether the ARN contains region and account.
pub(super) type FormatVariant = (Vec<GlobToken>, ArnSegmentsKnown);

/// The alternatives of an ARN format. There are two if the account may be `aws`. The format `*` is the text `*`.
pub(super) fn tokenize_arn_format(
    catalog: &Catalog,
    interner: &GlobInterner,
    resource_type: ResourceTypeId,
    format: &str,
    partition: Partition,
) -> Result<Vec<FormatVariant>, LimitExceeded> {
    if format == "*" {
        return Ok(vec![(interner.tokenize_literal("*", LetterCase::Exact)?, ArnSegmentsKnown::default())]);
    }
    let format_reader = FormatReader { catalog, interner, resource_type, partition };
    let mut variants = vec![FormatVariant::default()];
    for (index, segment) in format.splitn(6, ':').enumerate() {
        if index > 0 {
            variants.iter_mut().for_each(|(toks, _)| toks.push(GlobToken::Literal(b':')));
        }
        let mut rest = segment;
        while !rest.is_empty() {
            let part = format_reader.read_part(index, rest)?;
            let mut extended = variants.clone();
            for (toks, arn_segments) in &mut extended {
                arn_segments.region |= part.arn_segments.region;
                arn_segments.account |= part.arn_segments.account;
                toks.extend(part.tokens.iter().copied());
            }
            if index == 4 && has_aws_account(catalog, resource_type, format) {
                let aws = interner.tokenize_literal("aws", LetterCase::Exact)?;
                for (mut toks, mut arn_segments) in variants {
                    arn_segments.region |= part.arn_segments.region;
                    arn_segments.account |= part.arn_segments.account;
                    toks.extend(aws.iter().copied());
                    extended.push((toks, arn_segments));
                }
            }
            variants = extended;
            rest = part.rest;
        }
    }
    Ok(variants)
}

/// Whether the account of an ARN format may be `aws`: the format of IAM policies includes AWS managed policies.
pub(super) fn has_aws_account(catalog: &Catalog, resource_type: ResourceTypeId, format: &str) -> bool {
    catalog.resource_type_name(resource_type) == "policy" && format.contains(":iam:")
}

struct FormatReader<'a> {
    catalog: &'a Catalog,
    interner: &'a GlobInterner,
    resource_type: ResourceTypeId,
    partition: Partition,
}

/// A variable, a star or a literal of an ARN format.
struct FormatPart<'f> {
    tokens: Vec<GlobToken>,
    arn_segments: ArnSegmentsKnown,
    /// The rest of the segment.
    rest: &'f str,
}

impl FormatReader<'_> {
    /// Reads the next part of the segment at a position.
    fn read_part<'f>(&self, index: usize, segment: &'f str) -> Result<FormatPart<'f>, LimitExceeded> {
        if let Some((variable, rest)) = segment.strip_prefix("${").and_then(|r| r.split_once('}')) {
            let arn_segments = ArnSegmentsKnown { region: index == 3, account: index == 4 };
            return Ok(FormatPart { tokens: self.variable_tokens(index, variable)?, arn_segments, rest });
        }
        let arn_segments = ArnSegmentsKnown::default();
        if let Some(rest) = segment.strip_prefix('*') {
            let class = if index < 5 { SymbolClass::NotColon } else { SymbolClass::Any };
            return Ok(FormatPart { tokens: vec![GlobToken::AnyRun(class)], arn_segments, rest });
        }
        let mut ends = segment.char_indices().skip(1).filter(|(_, c)| matches!(c, '$' | '*'));
        let end = ends.next().map_or(segment.len(), |(i, _)| i);
        // INVARIANT: `end` is the position of a character, or the length.
        let (literal, rest) = segment.split_at_checked(end).unwrap_or((segment, ""));
        Ok(FormatPart { tokens: self.interner.tokenize_literal(literal, LetterCase::Exact)?, arn_segments, rest })
    }

    /// The tokens of a variable in the segment at a position.
    fn variable_tokens(&self, index: usize, variable: &str) -> Result<Vec<GlobToken>, LimitExceeded> {
        Ok(match index {
            1 => self.interner.tokenize_literal(self.partition.as_str(), LetterCase::Exact)?,
            3 => repeat_one_or_more(SymbolClass::Region),
            4 => vec![GlobToken::AnyOne(SymbolClass::Digit); 12],
            // Only the resource, after the fifth colon, may contain colons.
            0..=4 => repeat_one_or_more(SymbolClass::NotColon),
            _ => repeat_one_or_more(match self.catalog.excluded_characters(self.resource_type, variable) {
                "" => SymbolClass::Any,
                ":" => SymbolClass::NotColon,
                "/" => SymbolClass::Not(b'/'),
                _ => SymbolClass::NotColonOrSlash,
            }),
        })
    }
}

pub(super) fn repeat_one_or_more(class: SymbolClass) -> Vec<GlobToken> {
    vec![GlobToken::AnyOne(class), GlobToken::AnyRun(class)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// Values of the variables of a resource: letters, and the characters that separate qualifiers and paths.
    const VALUES: [&str; 4] = ["a", "a:b", "a/b", "a:b/c"];

    /// An ARN of the format, in which each variable of the resource has this value.
    fn fill_format(format: &str, value: &str) -> String {
        let fill_segment = |(index, segment): (usize, &str)| {
            let text = ["arn", "aws", "a", "us-east-1", "111122223333"].get(index).copied().unwrap_or(value);
            let (mut filled, mut rest) = (String::new(), segment);
            while let Some((before, (_, after))) =
                rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
            {
                filled += before;
                filled += text;
                rest = after;
            }
            filled + rest
        };
        format.splitn(6, ':').enumerate().map(fill_segment).collect::<Vec<_>>().join(":")
    }

    #[test]
    fn the_patterns_match_what_the_catalog_matches() {
        let (catalog, interner) = (Catalog::embedded(), GlobInterner::default());
        let mut compared = 0;
        for resource_type in catalog.services().flat_map(|service| catalog.resource_types_of(service)) {
            let formats = catalog.arn_formats(resource_type);
            let mut globs = Vec::new();
            for format in formats {
                let variants =
                    tokenize_arn_format(catalog, &interner, resource_type, format, Partition::ALL[0]).unwrap();
                globs.extend(variants.iter().map(|(tokens, _)| interner.intern(tokens)));
            }
            for arn in formats.iter().flat_map(|format| VALUES.map(|value| fill_format(format, value))) {
                let symbols: Vec<_> = arn.chars().map(|c| interner.alphabet.intern_char(c).unwrap()).collect();
                let is_matched = globs.iter().any(|glob| glob.matches(&symbols));
                assert_eq!(is_matched, catalog.matches_arn_format(resource_type, &arn), "{arn} of {formats:?}");
                compared += 1;
            }
        }
        assert!(compared > 5_000, "{compared}");
    }
}
