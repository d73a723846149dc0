//! What every layer may use.

pub(crate) mod cache;
pub mod glob;
pub mod plural;
pub mod word_match;
