//! What a user sees, and what policies mean: one binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::string_slice)]
// A test that cannot run says so.
#![allow(clippy::disallowed_macros)]

mod advice;
mod audit;
mod cli;
#[cfg(feature = "aws")]
mod collect;
mod compare;
mod corpus;
mod duties;
mod explain;
mod house;
mod iamspy;
mod incident;
mod kinds;
mod layers;
mod reach;
mod real_inputs;
mod recorded_results;
mod simulate;
mod smt;
mod snapshot_directory;
mod solver_laws;
mod story;
mod trust;
mod variables;
mod who_can;
