//! Building blocks that every layer may use.
//!
//! - [`cache`]: a cache that computes the value of each key once
//! - [`glob`]: globs over text
//! - [`plural`]: numbers and plurals in text
//! - [`word_match`]: the words of a name

pub(crate) mod cache;
pub mod glob;
pub mod plural;
pub mod word_match;
