//! `[[exception]]`: findings that are accepted to an extent, until a date.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::ceiling::CeilingDocument;
use super::spanned::Spanned;
use crate::source::Span;

/// One `[[exception]]`.
#[derive(Clone, Debug)]
pub struct Exception {
    /// `finding`: the key of a finding, as the report prints it; unique among the exceptions.
    pub finding: Spanned<String>,
    /// `accepts`: how much of the finding is accepted.
    pub accepts: AcceptedExtent,
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
    /// The whole table, from its header to the end of its last value.
    pub text_span: Span,
}

/// `accepts` of an exception.
#[derive(Clone, Debug, Default)]
pub struct AcceptedExtent {
    /// Policy documents. Each allows by itself: a Deny of one does not affect another. For IAM006, trust policies.
    pub documents: Vec<CeilingDocument>,
    /// Other accepted facts, by key.
    pub items: BTreeMap<String, BTreeSet<String>>,
}

impl Exception {
    /// Whether the last day is before `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.expires.value
    }
}

/// The kind of the documents that an exception accepts: trust policies for findings about trust.
pub(in crate::baseline) fn is_trust_finding(key: &str) -> bool {
    key.starts_with("iam006/")
}
