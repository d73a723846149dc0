//! The counts of an audit. Each finding is counted once and can then be dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::declared_class::DeclaredClass;
use super::finding::Finding;
use super::finding_class::{ClassMember, FindingClass};
use super::principal_report::PrincipalReport;
use super::principal_status::PrincipalStatus;
use super::rule_id::RuleId;
use super::severity::Severity;

/// The counts of an audit. Findings that an exception accepts are counted in `accepted` only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuditSummary {
    /// The number of principals with each status.
    pub principals: BTreeMap<PrincipalStatus, usize>,
    /// The number of findings of each severity, without IAM010.
    pub findings: BTreeMap<Severity, usize>,
    /// The number of findings of each rule.
    pub by_rule: BTreeMap<RuleId, usize>,
    /// The number of findings about principals of each class. One about several principals counts once for each class.
    pub by_kind: BTreeMap<DeclaredClass, usize>,
    /// The number of findings about principals of each account. One about several principals counts once for each account.
    pub by_account: BTreeMap<String, usize>,
    /// The accounts with an undecided principal.
    pub undecided_accounts: BTreeSet<String>,
    /// The number of IAM010 findings that are not accepted. If there are any, the audit is incomplete.
    pub undecided: usize,
    /// The number of findings that an exception accepts.
    pub accepted: usize,
    /// The number of service-linked roles, which are skipped.
    pub service_linked: usize,
    /// The severity of the worst finding. None if there is none.
    pub worst: Option<Severity>,
}

impl AuditSummary {
    /// Counts a principal.
    pub(crate) fn add_principal(&mut self, principal: &PrincipalReport) {
        *self.principals.entry(principal.status).or_default() += 1;
        self.service_linked += usize::from(principal.kind == DeclaredClass::ServiceLinked);
    }

    /// Counts a finding.
    #[cfg(test)]
    pub(crate) fn add_finding(&mut self, finding: &Finding) {
        self.add_class(&FindingClass::from_finding(finding));
    }

    /// Counts the findings of a class.
    pub(crate) fn add_class(&mut self, class: &FindingClass) {
        match class.finding.principal {
            Some(_) => class.members.iter().for_each(|member| self.add(&class.finding, std::slice::from_ref(member))),
            None => self.add(&class.finding, &class.members),
        }
    }

    fn add(&mut self, finding: &Finding, members: &[ClassMember]) {
        if finding.accepted.is_some() {
            self.accepted += 1;
            return;
        }
        *self.by_rule.entry(finding.rule).or_default() += 1;
        let accounts: BTreeSet<&str> = members.iter().map(|member| member.principal.account.as_str()).collect();
        let kinds: BTreeSet<DeclaredClass> = members.iter().map(|member| member.principal.kind).collect();
        kinds.into_iter().for_each(|kind| *self.by_kind.entry(kind).or_default() += 1);
        for id in &accounts {
            match self.by_account.get_mut(*id) {
                Some(count) => *count += 1,
                None => drop(self.by_account.insert((*id).to_owned(), 1)),
            }
        }
        match finding.rule {
            RuleId::Undecided => {
                self.undecided += 1;
                self.undecided_accounts.extend(accounts.into_iter().map(str::to_owned));
            }
            _ => *self.findings.entry(finding.severity).or_default() += 1,
        }
        self.worst = self.worst.max(Some(finding.severity));
    }
}
