//! Asks the solver about one principal, and returns data.

pub(crate) mod analyzer;
pub(crate) mod escalation;
pub(crate) mod guard_bypass;
pub(crate) mod operator_comparison;
pub(crate) mod shared_role;
