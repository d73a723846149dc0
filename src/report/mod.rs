//! Findings for people and machines.

pub mod sanitize;
