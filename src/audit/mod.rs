//! Access against baseline: findings.
//!
//! Follows `docs/rules.md`. [`Finding`] is what the reports tell, [`Audit`] the whole of one run.

mod action_list;
mod action_patterns;
mod advice;
mod against;
mod ask;
mod count;
pub mod cube_text;
mod deny;
mod excess;
mod expected;
mod finding;
mod fingerprint;
mod json_text;
mod judge;
mod made;
mod memo;
mod notes;
mod outcome;
mod peers;
mod rank;
mod reaching;
pub mod rules;
mod run;
mod severity;
mod shared;
mod sides;
pub mod statement_text;
mod subject;
mod through_agent;
mod topic;
mod void;

pub use action_list::{ActionAccessLevel, ActionList, PatternCount};
pub use action_patterns::summarize_as_patterns;
pub use count::{format_count, format_number};
pub use finding::{
    AcceptedException, EscalationStep, Excess, Finding, GrantingStatement, MismatchReason, NearestDeclaredStatement,
    PolicySource, PrincipalRef, ReportedClass, Witness,
};
pub use outcome::{
    Audit, AuditSummary, BaselineInfo, CatalogInfo, Note, NoteKind, PrincipalReport, PrincipalStatus, SnapshotInfo,
    UnreadInput,
};
pub use rank::ActionRanking;
pub use rules::RuleId;
pub use run::{AuditOptions, audit};
pub use severity::Severity;
