//! Access against baseline: findings.
//!
//! Follows `docs/rules.md`. [`Finding`] is what the reports tell, [`Audit`] the whole of one run.

pub(crate) mod actions;
pub(crate) mod analysis;
pub(crate) mod checks;
mod evaluate_principals;
#[doc(hidden)]
pub mod explain;
pub(crate) mod model;
pub mod rules;
mod run;
pub(crate) mod subject;

pub use crate::base::plural::{format_count, format_number};
pub use actions::ranking::ActionRanking;
pub use actions::summary::summarize_as_patterns;
pub use model::action_list::{ActionAccessLevel, ActionList, PatternCount};
pub use model::audit::{
    Audit, AuditSummary, BaselineInfo, CatalogInfo, Note, NoteKind, PrincipalReport, PrincipalStatus, SnapshotInfo,
    UnreadInput,
};
pub use model::finding::{
    AcceptedException, EscalationStep, Excess, Finding, GrantingStatement, MismatchReason, NearestDeclaredStatement,
    PolicySource, PrincipalRef, ReportedClass, Witness,
};
pub use model::severity::Severity;
pub use rules::RuleId;
pub use run::{AuditOptions, audit};
