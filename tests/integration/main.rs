//! What a user sees, in one binary.

mod real_inputs;
