//! Text with positions: files, spans, diagnostics, and JSON and TOML trees with spans.
//!
//! All input of a user passes through this folder, so that an error can be shown with its file, line and column.
//!
//! - `input_bytes.rs`: the bytes of files and of standard input, with their limits.
//! - `file.rs`: the text of a file, and positions in it.
//! - `diagnostic.rs`: errors and warnings about an input.
//! - `json_tree.rs`, `toml.rs`: parsers that keep positions.

mod diagnostic;
mod file;
pub(crate) mod input_bytes;
pub mod json_tree;
pub mod toml;

pub use diagnostic::{Diagnostic, DiagnosticSeverity, Diagnostics, RenderStyle, find_similar_name};
pub use file::{Place, STDIN_NAME, SourceFile, Span};
