//! Decides whether a state can make a request, and caches the answers.
//!
//! - `time_floor`: denies requests in the past.
//! - `action_bounds`: actions that an access formula allows at most and at least, without the solver.
//! - `cached_answer`: answers of the solver that principals share.
//! - `effective`: the effective access of a state, and its part for one action.
//! - `context_facts`: what is fixed about condition keys in a request on one resource.
//! - `decision_key`: the statements and facts that determine an answer, as a cache key.
//! - `world`: the principals of a snapshot with all indices, the solver, and the answer cache.
//! - `resource_query`: the resources, out of many, on which an action is allowed.
//! - `any_resource`: whether an action is allowed on at least one resource.

pub(crate) mod action_bounds;
pub(crate) mod any_resource;
pub(crate) mod cached_answer;
pub(crate) mod context_facts;
pub(crate) mod decision_key;
pub(crate) mod effective;
pub(crate) mod resource_query;
pub(crate) mod time_floor;
pub(crate) mod world;
