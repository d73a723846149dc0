//! The attack graph's data: principals, their states, techniques, and the indices that find targets.

pub(crate) mod arn_index;
pub(crate) mod principal_sets;
pub(crate) mod state;
pub(crate) mod technique;
pub(crate) mod trust_index;
