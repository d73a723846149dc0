//! The findings by principal and by section of the table.

use crate::audit::{Audit, Finding, PrincipalRef, RuleId, Severity};
use crate::report::finding_order::sort_findings;

/// The findings about one principal, the worst first.
pub(super) struct PrincipalFindings<'a> {
    pub(super) principal: &'a PrincipalRef,
    pub(super) findings: Vec<&'a Finding>,
}

impl PrincipalFindings<'_> {
    pub(super) fn max_severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info)
    }
}

/// The findings by section.
#[derive(Default)]
pub(super) struct ReportSections<'a> {
    pub(super) groups: Vec<PrincipalFindings<'a>>,
    /// Findings about several principals of an entry.
    pub(super) entries: Vec<&'a Finding>,
    pub(super) undecided: Vec<&'a Finding>,
    pub(super) baseline: Vec<&'a Finding>,
    pub(super) accepted: Vec<&'a Finding>,
}

impl<'a> ReportSections<'a> {
    pub(super) fn from_audit(audit: &'a Audit) -> ReportSections<'a> {
        let mut sections = ReportSections::default();
        for finding in sort_findings(&audit.findings) {
            match (&finding.accepted, finding.rule, &finding.principal) {
                (Some(_), _, _) => sections.accepted.push(finding),
                (None, RuleId::Undecided, _) => sections.undecided.push(finding),
                (None, _, None) if !finding.principals.is_empty() => sections.entries.push(finding),
                (None, _, None) => sections.baseline.push(finding),
                (None, _, Some(principal)) => sections.add_finding(principal, finding),
            }
        }
        // Of equally severe principals, first those that can do more harm; the sort keeps the order by ARN.
        sections.groups.sort_by_key(|group| {
            let destructive = group.findings.iter().map(|finding| finding.destructive_count).max();
            let actions = group.findings.iter().map(|finding| finding.action_count).max();
            std::cmp::Reverse((group.max_severity(), destructive, actions))
        });
        sections
    }

    fn add_finding(&mut self, principal: &'a PrincipalRef, finding: &'a Finding) {
        match self.groups.iter_mut().find(|group| group.principal.arn == principal.arn) {
            Some(group) => group.findings.push(finding),
            None => self.groups.push(PrincipalFindings { principal, findings: vec![finding] }),
        }
    }
}
