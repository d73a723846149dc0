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
    Audit, AuditSummary, BaselineInfo, CatalogInfo, Note, NoteKind, PrincipalReport, SnapshotInfo, UnreadInput,
};
pub use model::escalation_step::{EscalationStep, StepTechnique};
pub use model::excess::{ActionCounts, Excess, Witness};
pub use model::finding::{AcceptedException, Finding};
pub use model::granting_statement::{GrantingStatement, PolicySource};
pub use model::guard_bypass_method::GuardBypassMethod;
pub use model::nearest_declared::{MismatchReason, NearestDeclaredStatement};
pub use model::principal_ref::{PrincipalRef, ReportedClass};
pub use model::principal_status::PrincipalStatus;
pub use model::reason::Reason;
pub use model::remediation::{DenyScope, PolicyRemoval, Remediation, TrustChange};
pub use model::rule_id::RuleId;
pub use model::severity::Severity;
pub use model::title::{BaselineItem, BoundaryCapability, StaleCause, Title};
pub use model::trusted_party::TrustedParty;
pub use run::{AuditOptions, audit};
