//! Compares an agent's access with that of its operators.

pub(crate) mod candidates;
pub(crate) mod pairwise;
