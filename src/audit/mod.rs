//! Compares effective access with the baseline (`docs/rules.md`). [`audit()`] returns an [`Audit`] with its [`Finding`]s.
//!
//! The folders and files, in the order in which data passes through them:
//! - `options`: what an audit examines and reports
//! - `model`: what an audit returns, and the ids of the rules
//! - `actions`: sets of actions, their ranking and their summaries
//! - `subject`: one principal and everything that its verdict depends on
//! - `checks`: the requirements of the baseline as questions
//! - `plan`: the entry, class, ceiling and checks of each principal
//! - `analysis`: queries the solver; returns data
//! - `extent`: what an exception accepts of a finding, written and subtracted
//! - `explain`: describes statements, differences and remediations
//! - `rules`: one file for each rule
//! - `evaluate_principals`: runs the queries and the rules
//! - `analysis_transfer`: gives the analysis of one principal to an equivalent one
//! - `ordered_results`, `fold_findings`: the results of parallel work in a fixed order, and those that principals share
//! - `finding_tally`, `finding_sink`: what is kept of findings, and what receives them
//! - `accepted_unread`: unread inputs that exceptions accept
//! - `account_reports`: each account, and whether everything about it was read and decided
//! - `chosen_part`: what the options leave out
//! - `group_paths`: escalation paths by the fixes that end most of them
//! - `describe_inputs`: what an audit was made from
//! - `assemble`: the result with its statuses and counts
//! - `run`: one audit: plan, evaluate, assemble
//! - `verify`: tries the suggested edits on a copy of the snapshot
//! - `selector_writers`: who can make a principal match an entry or an ignore

mod accepted_unread;
mod account_reports;
pub(crate) mod actions;
pub(crate) mod analysis;
mod analysis_transfer;
mod assemble;
pub(crate) mod checks;
mod chosen_part;
mod describe_inputs;
mod evaluate_principals;
#[doc(hidden)]
pub mod explain;
pub(crate) mod extent;
mod finding_sink;
mod finding_tally;
mod fold_findings;
mod group_paths;
pub(crate) mod model;
mod options;
mod ordered_results;
mod plan;
pub mod rules;
mod run;
mod selector_writers;
pub(crate) mod subject;
mod verify;

#[doc(hidden)]
pub use crate::base::plural::{format_count, format_number};
#[doc(hidden)]
pub use actions::ranking::ActionRanking;
#[doc(hidden)]
pub use actions::summary::summarize_as_patterns;

#[doc(inline)]
pub use crate::classify::InferredClass;
#[doc(inline)]
pub use crate::solve::{Cube, FieldRange};
#[doc(hidden)]
pub use finding_sink::{AuditError, FindingSink};
pub(crate) use fold_findings::fold_in_order;
pub use model::account_report::{AccountCompleteness, AccountReport};
pub use model::action_list::{ActionAccessLevel, ActionList, PatternCount};
pub use model::assumer_evidence::AssumerEvidence;
pub use model::audit::{
    AccountInfo, Audit, AuditHead, BaselineInfo, CatalogInfo, NotExamined, Note, NoteKind, OrganizationInfo,
    SnapshotInfo, TimeSource, UnreadInput,
};
pub use model::audit_summary::AuditSummary;
pub use model::declared_class::DeclaredClass;
pub use model::escalation_step::{EscalationStep, StepTechnique};
pub use model::excess::{ActionCounts, Excess, Witness};
pub use model::extent::{Extent, ExtentOffer, ExtentRefusal};
#[cfg(test)]
pub(crate) use model::finding::FindingBuilder;
pub use model::finding::{AcceptedException, Finding, FindingOrder};
pub use model::finding_class::{ClassMember, FindingClass};
pub use model::finding_state::FindingState;
pub use model::fix_verification::FixVerification;
pub use model::granting_statement::{GrantingStatement, PolicySource};
pub use model::guard_bypass_method::GuardBypassMethod;
pub use model::nearest_declared::{MismatchReason, NearestDeclaredStatement};
pub use model::path_fix::{EscalationGroup, PathFix};
pub use model::principal_ref::PrincipalRef;
pub use model::principal_report::PrincipalReport;
pub use model::principal_status::PrincipalStatus;
pub use model::reason::Reason;
pub use model::remediation::{DenyScope, PersonaBlock, PolicyRemoval, Remediation, TrustChange};
pub use model::rule_id::RuleId;
pub use model::severity::Severity;
#[doc(hidden)]
pub use model::statement_edit::is_aws_managed_policy;
pub use model::statement_edit::{PolicyLocation, StatementEdit};
pub use model::title::{BaselineItem, BoundaryCapability, StaleCause, Title};
pub use model::trusted_party::TrustedParty;
pub use options::{AuditBudget, AuditOptions, ExtentMode};
pub use run::audit;
#[doc(hidden)]
pub use run::{AuditEffort, audit_into, measure_effort};
#[doc(hidden)]
pub use selector_writers::{SelectorBasis, SelectorSubject, SelectorWriter, WritableSelector, find_writable_selectors};
pub use verify::verify_fixes;
#[doc(hidden)]
pub use verify::{EditedCopy, ask_about_edits};
