//! Unread inputs that exceptions accept: an accepted IAM010 finding says that the principals are reviewed otherwise.

use std::collections::BTreeSet;

use super::chosen_part::UnreadSource;
use super::plan::AuditPlan;
use super::subject::audited_principal::AuditedPrincipal;
use crate::snapshot::{LayerKind, MissingDocument};

/// What the accepted findings of an audit say about unread inputs.
pub(super) struct AcceptedUnread<'a> {
    /// Each principal with the documents that it lacks.
    holders: Vec<(&'a str, Vec<&'a MissingDocument>)>,
    /// The principals whose IAM010 finding is accepted: as they are now, with all documents that they lack.
    accepted: &'a BTreeSet<String>,
}

impl<'a> AcceptedUnread<'a> {
    /// The unread inputs of a plan. `accepted`: the principals whose IAM010 finding is accepted.
    pub fn new(plan: &'a AuditPlan<'a>, accepted: &'a BTreeSet<String>) -> AcceptedUnread<'a> {
        let examined = plan.subjects.iter().chain(&plan.unselected);
        let examined = examined.map(|subject| (subject, subject.missing_documents.iter().collect()));
        // Of an ignored role, only the trust policy is examined.
        let ignored = plan.ignored.iter().map(|subject| (subject, Vec::new()));
        let with_trust = |(subject, mut missing): (&'a AuditedPrincipal<'a>, Vec<&'a MissingDocument>)| {
            let own = &subject.principal.missing_documents;
            missing.extend(own.iter().filter(|document| document.layer == LayerKind::Trust));
            (subject.principal.arn.as_str(), missing)
        };
        AcceptedUnread { holders: examined.chain(ignored).map(with_trust).collect(), accepted }
    }

    /// Whether an input makes nothing undecided but accepted principals. No, if it is a document of nobody.
    pub fn covers(&self, source: &UnreadSource<'_>) -> bool {
        let missing_from = |missing: &[&MissingDocument]| missing.iter().any(|document| source.is_cause_of(document));
        let mut holders = self.holders.iter().filter(|(_, missing)| missing_from(missing)).peekable();
        !self.accepted.is_empty() && holders.peek().is_some() && holders.all(|(arn, _)| self.accepted.contains(*arn))
    }
}
