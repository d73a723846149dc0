//! Findings that are known and accepted, for now.

use jiff::civil::Date;

use super::entry::{Baseline, Spanned};
use crate::baseline::assign::{StaleItem, StaleReason, StaleSubject};
use crate::source::Span;

/// One `[[exception]]`.
#[derive(Clone, Debug)]
pub struct Exception {
    /// `fingerprint` of a finding, as the report prints it; unique among the exceptions.
    pub fingerprint: Spanned<String>,
    /// `reason`.
    pub reason: String,
    /// `requested_by`.
    pub requested_by: String,
    /// `approved_by`: someone else.
    pub approved_by: String,
    /// `expires`: the last day on which it holds.
    pub expires: Spanned<Date>,
    /// Where it begins.
    pub span: Span,
}

impl Exception {
    /// Whether its last day has passed; on the day itself it still holds.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.expires.value
    }
}

impl Baseline {
    /// The exception for a finding, expired or not.
    pub fn find_exception(&self, fingerprint: &str) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| exception.fingerprint.value == fingerprint)
    }

    /// The exceptions for which an audit has no finding (`is_found` is asked for each fingerprint).
    pub fn find_stale_exceptions(&self, has_finding: impl Fn(&str) -> bool) -> Vec<StaleItem> {
        let unused = self.exceptions.iter().enumerate().filter(|(_, e)| !has_finding(&e.fingerprint.value));
        unused
            .map(|(index, exception)| StaleItem {
                subject: StaleSubject::Exception(index),
                reason: StaleReason::MatchesNothing,
                place: self.place(exception.fingerprint.span),
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::baseline::tests::testing::load_manifest;

    #[test]
    fn is_valid_on_its_last_day_and_can_go_stale() {
        let baseline = load_manifest(concat!(
            "version = 1\n[[exception]]\nfingerprint = \"4f1c2aa\"\nreason = \"x\"\n",
            "requested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n",
        ));
        let exception = baseline.find_exception("4f1c2aa").unwrap();
        assert!(!exception.is_expired(date(2026, 12, 31)));
        assert!(exception.is_expired(date(2027, 1, 1)));
        assert!(baseline.find_exception("4f1c2ab").is_none());
        assert!(baseline.find_stale_exceptions(|fingerprint| fingerprint == "4f1c2aa").is_empty());
        let stale = baseline.find_stale_exceptions(|_| false);
        assert_eq!((stale[0].subject, stale[0].place.line), (StaleSubject::Exception(0), 3));
    }
}
