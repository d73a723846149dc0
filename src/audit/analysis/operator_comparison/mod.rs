//! Compares the access of an agent with that of its operators (`docs/rules.md`, IAM003).
//!
//! - [`pairwise`]: one agent and one operator
//! - [`candidates`]: the operators of an agent, and the result over all of them

pub(crate) mod candidates;
pub(crate) mod pairwise;
