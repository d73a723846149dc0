//! What a user sees, and what policies mean: one binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod corpus;
mod incident;
mod real_inputs;
mod simulate;
