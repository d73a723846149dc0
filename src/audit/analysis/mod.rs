//! Queries the solver about one principal, and returns data without text.
//!
//! - [`replay_decisions`]: replays the witness of a query in the evaluator
//! - [`principal_analysis`]: the answers about a principal
//! - [`analyzer`]: the queries of every principal; the only file that builds a `solve::Question`
//! - [`operator_comparison`]: compares an agent with its operators (IAM003)
//! - [`shared_role`]: roles that humans and agents share (IAM003)
//! - [`guard_bypass`]: guards that a principal can satisfy by itself (IAM004)
//! - `own_access`: what a principal is allowed without escalation
//! - `declared_steps`: which steps of an escalation path are declared
//! - [`escalation`]: what a principal can escalate to (IAM005)
//! - [`own_credentials`]: what reaches only the principal's own user

pub(crate) mod analyzer;
mod declared_steps;
pub(crate) mod escalation;
pub(crate) mod guard_bypass;
pub(crate) mod operator_comparison;
mod own_access;
pub(crate) mod own_credentials;
pub(crate) mod principal_analysis;
pub(crate) mod replay_decisions;
pub(crate) mod shared_role;
