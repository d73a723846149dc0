//! Tries the suggested edits of findings on a copy of the snapshot (`docs/report.md`, "A fix").
//!
//! The edits of a finding are a fix if, with all of them, the finding is gone or smaller, nothing that is declared and allowed
//! is lost, no principal gains access, no other finding appears or grows, and AWS would accept them. The question is asked
//! about the principals that the edits can affect. A test compares it with the audit of the whole edited snapshot.
//!
//! The files, in the order in which data passes through them:
//! - `snapshot_editor`, `document_writer`, `trust_edit`: the edits, applied to a copy of the snapshot
//! - `affected_principals`: whose findings can change
//! - `limited_audit`: the findings about them
//! - `kept_access`: whether declared access is kept, and whether none is gained
//! - `compare_findings`: whether a finding has appeared or grown
//! - `try_edits`: one set of edits, tried
//! - `choose_edits`: the edits that work
//! - `verification`: the findings of an audit

mod affected_principals;
mod choose_edits;
mod compare_findings;
mod document_writer;
mod kept_access;
mod limited_audit;
mod snapshot_editor;
mod trust_edit;
mod try_edits;
mod verification;

pub use verification::verify_fixes;
#[doc(hidden)]
pub use verification::{EditedCopy, ask_about_edits};
