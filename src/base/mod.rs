//! What every layer may use.

pub mod cache;
pub mod glob;
pub mod plural;
pub mod word_match;
