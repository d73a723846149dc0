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

pub use action_list::{ActionList, ActionPattern, Level};
pub use action_patterns::patterns;
pub use count::{count, number};
pub use finding::{Accepted, Excess, Expected, Finding, GrantedBy, Origin, PrincipalBrief, Sort, Step, Why, Witness};
pub use outcome::{
    Audit, BaselineFacts, CatalogFacts, Note, NoteKind, PrincipalReport, SnapshotFacts, Status, Summary, Unread,
};
pub use rank::Ranks;
pub use rules::RuleId;
pub use run::{Options, audit};
pub use severity::Severity;
