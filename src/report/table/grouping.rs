//! The findings by principal and by section of the table.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Audit, EscalationGroup, Finding, PrincipalRef, RuleId, Severity};
use crate::report::finding_order::sort_findings;

/// The number of escalation paths of one principal that a brief report shows in full.
const MAX_PATHS: usize = 3;
/// The number of principals with escalation paths that one change ends, up to which a brief report has all of them.
const MAX_OF_GROUP: usize = 5;

/// The findings about one principal, the worst first.
pub(super) struct PrincipalFindings<'a> {
    pub(super) principal: &'a PrincipalRef,
    pub(super) findings: Vec<&'a Finding>,
}

impl<'a> PrincipalFindings<'a> {
    pub(super) fn max_severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info)
    }

    /// The findings that a brief report shows, and the number of escalation paths that it omits.
    pub(super) fn list_brief(&self) -> (Vec<&'a Finding>, usize) {
        let is_path = |finding: &&&Finding| finding.rule == RuleId::Escalation;
        let paths = self.findings.iter().filter(is_path).count();
        // A brief report also shows one more path instead of a line that says that one is omitted.
        let shown = if paths <= MAX_PATHS + 1 { paths } else { MAX_PATHS };
        let mut left = shown;
        let is_shown = |finding: &&'a Finding| {
            let is_within = finding.rule != RuleId::Escalation || left > 0;
            left -= usize::from(finding.rule == RuleId::Escalation && is_within);
            is_within
        };
        (self.findings.iter().copied().filter(is_shown).collect(), paths - shown)
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

    /// Leaves out the principals about which all findings are escalation paths of one large group, except for the first one,
    /// which represents the group. Returns how many are left out.
    pub(super) fn condense(&mut self, escalation_groups: &[EscalationGroup]) -> usize {
        let is_large = |group: &&EscalationGroup| group.principals > MAX_OF_GROUP;
        let mut represented: BTreeMap<&str, usize> = BTreeMap::new();
        for (position, group) in escalation_groups.iter().filter(is_large).enumerate() {
            represented.extend(group.keys.iter().map(|key| (key.as_str(), position)));
        }
        let before = self.groups.len();
        let mut shown: BTreeSet<usize> = BTreeSet::new();
        self.groups.retain(|group| {
            let mut of_paths = group.findings.iter().map(|finding| represented.get(finding.key.as_str()));
            let first = of_paths.next().flatten().copied();
            let is_only_this = of_paths.all(|other| other.copied() == first);
            first.is_none_or(|position| !is_only_this || shown.insert(position))
        });
        before - self.groups.len()
    }

    fn add_finding(&mut self, principal: &'a PrincipalRef, finding: &'a Finding) {
        match self.groups.iter_mut().find(|group| group.principal.arn == principal.arn) {
            Some(group) => group.findings.push(finding),
            None => self.groups.push(PrincipalFindings { principal, findings: vec![finding] }),
        }
    }
}
