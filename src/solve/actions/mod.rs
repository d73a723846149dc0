//! Sets of actions that statements list, and their partition into classes.

pub(crate) mod future_patterns;
pub(crate) mod partition;
pub(crate) mod statement_actions;
