//! Findings that are known and accepted, for now.

use jiff::civil::Date;

use super::assign::{Stale, StaleReason, StaleSubject};
use super::entry::{Baseline, Placed};
use crate::source::Span;

/// One `[[exception]]`.
#[derive(Clone, Debug)]
pub struct Exception {
    /// `fingerprint` of a finding, as the report prints it; unique among the exceptions.
    pub fingerprint: Placed<String>,
    /// `reason`.
    pub reason: String,
    /// `requested_by`.
    pub requested_by: String,
    /// `approved_by`: someone else.
    pub approved_by: String,
    /// `expires`: the last day on which it holds.
    pub expires: Placed<Date>,
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
    pub fn exception_for(&self, fingerprint: &str) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| exception.fingerprint.value == fingerprint)
    }

    /// The exceptions for which an audit has no finding (`is_found` is asked for each fingerprint).
    pub fn stale_exceptions(&self, is_found: impl Fn(&str) -> bool) -> Vec<Stale> {
        let unused = self.exceptions.iter().enumerate().filter(|(_, e)| !is_found(&e.fingerprint.value));
        unused
            .map(|(index, exception)| Stale {
                subject: StaleSubject::Exception(index),
                reason: StaleReason::MatchesNothing,
                place: self.place(exception.fingerprint.span),
            })
            .collect()
    }
}
