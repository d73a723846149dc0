//! Sets of actions: how alarming they are, and how a finding summarizes them.
//!
//! - [`named_action_set`]: a set of actions, known to the catalog or not
//! - [`by_statement`]: the actions of an excess by granting statement
//! - [`action_severity`]: the severity of an action
//! - [`ranking`]: which action of a set to name first
//! - [`summary`]: a set as the patterns that a person would write

pub(crate) mod action_severity;
pub(crate) mod by_statement;
pub(crate) mod named_action_set;
pub(crate) mod ranking;
pub(crate) mod summary;
