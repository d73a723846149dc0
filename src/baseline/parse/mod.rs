//! Parses the manifest and its policy documents. All errors are reported at once, each with its position.
//!
//! - `load.rs`: entry points; from a path or from texts to a `Baseline`.
//! - `keys.rs`: the keys of each table.
//! - `reader.rs`: typed access to TOML tables, with diagnostics.
//! - `manifest_parser.rs`: the manifest as a whole: settings, entries, ignores.
//! - `documents.rs`: loads each policy document once.
//! - `ceiling_parser.rs`: `allow`, `levels` and `resources`.
//! - `assumable_by_parser.rs`, `condition_block_parser.rs`, `exception_parser.rs`, `guard_parser.rs`, `persona_parser.rs`, `hint_parser.rs`: one table or key each.
//! - `hint_table.rs`, `hints.toml`: the built-in hints.
//! - `references.rs`: names are unique, and references resolve.

mod assumable_by_parser;
mod ceiling_parser;
mod condition_block_parser;
mod documents;
mod exception_parser;
mod guard_parser;
mod hint_parser;
mod hint_table;
pub(in crate::baseline) mod keys;
pub(in crate::baseline) mod load;
mod manifest_parser;
mod persona_parser;
mod reader;
mod references;
