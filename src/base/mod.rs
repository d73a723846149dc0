//! What every layer can use.
//!
//! - `glob.rs`: the glob matcher for plain text.
//! - `word_match.rs`: words of names.
//! - `cache.rs`: values that are computed once per key.
//! - `allowance.rs`: how much work a computation may still do.
//! - `content_id.rs`: identifies an input.
//! - `plural.rs`: counts in sentences.
//! - `sanitize.rs`: untrusted text for terminals.
//! - `json_writer.rs`, `toml_text.rs`: JSON and TOML with the same characters escaped.

pub(crate) mod allowance;
pub(crate) mod cache;
pub mod content_id;
pub mod glob;
pub mod json_writer;
pub mod plural;
pub mod sanitize;
pub mod toml_text;
pub mod word_match;
