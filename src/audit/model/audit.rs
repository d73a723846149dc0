//! The whole of one audit: facts, principals, findings, and what could not be read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::declaration_status::DeclarationStatus;
use super::finding::Finding;
use super::severity::Severity;
use crate::source::Place;

/// What one audit found, and on what it rests.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Audit {
    /// The program's version.
    pub version: String,
    /// The service catalog that was used.
    pub catalog: CatalogInfo,
    /// What was audited.
    pub snapshot: SnapshotInfo,
    /// What it was held against.
    pub baseline: BaselineInfo,
    /// What a reader must know to judge the verdicts.
    pub notes: Vec<Note>,
    /// The counts.
    pub summary: AuditSummary,
    /// Every principal that was audited or left out, by ARN.
    pub principals: Vec<PrincipalReport>,
    /// The findings, the worst first; accepted ones among them.
    pub findings: Vec<Finding>,
    /// What of the snapshot could not be read. The audit is then incomplete.
    pub unread: Vec<UnreadInput>,
}

/// Which service catalog.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CatalogInfo {
    /// Its version.
    pub version: String,
    /// The day it was last compared with AWS's pages.
    pub updated_at: String,
}

/// What was audited.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SnapshotInfo {
    /// The file or directory.
    pub origin: String,
    /// When it was taken, where it says so: RFC 3339.
    pub taken_at: Option<String>,
    /// The accounts' numbers.
    pub accounts: Vec<String>,
    /// The partitions: `aws`, `aws-cn`.
    pub partitions: Vec<String>,
    /// Whether organization policies are part of the verdict.
    pub organization: bool,
}

/// What it was held against.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BaselineInfo {
    /// The path that was given.
    pub path: String,
    /// Seven hexadecimal digits that change with its content.
    pub content_id: String,
}

/// Something a reader must know.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// In words.
    pub text: String,
    /// Where, if somewhere.
    pub place: Option<Place>,
}

/// What a note is about.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// A layer is not part of the verdict: no organization, no resource policies.
    LayerAbsent,
    /// A policy names an action that the catalog does not know.
    UnknownAction,
    /// Something of a policy was read in a way that AWS's pages leave open.
    Other,
}

/// The counts of an audit.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AuditSummary {
    /// How many principals have each status, accepted findings counted as if they were none.
    pub principals: BTreeMap<PrincipalStatus, usize>,
    /// How many findings that are not accepted have each severity. Undecided ones are counted in `undecided`.
    pub findings: BTreeMap<Severity, usize>,
    /// How many IAM010 findings there are; with one or more the audit is incomplete.
    pub undecided: usize,
    /// How many findings are accepted by an exception.
    pub accepted: usize,
    /// How many service-linked roles were left out.
    pub service_linked: usize,
}

/// One principal, and what became of it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PrincipalReport {
    /// Its ARN.
    pub arn: String,
    /// What sort the baseline says it is.
    pub kind: DeclarationStatus,
    /// Whom to ask.
    pub owner: Option<String>,
    /// The name of the baseline's entry that binds it.
    pub entry: Option<String>,
    /// The number of its account.
    pub account: String,
    /// What became of it.
    pub status: PrincipalStatus,
}

/// What became of a principal. Where several apply, the first in the order of this list.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalStatus {
    /// It may do what is not declared.
    Broader,
    /// It can become, or grant itself, what is not declared.
    Escalatable,
    /// It can be assumed by someone who is not declared.
    UndeclaredTrust,
    /// No entry speaks of it.
    Undeclared,
    /// Several entries speak of it.
    Ambiguous,
    /// It does not keep a duty: it is not narrower than its operator, a guard does not hold, its boundary is missing.
    RequirementViolated,
    /// It could not be decided.
    Undecided,
    /// Nothing yet, but it may do what AWS releases next.
    Latent,
    /// All that it may do beyond its ceiling is accepted for now.
    Accepted,
    /// It may not do all that is declared; told only where that was asked.
    Narrower,
    /// As declared.
    AsDeclared,
    /// An `[[ignore]]` leaves it out, or AWS owns it.
    Ignored,
}

impl PrincipalStatus {
    /// The name that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            PrincipalStatus::Broader => "broader",
            PrincipalStatus::Escalatable => "reaching",
            PrincipalStatus::UndeclaredTrust => "exposed",
            PrincipalStatus::Undeclared => "undeclared",
            PrincipalStatus::Ambiguous => "ambiguous",
            PrincipalStatus::RequirementViolated => "duty-broken",
            PrincipalStatus::Undecided => "undecided",
            PrincipalStatus::Latent => "latent",
            PrincipalStatus::Accepted => "accepted",
            PrincipalStatus::Narrower => "narrower",
            PrincipalStatus::AsDeclared => "as-declared",
            PrincipalStatus::Ignored => "ignored",
        }
    }
}

/// Something of the snapshot that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UnreadInput {
    /// What.
    pub subject: String,
    /// Where it stands, where that is known.
    pub place: Option<Place>,
    /// Why.
    pub reason: String,
    /// The number of the account that it is of, where it could not be collected there.
    pub account: Option<String>,
    /// The permission that the collector lacked, where that is why.
    pub permission: Option<String>,
}
