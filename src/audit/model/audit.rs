//! The result of one audit.

use serde::Serialize;

use super::account_report::AccountReport;
use super::audit_summary::AuditSummary;
use super::finding::Finding;
use super::path_fix::EscalationGroup;
use super::principal_report::PrincipalReport;
use super::rule_id::RuleId;
use super::severity::Severity;
use crate::source::Place;

/// The findings of one audit, and the inputs that they are based on.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What was audited, by which program.
    pub head: AuditHead,
    /// What a reader must know to judge the findings.
    pub notes: Vec<Note>,
    /// The counts.
    pub summary: AuditSummary,
    /// Each account of the snapshot, and those that could not be read, by id.
    pub accounts: Vec<AccountReport>,
    /// Every principal that was audited or ignored, by ARN.
    pub principals: Vec<PrincipalReport>,
    /// The findings, the worst first. Accepted findings are among them.
    pub findings: Vec<Finding>,
    /// The escalation paths that no exception accepts, by the fixes that end most of them, the largest group first.
    pub escalation_groups: Vec<EscalationGroup>,
    /// The inputs that could not be read and concern the chosen principals and rules. If there are any, the audit is
    /// incomplete.
    pub unread: Vec<UnreadInput>,
    /// What the options of the audit left out.
    pub not_examined: NotExamined,
}

/// What is known of an audit before its first finding.
#[derive(Clone, Debug)]
pub struct AuditHead {
    /// The version of the program.
    pub version: String,
    /// Sixteen hexadecimal digits that identify the audit: its inputs, its options and its time.
    pub run_id: String,
    /// When it was made: RFC 3339.
    pub generated_at: String,
    /// The service catalog that was used.
    pub catalog: CatalogInfo,
    /// What was audited.
    pub snapshot: SnapshotInfo,
    /// What it was compared with.
    pub baseline: BaselineInfo,
}

/// What the options of an audit left out. The exit status says nothing about it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct NotExamined {
    /// The number of principals of the snapshot that the filters leave out.
    pub principals: usize,
    /// The rules that are on by default and were not requested.
    pub rules: Vec<RuleId>,
    /// Findings below this severity are not reported. None if all are.
    pub below_severity: Option<Severity>,
    /// The inputs that could not be read and concern none of the chosen principals and rules.
    pub unread: Vec<UnreadInput>,
}

impl NotExamined {
    /// Whether nothing was left out.
    ///
    /// ```
    /// use iamdrift::audit::{NotExamined, Severity};
    ///
    /// let not_examined = NotExamined { below_severity: Some(Severity::High), ..NotExamined::default() };
    /// assert!(!not_examined.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        *self == NotExamined::default()
    }
}

/// The service catalog that was used.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CatalogInfo {
    /// Its version.
    pub version: String,
    /// The day on which it was last compared with the AWS documentation.
    pub updated_at: String,
    /// Sixteen hexadecimal digits that identify its content.
    pub content_id: String,
}

/// What was audited.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SnapshotInfo {
    /// The file or directory.
    pub origin: String,
    /// Sixteen hexadecimal digits that identify the content of all its files.
    pub content_id: String,
    /// When it was taken: RFC 3339.
    pub taken_at: String,
    /// How that is known.
    pub taken_at_source: TimeSource,
    /// The accounts, by id.
    pub accounts: Vec<AccountInfo>,
    /// The partitions: `aws`, `aws-cn`.
    pub partitions: Vec<String>,
    /// The organization. None if the findings do not take organization policies into account.
    pub organization: Option<OrganizationInfo>,
}

/// How it is known when a snapshot was taken.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// The snapshot says it.
    Snapshot,
    /// It does not say it. The time is that of its oldest file.
    Files,
    /// It does not say it and has no files. The time is that of the audit.
    Audit,
}

/// An account.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AccountInfo {
    /// Its id.
    pub id: String,
    /// Its name, or its alias. None if the snapshot has neither.
    pub name: Option<String>,
}

/// The organization.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct OrganizationInfo {
    /// Its id: `o-…`.
    pub id: String,
    /// Sixteen hexadecimal digits that identify the content of its file.
    pub content_id: String,
}

/// What the snapshot was compared with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BaselineInfo {
    /// The path that was given.
    pub path: String,
    /// Sixteen hexadecimal digits that identify its content.
    pub content_id: String,
}

/// Something that a reader must know to judge the findings.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Note {
    /// The kind of note.
    pub kind: NoteKind,
    /// The sentence.
    pub text: String,
    /// The place that it refers to. None if it refers to the whole audit.
    pub place: Option<Place>,
}

/// The kind of a note.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// No policies of this layer were given: organization policies, resource policies.
    LayerAbsent,
    /// A policy names an action that the catalog does not have.
    UnknownAction,
    /// A statement of a trust policy admits nobody.
    DeadTrustGrant,
    /// A policy was interpreted in a way that AWS does not document.
    Other,
}

/// An input that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UnreadInput {
    /// The input.
    pub subject: String,
    /// Where it is. None if that is unknown.
    pub place: Option<Place>,
    /// Why it could not be read.
    pub reason: String,
    /// The account that it belongs to, if it could not be collected from that account.
    pub account: Option<String>,
    /// The permission that the collector lacks, if that is the reason.
    pub permission: Option<String>,
}
