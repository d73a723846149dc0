//! The JSON report: all of an audit, in a stable order.
//!
//! Strings are exact: the writer escapes characters that could harm a terminal, and a program reads the same content.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use super::escalation_group_json::EscalationGroupJson;
use super::finding_json::FindingJson;
use super::finding_order::sort_findings;
use super::render_options::RenderOptions;
use super::reporter::Reporter;
use crate::audit::{
    Audit, BaselineInfo, CatalogInfo, DeclaredClass, NotExamined, Note, PatternCount, PrincipalReport, PrincipalStatus,
    RuleId, Severity, SnapshotInfo, UnreadInput,
};
use crate::base::json_writer::{JsonLayout, write_json};

/// The version of the format. It changes if a field is removed or changes its meaning, not if a field is added.
pub const SCHEMA_VERSION: &str = "2";

/// The JSON format.
pub(super) struct JsonReporter;

impl Reporter for JsonReporter {
    fn write(&self, audit: &Audit, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let report = JsonReport::new(audit, options);
        write_json(&report, JsonLayout::Indented, out)?;
        writeln!(out)
    }
}

/// A report of `iamdrift audit`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(title = "Report")]
pub struct JsonReport<'a> {
    /// The version of this format: "2".
    pub schema_version: &'static str,
    /// The program that wrote the report.
    pub tool: ReportTool<'a>,
    /// What was audited.
    pub snapshot: &'a SnapshotInfo,
    /// What it was compared with.
    pub baseline: &'a BaselineInfo,
    /// The counts.
    pub summary: Counts,
    /// Every principal of the snapshot, by ARN.
    pub principals: Vec<&'a PrincipalReport>,
    /// The findings: the worst first, then by principal and rule. Accepted findings are among them.
    pub findings: Vec<FindingJson<'a>>,
    /// The escalation paths that no exception accepts (IAM005), by what ends most of them, the largest group first. Each is
    /// also a finding.
    pub escalation_groups: Vec<EscalationGroupJson<'a>>,
    /// The action lists that the excess of findings refers to by id, each once.
    pub action_lists: BTreeMap<&'a str, &'a [PatternCount]>,
    /// The inputs that could not be read and concern the chosen principals and rules. If there are any, the audit is
    /// incomplete.
    pub unread: &'a [UnreadInput],
    /// What the options of the audit left out: the exit status says nothing about it.
    pub not_examined: &'a NotExamined,
    /// What a reader must know to judge the findings.
    pub notes: &'a [Note],
}

/// The program that wrote a report.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ReportTool<'a> {
    /// `iamdrift`.
    pub name: &'static str,
    /// Its version.
    pub version: &'a str,
    /// The service catalog that was used.
    pub catalog: &'a CatalogInfo,
}

/// The counts of a report. Accepted findings are counted in `accepted` only.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Counts {
    /// The exit status: 0 no finding at or above `fail_on`, 1 drift, 3 incomplete audit.
    pub exit_status: u8,
    /// The lowest severity that affects the exit status. None if no severity does.
    pub fail_on: Option<Severity>,
    /// The number of findings of each severity, without IAM010.
    pub by_severity: BTreeMap<Severity, usize>,
    /// The number of findings of each rule.
    pub by_rule: BTreeMap<RuleId, usize>,
    /// The number of findings about principals of each class, without findings about the baseline.
    pub by_kind: BTreeMap<DeclaredClass, usize>,
    /// The number of findings about principals of each account, without findings about the baseline.
    pub by_account: BTreeMap<String, usize>,
    /// The number of principals with each status.
    pub by_status: BTreeMap<PrincipalStatus, usize>,
    /// The number of IAM010 findings. If there are any, the audit is incomplete.
    pub undecided: usize,
    /// The number of findings that an exception accepts.
    pub accepted: usize,
    /// The number of service-linked roles, which are skipped.
    pub service_linked: usize,
}

impl<'a> JsonReport<'a> {
    /// The report of an audit.
    pub fn new(audit: &'a Audit, options: &RenderOptions) -> JsonReport<'a> {
        let mut principals: Vec<&PrincipalReport> = audit.principals.iter().collect();
        principals.sort_by_key(|principal| &principal.arn);
        JsonReport {
            schema_version: SCHEMA_VERSION,
            tool: ReportTool { name: "iamdrift", version: &audit.version, catalog: &audit.catalog },
            snapshot: &audit.snapshot,
            baseline: &audit.baseline,
            summary: Counts::new(audit, options),
            principals,
            findings: sort_findings(&audit.findings).into_iter().map(FindingJson::from).collect(),
            escalation_groups: audit.escalation_groups.iter().map(EscalationGroupJson::from).collect(),
            action_lists: audit
                .findings
                .iter()
                .flat_map(|finding| &finding.excess)
                .map(|excess| (excess.actions.id(), &*excess.actions))
                .collect(),
            unread: &audit.unread,
            not_examined: &audit.not_examined,
            notes: &audit.notes,
        }
    }
}

impl Counts {
    fn new(audit: &Audit, options: &RenderOptions) -> Counts {
        let severities = Severity::ALL.iter().map(|(_, severity)| (*severity, 0));
        let accounts = audit.snapshot.accounts.iter().map(|account| (account.clone(), 0));
        let mut counts = Counts {
            exit_status: options.exit_info.exit_status,
            fail_on: options.exit_info.fail_on,
            by_severity: severities.collect(),
            by_rule: RuleId::ALL.iter().map(|(_, rule)| (*rule, 0)).collect(),
            by_kind: BTreeMap::new(),
            by_account: accounts.collect(),
            by_status: BTreeMap::new(),
            undecided: 0,
            accepted: audit.summary.accepted,
            service_linked: audit.summary.service_linked,
        };
        for principal in &audit.principals {
            *counts.by_status.entry(principal.status).or_default() += 1;
        }
        for finding in audit.findings.iter().filter(|finding| finding.accepted.is_none()) {
            *counts.by_rule.entry(finding.rule).or_default() += 1;
            match finding.rule {
                RuleId::Undecided => counts.undecided += 1,
                _ => *counts.by_severity.entry(finding.severity).or_default() += 1,
            }
            // A finding about several principals counts once for each class and each account.
            let kinds: BTreeSet<DeclaredClass> = finding.all_principals().map(|principal| principal.kind).collect();
            let accounts: BTreeSet<&str> = finding.all_principals().map(|p| p.account.as_str()).collect();
            kinds.into_iter().for_each(|kind| *counts.by_kind.entry(kind).or_default() += 1);
            accounts.into_iter().for_each(|id| *counts.by_account.entry(id.to_owned()).or_default() += 1);
        }
        counts
    }
}
