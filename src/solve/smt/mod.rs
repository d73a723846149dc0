//! Questions in SMT-LIB, for other solvers. Shares no code with the decision, on purpose.
//!
//! - `action_query`: the question about one action;
//! - `script`: the questions about all actions of two documents.

pub mod action_query;
pub mod script;
mod settled_key;
