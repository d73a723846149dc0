//! Access against baseline: findings.
//!
//! Follows `docs/rules.md`. [`Finding`] is what the reports tell, [`Audit`] the whole of one run.

mod finding;
mod outcome;
pub mod rules;
mod severity;

pub use finding::{
    Accepted, ActionPattern, Excess, Expected, Finding, GrantedBy, Level, Origin, PrincipalBrief, Sort, Why, Witness,
};
pub use outcome::{Audit, BaselineFacts, CatalogFacts, Note, NoteKind, PrincipalReport, SnapshotFacts, Status, Summary, Unread};
pub use rules::RuleId;
pub use severity::Severity;
