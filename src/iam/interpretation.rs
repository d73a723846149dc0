//! The places where AWS's documentation is silent, and how they are read.
//!
//! `docs/semantics.md` lists each one. A verdict that would be another under the other reading of one of
//! them is reported as undecided.

/// A question of meaning that AWS's documentation leaves open.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Ambiguity {
    /// A `*` inside an ARN segment of a `Resource` runs over colons (default), or stays in its segment.
    MidSegmentStar,
    /// A request value that does not parse for its operator is matched by nothing, so that a negated
    /// operator holds (default), or no operator holds on it at all.
    UnparsableValue,
    /// An empty set of values counts as present (default), or as a missing key.
    EmptySetNull,
    /// A `NotResource` pattern with an unresolved variable excludes nothing (default), or everything.
    NotResourceUnresolved,
    /// `ForAnyValue:…IfExists` is false on a missing key, as AWS was observed to decide (default), or true.
    ForAnyValueIfExists,
}

impl Ambiguity {
    /// All choices, in the order of the documentation.
    pub const ALL: [Ambiguity; 5] = [
        Ambiguity::MidSegmentStar,
        Ambiguity::UnparsableValue,
        Ambiguity::EmptySetNull,
        Ambiguity::NotResourceUnresolved,
        Ambiguity::ForAnyValueIfExists,
    ];

    /// The name that reports and the test corpus use.
    pub fn name(self) -> &'static str {
        match self {
            Ambiguity::MidSegmentStar => "mid-segment-star",
            Ambiguity::UnparsableValue => "unparsable-value",
            Ambiguity::EmptySetNull => "empty-set-null",
            Ambiguity::NotResourceUnresolved => "not-resource-unresolved",
            Ambiguity::ForAnyValueIfExists => "for-any-value-if-exists",
        }
    }
}

/// Which choices are read the other way; the default reads none so.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Interpretation(u8);

impl Interpretation {
    /// The reading that differs from the default in one choice.
    pub fn with_alternative(ambiguity: Ambiguity) -> Interpretation {
        Interpretation(1 << ambiguity as u8)
    }

    /// Whether a choice is read the other way.
    pub fn is_alternative(self, ambiguity: Ambiguity) -> bool {
        self.0 & (1 << ambiguity as u8) != 0
    }
}
