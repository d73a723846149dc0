//! What an exception accepts of a finding, as `baseline accept` writes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::solve::UndecidedReason;

/// What an exception would accept of a finding, or why none can be written.
#[derive(Clone, Debug)]
pub enum ExtentOffer {
    /// The extent. It is proven that it covers the finding and that the principal holds everything that it allows.
    Proven(Extent),
    /// No exception can be written.
    Refused(ExtentRefusal),
}

impl ExtentOffer {
    /// The extent of two parts of one finding.
    pub(crate) fn join(self, other: ExtentOffer) -> ExtentOffer {
        match (self, other) {
            (ExtentOffer::Proven(mut extent), ExtentOffer::Proven(more)) => {
                extent.documents.extend(more.documents);
                extent.items.extend(more.items);
                ExtentOffer::Proven(extent)
            }
            (refused @ ExtentOffer::Refused(_), _) | (_, refused) => refused,
        }
    }
}

/// What an exception accepts of one finding.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Extent {
    /// Policy documents. Each allows by itself; a Deny of one does not affect another.
    pub documents: Vec<Value>,
    /// Other accepted facts, by the key of the manifest.
    pub items: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Why no extent can be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ExtentRefusal {
    /// The rule has no exceptions: what it reports is resolved otherwise.
    NotAccepted,
    /// The limits of the access cannot be written as policy documents.
    NotExpressible,
    /// The documents allow requests that the principal does not hold, or do not cover the finding.
    NotExact,
    /// The proof is undecided.
    Undecided(Vec<UndecidedReason>),
}
