//! IAM permission drift, decided exactly.
//!
//! A [`snapshot`] of accounts is held against a [`baseline`] of what was declared. For every
//! principal the question is whether some request is allowed that was not declared; the answer is *no, proven*,
//! *yes*, with such a request and the statement that grants it, or *undecided*, with the reason.
//!
//! The modules are the pipeline, in order; each imports only from those above it (`tests/integration/layers.rs`).

// Text with places: whatever is wrong can be shown with its file, line and column.
pub mod source;

// The policy language.
pub mod iam;

// What AWS defines: services, actions, resource types, condition keys.
pub mod catalog;

// What was collected.
pub mod snapshot;

// AWS to a snapshot.
#[cfg(feature = "aws")]
pub mod collect;

// What decides over one principal, and the concrete decision on one request.
pub mod access;

// The symbolic decision: is one side's access contained in the other's?
pub mod solve;

// What was declared.
pub mod baseline;

// Who is what: operators, agents, workloads.
pub mod kinds;

// Who can assume a role.
pub mod trust;

// Whom a principal can become.
pub mod reach;

// The two held against each other: findings.
pub mod audit;

// Findings told, one file a format.
pub mod report;
