//! `[[exception]]`: findings that are accepted until a date.

use jiff::civil::Date;

use super::spanned::Spanned;
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
    /// `approved_by`: a person other than `requested_by`.
    pub approved_by: String,
    /// `expires`: the last day on which the exception is valid.
    pub expires: Spanned<Date>,
    /// Where the table begins.
    pub span: Span,
}

impl Exception {
    /// Whether the last day is before `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.expires.value
    }
}
