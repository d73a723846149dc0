//! The rules: what is held against a principal.

mod id;

pub use id::RuleId;
