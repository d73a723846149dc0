//! What a user sees, and what policies mean: one binary for all integration tests.

mod corpus;
mod real_inputs;
mod simulate;
