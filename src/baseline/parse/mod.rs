//! Parses the manifest and its policy documents. All errors are reported at once, each with its position.
//!
//! - `load.rs`: entry points; from a path or from texts to a `Baseline`.
//! - `keys.rs`: the keys of each table.
//! - `reader.rs`: typed access to TOML tables, with diagnostics.
//! - `manifest_parser.rs`: the manifest as a whole: settings, entries, ignores, exceptions.
//! - `documents.rs`: loads each policy document once.
//! - `ceiling.rs`: `allow`, `levels` and `resources`.
//! - `assumable_by.rs`, `condition_block.rs`, `guard.rs`, `persona.rs`, `hint.rs`: one table or key each.
//! - `hint_table.rs`, `hints.toml`: the built-in hints.
//! - `references.rs`: names are unique, and references resolve.

mod assumable_by;
mod ceiling;
mod condition_block;
mod documents;
mod guard;
mod hint;
mod hint_table;
pub(in crate::baseline) mod keys;
mod load;
mod manifest_parser;
mod persona;
mod reader;
mod references;
