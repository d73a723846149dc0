//! The decision: splits the difference of two accesses into disjoint cubes, and finds witnesses.

pub(crate) mod ambiguity;
pub(crate) mod cube_search;
pub(crate) mod difference;
pub(crate) mod future_actions;
pub(crate) mod policy_variables;
pub(crate) mod round;
pub(crate) mod trial_values;
pub(crate) mod witness;
