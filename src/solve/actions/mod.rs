//! Sets of actions that statements list, and their partition.
//!
//! - `named_actions`: one action or several, by catalog id or by name;
//! - `future_patterns`: the patterns of a statement that match actions which AWS has not released;
//! - `statement_actions`: the actions of one statement;
//! - `partition`: refinement of a partition of actions by statements.

pub(crate) mod future_patterns;
pub(crate) mod named_actions;
pub(crate) mod partition;
pub(crate) mod statement_actions;
