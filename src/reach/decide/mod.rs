//! Decides whether a state can make a request, and caches the answers.

pub(crate) mod action_bounds;
pub(crate) mod any_resource;
pub(crate) mod decision_key;
pub(crate) mod effective;
pub(crate) mod resource_query;
pub(crate) mod time_floor;
