//! The same questions as SMT-LIB, for other solvers. Shares no code with the decision.

pub mod action_query;
pub mod script;
