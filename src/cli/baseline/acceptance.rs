//! Audits with exceptions that are written and not in force yet: they come into force if they accept what they are for.

use std::collections::BTreeSet;
use std::path::Path;

use iamdrift::audit::{Audit, AuditOptions, Extent, ExtentMode, ExtentOffer, ExtentRefusal, Finding, RuleId, audit};
use iamdrift::baseline::Baseline;
use iamdrift::catalog::Catalog;
use iamdrift::snapshot::Snapshot;
use jiff::civil::Date;

use super::manifest_edit::{Approval, ManifestEdit, NewException, render_document};
use super::staged_edit::StagedEdit;
use crate::cli::{GlobalArgs, UserError};

/// Findings with what an exception would accept of them, and those that cannot be accepted.
#[derive(Default)]
pub(super) struct SortedFindings {
    pub offered: Vec<(Finding, Extent)>,
    pub refused: Vec<(Finding, ExtentRefusal)>,
}

impl SortedFindings {
    /// Sorts findings of an audit with extents.
    pub fn sort(findings: impl IntoIterator<Item = Finding>) -> SortedFindings {
        let mut sorted = SortedFindings::default();
        for finding in findings {
            match finding.extent.clone() {
                Some(ExtentOffer::Proven(extent)) => sorted.offered.push((finding, extent)),
                Some(ExtentOffer::Refused(refusal)) => sorted.refused.push((finding, refusal)),
                None => sorted.refused.push((finding, ExtentRefusal::NotAccepted)),
            }
        }
        sorted
    }

    fn has(&self, key: &str) -> bool {
        let offered = self.offered.iter().map(|(finding, _)| finding);
        offered.chain(self.refused.iter().map(|(finding, _)| finding)).any(|finding| finding.key == key)
    }

    /// Adds the findings of another audit that it does not have, if they may be added. The number of those with an extent.
    fn add_new(&mut self, audit: Audit, may_be_added: &dyn Fn(&Finding) -> bool) -> usize {
        // That an exception is stale or expired is no access.
        let is_new = |finding: &Finding| {
            let is_access = finding.accepted.is_none() && finding.rule != RuleId::Baseline;
            is_access && !self.has(&finding.key) && may_be_added(finding)
        };
        let new = SortedFindings::sort(audit.findings.into_iter().filter(is_new).collect::<Vec<_>>());
        let count = new.offered.len();
        self.offered.extend(new.offered);
        self.refused.extend(new.refused);
        count
    }
}

/// What the audits of one run have in common.
pub(super) struct Acceptance<'a> {
    pub globals: &'a GlobalArgs,
    pub catalog: &'a Catalog,
    pub snapshot: &'a Snapshot,
    pub today: Date,
    pub approval: Approval<'a>,
}

impl Acceptance<'_> {
    /// Audits with a baseline.
    pub fn audit(&self, baseline: &Baseline, extents: ExtentMode) -> anyhow::Result<Audit> {
        let options = AuditOptions { extents, ..AuditOptions::new(self.today) };
        Ok(self.globals.timed_step("audited", || audit(self.snapshot, baseline, self.catalog, &options))?)
    }

    /// Writes exceptions for some findings, and for those that appear when these are accepted, if they may be added.
    ///
    /// An exception can change what another finding is about: once IAM001 is accepted to an extent, IAM002 is also about the
    /// future actions beyond it. A finding that its exception no longer accepts is offered again, once.
    ///
    /// `extents`: whether the audits offer extents, before a finding is offered again. Each takes several proofs.
    ///
    /// # Errors
    /// A file that cannot be written, or an exception that does not accept its finding. Then nothing is written.
    pub fn write(
        &self,
        path: &Path,
        baseline: &Baseline,
        findings: &mut SortedFindings,
        may_be_added: &dyn Fn(&Finding) -> bool,
        mut extents: ExtentMode,
    ) -> anyhow::Result<()> {
        let mut offered_again: BTreeSet<String> = BTreeSet::new();
        loop {
            let exceptions: Vec<NewException<'_>> =
                findings.offered.iter().map(|(finding, extent)| NewException { key: &finding.key, extent }).collect();
            let staged = StagedEdit::write(ManifestEdit::plan(path, baseline, &exceptions, &self.approval)?)?;
            let written = Baseline::load_with_catalog(staged.manifest(), self.catalog)?;
            let audit = self.audit(&written, extents)?;
            let not_accepted = list_not_accepted(&written, &audit, findings);
            if let Some(key) = not_accepted.intersection(&offered_again).next() {
                let message = format!("the exception for {key} would not accept the finding");
                let help = "nothing was written; accept the finding by itself, or resolve it";
                return Err(UserError::new(message, help).into());
            }
            if not_accepted.is_empty() && findings.add_new(audit, may_be_added) == 0 {
                return staged.complete();
            }
            extents = ExtentMode::Offered;
            findings.offered.retain(|(finding, _)| !not_accepted.contains(&finding.key));
            offered_again.extend(not_accepted);
        }
    }
}

/// The keys of the offered findings that their written exceptions do not accept.
fn list_not_accepted(written: &Baseline, audit: &Audit, findings: &SortedFindings) -> BTreeSet<String> {
    let is_accepted = |(finding, extent): &&(Finding, Extent)| {
        let is_open = |other: &Finding| other.key == finding.key && other.accepted.is_none();
        is_written(written, &finding.key, extent) && !audit.findings.iter().any(is_open)
    };
    let not_accepted = findings.offered.iter().filter(|offered| !is_accepted(offered));
    not_accepted.map(|(finding, _)| finding.key.clone()).collect()
}

/// Whether the exception with this key names exactly the documents and facts of an extent.
fn is_written(baseline: &Baseline, key: &str, extent: &Extent) -> bool {
    let mut exceptions = baseline.exceptions.iter().filter(|exception| exception.finding.value == key);
    let (Some(exception), None) = (exceptions.next(), exceptions.next()) else { return false };
    let accepted = &exception.accepts;
    let texts = accepted.documents.iter().map(|document| document.document.source().text());
    texts.eq(extent.documents.iter().map(render_document))
        && extent.items.iter().all(|(key, values)| accepted.items.get(*key) == Some(values))
        && accepted.items.len() == extent.items.len()
}
