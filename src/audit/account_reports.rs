//! Each account after an audit: whether everything about it was read and decided.

use std::collections::BTreeMap;

use super::chosen_part::UnreadSource;
use super::model::account_report::{AccountCompleteness, AccountReport};
use super::model::audit::UnreadInput;
use super::model::audit_summary::AuditSummary;
use super::model::principal_report::PrincipalReport;
use crate::snapshot::{MissingReason, Snapshot};

/// The accounts of a snapshot, and those that could not be read. `open`: the unread inputs that make the audit incomplete.
pub(super) fn build_account_reports(
    snapshot: &Snapshot,
    principals: &[PrincipalReport],
    summary: &AuditSummary,
    open: &[(UnreadSource<'_>, UnreadInput)],
) -> Vec<AccountReport> {
    let mut reports: BTreeMap<String, AccountReport> = BTreeMap::new();
    for account in &snapshot.accounts {
        let name = snapshot.account_name(&account.id);
        reports.insert(account.id.to_string(), build_report(account.id.as_str(), name, AccountCompleteness::Ok));
    }
    for gap in snapshot.collection_gaps.iter().filter(|gap| gap.may_hide_principals()) {
        let Some(id) = &gap.account else { continue };
        let unread = || build_report(id.as_str(), snapshot.account_name(id), AccountCompleteness::Unread);
        reports.entry(id.to_string()).or_insert_with(unread);
    }
    let concerns_all = open.iter().any(|(source, input)| input.account.is_none() && !has_undecided(snapshot, source));
    for report in reports.values_mut() {
        let is_open = |(_, input): &(UnreadSource<'_>, UnreadInput)| input.account.as_ref() == Some(&report.id);
        if concerns_all || summary.undecided_accounts.contains(&report.id) || open.iter().any(is_open) {
            report.status = report.status.max(AccountCompleteness::Incomplete);
        }
        report.findings = summary.by_account.get(&report.id).copied().unwrap_or_default();
    }
    for principal in principals {
        if let Some(report) = reports.get_mut(&principal.account) {
            report.principals += 1;
        }
    }
    reports.into_values().collect()
}

fn build_report(id: &str, name: Option<&str>, status: AccountCompleteness) -> AccountReport {
    AccountReport { id: id.to_owned(), name: name.map(str::to_owned), status, principals: 0, findings: 0 }
}

/// Whether an unread input is a document of principals alone: each has a finding of its own about it.
fn has_undecided(snapshot: &Snapshot, source: &UnreadSource<'_>) -> bool {
    let is_invalid = |reason: &MissingReason| matches!(reason, MissingReason::Invalid { .. });
    let mut missing = snapshot.principals().flat_map(|(_, principal)| &principal.missing_documents);
    missing.any(|document| is_invalid(&document.reason) && source.is_cause_of(document))
}
