//! IAM permission drift, decided exactly.
//!
//! [`audit::audit`] compares a [`snapshot`] of AWS accounts with a [`baseline`] of declared permissions. For each
//! principal it decides whether some request is allowed that is not declared. The answer is *no* (proven for all
//! requests), *yes* (with such a request and the statement that grants it), or *undecided* (with the reason).
//!
//! The modules are the pipeline, in order. Each imports only from those above it; a test checks this
//! (`tests/integration/code_structure/layer_order.rs`). The public API is [`audit`], [`baseline`], [`catalog`], [`snapshot`],
//! [`report`], [`compare`] and, with feature `aws`, `collect`; the other modules are hidden and may change in any release.

// What every layer may use: string globs, once-per-key caches, numbers and plurals.
#[doc(hidden)]
pub mod base;

// Text with positions: files, spans, JSON and TOML trees, diagnostics.
#[doc(hidden)]
pub mod source;

// The policy language: documents, statements, ARNs, conditions, variables.
#[doc(hidden)]
pub mod iam;

// What AWS defines: services, actions, resource types, condition keys.
pub mod catalog;

// What was collected: accounts, organization, principals, resource policies.
pub mod snapshot;

// AWS to a snapshot.
#[cfg(feature = "aws")]
pub mod collect;

// The layers of a principal's access, and the concrete decision on one request.
#[doc(hidden)]
pub mod access;

// The symbolic decision: is one access contained in another?
#[doc(hidden)]
pub mod solve;

// The manifest: declared permissions and requirements.
pub mod baseline;

// Who can assume a role.
#[doc(hidden)]
pub mod trust;

// The class of each principal: agent, operator, workload, break-glass.
#[doc(hidden)]
pub mod classify;

// What a principal can obtain by changing the account.
#[doc(hidden)]
pub mod reach;

// Effective access compared with the baseline: findings.
pub mod audit;

// Findings as text and JSON.
pub mod report;

// How two policy documents relate.
#[doc(inline)]
pub use solve::compare;
