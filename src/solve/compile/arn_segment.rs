//! Region and account: segments of an ARN that the keys `aws:RequestedRegion` and `aws:ResourceAccount` repeat.

use crate::iam::{Arn, ContextKey};
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::{GlobInterner, LetterCase};
use crate::solve::strings::token::{GlobToken, SymbolClass};

/// Which of region and account an ARN contains. `aws:RequestedRegion` and `aws:ResourceAccount` then have the same value
/// as the ARN.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub(crate) struct ArnSegmentsKnown {
    /// The region.
    pub region: bool,
    /// The account.
    pub account: bool,
}

/// The combinations of region and account in the ARNs of an action's resources: one bit for each.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ArnSegmentVariants(pub(super) u8);

/// A segment of an ARN that a context key repeats.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum ArnSegment {
    Region,
    Account,
}

impl ArnSegment {
    /// The segment that a key repeats, if the ARN contains it. None for other keys.
    pub(crate) fn of_key(key: &ContextKey) -> Option<ArnSegment> {
        match key.lower() {
            "aws:requestedregion" => Some(ArnSegment::Region),
            "aws:resourceaccount" => Some(ArnSegment::Account),
            _ => None,
        }
    }

    /// The position in an ARN, from 0.
    fn position(self) -> usize {
        match self {
            ArnSegment::Region => 3,
            ArnSegment::Account => 4,
        }
    }

    /// The value in an ARN. May be empty.
    pub(crate) fn value_in(self, arn: &Arn) -> &str {
        match self {
            ArnSegment::Region => arn.region(),
            ArnSegment::Account => arn.account(),
        }
    }
}

impl ArnSegmentsKnown {
    /// The facts that an ARN contains.
    pub(crate) fn of_arn(arn: &Arn) -> ArnSegmentsKnown {
        ArnSegmentsKnown { region: !arn.region().is_empty(), account: !arn.account().is_empty() }
    }

    /// Whether the ARN contains a segment.
    pub(crate) fn has_segment(self, segment: ArnSegment) -> bool {
        match segment {
            ArnSegment::Region => self.region,
            ArnSegment::Account => self.account,
        }
    }
}

/// A pattern over one segment of an ARN, as a pattern over the ARN.
///
/// # Errors
/// If the alphabet is full.
pub(crate) fn lift_to_arn(
    interner: &GlobInterner,
    segment: ArnSegment,
    glob: &GlobRef,
) -> Result<GlobRef, LimitExceeded> {
    let mut toks = interner.tokenize_literal("arn", LetterCase::Exact)?;
    for index in 1..6 {
        toks.push(GlobToken::Literal(b':'));
        if index == segment.position() {
            toks.extend(glob.toks.iter().map(|t| match t {
                GlobToken::AnyRun(SymbolClass::Any) => GlobToken::AnyRun(SymbolClass::NotColon),
                GlobToken::AnyOne(SymbolClass::Any) => GlobToken::AnyOne(SymbolClass::NotColon),
                tok => *tok,
            }));
        } else {
            toks.push(GlobToken::AnyRun(if index == 5 { SymbolClass::Any } else { SymbolClass::NotColon }));
        }
    }
    Ok(interner.intern(&toks))
}

/// A glob over ARNs, with the wildcards `*` and `?`. In the first five segments, they match no colon.
///
/// # Errors
/// If the alphabet is full.
pub(crate) fn intern_arn_glob(interner: &GlobInterner, pattern: &str) -> Result<GlobRef, LimitExceeded> {
    let mut toks = Vec::new();
    for (index, segment) in pattern.splitn(6, ':').enumerate() {
        if index > 0 {
            toks.push(GlobToken::Literal(b':'));
        }
        let class = if index < 5 { SymbolClass::NotColon } else { SymbolClass::Any };
        for part in segment.split_inclusive(['*', '?']) {
            let literal = part.trim_end_matches(['*', '?']);
            toks.extend(interner.tokenize_literal(literal, LetterCase::Exact)?);
            match part.chars().last() {
                Some('*') => toks.push(GlobToken::AnyRun(class)),
                Some('?') => toks.push(GlobToken::AnyOne(class)),
                _ => {}
            }
        }
    }
    Ok(interner.intern(&toks))
}
