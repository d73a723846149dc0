//! The lines of the NDJSON format.

use serde::Serialize;

use crate::audit::{
    AccountCompleteness, AccountReport, Audit, ClassMember, DeclaredClass, Finding, FindingState, RuleId, Severity,
};
use crate::report::render_options::RenderOptions;
use crate::report::text::render_title;

/// The schema of a line (JSON Schema, draft 2020-12), as `schemas/report-row.schema.json` publishes it.
pub const ROW_SCHEMA: &str = include_str!("../../../schemas/report-row.schema.json");

/// A line of the output of `iamdrift audit --format ndjson`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "ReportRow")]
pub(super) struct ReportRow<'a> {
    /// Sixteen hexadecimal digits that identify the audit.
    pub run_id: &'a str,
    /// When the audit was made: RFC 3339.
    pub generated_at: &'a str,
    /// When the snapshot was taken: RFC 3339.
    pub taken_at: &'a str,
    /// What the line is about.
    #[serde(flatten)]
    pub record: RowRecord<'a>,
}

/// What a line is about.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub(super) enum RowRecord<'a> {
    /// A finding about a principal, or about the baseline.
    Finding(FindingRow<'a>),
    /// An account, after all findings.
    Account(AccountRow<'a>),
    /// The audit. It is the last line: an output without it is incomplete.
    End(EndRow),
}

/// A finding about a principal, or about the baseline.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct FindingRow<'a> {
    /// The id of the account. None if the finding is about the baseline, as for all fields of the principal.
    account: Option<&'a str>,
    /// The name of the account. None if the snapshot has none.
    account_name: Option<&'a str>,
    /// The ARN of the principal.
    arn: Option<&'a str>,
    /// The owner that the baseline declares. None if it declares none.
    owner: Option<&'a str>,
    /// The name of the baseline entry that applies. None if no single entry applies.
    entry: Option<&'a str>,
    /// Whether the baseline declares the principal, and with which class.
    kind: Option<DeclaredClass>,
    /// The rule.
    rule: RuleId,
    /// The severity.
    severity: Severity,
    /// Whether somebody must act on it.
    state: FindingState,
    /// What identifies the finding for as long as it exists.
    key: &'a str,
    /// Sixteen hexadecimal digits that identify what the finding contains now.
    fingerprint: &'a str,
    /// The number of actions. 0 for actions that AWS has not released.
    action_count: usize,
    /// The number of destructive actions among them.
    destructive_count: usize,
    /// What was found, in one line.
    title: String,
    /// When an audit first found it: RFC 3339. None if the history does not say.
    first_seen: Option<&'a str>,
}

/// An account.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct AccountRow<'a> {
    /// Its id.
    account: &'a str,
    /// Its name, or its alias. None if the snapshot has neither.
    account_name: Option<&'a str>,
    /// Whether everything about it was read and decided.
    status: AccountCompleteness,
    /// The number of its principals in the report.
    principals: usize,
    /// The number of findings about its principals that no exception accepts.
    findings: usize,
}

/// The audit.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(super) struct EndRow {
    /// Whether everything was read and decided.
    complete: bool,
    /// The exit status: 0 no finding at or above the threshold, 1 drift, 3 incomplete audit.
    exit_status: u8,
    /// The number of findings that are open. One about several principals of an entry counts once.
    findings: usize,
    /// The number of undecided principals (IAM010).
    undecided: usize,
    /// The number of findings that an exception accepts.
    accepted: usize,
    /// The number of inputs that could not be read.
    unread: usize,
}

impl<'a> FindingRow<'a> {
    /// A finding, as that of a principal. `None` if it is about the baseline.
    pub fn new(finding: &'a Finding, member: Option<&'a ClassMember>) -> FindingRow<'a> {
        let principal = member.map(|member| &member.principal);
        FindingRow {
            account: principal.map(|principal| principal.account.as_str()),
            account_name: principal.and_then(|principal| principal.account_name.as_deref()),
            arn: principal.map(|principal| principal.arn.as_str()),
            owner: principal.and_then(|principal| principal.owner.as_deref()),
            entry: principal.and_then(|principal| principal.entry.as_deref()),
            kind: principal.map(|principal| principal.kind),
            rule: finding.rule,
            severity: finding.severity,
            state: finding.state(),
            key: member.map_or(&finding.key, |member| &member.key),
            fingerprint: member.map_or(&finding.fingerprint, |member| &member.fingerprint),
            action_count: finding.action_count,
            destructive_count: finding.destructive_count,
            title: render_title(&finding.title),
            first_seen: member.map_or(&finding.first_seen, |member| &member.first_seen).as_deref(),
        }
    }
}

impl<'a> From<&'a AccountReport> for AccountRow<'a> {
    fn from(account: &'a AccountReport) -> AccountRow<'a> {
        AccountRow {
            account: &account.id,
            account_name: account.name.as_deref(),
            status: account.status,
            principals: account.principals,
            findings: account.findings,
        }
    }
}

impl EndRow {
    /// The counts of an audit.
    pub fn new(audit: &Audit, options: &RenderOptions) -> EndRow {
        EndRow {
            complete: !audit.is_incomplete(),
            exit_status: options.exit_info.exit_status,
            findings: audit.summary.findings.values().sum(),
            undecided: audit.summary.undecided,
            accepted: audit.summary.accepted,
            unread: audit.unread.len(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use schemars::generate::SchemaSettings;
    use serde_json::Value;

    use super::*;
    use crate::report::testing;

    fn build_schema() -> Value {
        let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        generator.into_root_schema_for::<ReportRow<'static>>().to_value()
    }

    #[test]
    fn published_row_schema_matches_the_types() {
        let generated = serde_json::to_string_pretty(&build_schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write("schemas/report-row.schema.json", &generated).unwrap();
        }
        assert_eq!(std::fs::read_to_string("schemas/report-row.schema.json").unwrap(), generated);
    }

    #[test]
    fn every_line_satisfies_the_schema_and_is_flat() {
        let validator = jsonschema::validator_for(&build_schema()).unwrap();
        for (name, audit) in testing::all_audits() {
            for line in testing::render_ndjson(&audit).lines() {
                let row: Value = serde_json::from_str(line).unwrap();
                assert!(validator.is_valid(&row), "{name}: {line}");
                assert!(
                    !row.as_object().unwrap().values().any(|value| value.is_object() || value.is_array()),
                    "{line}"
                );
            }
        }
    }
}
